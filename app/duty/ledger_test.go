package duty_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// world is a small city with its own clock, for asking the ledger.
type world struct {
	people    []directory.Person
	facts     map[directory.PersonID][]duty.Fact
	entries   []evidence.Entry
	places    map[directory.PersonID]map[duty.Item]duty.Activity
	versions  map[int]string // material versions of the policy, by day
	rules     []duty.Requirement
	now       time.Time
	roster    *directory.Roster
	factsRev  int64
	reads     atomic.Int64
	logBroken bool
}

const staffCourse, staffPolicy = duty.Item("course:annual"), duty.Item("policy:basic")

func day(s string) calendar.Date { return calendar.MustDate(s) }

func newWorld(now string) *world {
	on, _ := calendar.ParseMonthDay("11-30")
	return &world{
		now:   day(now).StartsAt().Add(9 * time.Hour),
		facts: map[directory.PersonID][]duty.Fact{},
		rules: []duty.Requirement{
			{ID: "annual", Yearly: true, Audience: duty.Audience{Rule: duty.ByKind, Kinds: []directory.Kind{directory.Employee}},
				Due: duty.Due{On: &on, JoinerDays: 30}, Items: []duty.Required{{Item: staffCourse}, {Item: staffPolicy}}},
			{ID: "owner", Yearly: true, Audience: duty.Audience{Rule: duty.ByOwner},
				Due: duty.Due{JoinerDays: 14}, Items: []duty.Required{{Item: "course:owner"}}},
			{ID: "worker", Audience: duty.Audience{Rule: duty.ByWorker},
				Due: duty.Due{JoinerDays: 7, LeadDays: 14}, Items: []duty.Required{{}}},
		},
	}
}

func (w *world) person(id string, change func(*directory.Person)) {
	p := directory.Person{ID: directory.PersonID(id), Number: id, Name: id, Employment: directory.Regular, JoinedOn: day("2010-04-01")}
	p.Memberships = []directory.Membership{{Department: "d1", Period: calendar.Period{From: p.JoinedOn}}}
	if change != nil {
		change(&p)
	}
	w.people = append(w.people, p)
	w.roster = nil
}

// record puts an entry into the log.
func (w *world) record(kind, person string, item duty.Item, scope, on string, body map[string]any) {
	record, err := json.Marshal(map[string]any{"body": body})
	if err != nil {
		panic(err)
	}
	w.entries = append(w.entries, evidence.Entry{
		Seq: int64(len(w.entries)), Kind: kind, Subject: person, Actor: person, Object: string(item), Scope: scope,
		At: day(on).StartsAt().Add(10 * time.Hour), Record: record,
	})
}

func (w *world) EntriesFrom(_ context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	w.reads.Add(1)
	if w.logBroken {
		return nil, fault.New(fault.Unavailable, "error.store", nil)
	}
	if seq >= int64(len(w.entries)) {
		return nil, nil
	}
	return w.entries[seq:min(seq+int64(limit), int64(len(w.entries)))], nil
}

func (w *world) Current(context.Context) (*directory.Roster, error) {
	if w.roster == nil {
		w.roster = directory.NewRoster(directory.Snapshot{Revision: 1, People: w.people, Departments: []directory.Department{
			{ID: "d1", Name: "総務課"}, {ID: "d2", Name: "税務課"}, {ID: "out", Name: "小学校", OutOfScope: true},
		}})
	}
	return w.roster, nil
}

func (w *world) Facts() (map[directory.PersonID][]duty.Fact, int64) { return w.facts, w.factsRev }

func (w *world) Activities(_ context.Context, _ string, people []directory.PersonID) (map[directory.PersonID]map[duty.Item]duty.Activity, error) {
	return w.places, nil
}

func (w *world) AsksAgain(_ string, signed int, _ []string, on calendar.Date) (int, calendar.Date, bool) {
	for version := 9; version > signed; version-- {
		if since, ok := w.versions[version]; ok && !day(since).After(on) {
			return version, day(since), true
		}
	}
	return 0, calendar.Date{}, false
}

