package duty

import (
	"context"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Count sums up people, not items: a person has completed a requirement when
// every item of it is done. Required = Done + Open + Overdue is the
// denominator; exempt and paused people stand beside it.
type Count struct {
	Required int
	Done     int // in time or late
	Late     int // of Done
	Open     int // still asked, not yet due
	Overdue  int
	Exempt   int
	Paused   int
}

// Add returns the sum of two counts.
func (c Count) Add(d Count) Count { return c.plus(d, 1) }

func (c Count) plus(d Count, n int) Count {
	return Count{
		Required: c.Required + n*d.Required, Done: c.Done + n*d.Done, Late: c.Late + n*d.Late,
		Open: c.Open + n*d.Open, Overdue: c.Overdue + n*d.Overdue, Exempt: c.Exempt + n*d.Exempt, Paused: c.Paused + n*d.Paused,
	}
}

// countOf is one person's share of the count.
func countOf(state State) Count {
	switch {
	case state == Overdue:
		return Count{Required: 1, Overdue: 1}
	case state.Open():
		return Count{Required: 1, Open: 1}
	case state == CompletedLate:
		return Count{Required: 1, Done: 1, Late: 1}
	case state == Completed:
		return Count{Required: 1, Done: 1}
	case state == Exempt:
		return Count{Exempt: 1}
	case state == Paused:
		return Count{Paused: 1}
	default:
		return Count{}
	}
}

// Standing is how one person stands with one requirement: the worst of its
// items.
type Standing struct {
	Person      directory.PersonID
	Department  directory.DepartmentID
	Requirement RequirementID
	State       State
}

// Standings sums assignments up, in their order.
func Standings(assignments []Assignment, day calendar.Date) []Standing {
	var out []Standing
	for i := range assignments {
		a := &assignments[i]
		state := a.StateOn(day)
		if state == Superseded {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Person == a.Person && out[n-1].Requirement == a.Requirement {
			if state.Worse(out[n-1].State) {
				out[n-1].State = state
			}
			continue
		}
		out = append(out, Standing{Person: a.Person, Department: a.Department, Requirement: a.Requirement, State: state})
	}
	return out
}

// tally keeps the counts of one day up to date while records come in: a record
// changes one person's share. A nil tally counts nothing.
type tally struct {
	day          calendar.Date
	roster       *directory.Roster
	requirements map[RequirementID]int
	states       []uint8                            // of each person and requirement, by place; 0: no standing
	counts       map[directory.DepartmentID][]Count // of everybody in it and below, by requirement
	scratch      []Assignment                       // of the person who is looked at
}

// Counts returns how many people of each of the departments, and below it, stand
// how on day, by requirement in the order of the requirements that are returned
// too. Counting today costs the number of departments asked for; another day
// costs the number of people.
func (l *Ledger) Counts(ctx context.Context, day calendar.Date, departments []directory.DepartmentID) ([]Requirement, [][]Count, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, nil, err
	}
	var requirements []Requirement
	out := make([][]Count, len(departments))
	l.tallied(day, func(t *tally) {
		requirements = l.cfg.Rules.Requirements
		for i, d := range departments {
			out[i] = make([]Count, len(requirements))
			copy(out[i], t.counts[d])
		}
	})
	return requirements, out, nil
}

// tallied calls with with the counts of the day, which stay as they are until it
// returns.
func (l *Ledger) tallied(day calendar.Date, with func(*tally)) {
	l.mu.RLock()
	if t := l.tally; t != nil && t.day == day {
		defer l.mu.RUnlock()
		with(t)
		return
	}
	l.mu.RUnlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally
	if t == nil || t.day != day {
		t = l.countAll(day)
	}
	if day == l.Today() {
		l.tally = t
	}
	with(t)
}

// countAll counts everybody. Callers hold mu.
func (l *Ledger) countAll(day calendar.Date) *tally {
	rules := l.cfg.Rules
	t := &tally{
		day: day, roster: l.roster, requirements: make(map[RequirementID]int, len(rules.Requirements)),
		states: make([]uint8, l.roster.Len()*len(rules.Requirements)), counts: map[directory.DepartmentID][]Count{},
	}
	for i, r := range rules.Requirements {
		t.requirements[r.ID] = i
	}
	departments := l.roster.Departments()
	for _, d := range departments {
		t.counts[d.ID] = make([]Count, len(rules.Requirements))
	}
	place := 0
	for p := range l.roster.People() {
		if p.ActiveOn(day) {
			t.stand(l, p, place, t.counts[p.MembershipOn(day).Department])
		}
		place++
	}
	for _, d := range slices.Backward(departments) { // children before parents
		above := t.counts[d.Parent]
		for i := range above {
			above[i] = above[i].Add(t.counts[d.ID][i])
		}
	}
	return t
}

// stand finds out how a person stands, who is at a place of the roster, and puts
// what is other than before into the counts of each of the departments. Callers
// hold mu for writing.
func (t *tally) stand(l *Ledger, p directory.Person, place int, counts ...[]Count) {
	rules := &l.cfg.Rules
	states := t.states[place*len(rules.Requirements):][:len(rules.Requirements)]
	s := l.subject(p, t.day)
	for i := range rules.Requirements {
		t.scratch = rules.deriveIn(t.scratch[:0], &rules.Requirements[i], s, t.day, "")
		var before, now Count
		worst := uint8(0)
		for j := range t.scratch {
			state := t.scratch[j].StateOn(t.day)
			if r := uint8(rank[state] + 1); state != Superseded && (worst == 0 || r < worst) {
				worst = r
			}
		}
		if states[i] == worst {
			continue
		}
		if states[i] > 0 {
			before = countOf(States[states[i]-1])
		}
		if worst > 0 {
			now = countOf(States[worst-1])
		}
		states[i] = worst
		for _, c := range counts {
			if len(c) > 0 {
				c[i] = c[i].plus(before, -1).Add(now)
			}
		}
	}
}

// update takes in what a record changed for the person. Who has left is not
// counted.
func (t *tally) update(l *Ledger, person directory.PersonID) {
	if t == nil {
		return
	}
	place, ok := t.roster.Place(person)
	if !ok {
		return
	}
	p, _ := t.roster.Person(person)
	if !p.ActiveOn(t.day) {
		return
	}
	var counts [][]Count
	for _, above := range l.stations[p.MembershipOn(t.day).Department].lineage {
		counts = append(counts, t.counts[above])
	}
	t.stand(l, p, place, counts...)
}
