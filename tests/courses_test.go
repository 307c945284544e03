package tests

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app/evidence"
	"kokoroe/app/learning"
	"kokoroe/tests/portal"
)

const (
	annual       = "/courses/annual"
	lessonForm   = `form[action^="/courses/annual/lessons/"]`
	practiceForm = `form[action="/courses/annual/practice"]`
	startForm    = `form[action="/courses/annual/practice/start"]`
	checkForm    = `form[action="/courses/annual/check"]`
	questionForm = `form[action^="/courses/annual/check/"]`
)

// words are the words of an element with single spaces.
func words(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

// asked is the question of the bank that the page asks, in either language.
func asked(t *testing.T, p *portal.Portal, page *portal.Page) learning.Question {
	t.Helper()
	stem := page.Text("main h1")
	for _, q := range p.App.Learning.Catalogue().Bank("annual") {
		for _, language := range []string{"ja", "en"} {
			if strings.Join(strings.Fields(q.Stem.In(language)), " ") == stem {
				return q
			}
		}
	}
	t.Fatalf("%s asks %q, which the bank does not have", page, stem)
	return learning.Question{}
}

// options are the values of the right options on the page, or of as many
// wrong ones.
func options(t *testing.T, p *portal.Portal, page *portal.Page, rightly bool) url.Values {
	t.Helper()
	q := asked(t, p, page)
	var values []string
	page.Find(".choice").Each(func(_ int, choice *goquery.Selection) {
		label := words(choice.Find("label"))
		i := slices.IndexFunc(q.Options, func(o learning.Option) bool {
			return label == o.Text.In("ja") || label == o.Text.In("en")
		})
		if i < 0 {
			t.Fatalf("%s offers %q, which the question does not have", page, label)
		}
		if value := choice.Find("input").AttrOr("value", ""); q.Options[i].Correct == rightly && len(values) < q.Choose {
			values = append(values, value)
		}
	})
	return url.Values{"options": values}
}

// readAll finishes every lesson that is left, by the one button of each page.
func readAll(t *testing.T, b *portal.Browser) {
	t.Helper()
	b.Get(annual)
	b.Click(".course-go a")
	for range 20 {
		if b.Page().URL.Path == annual {
			return
		}
		b.Submit(lessonForm, nil).Want(t, 200)
	}
	t.Fatal("the lessons do not end")
}

// sit starts a check, answers it with so many wrong answers, and stops before
// it is submitted.
func sit(t *testing.T, p *portal.Portal, b *portal.Browser, wrong int) *portal.Page {
	t.Helper()
	b.Get(annual+"/check").Want(t, 200)
	page := b.Submit(checkForm, nil).Want(t, 200)
	for number := range 10 {
		if !strings.HasSuffix(page.URL.Path, "/"+strconv.Itoa(number+1)) {
			t.Fatalf("question %d is at %s", number+1, page)
		}
		page = b.Submit(questionForm, options(t, p, page, number >= wrong)).Want(t, 200)
	}
	return page.Want(t, 200, "回答の確認", "すべての設問に答えました")
}

func TestCourseFromTheFirstLessonToTheReceipt(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	page := b.Get("/tasks").Want(t, 200)
	href, _ := page.Find(`a[href="` + annual + `"]`).Attr("href")
	page = b.Get(href).Want(t, 200, "9単元", "10問中8問以上", "令和8年11月30日", "はじめる", "未着手", "すべての単元を読み終えると受けられます")
	if n := page.Find("main .button").Length(); n != 1 {
		t.Errorf("%d buttons on the course, want the one", n)
	}
	b.Get(annual+"/check").Want(t, 200, "まだ読み終えていない単元が9つあります", "制限はありません")
	if b.Page().Find(checkForm).Length() != 0 {
		t.Error("the check can be started before the lessons are read")
	}

	// Reading, with a break after two lessons.
	b.Get(annual)
	page = b.Click(".course-go a").Want(t, 200, "1/9")
	if page.Find(`a[href="/help#suspicious"]`).Length() == 0 {
		t.Error("a lesson does not say how to report a mail")
	}
	b.Submit(lessonForm, nil).Want(t, 200, "2/9", "前の単元")
	b.Submit(lessonForm, nil).Want(t, 200, "3/9")
	third := b.Page().URL.Path
	page = b.Get(annual).Want(t, 200, "続きから", "2/9", "受講中")
	if got := page.Find(".course-go a").AttrOr("href", ""); got != third {
		t.Errorf("resumes at %s, want %s", got, third)
	}
	readAll(t, b)
	b.Page().Want(t, 200, "9/9", "練習問題")

	practise(t, p, b)

	// The check: not passed, then passed with other questions.
	page = sit(t, p, b, 3)
	first := page.Text(".answers dt")
	result := b.Submit(questionForm, nil).Want(t, 200, "今回は合格になりませんでした", "7/10問", "合格は8問以上", "読み直したい単元")
	if n := result.Find(".topics > li > ul > li").Length(); n != 3 {
		t.Errorf("%d questions to read again, want 3", n)
	}
	if logSize(t, p) != 0 {
		t.Error("a check that was not passed is in the log")
	}
	b.Get("/tasks").Want(t, 200, "再受験できます")
	b.Get(annual).Want(t, 200, "前回", "10問中7問")
	if page = sit(t, p, b, 1); page.Text(".answers dt") == first {
		t.Error("the second check asks the same")
	}
	b.Submit(questionForm, nil).Want(t, 200, "理解度テストに合格しました", "10問中9問正解", "次にやること", "間違えた設問と単元")
	receipt := b.Click("受領証を見る").Want(t, 200, "情報セキュリティ研修（年次）")
	b.Get(annual).Want(t, 200, "に合格しました", "10問中9問")
	if got := b.Page().Find(".notice-success a").AttrOr("href", ""); got != receipt.URL.Path {
		t.Errorf("the course leads to %s, want %s", got, receipt.URL.Path)
	}
	b.Click("ol.lessons a").Want(t, 200, "次の単元へ")
	b.Get(annual+"/check").Want(t, 200, "合格しています")
	if got := b.Post(annual+"/check", url.Values{"csrf": {b.Page().Find("input[name=csrf]").First().AttrOr("value", "")}}); got.URL.Path != annual+"/check" {
		t.Errorf("starting after the pass led to %s", got)
	}
}

// practise goes through a sitting with one question missed at first.
func practise(t *testing.T, p *portal.Portal, b *portal.Browser) {
	t.Helper()
	b.Click(".course-go a").Want(t, 200, "すべての選択肢の理由が表示されます")
	page := b.Submit(startForm, nil).Want(t, 200, "1/8")
	missed := page.Text("main h1")

	nothing := b.Submit(practiceForm, nil).Want(t, 422, "選択肢を", "つ選んでください")
	if !strings.HasPrefix(nothing.Text("title"), "エラー: ") || nothing.Find("#error-summary[autofocus] a[href='#field-options']").Length() != 1 || nothing.Find("#field-options").Length() != 1 {
		t.Error("the error summary does not lead to the choices")
	}
	q := asked(t, p, page)
	action, form := b.Form(practiceForm, options(t, p, page, false))
	page = b.Post(action, form).Want(t, 200, "不正解です", "この設問は、最後にもう一度出ます", "あなたの回答")
	for _, o := range q.Options {
		page.Want(t, 200, o.Why.In("ja"))
	}
	if page.Find("section[role=status] h2[autofocus]").Length() != 1 {
		t.Error("the feedback does not take the focus")
	}
	form.Set("options", "1")
	if again := b.Post(action, form); again.Text(".feedback") != page.Text(".feedback") {
		t.Error("answering twice changed the answer")
	}
	b.Get(page.URL.String())
	page = b.Click("次へ").Want(t, 200, "2/9")
	for range 8 {
		if number := page.Text(".progress-text strong"); number == "9/9" && page.Text("main h1") != missed {
			t.Error("the missed question does not come back at the end")
		}
		b.Submit(practiceForm, options(t, p, page, true)).Want(t, 200, "正解です")
		page = b.Click(".actions a").Want(t, 200)
	}
	page.Want(t, 200, "練習が終わりました", "7/8問", "読み直したい単元", "もう一度練習する", "理解度テストへ")
	b.Get(annual).Want(t, 200, "練習する", "次は「理解度テスト」")
}

func TestCheckKeepsEveryStep(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	readAll(t, b)
	b.Get(annual + "/check")
	page := b.Submit(checkForm, nil).Want(t, 200, "第1問（全10問）")
	base := strings.TrimSuffix(page.URL.Path, "/1")

	// Nothing chosen, and skipped.
	b.Submit(questionForm, nil).Want(t, 422, "エラー")
	b.Click("あとで答える").Want(t, 200, "第2問（全10問）")
	b.Submit(questionForm, options(t, p, b.Page(), true)).Want(t, 200, "第3問（全10問）")
	open := b.Get(base).Want(t, 200, "まだ答えていない設問が9問", "未回答")
	if n := open.Find(".answers dt").Length(); n != 10 {
		t.Errorf("%d questions among the answers", n)
	}
	refused := b.Submit(`form[action="`+base+`"]`, nil).Want(t, 422, "第1問にまだ答えていません")
	refused.Find("#error-summary a").Each(func(_ int, a *goquery.Selection) {
		if target := a.AttrOr("href", "#none"); refused.Find(target).Length() != 1 {
			t.Errorf("the error summary leads to %s, which is not there", target)
		}
	})

	// Back without an answer, and a change of an answer.
	b.Get(base + "/3")
	if page = b.Submit(questionForm, url.Values{"go": {"previous"}}); page.URL.Path != base+"/2" {
		t.Errorf("back leads to %s", page)
	}
	chosen := page.Find("input[checked]").AttrOr("value", "")
	if chosen == "" {
		t.Error("the answer was not kept")
	}
	b.Get(base)
	page = b.Click(".answers .summary-row:nth-child(2) .summary-change a").Want(t, 200, "保存して回答の確認へ")
	if page = b.Submit(questionForm, options(t, p, page, false)); page.URL.Path != base {
		t.Errorf("a change leads to %s", page)
	}
	page = b.Get(base + "/2")
	if page.Find(`input[checked]`).AttrOr("value", "") == chosen {
		t.Error("the change was not kept")
	}

	// Resuming: the course, the rules and the start lead to the first open one.
	b.Get(annual).Want(t, 200, "次は「理解度テスト」", "理解度テストを続ける")
	b.Get(annual+"/check").Want(t, 200, "続きから")
	if page = b.Submit(checkForm, nil); page.URL.Path != base+"/1" {
		t.Errorf("resumes at %s", page)
	}
	for _, odd := range []string{"/0", "/11", "/-1", "/x", "/1x", "/999999999999999999999"} {
		if page := b.Get(base + odd); page.Status != 404 {
			t.Errorf("%s", page)
		}
	}
}

func TestTwoTabsShareOneCheckAndOneRecord(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	readAll(t, b)
	b.Get(annual + "/check")
	action, form := b.Form(checkForm, nil)
	one, two := b.Post(action, form).URL.Path, b.Post(action, form).URL.Path
	if one != two {
		t.Errorf("two tabs have two checks: %s and %s", one, two)
	}
	sit(t, p, b, 0)
	base := b.Page().URL.Path
	action, form = b.Form(questionForm, nil)
	first, second := b.Post(action, form), b.Post(action, form)
	if first.URL.Path != base+"/result" || second.URL.Path != first.URL.Path || logSize(t, p) != 1 {
		t.Errorf("submitted twice: %s, %s, %d records", first, second, logSize(t, p))
	}
	// The back button after submitting, to a page and to a form.
	for _, path := range []string{base, base + "/3"} {
		if page := b.Get(path); page.URL.Path != base+"/result" {
			t.Errorf("%s leads to %s", path, page)
		}
	}
	if page := b.Post(base+"/3", url.Values{"csrf": form["csrf"], "options": {"1"}}); page.URL.Path != base+"/result" {
		t.Errorf("an answer after submitting leads to %s", page)
	}
	entries, err := p.App.Store.FindEntries(context.Background(), evidence.Query{Kind: learning.KindPassed, Limit: 10})
	if err != nil || len(entries) != 1 {
		t.Errorf("%d records of a pass, %v", len(entries), err)
	}
}

// TestCheckTellsNoAnswer reads the source of every page of a check for
// anything that tells a right option from a wrong one.
func TestCheckTellsNoAnswer(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	bank := p.App.Learning.Catalogue().Bank("annual")
	reveals := []string{"feedback", `class="why`, "mark-right", "あなたの回答", "data-"}
	for _, q := range bank {
		for _, o := range q.Options {
			reveals = append(reveals, o.Why.In("ja"), o.Why.In("en"))
		}
		reveals = append(reveals, string(q.ID))
	}
	readAll(t, b)
	b.Get(annual + "/check")
	page := b.Submit(checkForm, nil)
	base := strings.TrimSuffix(page.URL.Path, "/1")
	attempt, err := p.App.Store.Attempt(context.Background(), learning.AttemptID(base[strings.LastIndex(base, "/")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	for number, drawn := range attempt.Drawn {
		for _, language := range []string{"ja", "en"} {
			b.Language = language
			page = b.Get(base+"/"+strconv.Itoa(number+1)).Want(t, 200).Lacks(t, reveals...)
			q := asked(t, p, page)
			page.Find(".choice").Each(func(i int, choice *goquery.Selection) {
				o, _ := q.Option(drawn.Options[i])
				if label := words(choice.Find("label")); label != o.Text.In(language) {
					t.Errorf("question %d, option %d is %q, drawn was %q", number+1, i+1, label, o.Text.In(language))
				}
				input := choice.Find("input")
				if value := input.AttrOr("value", ""); value != strconv.Itoa(i+1) {
					t.Errorf("question %d, option %d has the value %q, which may tell where it stands in the bank", number+1, i+1, value)
				}
				for _, a := range input.Nodes[0].Attr {
					if !slices.Contains([]string{"id", "name", "type", "value", "checked"}, a.Key) {
						t.Errorf("question %d, option %d has the attribute %s", number+1, i+1, a.Key)
					}
				}
			})
		}
		b.Language = "ja"
		page = b.Get(base + "/" + strconv.Itoa(number+1))
		b.Submit(questionForm, options(t, p, page, number%2 == 0)).Lacks(t, reveals...)
	}
	b.Get(base).Want(t, 200).Lacks(t, reveals...)
	result := b.Submit(questionForm, nil).Want(t, 200, "5/10問").Lacks(t, reveals...)
	for _, q := range bank {
		for _, o := range q.Options {
			result.Lacks(t, o.Text.In("ja"))
		}
	}
}

func TestCourseIsOnlyForWhomItIsAskedOf(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	readAll(t, b)
	b.Get(annual + "/check")
	check := strings.TrimSuffix(b.Submit(checkForm, nil).URL.Path, "/1")
	b.Get(annual + "/practice")
	practice := b.Submit(startForm, nil).URL.RequestURI()

	for _, role := range []string{"contractor", "head"} {
		other := p.As(role)
		paths := []string{check, check + "/1", check + "/result", practice}
		if role == "contractor" {
			paths = append(paths, annual, annual+"/lessons/mail", annual+"/practice", annual+"/check")
		}
		for _, path := range paths {
			if page := other.Get(path); page.Status != 404 {
				t.Errorf("%s: %s", role, page)
			}
		}
		csrf := url.Values{"csrf": {other.Page().Find("input[name=csrf]").First().AttrOr("value", "")}}
		for _, path := range []string{check, check + "/1"} {
			if page := other.Post(path, csrf); page.Status != 404 {
				t.Errorf("%s posts: %s", role, page)
			}
		}
	}
	// The attempt of one course does not exist under another.
	for _, path := range []string{check, check + "/1", check + "/result", practice, annual} {
		if page := b.Get(strings.Replace(path, "annual", "social-media-owner", 1)); page.Status != 404 {
			t.Errorf("%s", page)
		}
	}
	for _, path := range []string{"/courses/none", annual + "/lessons/none", annual + "/check/none", annual + "/practice?sitting=none&number=1", annual + "/practice?sitting=none"} {
		if page := b.Get(path); page.Status != 404 {
			t.Errorf("%s", page)
		}
	}
}

func TestFormOfAnotherQuestionIsRefused(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	readAll(t, b)
	b.Get(annual + "/check")
	page := b.Submit(checkForm, nil)
	base := strings.TrimSuffix(page.URL.Path, "/1")
	action, form := b.Form(questionForm, options(t, p, page, true))
	form.Set("print", "another")
	b.Post(action, form).Want(t, 409, "研修の内容が新しくなりました", "始める")
	if page = b.Submit(checkForm, nil); page.URL.Path != base+"/1" || page.Find("input[checked]").Length() != 0 {
		t.Errorf("starting again leads to %s", page)
	}
}

func TestNewContentIsSaidAndTheCheckGoesOn(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	readAll(t, b)
	sit(t, p, b, 0)
	base := b.Page().URL.Path
	// The release between two clicks took the third question out of the bank.
	_, err := p.App.Store.UpdateAttempt(context.Background(), learning.AttemptID(base[strings.LastIndex(base, "/")+1:]), func(a learning.Attempt) (learning.Attempt, error) {
		a.Drawn = slices.Clone(a.Drawn)
		a.Drawn[2].Question = "annual-gone-1"
		return a, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Get(base+"/3").Want(t, 409, "研修の内容が新しくなりました")
	action, form := b.Form(checkForm, nil)
	b.Post(base, url.Values{"csrf": form["csrf"]}).Want(t, 409, "研修の内容が新しくなりました")
	page := b.Post(action, form)
	if page.URL.Path != base+"/3" {
		t.Fatalf("goes on at %s", page)
	}
	b.Submit(questionForm, options(t, p, page, true))
	b.Get(base).Want(t, 200, "すべての設問に答えました")
	b.Submit(questionForm, nil).Want(t, 200, "10問中10問正解")
}

func TestLessonInEnglishKeepsTheWay(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.Browser()
	b.Language = "en"
	employee, _ := p.Demo.As("employee")
	b.SignIn(employee.Provider, employee.Number)
	b.Get(annual+"?ruby=off").Want(t, 200, "Start", "9 lessons")
	page := b.Click(".course-go a").Want(t, 200, "Lesson 1 of 9", "I have read this, next lesson")
	if page.URL.RawQuery != "ruby=off" {
		t.Errorf("the choice about readings is lost at %s", page)
	}
	if page = b.Submit(lessonForm, nil); page.URL.RawQuery != "ruby=off" {
		t.Errorf("the choice about readings is lost at %s", page)
	}
	if page.Find("rt").Length() != 0 {
		t.Error("readings are shown")
	}
}
