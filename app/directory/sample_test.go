package directory_test

import (
	"os"
	"testing"

	"kokoroe/app/directory"
)

func TestSampleCity(t *testing.T) {
	data, err := os.ReadFile("../../content/sample/roster.csv")
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t)
	plan := o.imports(day, string(data))
	if plan.Unchanged+len(plan.Added) != 320 {
		t.Fatalf("%d people", len(plan.Added))
	}
	if again := o.plan(day, string(data), directory.Options{}); !again.Empty() {
		t.Errorf("again: %v", changes(again))
	}
	r := o.roster()
	count := map[string]int{}
	for p := range r.People() {
		count[string(p.Kind())]++
		if p.OnLeave(day) && p.ActiveOn(day) {
			count["on leave"]++
		}
		if p.Kind() == directory.Employee && !p.LeftOn.IsZero() && p.LeftOn.Before(day) {
			count["left"]++
		}
		if !p.JoinedOn.Before(date("2026-11-01")) && p.ActiveOn(day) {
			count["joined this month"]++
		}
	}
	for what, want := range map[string]int{"employee": 300, "contractor-worker": 20, "on leave": 6, "left": 5, "joined this month": 2} {
		if count[what] != want {
			t.Errorf("%s: %d, want %d", what, count[what], want)
		}
	}
	for _, d := range r.Departments() {
		depth := len(r.Path(d.ID))
		count[[]string{"", "部", "課", "係"}[depth]]++
		if _, led := r.HeadOf(d.ID, day); !led && depth < 3 {
			t.Errorf("nobody leads %s", r.PathName(d.ID))
		}
	}
	if count["部"] != 7 || count["課"] != 23 || count["係"] != 45 {
		t.Errorf("%d 部, %d 課, %d 係", count["部"], count["課"], count["係"])
	}
}
