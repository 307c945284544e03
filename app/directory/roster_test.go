package directory_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// town is a small roster with its departments out of order.
func town() *directory.Roster {
	stay := func(d, from, until string) directory.Membership {
		return directory.Membership{Department: directory.DepartmentID(d),
			Period: calendar.Period{From: date(from), Until: date(until)}}
	}
	return directory.NewRoster(directory.Snapshot{
		Revision: 7,
		Departments: []directory.Department{
			{ID: "b", Name: "市民部", Order: 1},
			{ID: "a2", Name: "情報課", Parent: "a", Order: 1},
			{ID: "a", Name: "総務部", Order: 0},
			{ID: "a1", Name: "人事課", Parent: "a", Order: 0},
			{ID: "a2x", Name: "係", Parent: "a2"},
			{ID: "h", Name: "病院", Order: 2, OutOfScope: true},
			{ID: "h1", Name: "係", Parent: "h"},
			{ID: "lost", Name: "迷子", Parent: "nowhere", Order: 9},
		},
		People: []directory.Person{
			{ID: "p1", Number: "001", Mail: "X@city.example", Post: "課長", JoinedOn: date("2000-04-01"),
				Memberships: []directory.Membership{stay("a1", "2000-04-01", "2026-03-31"), stay("a2", "2026-04-01", "")}},
			{ID: "p2", Number: "002", Mail: "x@city.example", Post: "課長", JoinedOn: date("2000-04-01"),
				Memberships: []directory.Membership{stay("a2", "2000-04-01", "2026-03-31"), stay("a1", "2026-04-01", "2026-05-31"), stay("a2", "2026-06-01", "")},
				Leaves:      []calendar.Period{{From: date("2026-10-01")}}},
			{ID: "p3", Number: "003", JoinedOn: date("2026-07-01"), LeftOn: date("2026-08-31"),
				Memberships: []directory.Membership{stay("a2x", "2026-07-01", "2026-08-31")}},
			{ID: "p4", Number: "004", JoinedOn: date("2000-04-01"), Memberships: []directory.Membership{stay("a", "2000-04-01", "")}},
			{ID: "p5", Number: "005", JoinedOn: date("2000-04-01")},
		},
	})
}

func TestRosterFindsPeople(t *testing.T) {
	r := town()
	if p, ok := r.Person("p2"); !ok || p.Number != "002" {
		t.Error("by ID:", p, ok)
	}
	if p, ok := r.PersonByNumber("003"); !ok || p.ID != "p3" {
		t.Error("by number:", p, ok)
	}
	if _, ok := r.Person("p9"); ok {
		t.Error("somebody unknown was found")
	}
	if _, ok := r.PersonByNumber("1"); ok {
		t.Error("a number without its zeros was found")
	}
	if found := r.PeopleByMail("x@CITY.example"); len(found) != 2 {
		t.Error("by mail:", found)
	}
	if r.Len() != 5 || r.Revision() != 7 || len(slices.Collect(r.People())) != 5 {
		t.Error("size or revision is wrong")
	}
}

func TestRosterTree(t *testing.T) {
	r := town()
	var walk []string
	for _, d := range r.Departments() {
		walk = append(walk, r.PathName(d.ID))
	}
	want := []string{"総務部", "総務部/人事課", "総務部/情報課", "総務部/情報課/係", "市民部", "病院", "病院/係", "迷子"}
	if d := cmp.Diff(want, walk); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]directory.DepartmentID{"a2", "a2x"}, r.Subtree("a2")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]directory.DepartmentID(nil), r.Subtree("none")); d != "" {
		t.Error(d)
	}
	if children := r.Children(""); len(children) != 4 || children[0].ID != "a" {
		t.Error("top:", children)
	}
	if path := r.Path("a2x"); len(path) != 3 || path[0].ID != "a" || path[2].ID != "a2x" || r.Path("none") != nil {
		t.Error("path:", path)
	}
	if d, ok := r.DepartmentByPath("総務部/情報課"); !ok || d.ID != "a2" {
		t.Error("by path:", d, ok)
	}
	for _, tt := range []struct {
		in, of directory.DepartmentID
		want   bool
	}{
		{"a2x", "a", true}, {"a2x", "a2", true}, {"a", "a", true}, {"a", "a2", false}, {"b", "a", false},
		{"h1", "a2x", false}, {"none", "a", false}, {"a", "none", false}, {"", "", false},
	} {
		if got := r.Within(tt.in, tt.of); got != tt.want {
			t.Errorf("%s within %s: %v", tt.in, tt.of, got)
		}
	}
	if !r.InScope("a2x") || r.InScope("h1") || r.InScope("h") || r.InScope("none") {
		t.Error("scope is wrong")
	}
}

func TestPeopleIn(t *testing.T) {
	r := town()
	for _, tt := range []struct {
		department directory.DepartmentID
		on         string
		want       []string
	}{
		{"a1", "2026-03-31", []string{"001"}},
		{"a1", "2026-04-01", []string{"002"}},
		{"a2", "2026-05-31", []string{"001"}},
		{"a2", "2026-11-22", []string{"001", "002"}},
		{"a2", "2026-08-31", []string{"001", "002", "003"}},
		{"a2x", "2026-09-01", nil},
		{"a", "2026-08-01", []string{"004", "001", "002", "003"}},
		{"a", "1999-01-01", nil},
		{"b", "2026-08-01", nil},
		{"none", "2026-08-01", nil},
	} {
		var got []string
		for _, p := range r.PeopleIn(tt.department, date(tt.on)) {
			got = append(got, p.Number)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s on %s: %s", tt.department, tt.on, d)
		}
	}
}

func TestHeadOf(t *testing.T) {
	r := town()
	for _, tt := range []struct {
		department directory.DepartmentID
		on, want   string
	}{
		{"a2", "2026-11-22", "001"}, {"a1", "2026-05-01", "002"}, {"a1", "2026-11-22", ""}, {"a2", "2026-03-01", "002"}, {"a", "2026-11-22", ""},
	} {
		if p, _ := r.HeadOf(tt.department, date(tt.on)); p.Number != tt.want {
			t.Errorf("head of %s on %s is %q, want %q", tt.department, tt.on, p.Number, tt.want)
		}
	}
}

func TestEmptyRoster(t *testing.T) {
	r := directory.NewRoster(directory.Snapshot{})
	if r.Len() != 0 || r.Departments() != nil && len(r.Departments()) != 0 || len(r.PeopleIn("", day)) != 0 || r.PeopleByMail("") != nil {
		t.Error("an empty roster holds something")
	}
}
