package report_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/contract"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/report"
	"kokoroe/app/social"
)

// city is a city in which nobody has done anything: 局 with 部 with 課, and two
// people in each 課.
type city struct{ roster *directory.Roster }

func newCity(bureaus, below int) *city {
	var s directory.Snapshot
	joined := calendar.MustDate("2010-04-01")
	add := func(id, parent string, people int) {
		s.Departments = append(s.Departments, directory.Department{ID: directory.DepartmentID(id), Name: id, Parent: directory.DepartmentID(parent), Order: len(s.Departments)})
		for i := range people {
			number := fmt.Sprintf("%s-%d", id, i)
			s.People = append(s.People, directory.Person{ID: directory.PersonID("p" + number), Number: number, Employment: directory.Regular, JoinedOn: joined,
				Memberships: []directory.Membership{{Department: directory.DepartmentID(id), Period: calendar.Period{From: joined}}}})
		}
	}
	for i := range bureaus {
		bureau := fmt.Sprintf("b%d", i)
		add(bureau, "", 0)
		for j := range below {
			part := fmt.Sprintf("%s-%d", bureau, j)
			add(part, bureau, 1)
			for k := range below {
				add(fmt.Sprintf("%s-%d", part, k), part, 2)
			}
		}
	}
	s.Revision = 1
	return &city{directory.NewRoster(s)}
}

func (c *city) Current(context.Context) (*directory.Roster, error)                { return c.roster, nil }
func (c *city) Facts() (map[directory.PersonID][]duty.Fact, int64)                { return nil, 1 }
func (c *city) Contracts() *contract.Register                                     { return &contract.Register{} }
func (c *city) Accounts() *social.Register                                        { return &social.Register{} }
func (c *city) EntriesFrom(context.Context, int64, int) ([]evidence.Entry, error) { return nil, nil }
func (c *city) Activities(context.Context, string, []directory.PersonID) (map[directory.PersonID]map[duty.Item]duty.Activity, error) {
	return nil, nil
}

var today = calendar.MustDate("2026-11-22")

func (c *city) service() *report.Service {
	now := func() time.Time { return today.StartsAt().Add(time.Hour) }
	ledger := duty.NewLedger(duty.Config{
		Rules: duty.Rules{Requirements: []duty.Requirement{{ID: "annual", Yearly: true,
			Audience: duty.Audience{Rule: duty.ByKind, Kinds: []directory.Kind{directory.Employee}},
			Due:      duty.Due{JoinerDays: 30}, Items: []duty.Required{{Item: "course:annual"}}}}},
		Log: c, Rosters: c, Registers: c, Activities: c, Now: now, Staleness: time.Hour,
	})
	return &report.Service{Ledger: ledger, Rosters: c, Registers: c, Now: now}
}

// rowsOf reads a part of the tree page by page, and leaves out the rows that the
// others of a page lie in.
func rowsOf(t *testing.T, s *report.Service, part report.Part) (rows []report.Row) {
	t.Helper()
	seen := map[directory.DepartmentID]bool{}
	for range 1000 {
		c, err := s.Completion(t.Context(), part, today)
		if err != nil {
			t.Fatal(err)
		}
		around := 0
		for i, row := range c.Rows {
			if i > 0 && row.Depth > c.Rows[i-1].Depth+1 || i == 0 && row.Depth > 0 {
				t.Errorf("behind %q: %s lies in nothing", part.After, row.Department.ID)
			}
			if seen[row.Department.ID] {
				around++
				continue
			}
			seen[row.Department.ID] = true
			rows = append(rows, row)
		}
		if part.Limit > 0 && (len(c.Rows)-around > part.Limit || around > 2) {
			t.Errorf("behind %q: %d rows and %d around them, want %d and 2 at most", part.After, len(c.Rows)-around, around, part.Limit)
		}
		if c.Next == "" {
			return rows
		}
		part.After = c.Next
	}
	t.Fatal("the tree does not end")
	return nil
}

func TestCompletionPagesThroughTheTree(t *testing.T) {
	s := newCity(3, 4).service()
	for _, root := range []directory.DepartmentID{"", "b1", "b1-2", "b1-2-3"} {
		for levels := range 4 {
			whole := rowsOf(t, s, report.Part{Root: root, Levels: levels})
			for _, limit := range []int{1, 2, 5, 16, 1000} {
				paged := rowsOf(t, s, report.Part{Root: root, Levels: levels, Limit: limit})
				same := slices.EqualFunc(paged, whole, func(a, b report.Row) bool {
					return a.Department == b.Department && a.Depth == b.Depth && slices.Equal(a.Counts, b.Counts)
				})
				if !same {
					t.Errorf("%d levels of %q, %d a page: %d rows that differ from the %d of the whole", levels, root, limit, len(paged), len(whole))
				}
			}
		}
	}
	c, err := s.Completion(t.Context(), report.Part{Levels: 1, After: "b1"}, today)
	if err != nil || len(c.Rows) != 1 || c.Totals[0].Required != 3*(4+4*4*2) || !c.Deep {
		t.Errorf("the last page is %+v, %v", c, err)
	}
	if c, err := s.Completion(t.Context(), report.Part{Levels: 1, After: "b1-2-3"}, today); err != nil || len(c.Rows) != 2 || c.Rows[1].Department.ID != "b2" {
		t.Errorf("behind what is deeper than the page: %+v, %v", c.Rows, err)
	}
	if _, err := s.Completion(t.Context(), report.Part{After: "none"}, today); err == nil {
		t.Error("there are rows behind a department that is not there")
	}
}

func TestEverybodyIsEachOnceInTheOrderOfPages(t *testing.T) {
	c := newCity(5, 16)
	s := c.service()
	var numbers []string
	for row, err := range s.Everybody(t.Context(), report.Filter{}, today) {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, row.Person.Number)
	}
	var want []string
	for _, top := range c.roster.Children("") {
		for _, p := range c.roster.PeopleIn(top.ID, today) {
			want = append(want, p.Number)
		}
	}
	if !slices.Equal(numbers, want) {
		t.Errorf("%d people, want %d", len(numbers), len(want))
	}
}

// What a page of departments costs follows from its rows, not from the city.
func TestCompletionCostsWhatItShows(t *testing.T) {
	allocated := map[int]float64{}
	for _, below := range []int{4, 16} {
		s := newCity(3, below).service()
		allocated[below] = testing.AllocsPerRun(20, func() {
			if _, err := s.Completion(t.Context(), report.Part{Levels: 1}, today); err != nil {
				t.Fatal(err)
			}
		})
	}
	if allocated[16] > allocated[4]+2 {
		t.Errorf("three rows take %.0f allocations in the small city, %.0f in the large one", allocated[4], allocated[16])
	}
}
