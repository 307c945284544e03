package main

// supplier is a company with a contract; parent is who passed the work on.
type supplier struct{ id, name, nameEn, parent, mailDomain string }

var suppliers = []supplier{
	{"S1", "見本システム株式会社（見本）", "Mihon Systems Co., Ltd. (sample)", "", "mihon-system.example"},
	{"S2", "例示データサービス合同会社（見本）", "Reiji Data Services LLC (sample)", "S1", "reiji-data.example"},
	{"S3", "架空コミュニティ支援株式会社（見本）", "Kaku Community Support Co., Ltd. (sample)", "", ""},
}

// contract is in the order of the suppliers, so that workers' numbers follow.
type contract struct {
	id, supplier, ja, en, department string
	from, until                      string
	workers                          int
}

var contracts = []contract{
	{"K-2026-01", "S1", "庁内ネットワーク運用保守業務", "Operation and maintenance of the office network",
		"総務部/情報政策課", "2026-04-01", "2027-03-31", 6},
	{"K-2026-02", "S1", "市税システム標準化移行支援業務", "Support for moving the tax system to the national standard",
		"市民生活部/税務課", "2026-12-01", "2027-03-31", 2},
	{"K-2026-03", "S2", "ヘルプデスク夜間対応業務（再委託）", "Night help desk (subcontracted)",
		"総務部/情報政策課", "2026-06-01", "2027-03-31", 4},
	{"K-2026-04", "S3", "多言語窓口案内業務", "Multilingual guidance at the counter",
		"市民生活部/市民課", "2026-04-01", "2027-03-31", 5},
	{"K-2026-05", "S3", "ごみ分別案内業務", "Guidance on sorting waste",
		"市民生活部/環境課", "2026-10-01", "2027-03-31", 3},
}
