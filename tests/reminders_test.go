package tests

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/calendar"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
	"kokoroe/tests/portal"
)

// TestRemindersOfAYear: one day before, on the due day, and then weekly with a
// copy to the head; on no other day, and never to who is on leave.
func TestRemindersOfAYear(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-23 10:00")
	if r := h.round("2026-11-24 09:30"); r.State != reminder.Held || r.People != 0 || r.From != "2026-11-24" {
		t.Fatalf("the first of all: %+v", r)
	}
	if r := h.round("2026-11-27 09:30"); r.People != 6 || r.NoAddress != 1 || r.From != "2026-11-25" || r.Overdue != 0 {
		t.Fatalf("the day before, which is a Sunday: %+v", r)
	}
	h.stand("2026-11-27", "1 2 3 6 7 sent, 4 withheld no-address")
	m := h.to("000003")
	if m.Subject != "【お願い】済んでいない研修・誓約が2件あります" || m.FileName != "" {
		t.Errorf("%q with %q", m.Subject, m.FileName)
	}
	says(t, m, "見本　三郎 様", "■ 情報セキュリティ研修（年次）\n　期限　: 令和8年（2026年）11月30日(月)（あと3日）\n　所要　: 約45分",
		h.URL+"/courses/annual\n", h.URL+"/policies/basic-policy\n", h.URL+"/policies/basic-policy/question\n", "情報政策課にご相談ください", "返信は読まれません",
		"You can read it in English here: "+h.URL+"/tasks\n")
	saysNothingOf(t, m, "所属長の方へ", "四郎")
	if id := m.Header.Get("Message-Id"); !strings.HasPrefix(id, "<reminder.2026-11-27.p") || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("Message-ID %s, %s", id, m.Header.Get("Auto-Submitted"))
	}
	if r := h.round("2026-11-28 10:00"); r.State != reminder.Closed || r.Through != "2026-11-27" {
		t.Errorf("a Saturday: %+v", r)
	}
	if r := h.round("2026-11-30 09:30"); r.People != 6 || r.From != "2026-11-28" {
		t.Fatalf("the due day: %+v", r)
	}
	h.stand("2026-11-30", "1 2 3 6 7 sent, 4 withheld no-address")
	if m := h.to("000003"); m.Subject != "【本日が期限】済んでいない研修・誓約が2件あります" {
		t.Errorf("on the due day: %q", m.Subject)
	}
	if r := h.round("2026-12-04 12:00"); r.People != 0 {
		t.Fatalf("a day between: %+v", r)
	}
	if r := h.round("2026-12-07 09:30"); r.People != 6 || r.Overdue != 6 || r.Heads != 3 {
		t.Fatalf("a week overdue: %+v", r)
	}
	h.stand("2026-12-07", "1 2 3 6 7 sent, 4 withheld no-address")
	says(t, h.to("000003"), "期限を過ぎた研修・誓約があります", "（過ぎています）")
	says(t, h.to("000002"), "【所属長の方へ】次の2人の方", "・見本　三郎さん　情報セキュリティ研修（年次）（期限 令和8年（2026年）11月30日(月)）", "・見本　四郎さん（メールアドレスなし）　",
		h.URL+"/departments/"+string(h.Person("000002").Memberships[0].Department)+"/people")
	saysNothingOf(t, h.to("000002"), "二郎さん", "五郎", "六郎", "七郎")
	says(t, h.to("000001"), "・見本　二郎さん", "・見本　六郎さん")
	saysNothingOf(t, h.to("000001"), "三郎", "四郎", "七郎", "一郎さん")
	h.stand("2026-11-27", "1 2 3 6 7 sent, 4 withheld no-address")
	if n := len(h.box.Mails()); n != 15 {
		t.Errorf("%d mails", n)
	}
	if logs := h.Logs.String(); strings.Contains(logs, "s000003@") || strings.Contains(logs, "見本　三郎") {
		t.Error("the log names people")
	}
}

