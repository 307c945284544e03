package duty

import (
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Versions tells which policy version asks again. The policies' catalogue
// satisfies it.
type Versions interface {
	// AsksAgain returns the newest material version after signed that touches
	// one of the clauses (any clause, when none is named) and is in force on
	// day, with the first day of its force.
	AsksAgain(policyID string, signed int, clauses []string, day calendar.Date) (version int, since calendar.Date, ok bool)
}

// Rules are the requirements in force with what deriving needs beside them.
type Rules struct {
	Requirements []Requirement
	Years        calendar.FiscalYears
	Versions     Versions
}

// returnDays is how long a returner has when the requirement names no days for
// joiners.
const returnDays = 30

// subject is everything about one person that assignments follow from.
type subject struct {
	person     directory.Person
	department directory.DepartmentID // on the day
	lineage    []directory.DepartmentID
	outOfScope bool
	facts      []Fact
	marks      []mark
	deeds      []deed // what the marks point to
}

// MarkSort says what a kind of record does to an assignment.
type MarkSort int

// What a record may do.
const (
	Fulfils  MarkSort = iota + 1 // the item is done
	Declines                     // the person cannot agree, or asks first
	Exempts                      // somebody excused the person
)

// occurrence is one time that a requirement comes to a person.
type occurrence struct {
	scope   string
	year    calendar.Period // of the cycle; zero for a requirement that is not yearly
	window  calendar.Period // in the audience, within the cycle
	because Because
	items   []Required
}

// derive returns the person's assignments as they stand on day, in the order
// of the requirements and their items.
func (r Rules) derive(s subject, day calendar.Date) []Assignment { return r.deriveOf(s, day, "") }

// deriveOf is derive for one item alone; "" is all of them.
func (r Rules) deriveOf(s subject, day calendar.Date, only Item) []Assignment {
	var out []Assignment
	for i := range r.Requirements {
		out = r.deriveIn(out, &r.Requirements[i], s, day, only)
	}
	return out
}

// deriveIn appends the assignments of one requirement.
func (r Rules) deriveIn(out []Assignment, req *Requirement, s subject, day calendar.Date, only Item) []Assignment {
	for _, occ := range r.occurrences(req, s, day) {
		for _, item := range occ.items {
			if only == "" || item.Item == only {
				out = r.assign(out, req, occ, item, s, day)
			}
		}
	}
	return out
}

// occurrences returns the times that req comes to the person by day.
func (r Rules) occurrences(req *Requirement, s subject, day calendar.Date) []occurrence {
	if !req.Audience.admits(s) {
		return nil
	}
	here := calendar.Period{From: s.person.JoinedOn, Until: s.person.LeftOn}
	if req.Audience.Rule == ByKind {
		occ := occurrence{scope: string(calendar.Once), window: here, items: req.Items,
			because: Because{Rule: ByKind, Since: s.person.JoinedOn}}
		return r.inCycle(req, []occurrence{occ}, day)
	}
	var occs []occurrence
	for _, f := range s.facts {
		if f.Rule != req.Audience.Rule {
			continue
		}
		window, ok := intersect(f.Period, here)
		if !ok {
			continue
		}
		occ := occurrence{scope: f.Object, window: window, items: req.Items,
			because: Because{Rule: f.Rule, Object: f.Object, Since: f.From}}
		occ.items = withObligations(req.Items, f.Items)
		occs = append(occs, occ)
	}
	return r.inCycle(req, occs, day)
}

// withObligations puts the contract's items where the requirement says
// "obligations".
func withObligations(items []Required, obligations []Item) []Required {
	if !slices.ContainsFunc(items, func(it Required) bool { return it.Item == "" }) {
		return items
	}
	var out []Required
	for _, it := range items {
		if it.Item != "" {
			out = append(out, it)
			continue
		}
		for _, o := range obligations {
			out = append(out, Required{Item: o, Clauses: it.Clauses})
		}
	}
	return out
}

// inCycle cuts the occurrences to what has begun by day and, for a yearly
// requirement, to the fiscal year of day: several facts then make one
// occurrence, from the first of them to the last.
func (r Rules) inCycle(req *Requirement, occs []occurrence, day calendar.Date) []occurrence {
	var out []occurrence
	if !req.Yearly {
		for _, occ := range occs {
			if !occ.window.From.AddDays(-req.Due.LeadDays).After(day) {
				out = append(out, occ)
			}
		}
		return out
	}
	cycle := r.Years.Of(day)
	year, err := r.Years.Period(cycle)
	if err != nil {
		return nil // a day outside all fiscal years has no duties
	}
	for _, occ := range occs {
		window, ok := intersect(occ.window, year)
		if !ok || window.From.After(day) {
			continue
		}
		occ.window, occ.year, occ.scope = window, year, string(cycle)
		if len(out) == 0 {
			out = append(out, occ)
			continue
		}
		first := &out[0]
		if occ.window.From.Before(first.window.From) {
			first.window.From, first.because = occ.window.From, occ.because
		}
		first.window.Until = calendar.Later(first.window.Until, occ.window.Until)
	}
	return out
}

// admits reports whether the person is of the audience's kind and place. What
// registers state is looked at elsewhere.
func (a Audience) admits(s subject) bool {
	if s.outOfScope && a.Rule == ByKind {
		return false
	}
	if len(a.Kinds) > 0 && !slices.Contains(a.Kinds, s.person.Kind()) {
		return false
	}
	if len(a.Employments) > 0 && !slices.Contains(a.Employments, s.person.Employment) {
		return false
	}
	if len(a.Departments) == 0 {
		return true
	}
	return slices.ContainsFunc(s.lineage, func(d directory.DepartmentID) bool { return slices.Contains(a.Departments, d) })
}

// assign appends the assignment of one item; two when a material version asks
// again for what was done once.
func (r Rules) assign(out []Assignment, req *Requirement, occ occurrence, item Required, s subject, day calendar.Date) []Assignment {
	a := Assignment{
		Requirement: req.ID, Person: s.person.ID, Department: s.department,
		Item: item.Item, Scope: occ.scope, AssignedOn: occ.window.From, Because: occ.because,
		Paused: s.person.OnLeave(day),
	}
	if ended := occ.window.Until; !ended.IsZero() && ended.Before(day) {
		a.EndedOn = ended
	}
	req.Due.set(&a, occ, s.person)

	var superseded *Assignment
	for i := range s.marks {
		m := &s.marks[i]
		did := &s.deeds[m.deed]
		if did.item != item.Item || did.scope != occ.scope {
			continue
		}
		mark := m.of(s.person.ID)
		if calendar.DateOf(mark.At).After(day) {
			continue
		}
		switch did.sort {
		case Fulfils:
			version, since, again := r.asksAgain(item, mark.Version, day)
			switch {
			case again:
				old := a
				old.Fulfilment, old.Superseded = mark, true
				superseded = &old
				a.reask(version, since, req.Due)
			case a.Fulfilment == nil:
				a.Fulfilment = mark
			}
			a.Declined = nil // who signs has agreed after all
		case Declines:
			if a.Fulfilment == nil {
				a.Declined = mark
			}
		case Exempts:
			a.Exemption = mark
		}
	}
	if superseded != nil {
		out = append(out, *superseded)
	}
	return append(out, a)
}

func (r Rules) asksAgain(item Required, signed int, day calendar.Date) (int, calendar.Date, bool) {
	if r.Versions == nil || item.Item.Sort() != "policy" {
		return 0, calendar.Date{}, false
	}
	return r.Versions.AsksAgain(item.Item.ID(), signed, item.Clauses, day)
}

// reask moves the due date for a material version that came into force.
func (a *Assignment) reask(version int, since calendar.Date, due Due) {
	a.Because.Material = version
	if d := since.AddDays(due.days()); d.After(a.DueOn) {
		a.DueOn, a.Because.DueRule, a.Because.DueDays = d, DueVersion, due.days()
	}
}

// set gives the assignment its due date and the reason for it.
func (d Due) set(a *Assignment, occ occurrence, p directory.Person) {
	arrived := occ.window.From
	switch {
	case d.On != nil && !occ.year.From.IsZero() && !arrived.After(occ.year.From):
		a.DueOn, a.Because.DueRule = d.On.In(occ.year), DueDate
	case d.JoinerDays > 0:
		a.DueOn, a.Because.DueRule, a.Because.DueDays = arrived.AddDays(d.JoinerDays), DueArrival, d.JoinerDays
	case d.On != nil && !occ.year.From.IsZero():
		a.DueOn, a.Because.DueRule = d.On.In(occ.year), DueDate
	default:
		a.Because.DueRule = DueNone
		return
	}
	if d.TransferDays > 0 {
		for _, m := range p.Memberships {
			if m.From.After(arrived) && occ.window.Holds(m.From) {
				a.postpone(m.From.AddDays(d.TransferDays), DueTransfer, d.TransferDays)
			}
		}
	}
	for _, l := range p.Leaves {
		if _, overlaps := intersect(l, calendar.Period{From: arrived, Until: a.DueOn}); overlaps && !l.Until.IsZero() {
			a.postpone(l.Until.AddDays(d.days()), DueReturn, d.days())
		}
	}
}

func (a *Assignment) postpone(to calendar.Date, rule DueRule, days int) {
	if to.After(a.DueOn) {
		a.DueOn, a.Because.DueRule, a.Because.DueDays = to, rule, days
	}
}

func (d Due) days() int {
	if d.JoinerDays > 0 {
		return d.JoinerDays
	}
	return returnDays
}

// intersect returns the days that lie in both periods.
func intersect(p, q calendar.Period) (calendar.Period, bool) {
	out := calendar.Period{From: calendar.Later(p.From, q.From), Until: p.Until}
	if p.Until.IsZero() || !q.Until.IsZero() && q.Until.Before(p.Until) {
		out.Until = q.Until
	}
	return out, out.Until.IsZero() || !out.Until.Before(out.From)
}
