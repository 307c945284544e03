package tests

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
	"kokoroe/tests/portal"
)

// in signs the person with the number in.
func (h *hallway) in(number string) *portal.Browser {
	h.t.Helper()
	b := h.Browser()
	b.SignIn("city", number)
	return b
}

// department is the address of the department of the person with the number.
func (h *hallway) department(number string) string {
	h.t.Helper()
	return "/departments/" + url.PathEscape(string(h.Person(number).MembershipOn(calendar.DateOf(h.Clock.Now())).Department))
}

// rowOf is the row of a table that has the words.
func rowOf(t *testing.T, page *portal.Page, words string) string {
	t.Helper()
	var found string
	page.Find("main tbody tr").Each(func(_ int, row *goquery.Selection) {
		if text := strings.Join(strings.Fields(row.Text()), " "); strings.Contains(text, words) {
			found = text
		}
	})
	if found == "" {
		t.Fatalf("%s has no row with %q:\n%s", page, words, page.Text("main"))
	}
	return found
}

const askForm = `form[action$="/reminders"]`

// TestAHeadRemindsPeople: from the list over a page that says who, to a page that
// says what came of it; however often the button is pressed.
func TestAHeadRemindsPeople(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	b := h.in("000002")
	list := h.department("000002") + "/people?requirement=annual-staff&group=open"
	b.Get(h.department("000002")+"/people?requirement=annual-staff").Want(t, 200).Lacks(t, "お知らせを送る")
	b.Get(list).Want(t, 200, "この条件の3人に")
	page := b.Click("お知らせを送る人を確認する").Want(t, 200, "メールを送る1人", "見本 三郎", "メールアドレスのない1人", "見本 四郎", "すぐに順に送り始めます", "1人にお知らせを送る")
	page.Lacks(t, "見本　五郎", "見本　七郎") // on leave; of another department
	if strings.Contains(page.Text("main section"), "見本 二郎") {
		t.Error("a head is to be reminded by themselves")
	}
	if n := logSize(t, h.Portal); n != 0 || len(h.messages("2026-11-26")) != 0 {
		t.Fatalf("%d records, %v: before anybody asked", n, h.messages("2026-11-26"))
	}
	action, form := b.Form(askForm, nil)
	done := b.Post(action, form).Want(t, 200, "2人へのお知らせを受け付けました", "メールを送る人 1人", "メールアドレスのない人 1人", "証跡の番号: 0")
	again := b.Post(action, form).Want(t, 200, "2人へのお知らせを受け付けました")
	if again.URL.String() != done.URL.String() || logSize(t, h.Portal) != 1 {
		t.Errorf("twice: %s and %s, %d records", done, again, logSize(t, h.Portal))
	}
	h.stand("2026-11-26", "3 sent, 4 withheld no-address")

	b.Get(list)
	page = b.Click("お知らせを送る人を確認する").Want(t, 200, "全員にあります", "送らない2人", "見本 三郎")
	if page.Find(askForm).Length() != 0 {
		t.Error("a second reminder a day is offered")
	}
	form.Set("form", "another") // the button of an old page
	b.Post(action, form).Want(t, 200, "0人へのお知らせを受け付けました", "すでにお知らせがあった人 2人")
	h.stand("2026-11-26", "3 sent, 4 withheld no-address")
	if n := len(h.box.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}

	b.Get(done.URL.RequestURI())
	b.Click("お知らせの結果を見る").Want(t, 200, "令和8年11月26日(木)のお知らせ", "依頼による", "すべて 2", "送信済み 1", "送信せず 1")
	if row := rowOf(t, b.Page(), "見本 三郎"); !strings.Contains(row, "メールサーバーが受け取りました") {
		t.Error(row)
	}
	if row := rowOf(t, b.Page(), "見本 四郎"); !strings.Contains(row, "メールアドレスの登録がないため、送っていません") {
		t.Error(row)
	}
	b.Click("送信せず 1").Want(t, 200, "見本 四郎").Lacks(t, "見本　三郎")
	b.Get(b.Page().URL.Path+"?state=refused").Want(t, 200, "条件に合うものはありません")

	// The list on paper holds whom no mail reached, as long as something is open.
	b.Get(done.URL.RequestURI())
	paper := b.Click("メールが届いていない人の一覧（印刷用）").Want(t, 200, "総務部 情報課 研修・誓約のお知らせ", "見本 四郎", "000004", "令和8年11月30日(月)", h.URL, "本人の確認").Lacks(t, "見本　三郎")
	if n := paper.Find("section.sheet").Length(); n != 1 {
		t.Errorf("%d sheets", n)
	}
	h.signs("000004")
	b.Get(paper.URL.RequestURI()).Want(t, 200, "紙でお知らせする人はいません", "このほかの1人は").Lacks(t, "見本　四郎")

	// Whom it is about sees it too.
	h.in("000003").Get("/record").Want(t, 200, "あなたへのお知らせ", "令和8年11月26日(木)", "メールサーバーが受け取りました")
	h.in("000004").Get("/record").Want(t, 200, "メールアドレスの登録がないため、送っていません")
	b.Get("/record").Lacks(t, "あなたへのお知らせ")
	b.Get(personAt(h.Portal, "000003")).Want(t, 200, "この人へのお知らせ", "令和8年11月26日(木)", "メールサーバーが受け取りました")
	b.Language = "en"
	b.Get("/reminders").Want(t, 200, "Asked for", "Next reminders")
	b.Get(list)
	b.Click("Check who will be reminded").Want(t, 200, "Everybody has a reminder of")
}

