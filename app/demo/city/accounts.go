package main

// place names one of the staff: the index-th below the 係長 (-1 is the 係長).
type place struct {
	department string
	index      int
	since      string
}

// account is a social media account of the city.
type account struct {
	id, service, handle, url, ja, en string
	department                       string
	owner                            place
	deputy                           *place
	operators                        []place
}

var accounts = []account{
	{
		"koho-x", "X", "@mihon_city_sample", "https://x.example/mihon_city_sample",
		"見本市 広報（見本）", "Mihon City public relations (sample)", "総務部/秘書広報課",
		place{"総務部/秘書広報課/広報広聴係", -1, "2025-04-01"},
		&place{"総務部/秘書広報課/広報広聴係", 0, "2025-04-01"},
		[]place{{"総務部/秘書広報課/広報広聴係", 1, "2026-04-01"}, {"総務部/秘書広報課/広報広聴係", 2, "2024-04-01"}},
	},
	{ // red: no deputy
		"koho-instagram", "Instagram", "@mihon_city_photo_sample", "https://instagram.example/mihon_city_photo_sample",
		"見本市 写真だより（見本）", "Mihon City in pictures (sample)", "総務部/秘書広報課",
		place{"総務部/秘書広報課", -1, "2024-04-01"},
		nil,
		[]place{{"総務部/秘書広報課/広報広聴係", 4, "2025-04-01"}},
	},
	{
		"bosai-x", "X", "@mihon_bosai_sample", "https://x.example/mihon_bosai_sample",
		"見本市 防災情報（見本）", "Mihon City disaster information (sample)", "市民生活部/危機管理課",
		place{"市民生活部/危機管理課", -1, "2024-04-01"},
		&place{"市民生活部/危機管理課/防災係", -1, "2024-04-01"},
		[]place{{"市民生活部/危機管理課/防災係", 0, "2026-04-01"}, {"市民生活部/危機管理課/防災係", 1, "2023-04-01"}},
	},
	{ // red: the owner has left
		"kanko-instagram", "Instagram", "@mihon_kanko_sample", "https://instagram.example/mihon_kanko_sample",
		"見本市 観光（見本）", "Visit Mihon City (sample)", "産業建設部/産業振興課",
		place{"産業建設部/産業振興課/商工観光係", 0, "2023-04-01"},
		&place{"産業建設部/産業振興課/商工観光係", -1, "2023-04-01"},
		[]place{{"産業建設部/産業振興課/商工観光係", 1, "2024-04-01"}},
	},
	{
		"kosodate-line", "LINE", "@mihon_kosodate_sample", "https://line.example/mihon_kosodate_sample",
		"見本市 子育て情報（見本）", "Mihon City for families (sample)", "健康福祉部/子育て支援課",
		place{"健康福祉部/子育て支援課/子育て支援係", -1, "2025-04-01"},
		&place{"健康福祉部/子育て支援課/子育て支援係", 0, "2025-04-01"},
		[]place{{"健康福祉部/子育て支援課/子育て支援係", 2, "2025-04-01"}},
	},
	{
		"toshokan-youtube", "YouTube", "@mihon_library_sample", "https://youtube.example/mihon_library_sample",
		"見本市立図書館 おはなし会（見本）", "Mihon City Library story time (sample)", "教育委員会事務局/図書館",
		place{"教育委員会事務局/図書館", -1, "2024-04-01"},
		&place{"教育委員会事務局/図書館/図書係", -1, "2024-04-01"},
		[]place{{"教育委員会事務局/図書館/図書係", 1, "2025-04-01"}},
	},
}

// role is a role with those who hold it.
type role struct {
	name string
	held []place
}

var roles = []role{
	{"hr", []place{{department: "総務部/人事課/人事係", index: 0}, {department: "総務部/人事課/人事係", index: -1}}},
	{"security-office", []place{
		{department: "総務部/情報政策課/情報政策係", index: 0}, {department: "総務部/情報政策課/情報政策係", index: -1},
	}},
	{"auditor", []place{{department: "監査委員事務局/監査課/監査係", index: 0}}},
}

// signIn is one of those whom a visitor of the demo may be.
type signIn struct {
	as string
	place
}

// signIns leaves out the contractor, who is no employee; see contractorSignIn.
var signIns = []signIn{
	{"employee", place{department: "市民生活部/市民課/窓口係", index: 2}},
	{"head", place{department: "市民生活部/税務課", index: -1}},
	{"account-owner", place{department: "総務部/秘書広報課/広報広聴係", index: -1}},
	{"hr", place{department: "総務部/人事課/人事係", index: 0}},
	{"security-office", place{department: "総務部/情報政策課/情報政策係", index: 0}},
	{"auditor", place{department: "監査委員事務局/監査課/監査係", index: 0}},
}

// contractorSignIn is the worker at the multilingual counter.
const contractorSignIn = "W0013"
