package tests

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/tests/portal"
)

// departmentAt returns the path of a department's page.
func departmentAt(t testing.TB, p *portal.Portal, path string) string {
	t.Helper()
	roster, err := p.App.Rosters.Current(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d, ok := roster.DepartmentByPath(path)
	if !ok {
		t.Fatalf("no department %s", path)
	}
	return "/departments/" + url.PathEscape(string(d.ID))
}

// personAt is the path of a person's page.
func personAt(p *portal.Portal, number string) string {
	return "/people/" + url.PathEscape(string(p.Person(number).ID))
}

// figureOn returns the number on a page that leads to the names of a group; 0
// when there is none.
func figureOn(t testing.TB, page *portal.Page, requirement, group string) int {
	t.Helper()
	link := page.Find(`.figure-parts a[href*="requirement=` + requirement + `&group=` + group + `"]`).First()
	if link.Length() == 0 {
		return 0
	}
	return numberIn(t, link)
}

func numberIn(t testing.TB, s *goquery.Selection) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(s.Text()), ",", ""))
	if err != nil {
		t.Fatalf("%q is no number", s.Text())
	}
	return n
}

// listedPeople returns the numbers of the people on a list, page after page.
func listedPeople(t testing.TB, b *portal.Browser, path string) []string {
	t.Helper()
	var numbers []string
	for range 50 {
		page := b.Get(path).Want(t, 200)
		page.Find("main .person-number").Each(func(_ int, s *goquery.Selection) { numbers = append(numbers, strings.TrimSpace(s.Text())) })
		next, more := page.Find(`a[rel="next"]`).Attr("href")
		if !more {
			return numbers
		}
		path = next
	}
	t.Fatal("the list does not end")
	return nil
}

// finishCourse does a course as the person would, by the program's services.
func finishCourse(t testing.TB, p *portal.Portal, number string, id learning.CourseID) {
	t.Helper()
	ctx, service := context.Background(), p.App.Learning
	actor := evidence.Actor{ID: string(p.Person(number).ID), Language: document.Japanese}
	course, ok := service.Catalogue().Course(id)
	if !ok {
		t.Fatalf("no course %s", id)
	}
	for _, l := range course.Lessons {
		if _, err := service.FinishLesson(ctx, actor, id, l.ID); err != nil {
			t.Fatal(err)
		}
	}
	check, err := service.StartCheck(ctx, actor, id)
	if err != nil {
		t.Fatal(err)
	}
	bank := service.Catalogue().Bank(id)
	for i, drawn := range check.Drawn {
		q := bank[slices.IndexFunc(bank, func(q learning.Question) bool { return q.ID == drawn.Question })]
		var right []learning.OptionID
		for _, o := range q.Options {
			if o.Correct {
				right = append(right, o.ID)
			}
		}
		if _, err := service.AnswerCheck(ctx, actor, check.ID, i+1, right); err != nil {
			t.Fatal(err)
		}
	}
	if result, err := service.SubmitCheck(ctx, actor, check.ID); err != nil || !result.Passed {
		t.Fatalf("the check came to %v, %v", result.Passed, err)
	}
}

// finishPolicy acknowledges a policy as the person would.
func finishPolicy(t testing.TB, p *portal.Portal, number string, id policy.ID) {
	t.Helper()
	doc, ok := p.App.Policy.Catalogue().Policy(id)
	if !ok {
		t.Fatalf("no policy %s", id)
	}
	version, ok := doc.InForce(p.App.Ledger.Today())
	if !ok {
		t.Fatalf("%s is not in force", id)
	}
	actor := evidence.Actor{ID: string(p.Person(number).ID), Language: document.Japanese}
	if _, err := p.App.Policy.Acknowledge(context.Background(), actor, policy.Request{
		Policy: id, Text: version.In(document.Japanese).Digest, Declaration: doc.Declaration.In(document.Japanese).Digest(),
	}); err != nil {
		t.Fatal(err)
	}
}

