package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
	"kokoroe/content"
	"kokoroe/tests/portal"
)

// hall is a small city: a 部 with two 課, each with a head.
func hall() fstest.MapFS {
	roster := "\ufeff職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日,休職開始,休職終了,異動日,対象外\n"
	for _, row := range []string{
		"000001,見本　一郎,ミホン　イチロウ,s000001@city.mihon.example,正職員,総務部,部長,2010-04-01,,,,,",
		"000002,見本　二郎,ミホン　ジロウ,s000002@city.mihon.example,正職員,総務部/情報課,課長,2010-04-01,,,,,",
		"000003,見本　三郎,ミホン　サブロウ,s000003@city.mihon.example,正職員,総務部/情報課,主任,2010-04-01,,,,,",
		"000004,見本　四郎,ミホン　シロウ,,正職員,総務部/情報課,主事,2010-04-01,,,,,", // no mail
		"000005,見本　五郎,ミホン　ゴロウ,s000005@city.mihon.example,正職員,総務部/情報課,主事,2010-04-01,,2026-11-01,2026-12-20,,",
		"000006,見本　六郎,ミホン　ロクロウ,s000006@city.mihon.example,正職員,総務部/税務課,課長,2010-04-01,,,,,",
		"000007,見本　七郎,ミホン　シチロウ,s000007@city.mihon.example,正職員,総務部/税務課,主任,2010-04-01,,,,,",
	} {
		roster += row + "\n"
	}
	return fstest.MapFS{
		"roster.csv":    {Data: []byte(roster)},
		"roles.yaml":    {Data: []byte("roles:\n  hr: [\"000001\"]\n")},
		"sign-ins.yaml": {Data: []byte("people:\n  - {number: \"000002\", as: head, provider: city}\n")},
	}
}

