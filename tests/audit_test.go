package tests

import (
	"net/url"
	"strings"
	"testing"

	"kokoroe/app/document"
	"kokoroe/tests/portal"
)

func search(values ...string) string {
	q := url.Values{"person": {""}, "item": {""}, "from": {""}, "until": {""}, "reason": {"定期監査"}}
	for i := 0; i+1 < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	return "/audit?" + q.Encode()
}

func TestAuditorFindsAndVerifies(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	employee := p.As("employee")
	path := sign(t, employee)
	sealed(t, employee, path)
	seq := strings.TrimPrefix(path, "/receipts/")

	b := p.As("auditor")
	b.Get("/audit").Want(t, 200, "証跡の検索")
	found := b.Submit(`form[action="/audit"]`, nil)
	if found.Status == 200 {
		t.Error("a search without a reason was made")
	}
	name := strings.Join(strings.Fields(p.Person("000174").Name), " ") // as pages are compared
	found = b.Get(search("person", "000174", "item", "policy:basic-policy", "from", "2026-11-22", "until", "2026-11-22")).
		Want(t, 200, name, "誓約", "情報セキュリティ基本方針")
	if !strings.Contains(p.Logs.String(), "audit search") || !strings.Contains(p.Logs.String(), "定期監査") {
		t.Error("the search is not in the security log with its reason")
	}
	if href, _ := found.Find("table a").First().Attr("href"); href != "/audit/records/"+seq {
		t.Errorf("the result leads to %q", href)
	}
	record := b.Get("/audit/records/"+seq).Want(t, 200, "検証に合格しました", "policy.acknowledged/v1", "第1版", name)
	if n := record.Find(".findings .status-success").Length(); n != 5 {
		t.Errorf("%d steps agree, want 5", n)
	}
	text, _ := record.Find(`a[href^="/audit/texts/"]`).First().Attr("href")
	b.Get(text).Want(t, 200, "ダイジェストと一致しています")
	file := b.Get("/audit/records/"+seq+"/file").Want(t, 200)
	if string(file.Body) != string(sealed(t, employee, path)) {
		t.Error("the auditor's receipt is not the person's")
	}
	b.Get("/permissions").Want(t, 200, "/audit/records/:seq", "/policies/:policy", "自部署")
	b.Get("/audit/records/999").Want(t, 404)
	b.Get("/audit/texts/sha256:"+strings.Repeat("0", 64)).Want(t, 404)
	b.Get("/audit/texts/x").Want(t, 404)
}

func TestAuditSearch(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	sign(t, p.As("employee"))
	sign(t, p.As("head"))
	b := p.As("auditor")
	person := p.Person("000174")
	for name, tc := range map[string]struct {
		query  []string
		status int
		says   string
		rows   int
	}{
		"everybody":           {nil, 200, "新しい順", 2},
		"by name":             {[]string{"person", person.Name}, 200, person.Number, 1},
		"by name, no space":   {[]string{"person", strings.Join(strings.Fields(person.Name), "")}, 200, person.Number, 1},
		"another item":        {[]string{"item", "course:annual"}, 200, "条件に合うものはありません", 0},
		"before the day":      {[]string{"until", "2026-11-21"}, 200, "条件に合うものはありません", 0},
		"older than":          {[]string{"before", "1"}, 200, "新しい順", 1},
		"no reason":           {[]string{"reason", " "}, 422, "検索の理由を書いてください", 0},
		"nobody":              {[]string{"person", "ここにいない人"}, 422, "見つかりません", 0},
		"too many":            {[]string{"person", "0"}, 422, "見つかりません", 0},
		"not a date":          {[]string{"from", "2026-02-30"}, 422, "2026-04-01 のように", 0},
		"days the wrong way":  {[]string{"from", "2026-11-22", "until", "2026-11-21"}, 422, "初日以後", 0},
		"an item of nobody's": {[]string{"item", "policy:nothing"}, 422, "一覧にある", 0},
		"words in before":     {[]string{"before", "1 OR 1=1"}, 200, "新しい順", 2},
		"how many in all":     {nil, 200, "全部で2件あります", 2},
		"by number":           {[]string{"seq", "1"}, 200, "全部で1件あります", 1},
		"by the first number": {[]string{"seq", " 0 "}, 200, "全部で1件あります", 1},
		"number and another":  {[]string{"seq", "1", "person", person.Number}, 200, "条件に合うものはありません", 0},
		"beyond the end":      {[]string{"seq", "2"}, 200, "条件に合うものはありません", 0},
		"no number":           {[]string{"seq", "-1"}, 422, "123 のような数", 0},
		"far too large":       {[]string{"seq", "99999999999999999999"}, 422, "123 のような数", 0},
		"by kind":             {[]string{"kind", "policy.acknowledged/v1"}, 200, "全部で2件あります", 2},
		"another kind":        {[]string{"kind", "course.passed/v1"}, 200, "条件に合うものはありません", 0},
		"a kind of nobody's":  {[]string{"kind", "policy.%"}, 422, "一覧にある", 0},
	} {
		t.Run(name, func(t *testing.T) {
			page := b.Get(search(tc.query...)).Want(t, tc.status, tc.says)
			if n := page.Find("table tbody tr").Length(); n != tc.rows {
				t.Errorf("%d rows, want %d", n, tc.rows)
			}
		})
	}
}

