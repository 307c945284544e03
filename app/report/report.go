package report

import (
	"context"
	"iter"
	"slices"
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
	Totals       []duty.Count           // of all of it, by requirement, in their order
	Rows         []Row                  // of the tree from the top, parents before children
	Next         directory.DepartmentID // behind which there are more rows; "" when these are all
	Deep         bool                   // the tree has more than two levels
}

// Row is one department with everybody in it and below.
type Row struct {
	Department directory.Department
	Depth      int
	Counts     []duty.Count // by requirement, in the order of Completion.Requirements
}

// Part says which departments of the tree are wanted.
type Part struct {
	Root   directory.DepartmentID // and those below it; "" is the whole city
	Levels int                    // of the tree, from its top; 0: all
	After  directory.DepartmentID // only those behind it; and what these lie in
	Limit  int                    // rows at most, beside those that they lie in; 0: all
}

// Completion counts a part of the city. What is not wanted costs nothing.
// NotFound for a department that is not there.
func (s *Service) Completion(ctx context.Context, part Part, day calendar.Date) (Completion, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return Completion{}, err
	}
	tops, err := topsOf(roster, part.Root)
	if err != nil {
		return Completion{}, err
	}
	if _, ok := roster.Department(part.After); part.After != "" && !ok {
		return Completion{}, fault.NotFoundf("department %q", part.After)
	}
	c := Completion{Day: day, AsOf: s.Now(), Cycle: s.Ledger.Cycle(day)}
	b := branches{Part: part, roster: roster, begun: part.After == ""}
	for _, d := range tops {
		c.Deep = c.Deep || slices.ContainsFunc(roster.Children(d.ID), func(d directory.Department) bool { return len(roster.Children(d.ID)) > 0 })
		b.grow(d, 0)
	}
	c.Rows, c.Next = b.rows, b.next
	wanted := make([]directory.DepartmentID, 0, len(tops)+len(c.Rows))
	for _, d := range tops {
		wanted = append(wanted, d.ID)
	}
	for i := range c.Rows {
		wanted = append(wanted, c.Rows[i].Department.ID)
	}
	requirements, counts, err := s.Ledger.Counts(ctx, day, wanted)
	if err != nil {
		return Completion{}, err
	}
	c.Requirements = requirements
	c.Totals = make([]duty.Count, len(c.Requirements))
	for i := range tops {
		for j, n := range counts[i] {
			c.Totals[j] = c.Totals[j].Add(n)
		}
	}
	for i := range c.Rows {
		c.Rows[i].Counts = counts[len(tops)+i]
	}
	return c, nil
}

// topsOf returns the department, or the topmost ones when it is "". NotFound.
func topsOf(roster *directory.Roster, id directory.DepartmentID) ([]directory.Department, error) {
	if id == "" {
		return roster.Children(""), nil
	}
	d, ok := roster.Department(id)
	if !ok {
		return nil, fault.NotFoundf("department %q", id)
	}
	return []directory.Department{d}, nil
}

// branches collects the rows of a part of the tree.
type branches struct {
	Part
	roster *directory.Roster
	begun  bool
	behind int // rows behind After
	rows   []Row
	next   directory.DepartmentID
}

func (b *branches) grow(d directory.Department, depth int) {
	if b.next != "" || !b.begun && !b.roster.Within(b.After, d.ID) {
		return
	}
	if b.Limit > 0 && b.behind == b.Limit {
		b.next = b.rows[len(b.rows)-1].Department.ID
		return
	}
	below := b.roster.Children(d.ID)
	if b.Levels > 0 && depth+1 == b.Levels {
		below = nil
	}
	row := Row{Department: d, Depth: depth}
	switch {
	case b.begun:
		b.rows, b.behind = append(b.rows, row), b.behind+1
	case d.ID != b.After, len(below) > 0: // what the rows lie in
		b.rows = append(b.rows, row)
	}
	b.begun = b.begun || d.ID == b.After || len(below) == 0 // what it lies below is not wanted so deep
	for _, child := range below {
		b.grow(child, depth+1)
	}
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

// Cursor is where a list goes on behind the person.
func (r PersonRow) Cursor() duty.Cursor {
	return duty.Cursor{Department: r.Department, Number: r.Person.Number}
}

// Count returns how many stand how on day of those whom the filter is about,
// whatever its group. NotFound for a department that is not there.
func (s *Service) Count(ctx context.Context, f Filter, day calendar.Date) (duty.Count, error) {
	c, err := s.Completion(ctx, Part{Root: f.Department, Levels: 1}, day)
	if err != nil {
		return duty.Count{}, err
	}
	i := slices.IndexFunc(c.Requirements, func(r duty.Requirement) bool { return r.ID == f.Requirement })
	if i < 0 {
		return duty.Count{}, fault.NotFoundf("requirement %q", f.Requirement)
	}
	return c.Totals[i], nil
}

// People returns, for each filter, which names a requirement, who stands how on
// day: department by department as a reader walks the tree, then by Number, from
// behind a cursor on, at most limit. Who is no longer in the audience is left out.
// It costs what it returns, not what the department holds.
func (s *Service) People(ctx context.Context, day calendar.Date, after duty.Cursor, limit int, filters ...Filter) ([][]PersonRow, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return nil, err
	}
	listings := make([]duty.Listing, len(filters))
	for i, f := range filters {
		if _, err := topsOf(roster, f.Department); err != nil {
			return nil, err
		}
		listings[i] = duty.Listing{
			Department: f.Department, Requirement: f.Requirement, Day: day, After: after, Limit: limit,
			Part: f.Group.Of, Holds: func(state duty.State) bool { return state != duty.Withdrawn && f.Group.Holds(state) },
		}
	}
	lists, err := s.Ledger.List(ctx, listings...)
	if err != nil {
		return nil, err
	}
	out := make([][]PersonRow, len(lists))
	for i, assignments := range lists {
		out[i] = rowsOf(assignments, day)
		for j := range out[i] {
			row := &out[i][j]
			if p, ok := roster.Person(row.Person.ID); ok {
				row.Person, row.Department = p, p.MembershipOn(day).Department
			}
		}
	}
	return out, nil
}

// peopleAtOnce is how many people Everybody asks for at once.
const peopleAtOnce = 500

// Everybody yields all rows of People, requirement by requirement when the filter
// names none. It holds few of them at a time, and nothing between two.
func (s *Service) Everybody(ctx context.Context, f Filter, day calendar.Date) iter.Seq2[PersonRow, error] {
	return func(yield func(PersonRow, error) bool) {
		for _, req := range s.Ledger.Requirements() {
			if f.Requirement != "" && req.ID != f.Requirement {
				continue
			}
			one := f
			one.Requirement = req.ID
			if !s.everybody(ctx, one, day, yield) {
				return
			}
		}
	}
}

func (s *Service) everybody(ctx context.Context, f Filter, day calendar.Date, yield func(PersonRow, error) bool) bool {
	var after duty.Cursor
	for {
		lists, err := s.People(ctx, day, after, peopleAtOnce, f)
		if err != nil {
			yield(PersonRow{}, err)
			return false
		}
		for _, row := range lists[0] {
			if !yield(row, nil) {
				return false
			}
			after = row.Cursor()
		}
		if len(lists[0]) < peopleAtOnce {
			return true
		}
	}
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