// due is content that asks everybody for one signature, by a day.
func due(t *testing.T, monthDay string) fstest.MapFS {
	t.Helper()
	out := files(t, content.FS)
	out["requirements.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `- id: annual-staff
  title: {ja: 職員の誓約, en: Acknowledgement for staff}
  audience: {kinds: [employee]}
  cycle: fiscal-year
  due: {on: %q, joiner_days: 30}
  items:
    - {policy: basic-policy}
`, monthDay)}
	return out
}

// inJapan is an instant on the wall there.
func inJapan(t *testing.T, at string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", at, calendar.Tokyo)
	noFault(t, err)
	return v.UTC()
}

// hallway is the small city, a mailbox, and a clock.
type hallway struct {
	*portal.Portal
	t   *testing.T
	box *portal.Mailbox
}

// newHallway boots at an instant, with rounds from the next on.
func newHallway(t *testing.T, at string, options ...portal.Option) *hallway {
	t.Helper()
	h := &hallway{t: t, box: portal.NewMailbox(t)}
	h.boot(at, append([]portal.Option{portal.WithCity(hall()), portal.WithMail(h.box.Config)}, options...)...)
	return h
}

func (h *hallway) boot(at string, options ...portal.Option) {
	h.t.Helper()
	clock := portal.NewClock(inJapan(h.t, at))
	h.Portal = portal.New(h.t, append(options, portal.WithClock(clock))...)
	h.Clock = clock
	h.App.Jobs.RunDue(h.t.Context())
}

// round lets it be so late, and returns the report of the last round.
func (h *hallway) round(at string) reminder.Round {
	h.t.Helper()
	h.Clock.Set(inJapan(h.t, at))
	dueAt := calendar.DateOf(h.Clock.Now()).StartsAt().Add(9*time.Hour + 30*time.Minute)
	if dueAt.After(h.Clock.Now()) {
		dueAt = dueAt.Add(-24 * time.Hour)
	}
	h.App.Jobs.RunDue(h.t.Context())
	var report reminder.Round
	waitUntil(h.t, "the round has ended", func() bool {
		runs, err := h.App.Store.Runs(h.t.Context(), app.JobReminders, 1)
		noFault(h.t, err)
		if len(runs) == 0 || !runs[0].DueAt.Equal(dueAt) || runs[0].EndedAt.IsZero() {
			return false
		}
		if runs[0].Outcome != job.Fine {
			h.t.Fatalf("%+v", runs[0])
		}
		report, _ = reminder.ReadRound(runs[0].Report)
		return true
	})
	return report
}

// messages are a day's reminders by number, as "sent" or "withheld no-address".
func (h *hallway) messages(day string) map[string]string {
	h.t.Helper()
	roster, err := h.App.Rosters.Current(h.t.Context())
	noFault(h.t, err)
	list, err := h.App.Store.ListMessages(h.t.Context(), notify.MessageRange{Prefix: notify.RoundPrefix(calendar.MustDate(day))})
	noFault(h.t, err)
	out := map[string]string{}
	for _, m := range list {
		number := "unknown"
		if p, ok := roster.Person(m.Person); ok {
			number = strings.TrimLeft(p.Number, "0")
		}
		out[number] = strings.TrimSpace(string(m.State) + " " + string(m.Reason))
	}
	return out
}

// stand waits until a day's reminders stand so: "1 2 sent, 4 withheld no-address".
func (h *hallway) stand(day, want string) {
	h.t.Helper()
	wanted := map[string]string{}
	for group := range strings.SplitSeq(want, ", ") {
		words := strings.Fields(group)
		at := slices.IndexFunc(words, func(w string) bool { return w[0] > '9' })
		for i := range max(at, 0) {
			wanted[words[i]] = strings.Join(words[at:], " ")
		}
	}
	var got map[string]string
	for range 600 {
		if got = h.messages(day); fmt.Sprint(got) == fmt.Sprint(wanted) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("reminders of %s: %v\nwant %v", day, got, wanted)
}

// stalled waits until the mail server is known to be away, and nobody is about to
// try it.
func (h *hallway) stalled() {
	h.t.Helper()
	waitUntil(h.t, "the trouble is seen", func() bool {
		summary, err := h.App.Outbox.Summary(h.t.Context())
		noFault(h.t, err)
		list, err := h.App.Store.ListMessages(h.t.Context(), notify.MessageRange{Prefix: notify.ReminderTopic + "/", State: notify.Waiting})
		noFault(h.t, err)
		return summary.Trouble != "" && !slices.ContainsFunc(list, func(m notify.Message) bool { return m.Holder != "" })
	})
}

// to is the last reminder that was mailed to a number.
func (h *hallway) to(number string) portal.Mail {
	h.t.Helper()
	for _, m := range slices.Backward(h.box.Mails()) {
		if strings.HasPrefix(m.To, "s"+number+"@") && strings.HasPrefix(m.Header.Get("Message-Id"), "<reminder.") {
			return m
		}
	}
	h.t.Fatalf("nothing was mailed to %s", number)
	return portal.Mail{}
}

// signs has somebody do what is asked.
func (h *hallway) signs(number string) {
	h.t.Helper()
	b := h.Browser()
	b.SignIn("city", number)
	sign(h.t, b)
}

func says(t *testing.T, m portal.Mail, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(m.Text, w) {
			t.Errorf("the mail does not say %q:\n%s", w, m.Text)
		}
	}
}

func saysNothingOf(t *testing.T, m portal.Mail, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(m.Text, w) {
			t.Errorf("the mail says %q:\n%s", w, m.Text)
		}
	}
}

// imports imports the roster of the small city with other cells for somebody.
func (h *hallway) imports(old, by string) {
	h.t.Helper()
	src := string(hall()["roster.csv"].Data)
	if !strings.Contains(src, old) {
		h.t.Fatalf("no %q", old)
	}
	plan, err := app.PlanRoster(h.t.Context(), h.App.Rosters, "roster.csv", []byte(strings.Replace(src, old, by, 1)), calendar.DateOf(h.Clock.Now()), directory.Options{})
	noFault(h.t, err)
	_, err = h.App.Rosters.Apply(h.t.Context(), plan)
	noFault(h.t, err)
}
