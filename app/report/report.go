package report

import (
	"context"
	"slices"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/contract"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/social"
)

// Registers gives the registers in force.
type Registers interface {
	Contracts() *contract.Register
	Accounts() *social.Register
}

// Service answers questions about completion.
type Service struct {
	Ledger    *duty.Ledger
	Rosters   duty.Rosters
	Registers Registers
	Now       calendar.Clock
}

// Completion is how a part of the city stands on a day.
type Completion struct {
	Day          calendar.Date
	AsOf         time.Time // when it was counted
	Cycle        calendar.Cycle
	Requirements []duty.Requirement
	Rows         []Row // the tree from the top, parents before children
}

// Row is one department with everybody in it and below.
type Row struct {
	Department directory.Department
	Depth      int
	Counts     []duty.Count // by requirement, in the order of Completion.Requirements
}

// Total returns the sum over the top rows for the requirement at index i.
func (c Completion) Total(i int) duty.Count {
	var sum duty.Count
	for _, r := range c.Rows {
		if r.Depth == 0 {
			sum = sum.Add(r.Counts[i])
		}
	}
	return sum
}

// Completion counts the department root and those below it; the whole city
// when root is empty. NotFound for a department that is not there.
func (s *Service) Completion(ctx context.Context, root directory.DepartmentID, day calendar.Date) (Completion, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return Completion{}, err
	}
	tops := roster.Children("")
	if root != "" {
		d, ok := roster.Department(root)
		if !ok {
			return Completion{}, fault.NotFoundf("department %q", root)
		}
		tops = []directory.Department{d}
	}
	cells, err := s.Ledger.Counts(ctx, day)
	if err != nil {
		return Completion{}, err
	}
	c := Completion{Day: day, AsOf: s.Now(), Cycle: s.Ledger.Cycle(day), Requirements: s.Ledger.Requirements()}
	for _, d := range tops {
		c.Rows = append(c.Rows, c.tree(roster, cells, d, 0)...)
	}
	return c, nil
}

// tree returns the rows of d and below; the first is d's own, with the sums.
func (c Completion) tree(roster *directory.Roster, cells map[duty.Cell]duty.Count, d directory.Department, depth int) []Row {
	row := Row{Department: d, Depth: depth, Counts: make([]duty.Count, len(c.Requirements))}
	for i, req := range c.Requirements {
		row.Counts[i] = cells[duty.Cell{Department: d.ID, Requirement: req.ID}]
	}
	rows := []Row{row}
	for _, child := range roster.Children(d.ID) {
		below := c.tree(roster, cells, child, depth+1)
		for i := range row.Counts {
			rows[0].Counts[i] = rows[0].Counts[i].Add(below[0].Counts[i])
		}
		rows = append(rows, below...)
	}
	return rows
}

// Filter selects people. Empty fields do not restrict.
type Filter struct {
	Department  directory.DepartmentID // and below
	Requirement duty.RequirementID
	Group       Group
}

// Group is a sum of states, as a count shows it: every number opens to the
// names behind it.
type Group string

// The groups of states.
const (
	Everybody   Group = ""
	GroupNeeded Group = "required"
	GroupDone   Group = "done"
	GroupLate   Group = "late"
	GroupOpen   Group = "open"
	GroupOver   Group = "overdue"
	GroupExempt Group = "exempt"
	GroupPaused Group = "paused"
)

// Groups lists the groups in the order in which a page shows them.
var Groups = []Group{Everybody, GroupNeeded, GroupOver, GroupOpen, GroupDone, GroupLate, GroupExempt, GroupPaused}

// Of returns the group's part of a count.
func (g Group) Of(c duty.Count) int {
	switch g {
	case Everybody:
		return c.Required + c.Exempt + c.Paused
	case GroupNeeded:
		return c.Required
	case GroupDone:
		return c.Done
	case GroupLate:
		return c.Late
	case GroupOpen:
		return c.Open
	case GroupOver:
		return c.Overdue
	case GroupExempt:
		return c.Exempt
	case GroupPaused:
		return c.Paused
	}
	return 0
}

// Holds reports whether a state belongs to the group. It is the other half of
// duty.Count: the names behind a number are those that were counted into it.
func (g Group) Holds(s duty.State) bool {
	switch g {
	case Everybody:
		return true
	case GroupNeeded:
		return s.Counts()
	case GroupDone:
		return s.Done()
	case GroupLate:
		return s == duty.CompletedLate
	case GroupOpen:
		return s.Open() && s != duty.Overdue
	case GroupOver:
		return s == duty.Overdue
	case GroupExempt:
		return s == duty.Exempt
	case GroupPaused:
		return s == duty.Paused
	}
	return false
}

