package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
	"kokoroe/app/store"
	"kokoroe/tests/instances"
	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/mongodb/proxy"
	"kokoroe/tests/portal"
)

// dueToday is a folder with content that asks for one signature by today,
// whatever day it is, in a city that works day and night. It waits for the next
// day when this one is all but over.
func dueToday(t *testing.T) (folder string, today calendar.Date) {
	t.Helper()
	today = calendar.DateOf(time.Now())
	if left := time.Until(today.AddDays(1).StartsAt()); left < 2*time.Minute {
		time.Sleep(left)
		today = today.AddDays(1)
	}
	files := due(t, today.String()[5:])
	replace(t, files, "requirements.yaml", ", joiner_days: 30", "")
	files["reminders.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `start: false
before: [0]
weekly: true
copy_to_head: true
round: "00:00"
office: {from: "00:00", until: "23:59"}
open: [%q, %q]
`, today, today.AddDays(1))}
	folder = filepath.Join(t.TempDir(), "content")
	noFault(t, os.CopyFS(folder, files))
	return folder, today
}

// addressed are the mail addresses of everybody who is due on a day, and how many
// have none.
func addressed(t *testing.T, s store.Store, today calendar.Date) (addresses map[string]bool, without int) {
	t.Helper()
	snapshot, err := s.Roster(t.Context())
	noFault(t, err)
	year, err := calendar.JapaneseYears.Period(calendar.JapaneseYears.Of(today))
	noFault(t, err)
	roster := directory.NewRoster(snapshot)
	addresses = map[string]bool{}
	for p := range roster.People() {
		dueOn := today
		for _, leave := range p.Leaves { // who came back has 30 days
			if !leave.Until.IsZero() && !leave.Until.Before(year.From) && !leave.From.After(today) {
				dueOn = calendar.Later(dueOn, leave.Until.AddDays(30))
			}
		}
		switch {
		case p.Kind() != directory.Employee, dueOn != today, !p.ActiveOn(today), p.OnLeave(today), !roster.InScope(p.MembershipOn(today).Department):
		case p.Mail == "":
			without++
		default:
			addresses[p.Mail] = true
		}
	}
	return addresses, without
}

// onceEach fails the test unless each of the addresses had one mail, and nobody
// else any.
func onceEach(t *testing.T, box *portal.Mailbox, addresses map[string]bool) {
	t.Helper()
	times := map[string]int{}
	for _, m := range box.Mails() {
		times[m.To]++
	}
	for to, n := range times {
		if n != 1 || !addresses[to] {
			t.Errorf("%d mails to %s", n, to)
		}
	}
	if len(times) != len(addresses) {
		t.Errorf("%d of %d people were mailed", len(times), len(addresses))
	}
}

// roundOfProcesses: three processes, one round, one mail a person.
func roundOfProcesses(t *testing.T, program string) {
	box := portal.NewMailbox(t)
	folder, today := dueToday(t)
	c, _ := processes(t, program, func(cfg *instances.Config) {
		cfg.Idle, cfg.Mail, cfg.Content = true, box.Config.Server, folder
	})
	inStore(t, c, func(s store.Store) error { return instances.Due(t.Context(), s, app.JobReminders) })
	noFault(t, c.Start(t.Context()))
	inStore(t, c, func(s store.Store) error {
		addresses, without := addressed(t, s, today)
		wantRound(t, ended(t, s, app.JobReminders), len(addresses), without)
		settled(t, c, int64(len(addresses)))
		onceEach(t, box, addresses)
		return nil
	})
}

func wantRound(t *testing.T, run job.Run, addresses, without int) {
	t.Helper()
	round, ok := reminder.ReadRound(run.Report)
	if !ok || run.Outcome != job.Fine || round.State != reminder.Held || round.People != addresses+without || round.NoAddress != without {
		t.Errorf("%+v, want %d with an address and %d without", run, addresses, without)
	}
}

// beforeWire is one process's way to the database: no mail is claimed while it
// holds, and of a round it hears nothing for a while after the first batch.
type beforeWire struct {
	*proxy.Proxy
	atWork atomic.Bool
	quick  atomic.Bool
}

// slowness is longer than anybody needs to find a process in the middle of a
// round.
const slowness = 5 * time.Second

func (w *beforeWire) hold() {
	batches := 0
	w.Follow(func(request string) proxy.Act {
		switch {
		case strings.HasPrefix(request, "findAndModify message"):
			return proxy.Act{Harm: proxy.Refused, Code: 371, Name: "UserWritesBlocked"}
		case strings.HasPrefix(request, "insert message") && !w.quick.Load():
			if batches++; batches == 2 {
				w.atWork.Store(true)
				return proxy.Act{Harm: proxy.Late, Delay: slowness}
			}
		}
		return proxy.Act{}
	})
}

// TestARoundOutlivesItsLeaders: of three processes on one MongoDB, that which
// holds the round is killed in the middle of it, and the one that takes it over
// is paused there until the third has held it. It wakes up and does nothing
// twice: everybody has one mail, and nobody is left out.
func TestARoundOutlivesItsLeaders(t *testing.T) {
	t.Parallel()
	engine.Address(t)
	program := filepath.Join(t.TempDir(), "kokoroe")
	noFault(t, instances.Build(t.Context(), program))
	box := portal.NewMailbox(t)
	folder, today := dueToday(t)
	uri := engine.Database(t)
	var wires []*beforeWire
	c, _ := processes(t, program, func(cfg *instances.Config) {
		cfg.Idle, cfg.Mail, cfg.Content, cfg.Stores = true, box.Config.Server, folder, nil
		for range 3 {
			wire, err := proxy.Start(uri)
			noFault(t, err)
			t.Cleanup(func() { noFault(t, wire.Close()) })
			w := &beforeWire{Proxy: wire}
			w.hold()
			wires = append(wires, w)
			cfg.Stores = append(cfg.Stores, w.URI(uri))
		}
	})
	inStore(t, c, func(s store.Store) error { return instances.Due(t.Context(), s, app.JobReminders) })
	for _, w := range wires { // what was asked beside the processes went over one of them
		w.atWork.Store(false)
	}
	noFault(t, c.Start(t.Context()))

	atWork := func(other int) (which int) {
		t.Helper()
		waitUntil(t, "somebody is in the middle of the round", func() bool {
			for i, w := range wires {
				if i != other && w.atWork.Load() {
					which = i
					return true
				}
			}
			return false
		})
		return which
	}
	dead := atWork(-1)
	noFault(t, c.Instances[dead].Kill())
	paused := atWork(dead)
	third := 3 - dead - paused
	wires[third].quick.Store(true)
	noFault(t, c.Instances[paused].Pause())

	inStore(t, c, func(s store.Store) error {
		run := ended(t, s, app.JobReminders)
		noFault(t, c.Instances[paused].Wake())
		waitUntil(t, "who was paused notices", func() bool {
			return c.Instances[paused].Has(`"job":"reminders"`, "has taken the run over")
		})
		addresses, without := addressed(t, s, today)
		wantRound(t, run, len(addresses), without)
		runs, err := s.Runs(t.Context(), app.JobReminders, 10)
		if err != nil || len(runs) != 2 || runs[0] != run {
			t.Errorf("%+v, %v", runs, err)
		}
		for _, w := range wires {
			w.Follow(nil)
		}
		settled(t, c, int64(len(addresses)))
		onceEach(t, box, addresses)
		counts, err := s.CountRange(t.Context(), notify.RoundPrefix(today))
		noFault(t, err)
		total := int64(0)
		for _, n := range counts {
			total += n.N
		}
		if total != int64(len(addresses)+without) {
			t.Errorf("%d messages: %+v", total, counts)
		}
		return nil
	})
}

// TestARoundIsTriedAgain while the database takes no writes for a moment: it
// would be a day late else. Who was put in before is not put in twice.
func TestARoundIsTriedAgain(t *testing.T) {
	t.Parallel()
	wire, address := wired(t)
	h := &hallway{t: t}
	h.boot("2026-11-26 10:00", portal.WithCity(hall()), portal.WithContent(due(t, "11-30")), portal.OnStore(address))
	wire.Follow(proxy.Only(proxy.Every(1, 2,
		proxy.Act{Harm: proxy.Unsure, Code: 64, Name: "WriteConcernFailed"}, proxy.Act{Harm: proxy.Refused, Code: 371, Name: "UserWritesBlocked"},
	), "insert message"))
	if r := h.round("2026-11-27 09:30"); r.People != 6 || r.State != reminder.Held || wire.Harmed() != 2 {
		t.Errorf("%+v after %d refusals", r, wire.Harmed())
	}
	h.stand("2026-11-27", "1 2 3 6 7 withheld no-mail, 4 withheld no-address")
}