func TestEveryNumberOpensToTheNamesBehindIt(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithHistory())
	b := p.As("hr")
	for _, path := range []string{"/departments?levels=1", departmentAt(t, p, "市民生活部/税務課")} {
		page := b.Get(path).Want(t, 200, "令和8年度", "基準日 令和8年11月22日", "数え方", "免除の人、休止中")
		links := map[string]int{}
		page.Find(`main a[href*="/people?requirement="]`).Each(func(_ int, s *goquery.Selection) {
			if href := s.AttrOr("href", ""); strings.TrimSpace(s.Text()) != "全員を一覧で見る" {
				links[href] = numberIn(t, s)
			}
		})
		if len(links) < 8 {
			t.Fatalf("%s has %d numbers that lead to names", path, len(links))
		}
		for href, n := range links {
			names := listedPeople(t, b, href)
			if len(names) != n {
				t.Errorf("%s: %d on the page, %d names behind it", href, n, len(names))
			}
			if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
				t.Errorf("%s names somebody twice", href)
			}
		}
		for _, requirement := range []string{"annual-staff", "contract-worker"} {
			required := figureOn(t, page, requirement, "required")
			if sum := figureOn(t, page, requirement, "done") + figureOn(t, page, requirement, "open") + figureOn(t, page, requirement, "overdue"); sum != required {
				t.Errorf("%s: %s: done, open and overdue are %d, required %d", path, requirement, sum, required)
			}
		}
	}
}

func TestHeadSeesOwnDepartmentAndBelow(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("head")
	page := b.Get("/departments").Want(t, 200, "市民生活部 税務課", "資産税係")
	page.Lacks(t, "市民課", "総務部")
	if top := words(page.Find(".tree tbody tr").First().Find("th")); top != "税務課" {
		t.Errorf("the head's first row is %q", top)
	}
	own := departmentAt(t, p, "市民生活部/税務課")
	b.Get(own).Want(t, 200, "22", "所属長", "草薙")
	b.Get(departmentAt(t, p, "市民生活部/税務課/資産税係")).Want(t, 200, "資産税係", "所属長（上位の部署）")
	b.Get(own+"/people?group=exempt").Want(t, 200, "条件に合うものはありません", "条件を消す")
	for _, path := range []string{
		departmentAt(t, p, "市民生活部"), departmentAt(t, p, "市民生活部/市民課"), departmentAt(t, p, "市民生活部/市民課") + "/people",
		"/departments/none", "/departments/all", own + "/people?group=none", own + "/people?requirement=none",
		personAt(p, "000126"), "/people/none", "/exports/people.csv?department=" + strings.TrimPrefix(departmentAt(t, p, "市民生活部"), "/departments/"),
	} {
		b.Get(path).Want(t, 404)
	}
	roster, err := p.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	inside := map[string]bool{}
	for _, person := range roster.PeopleIn(p.Person("000181").MembershipOn(p.App.Ledger.Today()).Department, p.App.Ledger.Today()) {
		inside[person.Number] = person.Kind() == directory.Employee
	}
	for _, number := range listedPeople(t, b, "/departments/all/people?requirement=annual-staff") {
		if !inside[number] {
			t.Errorf("the head sees %s of elsewhere", number)
		}
	}
	page = b.Get(personAt(p, "000182")).Want(t, 200, "白須賀", "期限", "年度の初めから在籍する人の期限", "から職員として在籍しているため")
	if page.Find("form[action$=exemptions]").Length() != 0 {
		t.Error("a head is offered to exempt")
	}
	if page := b.Get("/accounts"); page.Status != 404 {
		t.Errorf("a head who is no custodian gets %s", page)
	}
}

func TestDepartmentsAreClosedToOthers(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	paths := []string{
		"/departments", departmentAt(t, p, "市民生活部/市民課"), departmentAt(t, p, "市民生活部/市民課") + "/people", "/departments/all/people",
		personAt(p, "000174"), "/exports/completion.csv", "/exports/completion.xlsx", "/exports/people.csv", "/exports/people.xlsx",
		"/accounts", "/accounts/koho-x", "/contracts", "/contracts/K-2026-04",
	}
	for _, role := range []string{"contractor", "employee"} {
		b := p.As(role)
		for _, path := range paths {
			b.Get(path).Want(t, 404).Lacks(t, "000161", "W0014")
		}
		b.Get("/tasks")
		csrf := b.Page().Find(`input[name="csrf"]`).First().AttrOr("value", "")
		b.Post(personAt(p, "000181")+"/exemptions", url.Values{"csrf": {csrf}, "item": {"annual-staff course:annual"}, "reason": {"不要"}}).Want(t, 404)
	}
	for _, path := range paths {
		if page := p.Browser().Get(path); page.URL.Path != "/sign-in" {
			t.Errorf("somebody not signed in gets %s", page)
		}
	}
}

