package duty

import (
	"context"
	"maps"

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
	for _, a := range assignments {
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

// Cell is one place in the count.
type Cell struct {
	Department  directory.DepartmentID // the person's own, not one above it
	Requirement RequirementID
}

// tally keeps the counts of one day up to date while records come in: a record
// changes one person's share. A nil tally counts nothing.
type tally struct {
	day   calendar.Date
	cells map[Cell]Count
}

// Counts returns how many people stand how on day, by their own department.
// Counting today costs the number of departments; another day costs the number
// of people.
func (l *Ledger) Counts(ctx context.Context, day calendar.Date) (map[Cell]Count, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, err
	}
	today := day == l.Today()
	l.mu.RLock()
	if today && l.tally != nil && l.tally.day == day {
		defer l.mu.RUnlock()
		return maps.Clone(l.tally.cells), nil
	}
	l.mu.RUnlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	t := &tally{day: day, cells: map[Cell]Count{}}
	for p := range l.roster.People() {
		t.count(l, p.ID)
	}
	if today {
		l.tally = t
	}
	return maps.Clone(t.cells), nil
}

func (t *tally) count(l *Ledger, person directory.PersonID)  { t.add(l, person, 1) }
func (t *tally) forget(l *Ledger, person directory.PersonID) { t.add(l, person, -1) }

// add puts the person's share in (n=1) or takes it out (n=-1). Who has left is
// not counted.
func (t *tally) add(l *Ledger, person directory.PersonID, n int) {
	if t == nil || l.roster == nil {
		return
	}
	p, ok := l.roster.Person(person)
	if !ok || !p.ActiveOn(t.day) {
		return
	}
	for _, s := range Standings(l.cfg.Rules.derive(l.subject(p, t.day), t.day), t.day) {
		cell := Cell{Department: s.Department, Requirement: s.Requirement}
		if sum := t.cells[cell].plus(countOf(s.State), n); sum == (Count{}) {
			delete(t.cells, cell)
		} else {
			t.cells[cell] = sum
		}
	}
}