// TestWhoIsDoneIsLeftAlone: also between the round and the mail; and a head who
// is done is told of the others all the same.
func TestWhoIsDoneIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-12-01 10:00", portal.WithContent(due(t, "11-30")))
	h.box.Down()
	h.signs("000006")
	h.round("2026-12-07 09:30")
	h.stalled()
	h.signs("000003")
	h.signs("000007")
	h.Clock.Set(inJapan(t, "2026-12-07 11:00"))
	h.box.Up()
	h.stand("2026-12-07", "1 2 sent, 3 7 withheld done, 4 withheld no-address, 6 withheld done")
	says(t, h.to("000002"), "次の1人の方", "・見本　四郎さん")
	saysNothingOf(t, h.to("000002"), "三郎")
	h.signs("000002")
	if r := h.round("2026-12-14 09:30"); r.People != 3 || r.Heads != 1 || r.Overdue != 2 {
		t.Fatalf("%+v", r)
	}
	h.stand("2026-12-14", "1 2 sent, 4 withheld no-address")
	m := h.to("000002")
	if m.Subject != "【所属長の方へ】期限を過ぎた研修・誓約のある方が1人います" {
		t.Errorf("%q", m.Subject)
	}
	says(t, m, "・見本　四郎さん")
	saysNothingOf(t, m, "■", "質問があるとき")
}

// TestMissedRoundsAreCaughtUp: the program was off over Golden Week. Whoever
// had a rung meanwhile has one message, and the head hears of it.
func TestMissedRoundsAreCaughtUp(t *testing.T) {
	t.Parallel()
	folder, box := filepath.Join(t.TempDir(), "data"), portal.NewMailbox(t)
	h := &hallway{t: t, box: box}
	options := []portal.Option{
		portal.WithFolder(folder), portal.WithContent(due(t, "04-30")), portal.WithCity(hall()), portal.WithMail(box.Config),
	}
	h.boot("2026-04-23 10:00", options...)
	if r := h.round("2026-04-24 10:00"); r.People != 0 || r.From != "2026-04-24" {
		t.Fatalf("%+v", r)
	}
	h.Stop()
	h.boot("2026-05-08 20:00", options...) // in the evening
	if r := h.round("2026-05-08 20:00"); r.From != "2026-04-25" || r.People != 7 || r.Overdue != 7 || r.State != reminder.Held {
		t.Fatalf("%+v", r)
	}
	h.stand("2026-05-08", "1 2 3 5 6 7 waiting, 4 withheld no-address")
	if r := h.round("2026-05-10 08:00"); r.State != reminder.Closed { // Saturday's
		t.Fatalf("%+v", r)
	}
	h.Clock.Set(inJapan(t, "2026-05-11 08:30")) // the next office hour
	h.stand("2026-05-08", "1 2 3 5 6 7 sent, 4 withheld no-address")
	says(t, h.to("000002"), "次の3人の方", "・見本　三郎さん", "・見本　五郎さん")
	if r := h.round("2026-05-11 09:30"); r.From != "2026-05-09" || r.People != 0 {
		t.Fatalf("%+v", r)
	}
	if r := h.round("2026-05-14 09:30"); r.People != 7 {
		t.Fatalf("the next week: %+v", r)
	}
}

// TestARoundWhoseDayIsOver is left to that of today, so that nobody has two in a
// morning; one that was begun is finished.
func TestARoundWhoseDayIsOver(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	if r := h.round("2026-12-01 02:00"); r.State != reminder.Late || r.On != "2026-11-30" || r.Through != "" {
		t.Fatalf("%+v", r)
	}
	h.stand("2026-11-30", "")
	begun := notify.Message{Key: notify.ReminderKey(calendar.MustDate("2026-12-01"), "p-before"), Person: "p-before", State: notify.Sent, At: h.Clock.Now()}
	noFault(t, h.App.Store.EnqueueMessages(t.Context(), []notify.Message{begun}))
	r := h.round("2026-12-02 02:00")
	if r.State != reminder.Held || r.On != "2026-12-01" || r.Through != "2026-12-01" {
		t.Fatalf("%+v", r)
	}
	if r := h.round("2026-12-02 09:30"); r.From != "2026-12-02" {
		t.Fatalf("%+v", r)
	}
}

// TestMailServerIsAwayPastOfficeHours: what was not taken by then waits for the
// next morning, and what is older than a later one is not sent any more.
func TestMailServerIsAwayPastOfficeHours(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	h.box.Down()
	h.round("2026-11-27 09:30")
	h.stalled()
	h.Clock.Set(inJapan(t, "2026-11-27 17:30"))
	morning := inJapan(t, "2026-11-30 08:30")
	waitUntil(t, "all wait for Monday", func() bool {
		waiting, err := h.App.Store.ListMessages(t.Context(), notify.MessageRange{Prefix: "reminder/2026-11-27/", State: notify.Waiting})
		noFault(t, err)
		return len(waiting) == 5 && !slices.ContainsFunc(waiting, func(m notify.Message) bool { return !m.NextAt.Equal(morning) })
	})
	h.round("2026-11-30 09:30")
	h.stalled()
	if n := len(h.box.Mails()); n != 0 {
		t.Fatalf("%d mails", n)
	}
	h.box.Up()
	h.Clock.Set(inJapan(t, "2026-11-30 11:00"))
	// A head's may tell of others, and is sent in any case.
	h.stand("2026-11-27", "3 7 withheld late, 1 2 6 sent, 4 withheld no-address")
	h.stand("2026-11-30", "1 2 3 6 7 sent, 4 withheld no-address")
}