func TestExemptionChangesTheCounts(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("hr")
	department := departmentAt(t, p, "市民生活部/税務課")
	before := b.Get(department).Want(t, 200)
	required, exempt := figureOn(t, before, "annual-staff", "required"), figureOn(t, before, "annual-staff", "exempt")
	form := `form[action$="/exemptions"]`
	const reason = "<b>派遣元</b>で同じ研修を修了（決裁 第12号）"

	sheet := personAt(p, "000182")
	b.Get(sheet).Want(t, 200)
	b.Submit(form, url.Values{"reason": {"  "}}).Want(t, 422, "免除する項目を選んでください", "理由を入力してください")
	page := b.Submit(form, url.Values{"item": {"annual-staff course:annual"}, "reason": {strings.Repeat("長", 501)}}).Want(t, 422, "500文字以内")
	if got := page.Find("textarea[name=reason]").Text(); !strings.Contains(got, strings.Repeat("長", 501)) || !strings.HasPrefix(page.Text("title"), "エラー") {
		t.Errorf("what was typed is lost, or the title %q does not say that it failed", page.Text("title"))
	}
	if _, checked := page.Find(`input[value="annual-staff course:annual"]`).Attr("checked"); !checked {
		t.Error("the choice is lost")
	}
	page = b.Submit(form, url.Values{"item": {"annual-staff course:annual"}, "reason": {reason}}).Want(t, 200, "免除しました", reason, "さんが令和8年11月22日", "に免除")
	page.Lacks(t, "<b>派遣元")
	if page.URL.Path != sheet {
		t.Errorf("the exemption ends at %s", page)
	}
	half := b.Get(department)
	if got := figureOn(t, half, "annual-staff", "required"); got != required {
		t.Errorf("one of two items exempt: required is %d, was %d", got, required)
	}
	b.Get(sheet)
	b.Submit(form, url.Values{"item": {"annual-staff policy:basic-policy"}, "reason": {reason}}).Want(t, 200, "免除できる未完了の項目はありません")
	after := b.Get(department)
	if r, e := figureOn(t, after, "annual-staff", "required"), figureOn(t, after, "annual-staff", "exempt"); r != required-1 || e != exempt+1 {
		t.Errorf("required %d → %d, exempt %d → %d", required, r, exempt, e)
	}
	if names := listedPeople(t, b, department+"/people?requirement=annual-staff&group=exempt"); !slices.Contains(names, "000182") {
		t.Errorf("the exempt are %v", names)
	}
	b.Get(sheet+"?exempted=999999").Lacks(t, "免除しました")

	csrf := after.Find(`input[name="csrf"]`).First().AttrOr("value", "")
	post := func(number, item string) *portal.Page {
		return b.Post(personAt(p, number)+"/exemptions", url.Values{"csrf": {csrf}, "item": {item}, "reason": {"理由"}})
	}
	post("000182", "annual-staff course:annual").Want(t, 409)
	post("000126", "annual-staff course:annual").Want(t, 409, "自分自身を免除することはできません")
	post("000183", "account-owner course:social-media-owner").Want(t, 422, "免除する項目を選んでください")
	b.Get(personAt(p, "000126")).Want(t, 200, "自分自身を免除することはできません")

	// The head sees it, with the reason and by whom.
	p.As("head").Get(sheet).Want(t, 200, reason, "湯浅 史織さん")
}

func TestPersonTellsDatesAndNoAnswers(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	finishCourse(t, p, "000182", "annual")
	finishPolicy(t, p, "000182", "basic-policy")
	b := p.As("head")
	page := b.Get(personAt(p, "000182")).Want(t, 200, "完了", "証跡", "第0号", "第1号", "令和8年11月22日(日) 10:00")
	for _, word := range []string{"正解", "不正解", "点数", "問中"} {
		if strings.Contains(page.Text("main"), word) {
			t.Errorf("the page says %q", word)
		}
	}
	department := b.Get(departmentAt(t, p, "市民生活部/税務課"))
	if n := figureOn(t, department, "annual-staff", "done"); n != 1 {
		t.Errorf("%d are done, want the one", n)
	}
	b.Language = "en"
	b.Get(personAt(p, "000182")).Want(t, 200, "Completed", "No. 1", "On the staff since")
	b.Get("/departments").Want(t, 200, "How we count", "Completed / required", "1 of")
}

// bigCity is an invented city of so many employees in 部, 課 and 係.
func bigCity(people int) fstest.MapFS {
	var roster bytes.Buffer
	roster.WriteString("\ufeff職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日,休職開始,休職終了,異動日,対象外\n")
	for i := range people {
		post := "主任"
		if i == 0 {
			post = "部長"
		}
		section := fmt.Sprintf("第%d部/第%d課/第%d係", i%10+1, i/10%5+1, i/50%3+1)
		fmt.Fprintf(&roster, "%06d,見本　%d号,ミホン,,正職員,%s,%s,2010-04-01,,,,,\n", i+1, i+1, section, post)
	}
	return fstest.MapFS{
		"roster.csv":    {Data: roster.Bytes()},
		"roles.yaml":    {Data: []byte("roles:\n  hr: [\"000002\"]\n")},
		"sign-ins.yaml": {Data: []byte("people:\n  - {number: \"000002\", as: hr, provider: city}\n")},
	}
}