func (w *world) ledger() *duty.Ledger {
	return duty.NewLedger(duty.Config{
		Rules: duty.Rules{Requirements: w.rules, Versions: w},
		Kinds: map[string]duty.MarkSort{"passed": duty.Fulfils, "acknowledged": duty.Fulfils, "declined": duty.Declines, "exempted": duty.Exempts},
		Log:   w, Rosters: w, Registers: w, Activities: w, Now: func() time.Time { return w.now },
	})
}

// only returns the person's single assignment of the item that is not
// superseded.
func only(t *testing.T, l *duty.Ledger, person string, item duty.Item, on string) duty.Assignment {
	t.Helper()
	all, err := l.Of(t.Context(), directory.PersonID(person), day(on))
	if err != nil {
		t.Fatal(err)
	}
	var found []duty.Assignment
	for _, a := range all {
		if a.Item == item && !a.Superseded {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d assignments of %s on %s, want 1: %+v", len(found), item, on, all)
	}
	return found[0]
}

func TestStates(t *testing.T) {
	leave := func(from, until string) func(*directory.Person) {
		return func(p *directory.Person) {
			l := calendar.Period{From: day(from)}
			if until != "" {
				l.Until = day(until)
			}
			p.Leaves = append(p.Leaves, l)
		}
	}
	for name, tc := range map[string]struct {
		person func(*directory.Person)
		given  func(*world)
		on     string
		want   duty.State
		due    string
	}{
		"nothing done":                  {nil, nil, "2026-11-22", duty.NotStarted, "2026-11-30"},
		"the due day is in time":        {nil, nil, "2026-11-30", duty.NotStarted, "2026-11-30"},
		"the day after it is not":       {nil, nil, "2026-12-01", duty.Overdue, "2026-11-30"},
		"done in time":                  {nil, func(w *world) { w.record("passed", "p", staffCourse, "2026", "2026-05-01", nil) }, "2026-11-22", duty.Completed, "2026-11-30"},
		"done on the due day":           {nil, func(w *world) { w.record("passed", "p", staffCourse, "2026", "2026-11-30", nil) }, "2026-12-05", duty.Completed, "2026-11-30"},
		"done late":                     {nil, func(w *world) { w.record("passed", "p", staffCourse, "2026", "2026-12-01", nil) }, "2026-12-05", duty.CompletedLate, "2026-11-30"},
		"not yet done that day":         {nil, func(w *world) { w.record("passed", "p", staffCourse, "2026", "2026-06-01", nil) }, "2026-05-31", duty.NotStarted, "2026-11-30"},
		"last year's does not count":    {nil, func(w *world) { w.record("passed", "p", staffCourse, "2025", "2026-03-31", nil) }, "2026-04-01", duty.NotStarted, "2026-11-30"},
		"somebody else's does not":      {nil, func(w *world) { w.record("passed", "q", staffCourse, "2026", "2026-06-01", nil) }, "2026-11-22", duty.NotStarted, "2026-11-30"},
		"joiner has thirty days":        {func(p *directory.Person) { p.JoinedOn = day("2026-11-10") }, nil, "2026-11-22", duty.NotStarted, "2026-12-10"},
		"joiner may be overdue earlier": {func(p *directory.Person) { p.JoinedOn = day("2026-05-01") }, nil, "2026-06-01", duty.Overdue, "2026-05-31"},
		"begun":                         {nil, began("2026-11-20", 0), "2026-11-22", duty.InProgress, "2026-11-30"},
		"begun and left lying":          {nil, began("2026-11-01", 0), "2026-11-22", duty.Interrupted, "2026-11-30"},
		"not passed":                    {nil, began("2026-11-20", 1), "2026-11-22", duty.Failed, "2026-11-30"},
		"not passed and overdue":        {nil, began("2026-11-20", 1), "2026-12-22", duty.Overdue, "2026-11-30"},
		"on leave":                      {leave("2026-10-01", ""), nil, "2026-12-22", duty.Paused, "2026-11-30"},
		"back from leave":               {leave("2026-10-01", "2026-12-20"), nil, "2026-12-22", duty.NotStarted, "2027-01-19"},
		"back and overdue":              {leave("2026-10-01", "2026-12-20"), nil, "2027-01-20", duty.Overdue, "2027-01-19"},
		"leave of last year is nothing": {leave("2025-10-01", "2025-12-20"), nil, "2026-12-01", duty.Overdue, "2026-11-30"},
		"exempt": {nil, func(w *world) {
			w.record("exempted", "p", staffCourse, "2026", "2026-06-01", map[string]any{"reason": "x"})
		}, "2026-12-22", duty.Exempt, "2026-11-30"},
		"exempt but done": {nil, func(w *world) {
			w.record("exempted", "p", staffCourse, "2026", "2026-06-01", nil)
			w.record("passed", "p", staffCourse, "2026", "2026-07-01", nil)
		}, "2026-12-22", duty.Completed, "2026-11-30"},
		"left":              {func(p *directory.Person) { p.LeftOn = day("2026-09-30") }, nil, "2026-10-01", duty.Withdrawn, "2026-11-30"},
		"left, done before": {func(p *directory.Person) { p.LeftOn = day("2026-09-30") }, func(w *world) { w.record("passed", "p", staffCourse, "2026", "2026-07-01", nil) }, "2026-10-01", duty.Completed, "2026-11-30"},
		"last day at work":  {func(p *directory.Person) { p.LeftOn = day("2026-09-30") }, nil, "2026-09-30", duty.NotStarted, "2026-11-30"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(tc.on)
			w.person("p", tc.person)
			if tc.given != nil {
				tc.given(w)
			}
			a := only(t, w.ledger(), "p", staffCourse, tc.on)
			if got := a.StateOn(day(tc.on)); got != tc.want {
				t.Errorf("state %s, want %s (%+v)", got, tc.want, a)
			}
			if a.DueOn != day(tc.due) {
				t.Errorf("due on %s (%s), want %s", a.DueOn, a.Because.DueRule, tc.due)
			}
		})
	}
}

