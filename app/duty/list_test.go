package duty_test

import (
	"fmt"
	"slices"
	"testing"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
)

const divisionSize = 20

// tree gives the world a city of 部 with four 課 each, and so many people in each
// 課; a few are on leave, have left, or lead the 部 above.
func (w *world) tree(divisions int) {
	var departments []directory.Department
	for i := range divisions {
		bureau := directory.DepartmentID(fmt.Sprintf("b%04d", i/4))
		if i%4 == 0 {
			departments = append(departments, directory.Department{ID: bureau, Name: string(bureau), Order: i})
		}
		id := directory.DepartmentID(fmt.Sprintf("d%04d", i))
		departments = append(departments, directory.Department{ID: id, Name: string(id), Parent: bureau, Order: i})
		for j := range divisionSize {
			// Numbers run across the departments, as those of a real city do.
			w.person(fmt.Sprintf("%06d", j*divisions+i), func(p *directory.Person) {
				p.Memberships[0].Department = id
				switch {
				case j == 0 && i%4 == 0:
					p.Memberships[0].Department = bureau
				case j == 7:
					p.Leaves = []calendar.Period{{From: day("2026-11-01")}}
				case j == 9:
					p.LeftOn = day("2026-10-01")
				}
			})
		}
	}
	w.roster = directory.NewRoster(directory.Snapshot{Revision: 1, People: slices.Clone(w.people), Departments: departments})
}

// part is a group of states with its part of a count.
type part struct {
	holds func(duty.State) bool
	of    func(duty.Count) int
}

var parts = map[string]part{
	"done":    {duty.State.Done, func(c duty.Count) int { return c.Done }},
	"overdue": {func(s duty.State) bool { return s == duty.Overdue }, func(c duty.Count) int { return c.Overdue }},
	"paused":  {func(s duty.State) bool { return s == duty.Paused }, func(c duty.Count) int { return c.Paused }},
	"all": {func(s duty.State) bool { return s != duty.Withdrawn },
		func(c duty.Count) int { return c.Required + c.Exempt + c.Paused }},
}