// withRegisters gives a city so many accounts and contracts.
func withRegisters(city fstest.MapFS, n int) fstest.MapFS {
	accounts, contracts := "accounts:\n", "suppliers:\n  - {id: S1, name: 見本, name_en: Sample, parent: \"\"}\ncontracts:\n"
	for i := range n {
		accounts += fmt.Sprintf("  - {id: a%02d, service: X, handle: \"@a%02d\", url: \"https://x.example/a%02d\", title: {ja: 第%d, en: \"No %d\"}, department: 第1部}\n", i, i, i, i, i)
		contracts += fmt.Sprintf("  - {id: K%02d, supplier: S1, title: {ja: 第%d, en: \"No %d\"}, department: 第1部, from: 2026-04-01, until: 2027-03-31, obligations: [contractor-obligations], workers: [{number: \"000009\", from: 2026-04-01}]}\n", i, i, i)
	}
	city["accounts.yaml"], city["suppliers.yaml"] = &fstest.MapFile{Data: []byte(accounts)}, &fstest.MapFile{Data: []byte(contracts)}
	return city
}

// Lists that are too long for a page go on, and hold everything once.
func TestLongListsGoOn(t *testing.T) {
	const many = 45
	p := portal.New(t, portal.WithCity(withRegisters(bigCity(600), many)))
	roster, err := p.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := p.As("hr")
	for path, tc := range map[string]struct {
		links string
		want  int
	}{
		"/departments?levels=3": {`section[aria-labelledby="annual-staff"] tbody th a[href^="/departments/"]`, len(roster.Departments())},
		"/accounts":             {`.card h2 a[href^="/accounts/"]`, many},
		"/contracts":            {`.card h2 a[href^="/contracts/"]`, many},
	} {
		found, pages := map[string]bool{}, 0
		for next, more := path, true; more; pages++ {
			page := b.Get(next).Want(t, 200)
			links := page.Find(tc.links)
			if links.Length() == 0 || links.Length() > 90 || pages > 10 {
				t.Fatalf("%s: %d on page %d", next, links.Length(), pages)
			}
			links.Each(func(_ int, s *goquery.Selection) { found[s.AttrOr("href", "")] = true })
			next, more = page.Find(`a[rel="next"]`).Attr("href")
		}
		if len(found) != tc.want || pages < 2 {
			t.Errorf("%s: %d on %d pages, want %d", path, len(found), pages, tc.want)
		}
	}
	for _, path := range []string{"/departments?after=none", "/departments/all/people?after=none"} {
		b.Get(path).Want(t, 404)
	}
}

func BenchmarkDepartments(b *testing.B) {
	p := portal.New(b, portal.WithCity(bigCity(2000)), portal.WithHistory())
	browser := p.As("hr")
	for _, page := range []struct{ name, path string }{
		{"city", "/departments"}, {"levels", "/departments?levels=3"}, {"department", departmentAt(b, p, "第1部")},
		{"section", departmentAt(b, p, "第1部/第1課/第1係")}, {"people", "/departments/all/people?requirement=annual-staff"},
		{"csv", "/exports/people.csv"}, {"xlsx", "/exports/people.xlsx"},
	} {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				browser.Get(page.path).Want(b, 200)
			}
		})
	}
	b.Run("ledger", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := p.App.Ledger.Counts(b.Context(), p.App.Ledger.Today(), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestWhatAnExportLosesIsSaidOfAll: a page that shows a part of the list says
// nothing about the characters of the rest.
func TestWhatAnExportLosesIsSaidOfAll(t *testing.T) {
	t.Parallel()
	b := portal.New(t, portal.WithHistory()).As("hr")
	const none, perhaps = "文字の置き換えはありません", "表せない文字が「〓」に置き換わります。置き換えたくないときは"
	for path, want := range map[string][2]string{
		"/departments/all/people?requirement=annual-staff":               {perhaps, none},
		"/departments/all/people?requirement=annual-staff&group=overdue": {none, perhaps},
	} {
		page := b.Get(path).Want(t, 200, want[0])
		if strings.Contains(page.Text("main"), want[1]) {
			t.Errorf("%s also says %q", path, want[1])
		}
	}
}
