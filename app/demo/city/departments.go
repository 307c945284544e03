package main

// section is a 係 with its staff below the 係長.
type section struct {
	name  string
	staff int
}

// division is a 課, led by its post.
type division struct {
	name     string
	post     string
	sections []section
}

// bureau is a 部 or what stands beside one, led by its post.
type bureau struct {
	name       string
	post       string
	outOfScope bool
	divisions  []division
}

// cityHall is the organisation of the sample city. The hospital stands for
// the networks outside the policy's scope.
var cityHall = []bureau{
	{"総務部", "部長", false, []division{
		{"秘書広報課", "課長", []section{{"秘書係", 3}, {"広報広聴係", 5}}},
		{"総務課", "課長", []section{{"総務係", 5}, {"法制係", 3}}},
		{"人事課", "課長", []section{{"人事係", 5}, {"給与係", 3}}},
		{"情報政策課", "課長", []section{{"情報政策係", 5}, {"情報システム係", 5}}},
		{"財政課", "課長", []section{{"財政係", 5}, {"契約検査係", 4}}},
	}},
	{"市民生活部", "部長", false, []division{
		{"市民課", "課長", []section{{"戸籍住民係", 8}, {"窓口係", 9}}},
		{"税務課", "課長", []section{{"市民税係", 7}, {"資産税係", 7}, {"収納係", 6}}},
		{"環境課", "課長", []section{{"生活環境係", 5}, {"ごみ減量係", 5}}},
		{"危機管理課", "課長", []section{{"防災係", 5}}},
	}},
	{"健康福祉部", "部長", false, []division{
		{"福祉課", "課長", []section{{"社会福祉係", 5}, {"障がい福祉係", 5}, {"生活支援係", 6}}},
		{"高齢者支援課", "課長", []section{{"高齢福祉係", 5}, {"介護保険係", 6}}},
		{"子育て支援課", "課長", []section{{"子育て支援係", 6}, {"保育係", 10}}},
		{"健康増進課", "課長", []section{{"健康づくり係", 6}, {"母子保健係", 5}}},
	}},
	{"産業建設部", "部長", false, []division{
		{"産業振興課", "課長", []section{{"農林水産係", 4}, {"商工観光係", 5}}},
		{"土木課", "課長", []section{{"管理係", 4}, {"建設係", 6}}},
		{"都市計画課", "課長", []section{{"都市計画係", 5}, {"建築住宅係", 5}}},
		{"上下水道課", "課長", []section{{"水道係", 5}, {"下水道係", 5}}},
	}},
	{"教育委員会事務局", "局長", false, []division{
		{"教育総務課", "課長", []section{{"総務係", 4}, {"学校施設係", 4}}},
		{"学校教育課", "課長", []section{{"指導係", 4}, {"学務係", 4}}},
		{"社会教育課", "課長", []section{{"生涯学習係", 4}, {"文化財係", 3}}},
		{"図書館", "館長", []section{{"図書係", 7}}},
	}},
	{"監査委員事務局", "局長", false, []division{
		{"監査課", "課長", []section{{"監査係", 2}}},
	}},
	{"市立病院", "局長", true, []division{
		{"医事課", "課長", []section{{"医事係", 3}, {"経営係", 2}}},
	}},
}