// listed reads a list page by page.
func listed(t *testing.T, w *world, l *duty.Ledger, p part, department directory.DepartmentID, limit int) (people []directory.PersonID) {
	t.Helper()
	var after duty.Cursor
	for range len(w.people) + 2 {
		lists, err := l.List(t.Context(), duty.Listing{
			Department: department, Requirement: "annual", Day: l.Today(), Holds: p.holds, Part: p.of, After: after, Limit: limit,
		})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, a := range lists[0] {
			if len(people) == 0 || people[len(people)-1] != a.Person {
				people = append(people, a.Person)
				n++
			}
			person, _ := w.roster.Person(a.Person)
			after = duty.Cursor{Department: a.Department, Number: person.Number}
		}
		if n < limit {
			return people
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func TestListsHoldWhoWasCountedPageByPage(t *testing.T) {
	w := newWorld("2026-12-05")
	w.tree(12)
	for i, p := range w.people {
		if i%3 == 0 {
			w.record("passed", string(p.ID), staffCourse, "2026", "2026-06-01", nil)
			w.record("acknowledged", string(p.ID), staffPolicy, "2026", "2026-06-02", map[string]any{"version": 1})
		}
	}
	l := w.ledger()
	for name, p := range parts {
		for _, department := range []directory.DepartmentID{"", "b0001", "d0006"} {
			var want []directory.PersonID
			tops := []directory.Department{{ID: department}}
			if department == "" {
				tops = w.roster.Children("")
			}
			counted := 0
			for _, top := range tops {
				_, counts, err := l.Counts(t.Context(), l.Today(), []directory.DepartmentID{top.ID})
				if err != nil {
					t.Fatal(err)
				}
				counted += p.of(counts[0][0])
				for _, person := range w.roster.PeopleIn(top.ID, l.Today()) {
					all, err := l.Of(t.Context(), person.ID, l.Today())
					if err != nil {
						t.Fatal(err)
					}
					for _, s := range duty.Standings(all, l.Today()) {
						if s.Requirement == "annual" && p.holds(s.State) {
							want = append(want, person.ID)
						}
					}
				}
			}
			if counted != len(want) {
				t.Errorf("%s of %q: %d counted, %d there", name, department, counted, len(want))
			}
			for _, limit := range []int{1, 7, 1000} {
				if got := listed(t, w, l, p, department, limit); !slices.Equal(got, want) {
					t.Errorf("%s of %q, %d a page: %v, want %v", name, department, limit, got, want)
				}
			}
		}
	}
}

// Between two pages everybody of the department in which the first one ended may
// have done what is asked: the list goes on behind it.
func TestAListGoesOnBehindADepartmentThatIsDone(t *testing.T) {
	w := newWorld("2026-12-05")
	w.tree(12)
	l := w.ledger()
	overdue := parts["overdue"]
	page := func(after duty.Cursor) []duty.Assignment {
		lists, err := l.List(t.Context(), duty.Listing{Requirement: "annual", Day: l.Today(), Holds: overdue.holds, Part: overdue.of, After: after, Limit: 25})
		if err != nil {
			t.Fatal(err)
		}
		return lists[0]
	}
	first := page(duty.Cursor{})
	last := first[len(first)-1]
	person, _ := w.roster.Person(last.Person)
	for _, p := range w.roster.PeopleIn(last.Department, l.Today()) {
		w.record("passed", string(p.ID), staffCourse, "2026", "2026-12-05", nil)
		w.record("acknowledged", string(p.ID), staffPolicy, "2026", "2026-12-05", map[string]any{"version": 1})
	}
	l.Noticed()
	next := page(duty.Cursor{Department: last.Department, Number: person.Number})
	if len(next) == 0 || next[0].Department == last.Department || next[0].Department < last.Department {
		t.Errorf("behind %s: %d, %+v", last.Department, len(next), next)
	}
}

// A page of a list looks at nobody in departments whose count says that nobody of
// them is in it, however large the city is.
func TestAPageCostsWhatItLists(t *testing.T) {
	looked := map[int]int{}
	for _, divisions := range []int{40, 400} {
		w := newWorld("2026-11-05")
		w.tree(divisions)
		for _, i := range []int{3, divisions/2 + 1, divisions - 2} { // one each of three departments far apart
			person := fmt.Sprintf("%06d", 4*divisions+i)
			w.record("passed", person, staffCourse, "2026", "2026-06-01", nil)
			w.record("acknowledged", person, staffPolicy, "2026", "2026-06-02", map[string]any{"version": 1})
		}
		l := w.ledger()
		done := parts["done"]
		counting := part{of: done.of, holds: func(s duty.State) bool { looked[divisions]++; return done.holds(s) }}
		if got := listed(t, w, l, counting, "", 100); len(got) != 3 {
			t.Fatalf("%v are done", got)
		}
		if most := 3 * (divisionSize + 1); looked[divisions] > most {
			t.Errorf("%d of %d people were looked at for three, want %d at most", looked[divisions], len(w.people), most)
		}
	}
	if looked[40] != looked[400] {
		t.Errorf("%d people were looked at in the small city, %d in the large one", looked[40], looked[400])
	}
}

// What one page asks makes as much garbage in a city of ten times as many people.
func TestQuestionsCostTheSameInALargeCity(t *testing.T) {
	allocated := map[int]map[string]float64{}
	for _, divisions := range []int{40, 400} {
		w := newWorld("2026-11-05")
		w.tree(divisions)
		l := w.ledger()
		ask := func(do func() error) float64 {
			return testing.AllocsPerRun(20, func() {
				if err := do(); err != nil {
					t.Fatal(err)
				}
			})
		}
		allocated[divisions] = map[string]float64{
			"a person": ask(func() error { _, err := l.Of(t.Context(), "000100", l.Today()); return err }),
			"an item":  ask(func() error { _, err := l.Assigned(t.Context(), "000100", staffCourse); return err }),
			"counts": ask(func() error {
				_, _, err := l.Counts(t.Context(), l.Today(), []directory.DepartmentID{"b0001", "d0006"})
				return err
			}),
			"names": ask(func() error {
				_, err := l.List(t.Context(), duty.Listing{Requirement: "annual", Day: l.Today(), Holds: parts["all"].holds, Part: parts["all"].of,
					After: duty.Cursor{Department: "d0010"}, Limit: 50})
				return err
			}),
		}
	}
	for name, few := range allocated[40] {
		if many := allocated[400][name]; many > few+2 {
			t.Errorf("%s: %.0f allocations in the small city, %.0f in the large one", name, few, many)
		}
	}
}

func TestErasedRecordsAreForgotten(t *testing.T) {
	w := newWorld("2026-12-05")
	w.person("p", nil)
	w.person("q", nil)
	for _, person := range []string{"p", "q"} {
		w.record("passed", person, staffCourse, "2026", "2026-06-01", nil)
	}
	l := w.ledger()
	overdue := func() int {
		_, counts, err := l.Counts(t.Context(), l.Today(), []directory.DepartmentID{"d1"})
		if err != nil {
			t.Fatal(err)
		}
		return counts[0][0].Overdue
	}
	if a := only(t, l, "p", staffCourse, "2026-12-05"); a.Fulfilment == nil || overdue() != 2 {
		t.Fatalf("before: %+v, %d overdue", a, overdue())
	}
	w.record(evidence.KindErased, "", "", "", "2026-12-05", map[string]any{"seq": 0})
	w.record(evidence.KindErased, "", "", "", "2026-12-05", map[string]any{"seq": 0}) // and what is none of ours
	w.record(evidence.KindErased, "", "", "", "2026-12-05", map[string]any{"seq": 99})
	l.Noticed()
	if a := only(t, l, "p", staffCourse, "2026-12-05"); a.Fulfilment != nil {
		t.Errorf("afterwards: %+v", a)
	}
	if a := only(t, l, "q", staffCourse, "2026-12-05"); a.Fulfilment == nil {
		t.Error("the other one's is gone too")
	}
}

// A whole log is taken in order, however it is cut into reads, and each entry is
// read once.
func TestLedgerReadsAWholeLogOnce(t *testing.T) {
	for _, entries := range []int{0, 1, 999, 1000, 1001, 4999, 5000, 5001, 12_345} {
		w := newWorld("2026-11-22")
		w.person("p", nil)
		for i := range entries {
			w.record("acknowledged", "p", staffPolicy, "2026", "2026-06-01", map[string]any{"version": i + 1})
		}
		l := w.ledger()
		version, err := l.Signed(t.Context(), "p", staffPolicy)
		if err != nil || version != entries {
			t.Errorf("%d entries: version %d, %v", entries, version, err)
		}
		if a := only(t, l, "p", staffPolicy, "2026-11-22"); entries > 0 && a.Fulfilment.Seq != 0 {
			t.Errorf("%d entries: the first that counts is %d", entries, a.Fulfilment.Seq)
		}
		if reads, most := w.reads.Load(), int64(entries/1000+6); reads > most {
			t.Errorf("%d entries: %d reads, want %d at most", entries, reads, most)
		}
	}
}