func TestAuditIsClosedToOthers(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	path := sign(t, p.As("employee"))
	seq := strings.TrimPrefix(path, "/receipts/")
	for _, role := range []string{"employee", "head", "hr", "security-office", "account-owner", "contractor"} {
		b := p.As(role)
		for _, address := range []string{"/audit", search(), "/audit/records/" + seq, "/audit/records/" + seq + "/file", "/audit/texts/sha256:00",
			"/audit/checkpoints", "/audit/sample", "/audit/population"} {
			b.Get(address).Want(t, 404)
		}
		want := 404
		if role == "security-office" {
			want = 200
		}
		b.Get("/permissions").Want(t, want)
		b.Get("/evidence").Want(t, want)
	}
}

func TestTamperedRecordIsShownAsSuch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		harm harm
		step string
		file int
	}{
		"record rewritten": {
			recordRewritten(0),
			"記録の内容か索引の欄が、台帳の葉と一致しません", 500,
		},
		"somebody else's column": {
			entryWith(0, map[string]any{"object": "policy:social-media-rules"}),
			"記録の内容か索引の欄が、台帳の葉と一致しません", 200,
		},
		"leaf replaced": {
			entryWith(0, map[string]any{"leaf": make([]byte, 32)}),
			"根）まで、道筋がつながりません", 200,
		},
		"no record any more": {
			entryWith(0, map[string]any{"record": nil}),
			"記録として読み取れません", 404,
		},
		"nonsense for a record": {
			entryWith(0, map[string]any{"record": []byte{0xff, 0, 0xfe}}),
			"記録として読み取れません", 500,
		},
		"text rewritten": {
			textRewritten,
			"保管された文面か誓約の言葉が、記録のダイジェストと一致しません", 500,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := portal.New(t)
			employee := p.As("employee")
			path := sign(t, employee)
			sealed(t, employee, path)
			b := p.As("auditor")
			b.Get("/audit/records/0").Want(t, 200, "検証に合格しました")
			tamper(t, p, tc.harm)
			page := b.Get("/audit/records/0").Want(t, 200, "この記録は検証に合格しませんでした", "してはいけないこと", tc.step).
				Lacks(t, "audit/records/0/file")
			if page.Find(".notice-error[role=alert]").Length() != 1 {
				t.Error("there is no red banner")
			}
			b.Get("/audit/records/0/file").Want(t, tc.file)
		})
	}
}

func TestTamperedTextIsShownAsSuch(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	sign(t, p.As("employee"))
	b := p.As("auditor")
	src, ok := p.App.Catalogue().Policies.Policy("basic-policy")
	if !ok {
		t.Fatal("no basic policy")
	}
	digest := document.Digest(src.Versions[0].In("ja").Source)
	b.Get("/audit/texts/"+digest).Want(t, 200, "ダイジェストと一致しています")
	tamper(t, p, textRewritten)
	b.Get("/audit/texts/"+digest).Want(t, 200, "ダイジェストと一致しません")
}
