package directory_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/spreadsheet"
)

// big is a roster file of n people in 1,000 係.
func big(n int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "%06d,見本　花子%d,ミホン　ハナコ,s%06d@city.example,正職員,第%d部/第%d課/第%d係,主事,2020-04-01,,,,2026-04-01,\n",
			i, i, i, i%10, i%100, i%1000)
	}
	return b.String()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A hundred thousand people are more than any city has: they take seconds and
// less than 150 MB.
func TestHundredThousandPeople(t *testing.T) {
	const n = 100_000
	data := []byte(big(n))
	o := newOffice(t)
	empty := heap()
	start := time.Now()
	var most uint64
	step := func(name string) {
		now := heap() - empty
		most = max(most, now)
		t.Logf("%-12s %8v %4d MB", name, time.Since(start).Round(time.Millisecond), now>>20)
	}
	table, err := spreadsheet.Read("roster.csv", data)
	if err != nil {
		t.Fatal(err)
	}
	step("read")
	rows, problems := directory.ParseRoster(table)
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	step("parsed")
	table.Rows = nil // the plan must not need them
	plan, err := o.rosters.Plan(t.Context(), rows, day, directory.Options{})
	if err != nil || len(plan.Added) != n {
		t.Fatal(err)
	}
	step("planned")
	if most > 150<<20 {
		t.Errorf("%d MB of memory", most>>20)
	}
	if _, err := o.rosters.Apply(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	r := o.roster()
	step("in force")
	again, err := o.rosters.Plan(t.Context(), rows, day, directory.Options{})
	if err != nil || !again.Empty() || again.Unchanged != n {
		t.Fatal(err, again.Unchanged)
	}
	step("again")
	askOften(t, r)
}

func askOften(t *testing.T, r *directory.Roster) {
	t.Helper()
	start := time.Now()
	top, _ := r.DepartmentByPath("第0部")
	section, _ := r.DepartmentByPath("第7部/第7課/第7係")
	if in := r.PeopleIn(top.ID, day); len(in) != 10_000 {
		t.Errorf("%d people in a 部", len(in))
	}
	for range 10_000 {
		if !r.Within(section.ID, r.Path(section.ID)[0].ID) || len(r.PeopleIn(section.ID, day)) != 100 {
			t.Fatal("a section is not where it should be")
		}
	}
	t.Logf("10,000 sections in %v", time.Since(start))
}
