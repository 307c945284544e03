package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/spreadsheet"
)

// anyFile draws a roster file without mistakes: some of eight people, in some
// of five departments, with any dates.
func anyFile(t *rapid.T, on calendar.Date) string {
	around := func(label string, from, to int) calendar.Date {
		return on.AddDays(rapid.IntRange(from, to).Draw(t, label))
	}
	rows := []string{who("0", "Z", "2000-04-01")}
	for n := 1; n <= 8; n++ {
		if !rapid.Bool().Draw(t, "in the file") {
			continue
		}
		department := rapid.SampledFrom([]string{"A", "A/B", "A/C", "D", "Z"}).Draw(t, "department")
		joined := around("joined", -400, 40)
		var left, leaveFrom, leaveUntil, moved calendar.Date
		if rapid.IntRange(0, 3).Draw(t, "leaves") == 0 {
			left = calendar.Later(joined, around("left", -60, 200))
		}
		if rapid.IntRange(0, 2).Draw(t, "on leave") == 0 {
			leaveFrom = around("leave", -90, 30)
			if rapid.Bool().Draw(t, "leave ends") {
				leaveUntil = leaveFrom.AddDays(rapid.IntRange(0, 90).Draw(t, "leave days"))
			}
		}
		if rapid.Bool().Draw(t, "moved") {
			moved = calendar.Later(joined, around("moved on", -90, 40))
			if !left.IsZero() && moved.After(left) {
				moved = left
			}
		}
		dates := []string{joined.String(), left.String(), leaveFrom.String(), leaveUntil.String(), moved.String()}
		rows = append(rows, who(fmt.Sprint(n), department, strings.Join(dates, ",")))
	}
	return file(rows...)
}

// Whatever files come in whatever order: the same one again changes nothing,
// nobody vanishes, history stays in order and what has begun is not unsaid.
func TestImportsKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store := &memory{}
		rosters := directory.NewRosters(store, chance())
		on := date("2026-03-01")
		for range rapid.IntRange(1, 6).Draw(rt, "imports") {
			csv := anyFile(rt, on)
			before := current(rt, rosters)
			plan := rehearse(rt, rosters, csv, on)
			if _, err := rosters.Apply(t.Context(), plan); err != nil {
				rt.Fatal(err)
			}
			after := current(rt, rosters)
			if n := len(plan.Added) + before.Len(); after.Len() != n {
				rt.Fatalf("%d people, want %d", after.Len(), n)
			}
			counted := len(plan.Added) + len(plan.Returned) + len(plan.Moved) + len(plan.Changed) + len(plan.Left) + plan.Unchanged + plan.Untouched
			if counted != after.Len() {
				rt.Fatalf("the preview counts %d of %d", counted, after.Len())
			}
			for p := range after.People() {
				checkHistory(rt, before, p, on)
			}
			if again := rehearse(rt, rosters, csv, on); !again.Empty() {
				rt.Fatalf("again: %v", changes(again))
			}
			on = on.AddDays(rapid.IntRange(0, 60).Draw(rt, "days later"))
		}
	})
}

func current(t *rapid.T, rosters *directory.Rosters) *directory.Roster {
	r, err := rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rehearse(t *rapid.T, rosters *directory.Rosters, csv string, on calendar.Date) *directory.Plan {
	table, err := spreadsheet.Read("r.csv", []byte(csv))
	if err != nil {
		t.Fatal(err)
	}
	rows, problems := directory.ParseRoster(table)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	plan, err := rosters.Plan(t.Context(), rows, on, directory.Options{NewDepartments: true, ConfirmLeavers: true, ConfirmNames: true})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// checkHistory checks one person after an import on a day.
func checkHistory(t *rapid.T, before *directory.Roster, p directory.Person, on calendar.Date) {
	old, known := before.PersonByNumber(p.Number)
	if known && old.ID != p.ID {
		t.Fatalf("%s has another ID", p.Number)
	}
	if len(p.Memberships) == 0 {
		t.Fatalf("%s is nowhere", p.Number)
	}
	for i, m := range p.Memberships[:len(p.Memberships)-1] {
		if next := p.Memberships[i+1]; m.Until.IsZero() || !m.Until.Before(next.From) || m.Until.Before(m.From) {
			t.Fatalf("%s: stay %v, then %v", p.Number, m, next)
		}
	}
	if last := p.Memberships[len(p.Memberships)-1]; last.Until != p.LeftOn {
		t.Fatalf("%s left on %v, the last stay ends %v", p.Number, p.LeftOn, last.Until)
	}
	if !slices.IsSortedFunc(p.Leaves, func(a, b calendar.Period) int { return a.From.Compare(b.From) }) {
		t.Fatalf("%s: leaves %v", p.Number, p.Leaves)
	}
	// Two months ago nobody could have been moved by today's file unless it
	// gave the date; what began before that day stays begun.
	for _, m := range old.Memberships {
		never := !m.Until.IsZero() && m.Until.Before(m.From) // came
		if begun := m.From.Before(on.AddDays(-90)); begun && !never && !slices.ContainsFunc(p.Memberships, func(n directory.Membership) bool {
			return n.Department == m.Department && !n.From.After(m.From)
		}) {
			t.Fatalf("%s: the stay %v of %v is unsaid: %v", p.Number, m, old.Memberships, p.Memberships)
		}
	}
}