// PersonRow is one person with one requirement.
type PersonRow struct {
	Person      directory.Person
	Department  directory.DepartmentID // of the person, on the day
	Requirement duty.RequirementID
	State       duty.State
	Items       []duty.Assignment
	DueOn       calendar.Date // the earliest that is still open, else the latest
	DoneOn      calendar.Date // of the last item; zero until all are done
}

// People returns who stands how on day, by Number: one row for each
// requirement of each person. Who is no longer in the audience is left out.
func (s *Service) People(ctx context.Context, f Filter, day calendar.Date) ([]PersonRow, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := roster.Department(f.Department); f.Department != "" && !ok {
		return nil, fault.NotFoundf("department %q", f.Department)
	}
	assignments, err := s.in(ctx, roster, f.Department, day)
	if err != nil {
		return nil, err
	}
	var out []PersonRow
	for _, row := range rowsOf(assignments, day) {
		if f.Requirement != "" && row.Requirement != f.Requirement || !f.Group.Holds(row.State) || row.State == duty.Withdrawn {
			continue
		}
		p, ok := roster.Person(row.Person.ID)
		if !ok {
			continue
		}
		row.Person, row.Department = p, p.MembershipOn(day).Department
		out = append(out, row)
	}
	slices.SortStableFunc(out, func(a, b PersonRow) int { return strings.Compare(a.Person.Number, b.Person.Number) })
	return out, nil
}

// in returns the assignments of everybody in the department and below; of
// everybody when there is none.
func (s *Service) in(ctx context.Context, roster *directory.Roster, department directory.DepartmentID, day calendar.Date) ([]duty.Assignment, error) {
	if department != "" {
		return s.Ledger.In(ctx, department, day)
	}
	var out []duty.Assignment
	for _, top := range roster.Children("") {
		below, err := s.Ledger.In(ctx, top.ID, day)
		if err != nil {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}

// Person returns one person's rows, of every requirement.
func (s *Service) Person(ctx context.Context, id directory.PersonID, day calendar.Date) ([]PersonRow, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := roster.Person(id)
	if !ok {
		return nil, fault.NotFoundf("person %s", id)
	}
	assignments, err := s.Ledger.Of(ctx, id, day)
	if err != nil {
		return nil, err
	}
	rows := rowsOf(assignments, day)
	for i := range rows {
		rows[i].Person, rows[i].Department = p, p.MembershipOn(day).Department
	}
	return rows, nil
}

// rowsOf puts the assignments of each person and requirement together. Only
// Person.ID is set of the person.
func rowsOf(assignments []duty.Assignment, day calendar.Date) []PersonRow {
	standings := duty.Standings(assignments, day)
	out := make([]PersonRow, 0, len(standings))
	rest := assignments
	for _, standing := range standings {
		row := PersonRow{Person: directory.Person{ID: standing.Person}, Requirement: standing.Requirement, State: standing.State}
		of := func(a duty.Assignment) bool {
			return a.Person == standing.Person && a.Requirement == standing.Requirement
		}
		for len(rest) > 0 && !of(rest[0]) {
			rest = rest[1:] // nothing but superseded ones: they have no standing
		}
		n := 0
		for n < len(rest) && of(rest[n]) {
			n++
		}
		row.Items, rest = rest[:n:n], rest[n:]
		row.DueOn = dueOf(row.Items, day)
		if row.State.Done() {
			row.DoneOn = doneOf(row.Items)
		}
		out = append(out, row)
	}
	return out
}

// dueOf returns the earliest date that is still open, else the latest.
func dueOf(items []duty.Assignment, day calendar.Date) calendar.Date {
	var open, last calendar.Date
	for i := range items {
		a := &items[i]
		if a.DueOn.IsZero() {
			continue
		}
		if a.StateOn(day).Open() && (open.IsZero() || a.DueOn.Before(open)) {
			open = a.DueOn
		}
		last = calendar.Later(last, a.DueOn)
	}
	if !open.IsZero() {
		return open
	}
	return last
}

func doneOf(items []duty.Assignment) calendar.Date {
	var last calendar.Date
	for i := range items {
		if a := &items[i]; a.Fulfilment != nil && !a.Superseded {
			last = calendar.Later(last, calendar.DateOf(a.Fulfilment.At))
		}
	}
	return last
}

// Heads returns who leads the department and those above it, nearest first:
// whom to ask.
func Heads(roster *directory.Roster, department directory.DepartmentID, day calendar.Date) []directory.Person {
	var out []directory.Person
	for _, d := range slices.Backward(roster.Path(department)) {
		if p, ok := roster.HeadOf(d.ID, day); ok {
			out = append(out, p)
		}
	}
	return out
}