// TestRemindersBelongToTheirDepartments: whatever is asked for, a head reaches the
// own people alone, and a request is of who made it.
func TestRemindersBelongToTheirDepartments(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	const filter = "?requirement=annual-staff&group=open"
	mine, theirs := h.department("000002"), h.department("000006")
	head := h.in("000002")
	head.Get(mine + "/reminders" + filter)
	_, form := head.Form(askForm, nil)
	for _, other := range []string{theirs, h.department("000001"), "/departments/none", "/departments/%2e%2e"} {
		head.Get(other+"/reminders"+filter).Want(t, 404).Lacks(t, "見本　七郎")
		head.Get(other+"/people"+filter).Want(t, 404)
		if page := head.Post(other+"/reminders", form); page.Status != 404 {
			t.Errorf("%s: %s", other, page)
		}
	}
	if n := logSize(t, h.Portal); n != 0 {
		t.Fatalf("%d records", n)
	}
	for _, odd := range []string{"?requirement=annual-staff", "?requirement=annual-staff&group=done", "?requirement=annual-staff&group=required",
		"?requirement=none&group=open", "?group=open", "?record=0", "?record=-1", "?record=x", "?record=99", "?record=%00"} {
		head.Get(mine+"/reminders"+odd).Want(t, 404)
	}
	if page := head.Get(mine + "/reminders"); page.URL.Path != mine+"/people" {
		t.Errorf("without a list: %s", page)
	}
	for name, change := range map[string]url.Values{
		"people of one's own": {"people": {string(h.Person("000007").ID)}, "department": {"all"}}, "the done": {"group": {"done"}}, "everybody": {"group": {""}},
		"no form": {"form": {""}}, "a long form": {"form": {strings.Repeat("f", 101)}},
	} {
		with := url.Values{"csrf": form["csrf"], "requirement": form["requirement"], "group": form["group"], "form": {"made-up-" + name}}
		for field, value := range change {
			with[field] = value
		}
		page := head.PostOnly(mine+"/reminders", with)
		if want := map[string]int{"the done": 404, "everybody": 404, "no form": 422, "a long form": 422}[name]; want != 0 && page.Status != want || want == 0 && page.Status != 303 {
			t.Errorf("%s: %s", name, page)
		}
	}
	h.stand("2026-11-26", "3 sent, 4 withheld no-address") // by the first of them: own people

	// The round of everybody; each sees the own part of it.
	if r := h.round("2026-11-27 09:30"); r.People != 6 {
		t.Fatalf("%+v", r)
	}
	h.stand("2026-11-27", "1 2 3 6 7 sent, 4 withheld no-address")
	head = h.in("000002")
	day := head.Get("/reminders/2026-11-27").Want(t, 200, "見本 二郎", "見本 三郎", "見本 四郎", "すべて 3", "実施済み").Lacks(t, "見本　七郎", "見本　一郎", "000007")
	if row := rowOf(t, head.Get("/reminders"), "令和8年11月27日(金)"); !strings.HasSuffix(row, "人数3 送信済み2 送信待ち0 届かず0 送信せず1") {
		t.Errorf("the head's log: %s", row)
	}
	head.Get("/reminders/2026-11-27/paper").Want(t, 200, "見本 四郎")
	h.in("000006").Get("/reminders/2026-11-27/paper").Want(t, 200, "紙でお知らせする人はいません").Lacks(t, "見本　四郎")
	elsewhere := "?department=" + strings.TrimPrefix(theirs, "/departments/")
	for _, path := range []string{"/reminders/2026-11-27" + elsewhere, "/reminders/2026-11-27/paper" + elsewhere, "/reminders/2026-11-27?department=none"} {
		head.Get(path).Want(t, 404).Lacks(t, "見本　七郎")
	}
	for _, bad := range []string{"2026-11-25", "2026-11-28", "2026-13-01", "2026-1-1", "2026%2F11%2F27", "20261127", "today", "0000-00-00", "%00", "１", "2026-11-27%20"} {
		head.Get("/reminders/"+bad).Want(t, 404)
		head.Get("/reminders/"+bad+"/paper").Want(t, 404)
		head.Get("/reminders?before=" + bad)
	}
	for _, query := range []string{"?state=none", "?state=%24ne", "?after=x", "?state=sent%00"} {
		head.Get(day.URL.Path+query).Want(t, 404)
	}
	hr := h.in("000001")
	hr.Get("/reminders/2026-11-27").Want(t, 200, "見本 七郎", "見本 三郎", "すべて 6")
	hr.Get("/reminders/2026-11-27"+elsewhere).Want(t, 200, "見本 七郎", "すべて 2").Lacks(t, "見本　三郎")
	hr.Get(h.department("000002")+"/reminders?record=0").Want(t, 404) // the head's request
	employee := h.in("000003")
	for _, path := range []string{"/reminders", "/reminders/2026-11-27", "/reminders/2026-11-27/paper", mine + "/reminders" + filter} {
		employee.Get(path).Want(t, 404).Lacks(t, "見本　四郎")
	}
}

