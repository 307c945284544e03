package duty

import (
	"context"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Cursor is how far a listing of people has come: department by department as a
// reader walks the tree, then by Number.
type Cursor struct {
	Department directory.DepartmentID
	Number     string
}

// Listing asks for the names behind a number, from a Cursor on.
type Listing struct {
	Department  directory.DepartmentID // and below; "" is everybody
	Requirement RequirementID
	Day         calendar.Date
	Holds       func(State) bool // which standings it is about
	Part        func(Count) int  // how many of a count these are
	After       Cursor           // behind whom it goes on; the zero Cursor is the beginning
	Limit       int              // people at most
}

// List returns, for each listing, the assignments of the people who are in it, in
// the order of a Cursor. Listing today costs what is listed, and not what is
// passed over: a department whose count says that nobody of it belongs to the
// list is not looked into.
func (l *Ledger) List(ctx context.Context, listings ...Listing) ([][]Assignment, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, err
	}
	var all []Assignment
	ends := make([]int, len(listings))
	for i := range listings {
		l.tallied(listings[i].Day, func(t *tally) {
			w := walk{Listing: listings[i], ledger: l, tally: t, out: all, begun: listings[i].After == Cursor{}}
			if at, ok := t.requirements[w.Requirement]; ok && w.Limit > 0 {
				w.requirement = at
				w.from(l.roster)
			}
			all = w.out
		})
		ends[i] = len(all)
	}
	if err := l.addActivity(ctx, all); err != nil {
		return nil, err
	}
	out, begin := make([][]Assignment, len(listings)), 0
	for i, end := range ends {
		out[i], begin = all[begin:end:end], end
	}
	return out, nil
}

// walk is a listing on its way through the tree.
type walk struct {
	Listing
	ledger      *Ledger
	tally       *tally
	requirement int // its place
	begun       bool
	people      int // listed
	out         []Assignment
}

func (w *walk) from(roster *directory.Roster) {
	if w.Department != "" {
		w.department(roster, w.Department)
		return
	}
	for _, d := range roster.Children("") {
		w.department(roster, d.ID)
	}
}

// department walks through a department and what is below it.
func (w *walk) department(roster *directory.Roster, id directory.DepartmentID) {
	if w.people == w.Limit || !w.begun && !roster.Within(w.After.Department, id) {
		return
	}
	if counts := w.tally.counts[id]; len(counts) == 0 || w.Part(counts[w.requirement]) == 0 {
		w.begun = true // the place is in here, and nobody behind it
		return
	}
	after := ""
	if !w.begun && id == w.After.Department {
		w.begun, after = true, w.After.Number
	}
	if w.begun {
		for place, p := range roster.Staff(id, w.Day, after) {
			if w.people == w.Limit {
				return
			}
			w.person(place, p)
		}
	}
	for _, d := range roster.Children(id) {
		w.department(roster, d.ID)
	}
}

func (w *walk) person(place int, p directory.Person) {
	state := w.tally.states[place*len(w.tally.requirements)+w.requirement]
	if state == 0 || !w.Holds(States[state-1]) {
		return
	}
	rules := &w.ledger.cfg.Rules
	w.out = rules.deriveIn(w.out, &rules.Requirements[w.requirement], w.ledger.subject(p, w.Day), w.Day, "")
	w.people++
}