// TestLeaveAndReturn: who comes back is told on the first working day, by the
// new due date, and reminded by it.
func TestLeaveAndReturn(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-12-17 10:00", portal.WithContent(due(t, "11-30")))
	h.round("2026-12-18 09:30")
	h.stand("2026-12-18", "")
	if r := h.round("2026-12-21 09:30"); r.From != "2026-12-19" || r.People != 6+1 {
		t.Fatalf("%+v", r)
	}
	h.stand("2026-12-21", "1 2 3 5 6 7 sent, 4 withheld no-address")
	says(t, h.to("000005"), "令和9年（2027年）1月19日(火)（あと29日）")
	saysNothingOf(t, h.to("000002"), "五郎")
}

// TestWhoIsErasedIsNotReminded: nothing is left, and nothing is mailed.
func TestWhoIsErasedIsNotReminded(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	h.box.Down()
	h.round("2026-11-27 09:30")
	h.stand("2026-11-27", "1 2 3 6 7 waiting, 4 withheld no-address")
	h.stalled()
	person := h.Person("000003").ID
	noFault(t, h.App.Store.ErasePerson(t.Context(), person))
	h.Clock.Set(inJapan(t, "2026-11-27 11:00"))
	h.box.Up()
	h.stand("2026-11-27", "1 2 6 7 sent, 4 withheld no-address")
	if r := h.round("2026-11-30 09:30"); r.People != 5 {
		t.Errorf("%+v", r)
	}
}

// TestRoundsWithoutAMailServer: the round is held, so that there is a list of whom to
// tell.
func TestRoundsWithoutAMailServer(t *testing.T) {
	t.Parallel()
	h := &hallway{t: t}
	h.boot("2026-11-26 10:00", portal.WithCity(hall()), portal.WithContent(due(t, "11-30")))
	if r := h.round("2026-11-27 09:30"); r.People != 6 || r.NoMail != 5 || r.NoAddress != 1 {
		t.Errorf("%+v", r)
	}
	h.stand("2026-11-27", "1 2 3 6 7 withheld no-mail, 4 withheld no-address")
	counts, err := h.App.Store.CountRange(t.Context(), notify.RoundPrefix(calendar.MustDate("2026-11-27")))
	if want := (notify.MessageCount{State: notify.Withheld, Reason: notify.NoMail, N: 5}); err != nil || len(counts) != 2 || counts[1] != want {
		t.Errorf("%+v, %v", counts, err)
	}
}

// TestTheYearBeginsWithAReminder: at midnight in Japan the new year asks, and its first round
// says so; what the old year still asked is gone with it.
func TestTheYearBeginsWithAReminder(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2027-03-30 10:00", portal.WithContent(due(t, "11-30")))
	h.signs("000003")
	if r := h.round("2027-03-31 23:59"); r.People != 0 {
		t.Fatalf("%+v", r)
	}
	h.Clock.Set(inJapan(t, "2027-04-01 00:00"))
	h.App.Jobs.RunDue(t.Context())
	h.stand("2027-04-01", "")
	if r := h.round("2027-04-01 09:30"); r.People != 7 || r.Overdue != 0 {
		t.Fatalf("%+v", r)
	}
	h.stand("2027-04-01", "1 2 3 5 6 7 sent, 4 withheld no-address")
	says(t, h.to("000003"), "令和9年（2027年）11月30日(火)")
	saysNothingOf(t, h.to("000003"), "You can read it in English") // it is known what is read
	saysNothingOf(t, h.to("000002"), "所属長の方へ")
}

// TestAnEditionTurnsRemindersOff, and what waits is not sent any more.
func TestAnEditionTurnsRemindersOff(t *testing.T) {
	t.Parallel()
	silent := due(t, "11-30")
	delete(silent, "reminders.yaml")
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(silent))
	if r := h.round("2026-11-27 09:30"); r.State != reminder.Off || r.Through != "2026-11-27" {
		t.Errorf("%+v", r)
	}
	if _, err := h.App.Reminders.Remind(t.Context(), actorOf(h.Person("000002")), reminder.Request{Form: "f"}); err == nil {
		t.Error("somebody was reminded")
	}
	day := calendar.MustDate("2026-11-26")
	person := h.Person("000003").ID
	noFault(t, h.App.Store.EnqueueMessages(t.Context(), []notify.Message{
		{Key: notify.ReminderKey(day, person), Person: person, State: notify.Waiting, At: h.Clock.Now(), NextAt: h.Clock.Now()},
	}))
	h.stand("2026-11-26", "3 withheld late")
}