// TestTheLogOfRounds: what was held, caught up, under way and failed; days off are
// left out.
func TestTheLogOfRounds(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-19 10:00", portal.WithContent(due(t, "11-30")))
	h.in("000001").Get("/reminders").Want(t, 200, "お知らせの記録はまだありません", "次のお知らせ: 令和8年11月20日(金) 09:30")
	h.round("2026-11-20 18:00")
	h.round("2026-11-21 18:00") // Saturday
	b := h.in("000001")
	page := b.Get("/reminders").Want(t, 200, "実施済み")
	if n := page.Find("main tbody tr").Length(); n != 1 {
		t.Errorf("%d rounds", n)
	}
	// That a round is for the weekend and a holiday too is as usual; that it is for
	// a day on which nothing ran is not.
	if r := h.round("2026-11-24 10:00"); r.From != "2026-11-21" {
		t.Fatalf("%+v", r)
	}
	b = h.in("000001")
	if row := rowOf(t, b.Get("/reminders"), "11月24日"); !strings.Contains(row, "実施済み10:00 終了") || strings.Contains(row, "まとめて") {
		t.Error(row)
	}
	if r := h.round("2026-11-26 10:00"); r.From != "2026-11-25" {
		t.Fatalf("%+v", r)
	}
	b = h.in("000001")
	if row := rowOf(t, b.Get("/reminders"), "11月26日"); !strings.Contains(row, "11月25日(水)から11月26日(木)までの分をまとめて実施") {
		t.Error(row)
	}
	for day, run := range map[string]job.Run{
		"2026-11-27": {EndedAt: inJapan(t, "2026-11-27 09:31"), Outcome: job.Failed},
		"2026-11-30": {},
	} {
		run.Job, run.DueAt, run.StartedAt = app.JobReminders, inJapan(t, day+" 09:30"), inJapan(t, day+" 09:30")
		run.Owner, run.LeaseAt = "somebody", inJapan(t, day+" 09:35")
		ended, outcome := run.EndedAt, run.Outcome
		run.EndedAt, run.Outcome = time.Time{}, ""
		noFault(t, h.App.Store.ClaimRun(t.Context(), run, run.StartedAt))
		if run.EndedAt, run.Outcome = ended, outcome; !ended.IsZero() {
			noFault(t, h.App.Store.EndRun(t.Context(), run))
		}
	}
	h.Clock.Set(inJapan(t, "2026-11-30 09:30"))
	b = h.in("000001")
	page = b.Get("/reminders").Want(t, 200)
	if row := rowOf(t, page, "11月27日"); !strings.Contains(row, "実施できず") || !strings.Contains(row, "次の回にまとめて送ります") {
		t.Error(row)
	}
	if row := rowOf(t, page, "11月30日"); !strings.Contains(row, "実施中") {
		t.Error(row)
	}
	b.Get("/reminders/2026-11-27").Want(t, 200, "実施できず", "この日にお知らせした人はいません")
	b.Get("/reminders/2026-11-21").Want(t, 404)
	b.Get("/reminders/2026-11-23").Want(t, 404)
}