func began(on string, failed int) func(*world) {
	return func(w *world) {
		w.places = map[directory.PersonID]map[duty.Item]duty.Activity{
			"p": {staffCourse: {At: day(on).StartsAt().Add(time.Hour), Failed: failed}},
		}
	}
}

func TestDeclinedUntilSigned(t *testing.T) {
	w := newWorld("2026-11-22")
	w.person("p", nil)
	w.record("declined", "p", staffPolicy, "2026", "2026-06-01", map[string]any{"version": 1, "reason": "質問があります"})
	l := w.ledger()
	a := only(t, l, "p", staffPolicy, "2026-11-22")
	if a.StateOn(day("2026-11-22")) != duty.Declined || a.Declined.Reason != "質問があります" {
		t.Errorf("after a question: %+v", a)
	}
	w.record("acknowledged", "p", staffPolicy, "2026", "2026-06-05", map[string]any{"version": 1})
	l.Noticed()
	if a := only(t, l, "p", staffPolicy, "2026-11-22"); a.StateOn(day("2026-11-22")) != duty.Completed {
		t.Errorf("after signing: %+v", a)
	}
}

func TestMaterialVersionAsksAgain(t *testing.T) {
	w := newWorld("2026-11-22")
	w.person("p", nil)
	w.record("acknowledged", "p", staffPolicy, "2026", "2026-06-01", map[string]any{"version": 1})
	w.versions = map[int]string{2: "2026-11-15"}
	l := w.ledger()
	all, err := l.Of(t.Context(), "p", day("2026-11-22"))
	if err != nil {
		t.Fatal(err)
	}
	var superseded int
	for _, a := range all {
		if a.StateOn(day("2026-11-22")) == duty.Superseded {
			superseded++
		}
	}
	if superseded != 1 {
		t.Errorf("%d superseded assignments, want the one signed before", superseded)
	}
	a := only(t, l, "p", staffPolicy, "2026-11-22")
	if a.StateOn(day("2026-11-22")) != duty.NotStarted || a.DueOn != day("2026-12-15") || a.Because.Material != 2 {
		t.Errorf("asked again: %+v", a)
	}
	if a := only(t, l, "p", staffPolicy, "2026-11-14"); a.StateOn(day("2026-11-14")) != duty.Completed {
		t.Errorf("the day before the new version: %+v", a)
	}
	w.record("acknowledged", "p", staffPolicy, "2026", "2026-11-20", map[string]any{"version": 2})
	l.Noticed()
	if a := only(t, l, "p", staffPolicy, "2026-11-22"); a.StateOn(day("2026-11-22")) != duty.Completed {
		t.Errorf("after signing again: %+v", a)
	}
}