// TestWhoIsAskedAgainIsReminded when a material version comes into force, also
// when there is time enough until the due date.
func TestWhoIsAskedAgainIsReminded(t *testing.T) {
	t.Parallel()
	for _, dueOn := range []string{"11-30", "03-31"} {
		again := files(t, withNewVersion(t, "material")) // on 23 November, a holiday
		again["requirements.yaml"] = due(t, dueOn)["requirements.yaml"]
		h := newHallway(t, "2026-11-19 10:00", portal.WithContent(again))
		h.signs("000003")
		if r := h.round("2026-11-20 09:30"); r.State != reminder.Held {
			t.Fatalf("%+v", r)
		}
		if r := h.round("2026-11-24 09:30"); r.People != 1 || r.From != "2026-11-21" {
			t.Fatalf("due on %s: %+v", dueOn, r)
		}
		h.stand("2026-11-24", "3 sent")
		says(t, h.to("000003"), "情報セキュリティ基本方針")
	}
}

// TestRemindersSpeakThePersonsLanguage, which is that of the last record.
func TestRemindersSpeakThePersonsLanguage(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00")
	b := h.Browser()
	b.SignIn("city", "000007")
	b.Language = "en"
	sign(t, b)
	h.round("2026-11-27 09:30")
	h.stand("2026-11-27", "1 2 3 6 7 sent, 4 withheld no-address")
	m := h.to("000007")
	if m.Subject != "1 course or acknowledgement is waiting for you" {
		t.Errorf("%q", m.Subject)
	}
	says(t, m, "Dear 見本　七郎,", "(in 3 days)", h.URL+"/courses/annual", "sent automatically")
	saysNothingOf(t, m, "研修")
}

// TestTheHeadIsTheNearestWhoIsThere: somebody whose head is away has the next one above.
func TestTheHeadIsTheNearestWhoIsThere(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-12-04 10:00", portal.WithContent(due(t, "11-30")))
	h.imports("総務部/情報課,課長,2010-04-01,,,,,", "総務部/情報課,課長,2010-04-01,,2026-12-01,2026-12-31,,")
	h.Clock.Set(inJapan(t, "2026-12-04 11:00"))
	h.round("2026-12-07 09:30")
	h.stand("2026-12-07", "1 3 6 7 sent, 4 withheld no-address")
	says(t, h.to("000001"), "次の3人の方", "三郎さん", "四郎さん", "六郎さん")
}

// TestALongListOfTheOverdueIsCut: a head of many is told of the first, and how many more
// there are; what two requirements ask for is one page.
func TestALongListOfTheOverdueIsCut(t *testing.T) {
	t.Parallel()
	city := hall()
	roster := string(city["roster.csv"].Data)
	for i := range 60 {
		roster += fmt.Sprintf("001%03d,見本　%d号,ミホン,,正職員,総務部/税務課,主事,2010-04-01,,,,,\n", i, i)
	}
	city["roster.csv"] = &fstest.MapFile{Data: []byte(roster)}
	twice := due(t, "11-30")
	replace(t, twice, "requirements.yaml", "- id: annual-staff", strings.Replace(string(twice["requirements.yaml"].Data), "annual-staff", "first-staff", 1)+"- id: annual-staff")
	replace(t, twice, "requirements.yaml", `"11-30", joiner_days: 30}
  items:
    - {policy: basic-policy}
- id`, `"11-23", joiner_days: 30}
  items:
    - {policy: basic-policy}
- id`)
	h := newHallway(t, "2026-12-04 10:00", portal.WithCity(city), portal.WithContent(twice))
	if r := h.round("2026-12-07 09:30"); r.People != 66 || r.NoAddress != 61 {
		t.Fatalf("%+v", r)
	}
	waitUntil(t, "the head is told", func() bool { return len(h.box.Mails()) == 5 })
	m := h.to("000006")
	says(t, m, "次の61人の方", "・見本　48号さん（メールアドレスなし）　情報セキュリティ基本方針（期限 令和8年（2026年）11月23日(月)）", "・ほかに11人")
	saysNothingOf(t, m, "・見本　49号さん")
	if n := strings.Count(m.Text, "■"); n != 1 {
		t.Errorf("%d items", n)
	}
}