// TestRemindersWaitForOfficeHours, and the pages say so.
func TestRemindersWaitForOfficeHours(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-27 18:00", portal.WithContent(due(t, "11-30")))
	b := h.in("000002")
	b.Get(h.department("000002")+"/reminders?requirement=annual-staff&group=open").Want(t, 200, "令和8年11月30日(月)", "開庁時間の外")
	b.Submit(askForm, nil).Want(t, 200, "2人へのお知らせを受け付けました", "令和8年11月30日(月)の開庁時間になってから")
	b.Get("/reminders").Want(t, 200, "令和8年11月30日(月)", "依頼による")
	b.Get("/reminders/2026-11-30?state=waiting").Want(t, 200, "見本 三郎", "以降に送ります")
	if n := len(h.box.Mails()); n != 0 {
		t.Errorf("%d mails in the evening", n)
	}
}

// TestRemindersWithoutAMailServer are on paper: everybody is on the list.
func TestRemindersWithoutAMailServer(t *testing.T) {
	t.Parallel()
	h := &hallway{t: t}
	h.boot("2026-11-26 10:00", portal.WithCity(hall()), portal.WithContent(due(t, "11-30")))
	b := h.in("000002")
	b.Get(h.department("000002")+"/reminders?requirement=annual-staff&group=open").Want(t, 200, "紙で知らせる1人", "メールアドレスのない1人")
	page := b.Submit(askForm, nil).Want(t, 200, "2人へのお知らせを受け付けました", "紙で知らせる人（メールサーバーなし） 1人").Lacks(t, "メールを送る人")
	b.Get(page.URL.RequestURI())
	b.Click("メールが届いていない人の一覧（印刷用）").Want(t, 200, "見本 三郎", "見本 四郎")
	if r := h.round("2026-11-27 09:30"); r.NoMail != 5 {
		t.Fatalf("%+v", r)
	}
	hr := h.in("000001")
	hr.Get("/reminders").Want(t, 200, "メールサーバーが設定されていません")
	paper := hr.Get("/reminders/2026-11-27/paper").Want(t, 200, "見本 一郎", "見本 七郎")
	var sheets []string
	paper.Find("section.sheet h2").Each(func(_ int, s *goquery.Selection) {
		sheets = append(sheets, strings.Fields(s.Text())[len(strings.Fields(s.Text()))-2])
	})
	if !slices.Equal(sheets, []string{"総務部", "情報課", "税務課"}) {
		t.Errorf("sheets of %v", sheets)
	}
}