func TestAudiences(t *testing.T) {
	w := newWorld("2026-11-22")
	w.person("staff", nil)
	w.person("teacher", func(p *directory.Person) { p.Memberships[0].Department = "out" })
	w.person("future", func(p *directory.Person) { p.JoinedOn = day("2026-12-01") })
	w.person("worker", func(p *directory.Person) { p.Employment = directory.Contracted })
	w.facts["staff"] = []duty.Fact{
		{Rule: duty.ByOwner, Object: "account:a", Period: calendar.Period{From: day("2026-11-15")}},
		{Rule: duty.ByOwner, Object: "account:b", Period: calendar.Period{From: day("2026-11-18")}},
	}
	w.facts["worker"] = []duty.Fact{
		{Rule: duty.ByWorker, Object: "contract:k1", Period: calendar.Period{From: day("2026-11-01"), Until: day("2026-11-20")}, Items: []duty.Item{"policy:c"}},
		{Rule: duty.ByWorker, Object: "contract:k2", Period: calendar.Period{From: day("2026-11-21")}, Items: []duty.Item{"policy:c"}},
		{Rule: duty.ByWorker, Object: "contract:k3", Period: calendar.Period{From: day("2026-12-06")}, Items: []duty.Item{"policy:c"}},
		{Rule: duty.ByWorker, Object: "contract:k4", Period: calendar.Period{From: day("2026-12-07")}, Items: []duty.Item{"policy:c"}},
	}
	l := w.ledger()
	for person, want := range map[string]string{
		"staff":   "course:annual@2026 policy:basic@2026 course:owner@2026 ",
		"teacher": "", "future": "",
		"worker": "policy:c@contract:k1 policy:c@contract:k2 policy:c@contract:k3 ", // k3 begins in 14 days, k4 in 15
	} {
		all, err := l.Of(t.Context(), directory.PersonID(person), day("2026-11-22"))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range all {
			got += string(a.Item) + "@" + a.Scope + " "
		}
		if got != want {
			t.Errorf("%s: %q, want %q", person, got, want)
		}
	}
	a := only(t, l, "staff", "course:owner", "2026-11-22")
	if a.DueOn != day("2026-11-29") || a.Because.Object != "account:a" || a.Because.Since != day("2026-11-15") {
		t.Errorf("because of the first account: %+v", a)
	}
	if a, err := l.Assigned(t.Context(), "worker", "policy:c"); err != nil || a.Scope != "contract:k2" {
		t.Errorf("the running contract's scope: %q, %v", a.Scope, err)
	}
	if _, err := l.Assigned(t.Context(), "worker", staffPolicy); !fault.Is(err, fault.NotFound) {
		t.Errorf("what is not asked: %v, want NotFound", err)
	}
}