// TestTroubleWithTheMailIsSaid to who answers for it.
func TestTroubleWithTheMailIsSaid(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	h.box.Down()
	if r := h.round("2026-11-27 09:30"); r.People != 6 {
		t.Fatalf("%+v", r)
	}
	waitUntil(t, "the outbox has noticed", func() bool {
		sum, err := h.App.Outbox.Summary(t.Context())
		return err == nil && sum.Trouble != ""
	})
	h.in("000001").Get("/reminders").Want(t, 200, "いま、メールサーバーに送れません", "お知らせは失われず")
	h.in("000002").Get("/reminders").Want(t, 200).Lacks(t, "いま、メールサーバーに送れません")
	h.in("000001").Get("/reminders/2026-11-27?state=waiting").Want(t, 200, "見本 三郎", "送信待ち 5")
}

// TestADayIsCountedUntilItIsSettled: what waits over the day and is sent later, or
// not at all, shows.
func TestADayIsCountedUntilItIsSettled(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	h.box.Down()
	h.round("2026-11-27 09:30")
	counted := func() string {
		t.Helper()
		count := map[string]int{}
		for _, state := range h.messages("2026-11-27") {
			word, _, _ := strings.Cut(state, " ")
			count[word]++
		}
		want := fmt.Sprintf("人数6 送信済み%d 送信待ち%d 届かず%d 送信せず%d", count["sent"], count["waiting"], count["refused"], count["withheld"])
		b := h.in("000001")
		for range 2 {
			if row := rowOf(t, b.Get("/reminders").Want(t, 200), "11月27日"); !strings.HasSuffix(row, want) {
				t.Errorf("%q, want %q", row, want)
			}
		}
		return want
	}
	h.Clock.Set(inJapan(t, "2026-11-28 10:00"))
	if got := counted(); got != "人数6 送信済み0 送信待ち5 届かず0 送信せず1" {
		t.Errorf("on the day after: %s", got)
	}
	h.box.Up()
	h.Clock.Set(inJapan(t, "2026-11-30 10:00"))
	waitUntil(t, "nothing of the day waits", func() bool {
		for _, state := range h.messages("2026-11-27") {
			if state == "waiting" {
				return false
			}
		}
		return true
	})
	counted()
}

// TestALargeRound is shown page by page, and department by department when it is
// too large to be sorted; everybody is there once.
func TestALargeRound(t *testing.T) {
	t.Parallel()
	const people = 2100
	p := portal.New(t, portal.WithCity(bigCity(people)))
	roster, err := p.App.Rosters.Current(t.Context())
	noFault(t, err)
	day := calendar.MustDate("2026-11-20")
	var messages []notify.Message
	for person := range roster.People() {
		m := notify.Message{Key: notify.ReminderKey(day, person.ID), Person: person.ID, At: portal.Start, SettledAt: portal.Start, State: notify.Withheld, Reason: notify.NoAddress}
		if n, err := strconv.Atoi(person.Number); err == nil && n%15 == 0 {
			m.State, m.Reason, m.Answer = notify.Refused, "", "550 5.1.1 <b>no such user</b>"
		}
		messages = append(messages, m)
	}
	for some := range slices.Chunk(messages, 500) {
		noFault(t, p.App.Store.EnqueueMessages(t.Context(), some))
	}
	b := p.As("hr")
	page := b.Get("/reminders/2026-11-20").Want(t, 200, "部署を選んでください", "すべて 2,100", "届かず 140")
	refused := listedPeople(t, b, "/reminders/2026-11-20?state=refused")
	if slices.Sort(refused); len(refused) != 140 || len(slices.Compact(refused)) != 140 {
		t.Errorf("%d refused", len(refused))
	}
	b.Get("/reminders/2026-11-20?state=refused").Want(t, 200, "（550 5.1.1 <b>no such user</b>）").Lacks(t, "<b>no such user")
	var below []string
	page.Find(`main li a[href*="department="]`).Each(func(_ int, a *goquery.Selection) {
		if strings.HasPrefix(a.Text(), "第") {
			below = append(below, a.AttrOr("href", ""))
		}
	})
	var all []string
	for _, path := range below {
		all = append(all, listedPeople(t, b, path)...)
	}
	if slices.Sort(all); len(below) != 10 || len(all) != people || len(slices.Compact(all)) != people {
		t.Errorf("%d in %d departments", len(all), len(below))
	}
	b.Get("/reminders/2026-11-20/paper").Want(t, 200, "部署を選んでください")
	sheet := b.Get(strings.Replace(below[0], "2026-11-20?", "2026-11-20/paper?", 1)).Want(t, 200)
	if n := sheet.Find("section.sheet tbody tr").Length(); n != people/10 {
		t.Errorf("%d on paper", n)
	}
	b.Get("/departments/all/reminders?requirement=annual-staff&group=open").Want(t, 200, "一度にお知らせできるのは1,000人までです")
	csrf := page.Find("input[name=csrf]").First().AttrOr("value", "")
	b.Post("/departments/all/reminders", url.Values{"csrf": {csrf}, "requirement": {"annual-staff"}, "group": {"open"}, "form": {"f"}}).Want(t, 200, "1,000人まで")
	if n := logSize(t, p); n != 0 {
		t.Errorf("%d records", n)
	}
}

// TestEverybodyOfTheListIsDone since the page was shown: nobody else is reminded.
func TestEverybodyOfTheListIsDone(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	b := h.in("000006")
	b.Get(h.department("000006")+"/reminders?requirement=annual-staff&group=open").Want(t, 200, "見本 七郎")
	action, form := b.Form(askForm, nil)
	h.signs("000006")
	h.signs("000007")
	b.Post(action, form).Want(t, 200, "お知らせする人はいません")
	if n := logSize(t, h.Portal); n != 2 || len(h.messages("2026-11-26")) != 0 {
		t.Errorf("%d records, %v", n, h.messages("2026-11-26"))
	}
}

// TestRemindersTurnedOff are said to be.
func TestRemindersTurnedOff(t *testing.T) {
	t.Parallel()
	silent := due(t, "11-30")
	delete(silent, "reminders.yaml")
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(silent))
	b := h.in("000002")
	b.Get("/reminders").Want(t, 200, "お知らせの送信を行わない設定").Lacks(t, "次のお知らせ")
	b.Get(h.department("000002")+"/people?requirement=annual-staff&group=open").Want(t, 200, "見本 三郎").Lacks(t, "お知らせを送る")
	b.Get(h.department("000002")+"/reminders?requirement=annual-staff&group=open").Want(t, 409, "お知らせの送信を行わない設定")
}

// TestTheHealthPageTellsOfRounds in words.
func TestTheHealthPageTellsOfRounds(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	p.App.Jobs.RunDue(t.Context())
	p.Clock.Set(inJapan(t, "2026-11-24 09:30"))
	run, err := p.App.Jobs.RunNow(t.Context(), app.JobReminders)
	if err != nil || run.Outcome != job.Fine {
		t.Fatalf("%+v, %v", run, err)
	}
	p.As("security-office").Get("/evidence").Want(t, 200, "お知らせの送信", "実施しました", "そのうちメールで送れない人")
}

// TestAnOutlookIsWhatComes: what Remind would do is what it does.
func TestAnOutlookIsWhatComes(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	head := h.Person("000002")
	ids := func(numbers ...string) (list []directory.PersonID) {
		for _, n := range numbers {
			list = append(list, h.Person(n).ID)
		}
		return list
	}
	for i, req := range []struct {
		department directory.DepartmentID
		people     []directory.PersonID
	}{{"", ids("000003", "000007")}, {head.Memberships[0].Department, nil}, {"", nil}} {
		request := reminder.Request{Department: req.department, People: req.people, Form: fmt.Sprint("form-", i)}
		out, err := h.App.Reminders.Outlook(t.Context(), actorOf(head), request)
		noFault(t, err)
		answer, err := h.App.Reminders.Remind(t.Context(), actorOf(head), request)
		noFault(t, err)
		if out.People() != answer.People || out.Put() != answer.Put || len(out.Already) != answer.Already || len(out.NoAddress) != answer.NoAddress ||
			len(out.NoMail) != answer.NoMail || out.Day != answer.Day || !out.At.Equal(answer.At) || answer.Put == 0 {
			t.Errorf("%d: %+v, then %+v", i, out, answer)
		}
	}
	if _, err := h.App.Reminders.Outlook(t.Context(), evidence.Actor{ID: string(head.ID)}, reminder.Request{Department: head.Memberships[0].Department, People: ids("000007")}); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody of another department: %v", err)
	}
}