func TestCountsAreTheNamesBehindThem(t *testing.T) {
	w := newWorld("2026-12-05")
	for i := range 40 {
		id := fmt.Sprintf("p%02d", i)
		w.person(id, func(p *directory.Person) {
			if i%2 == 0 {
				p.Memberships[0].Department = "d2"
			}
			if i%7 == 3 {
				p.LeftOn = day("2026-10-01")
			}
			if i%11 == 5 {
				p.Leaves = []calendar.Period{{From: day("2026-11-01")}}
			}
		})
	}
	l := w.ledger()
	check := func(when string) {
		t.Helper()
		today := day("2026-12-05")
		departments := []directory.DepartmentID{"d1", "d2"}
		_, counts, err := l.Counts(t.Context(), today, departments)
		if err != nil {
			t.Fatal(err)
		}
		for i, department := range departments {
			byName := duty.Count{}
			for _, p := range w.people {
				if p.Memberships[0].Department != department || !p.ActiveOn(today) {
					continue
				}
				all, err := l.Of(t.Context(), p.ID, today)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range duty.Standings(all, today) {
					switch {
					case s.State == duty.Overdue:
						byName.Overdue++
					case s.State.Done():
						byName.Done++
					case s.State == duty.Paused:
						byName.Paused++
					}
				}
			}
			got := counts[i][0]
			if got.Overdue != byName.Overdue || got.Done != byName.Done || got.Paused != byName.Paused || got.Required != got.Done+got.Open+got.Overdue {
				t.Errorf("%s: %s counts %+v, names say %+v", when, department, got, byName)
			}
		}
	}
	check("at first")
	for i := range 40 {
		id := fmt.Sprintf("p%02d", i)
		w.record("passed", id, staffCourse, "2026", "2026-11-30", nil)
		if i%3 == 0 {
			w.record("acknowledged", id, staffPolicy, "2026", "2026-12-01", map[string]any{"version": 1})
		}
		l.Noticed()
		check("after " + id)
	}
}

func TestLedgerReadsOn(t *testing.T) {
	w := newWorld("2026-11-22")
	w.person("p", nil)
	l := w.ledger()
	w.logBroken = true
	if _, err := l.Of(t.Context(), "p", day("2026-11-22")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a store that does not answer: %v", err)
	}
	w.logBroken = false
	if a := only(t, l, "p", staffCourse, "2026-11-22"); a.Fulfilment != nil {
		t.Errorf("recovered with %+v", a)
	}
	for range 2500 {
		w.record("other", "p", staffCourse, "2026", "2026-06-01", nil)
	}
	w.record("passed", "p", staffCourse, "2026", "2026-06-01", nil)
	l.Noticed()
	if a := only(t, l, "p", staffCourse, "2026-11-22"); a.Fulfilment == nil || a.Fulfilment.Seq != 2500 {
		t.Errorf("behind 2,500 others: %+v", a)
	}
	if _, err := l.Of(t.Context(), "nobody", day("2026-11-22")); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown person: %v", err)
	}
}

// TestOtherRulesAreFollowedAtOnce: what was counted by the old ones counts no
// more, and the registers are asked again, whatever the clock says.
func TestOtherRulesAreFollowedAtOnce(t *testing.T) {
	w := newWorld("2026-06-01")
	w.person("p", nil)
	l := duty.NewLedger(duty.Config{
		Rules: duty.Rules{Requirements: w.rules[:1], Versions: w}, Kinds: map[string]duty.MarkSort{"passed": duty.Fulfils},
		Log: w, Rosters: w, Registers: w, Activities: w, Now: func() time.Time { return w.now }, Staleness: time.Hour,
	})
	asked := func() (items []duty.Item, required int) {
		t.Helper()
		all, err := l.Of(t.Context(), "p", day("2026-06-01"))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			items = append(items, a.Item)
		}
		_, counts, err := l.Counts(t.Context(), day("2026-06-01"), []directory.DepartmentID{"d1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range counts[0] {
			required += c.Required
		}
		return items, required
	}
	if items, required := asked(); len(items) != 2 || required != 1 {
		t.Fatalf("asked %v, %d required", items, required)
	}
	w.facts, w.factsRev = map[directory.PersonID][]duty.Fact{"p": {{Rule: duty.ByOwner, Object: "account:x"}}}, 2
	l.Follow(w.rules[1:], w)
	if items, required := asked(); len(items) != 1 || items[0] != "course:owner" || required != 1 {
		t.Errorf("asked %v, %d required", items, required)
	}
	if _, ok := l.Requirement("annual"); ok || len(l.Requirements()) != 2 {
		t.Errorf("the rules are %+v", l.Requirements())
	}
}
