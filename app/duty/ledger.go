package duty

import (
	"context"
	"slices"
	"sync"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// Log is what the ledger reads: the evidence log.
type Log interface {
	EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error)
}

// Rosters gives the roster in force.
type Rosters interface {
	Current(ctx context.Context) (*directory.Roster, error)
}

// Registers gives what the registers of contracts and of social media accounts
// state about people. Revision changes whenever the answer may have changed.
type Registers interface {
	Facts() (facts map[directory.PersonID][]Fact, revision int64)
}

// Activities tells how far people have come in a scope who are not done.
type Activities interface {
	Activities(ctx context.Context, scope string, people []directory.PersonID) (map[directory.PersonID]map[Item]Activity, error)
}

// Config is what a Ledger is made of.
type Config struct {
	Rules      Rules
	Kinds      map[string]MarkSort // what each kind of record does
	Log        Log
	Rosters    Rosters
	Registers  Registers
	Activities Activities
	Now        calendar.Clock
	Staleness  time.Duration // how long records of another instance may go unseen; at most 2 s
}

// Ledger is the evidence log read by person: it answers what is asked of whom,
// and how that stands. It keeps a short mark for each record in memory, reads
// the log's new entries as they come, and can be thrown away at any time.
type Ledger struct {
	cfg Config

	refreshing sync.Mutex // one refresh at a time; held before mu
	mu         sync.RWMutex
	next       int64 // first entry not read yet
	marks      map[directory.PersonID][]mark
	roster     *directory.Roster
	facts      map[directory.PersonID][]Fact
	factsRev   int64
	readAt     time.Time
	noticed    uint64 // appends of this instance
	covered    uint64 // those that the last complete read has seen
	tally      *tally
}

// NewLedger returns a ledger that has read nothing yet.
func NewLedger(cfg Config) *Ledger {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rules.Years == (calendar.FiscalYears{}) {
		cfg.Rules.Years = calendar.JapaneseYears
	}
	return &Ledger{cfg: cfg, marks: map[directory.PersonID][]mark{}}
}

// Today is the day in Japan.
func (l *Ledger) Today() calendar.Date { return calendar.DateOf(l.cfg.Now()) }

// Follow makes the ledger follow other rules from now on, in the same fiscal
// years. What the registers state is asked again by the next question.
func (l *Ledger) Follow(requirements []Requirement, versions Versions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg.Rules.Requirements, l.cfg.Rules.Versions = requirements, versions
	l.tally = nil
	l.noticed++
}

// Requirement returns the requirement with the ID.
func (l *Ledger) Requirement(id RequirementID) (Requirement, bool) {
	all := l.Requirements()
	i := slices.IndexFunc(all, func(r Requirement) bool { return r.ID == id })
	if i < 0 {
		return Requirement{}, false
	}
	return all[i], true
}

// Requirements returns all requirements, in the order of the file.
func (l *Ledger) Requirements() []Requirement {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cfg.Rules.Requirements
}

// Cycle returns the fiscal year that day lies in.
func (l *Ledger) Cycle(day calendar.Date) calendar.Cycle {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cfg.Rules.Years.Of(day)
}

// Noticed tells the ledger that this instance has appended: the next question
// reads the log first.
func (l *Ledger) Noticed() {
	l.mu.Lock()
	l.noticed++
	l.mu.Unlock()
}

// readEntries is how many entries one read of the log asks for.
const readEntries = 1000

// Refresh reads what is new in the log, the roster and the registers. Every
// question does it; starting up does it once so that the first reader need not
// wait. Unavailable when the store does not answer.
func (l *Ledger) Refresh(ctx context.Context) error {
	if fresh, _ := l.fresh(); fresh {
		return nil
	}
	l.refreshing.Lock()
	defer l.refreshing.Unlock()

	// Somebody else may have read while we waited. What is appended while we
	// read counts as not covered, and until we are done so does what we read:
	// nobody may take the old state for the new one.
	fresh, noticed := l.fresh()
	if fresh {
		return nil
	}
	roster, err := l.cfg.Rosters.Current(ctx)
	if err != nil {
		return err
	}
	facts, factsRev := l.cfg.Registers.Facts()
	if err := l.readLog(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.roster != roster || l.factsRev != factsRev || l.facts == nil {
		l.tally = nil
	}
	l.roster, l.facts, l.factsRev, l.readAt, l.covered = roster, facts, factsRev, l.cfg.Now(), noticed
	return nil
}

// fresh reports whether everything noticed has been read, and not too long
// ago, and how much that is.
func (l *Ledger) fresh() (bool, uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.covered == l.noticed && l.roster != nil && l.cfg.Now().Sub(l.readAt).Abs() < l.cfg.Staleness, l.noticed
}

func (l *Ledger) readLog(ctx context.Context) error {
	for {
		entries, err := l.cfg.Log.EntriesFrom(ctx, l.next, readEntries)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		l.mu.Lock()
		for i := range entries {
			l.take(&entries[i])
		}
		l.next = entries[len(entries)-1].Seq + 1
		l.mu.Unlock()
		if len(entries) < readEntries {
			return nil
		}
	}
}

// take keeps the mark that an entry makes. Entries of kinds that say nothing
// about duties, and erased ones, make none.
func (l *Ledger) take(e *evidence.Entry) {
	if e.Kind == evidence.KindErased {
		l.forget(e)
		return
	}
	sort, ok := l.cfg.Kinds[e.Kind]
	if !ok || e.Subject == "" || e.Record == nil {
		return
	}
	m := mark{sort: sort, item: Item(e.Object), scope: e.Scope, Mark: Mark{Seq: e.Seq, At: e.At, By: e.Actor}}
	if m.item.Sort() == "policy" || sort != Fulfils {
		var body struct {
			Version int    `json:"version"`
			Reason  string `json:"reason"`
		}
		if err := e.Body(&body); err == nil {
			m.Version, m.Reason = body.Version, body.Reason
		}
	}
	person := directory.PersonID(e.Subject)
	l.tally.forget(l, person)
	l.marks[person] = append(l.marks[person], m)
	l.tally.count(l, person)
}

// forget lets go the mark of an entry whose record was erased: what is read
// after a start, from a log that does not hold it any more, is the same.
func (l *Ledger) forget(said *evidence.Entry) {
	var body evidence.Erasure
	if said.Body(&body) != nil {
		return
	}
	for person, marks := range l.marks {
		i := slices.IndexFunc(marks, func(m mark) bool { return m.Seq == body.Seq })
		if i < 0 {
			continue
		}
		l.tally.forget(l, person)
		l.marks[person] = slices.Delete(slices.Clone(marks), i, i+1)
		l.tally.count(l, person)
		return
	}
}

// subject gathers what a person's assignments follow from. Callers hold mu.
func (l *Ledger) subject(p directory.Person, day calendar.Date) subject {
	s := subject{person: p, facts: l.facts[p.ID], marks: l.marks[p.ID]}
	s.department = p.MembershipOn(day).Department
	for _, d := range l.roster.Path(s.department) {
		s.lineage = append(s.lineage, d.ID)
		s.outOfScope = s.outOfScope || d.OutOfScope
	}
	return s
}

// Of returns the person's assignments as they stand on day, with how far the
// person has come in each. NotFound for a person who was never in the roster.
func (l *Ledger) Of(ctx context.Context, person directory.PersonID, day calendar.Date) ([]Assignment, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, err
	}
	l.mu.RLock()
	p, ok := l.roster.Person(person)
	var out []Assignment
	if ok {
		out = l.cfg.Rules.derive(l.subject(p, day), day)
	}
	l.mu.RUnlock()
	if !ok {
		return nil, fault.NotFoundf("person %s", person)
	}
	return out, l.addActivity(ctx, out)
}

// In returns the assignments of everybody who belongs to the department or one
// below it on day, in the order of the roster.
func (l *Ledger) In(ctx context.Context, department directory.DepartmentID, day calendar.Date) ([]Assignment, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, err
	}
	l.mu.RLock()
	var out []Assignment
	for _, p := range l.roster.PeopleIn(department, day) {
		out = append(out, l.cfg.Rules.derive(l.subject(p, day), day)...)
	}
	l.mu.RUnlock()
	return out, l.addActivity(ctx, out)
}

// addActivity fills in how far people have come where that says more than the
// records do.
func (l *Ledger) addActivity(ctx context.Context, assignments []Assignment) error {
	scopes := map[string][]directory.PersonID{}
	for _, a := range assignments {
		if a.Fulfilment != nil || a.Item.Sort() != "course" {
			continue
		}
		people := scopes[a.Scope]
		if len(people) == 0 || people[len(people)-1] != a.Person {
			scopes[a.Scope] = append(people, a.Person)
		}
	}
	for scope, people := range scopes {
		activities, err := l.cfg.Activities.Activities(ctx, scope, people)
		if err != nil {
			return err
		}
		for i := range assignments {
			a := &assignments[i]
			if activity, ok := activities[a.Person][a.Item]; ok && a.Scope == scope && a.Fulfilment == nil {
				a.Activity = &activity
			}
		}
	}
	return nil
}

// Assigned returns how item is asked of the person today: an open assignment
// before a finished one. NotFound when it is not asked at all: what is not one's
// duty cannot be done by guessing its address.
func (l *Ledger) Assigned(ctx context.Context, person directory.PersonID, item Item) (Assignment, error) {
	if err := l.Refresh(ctx); err != nil {
		return Assignment{}, err
	}
	day := l.Today()
	l.mu.RLock()
	defer l.mu.RUnlock()
	p, ok := l.roster.Person(person)
	if !ok {
		return Assignment{}, fault.NotFoundf("person %s", person)
	}
	var best *Assignment
	for _, a := range l.cfg.Rules.deriveOf(l.subject(p, day), day, item) {
		state := a.StateOn(day)
		if state == Withdrawn || state == Superseded {
			continue
		}
		if best == nil || state.Worse(best.StateOn(day)) {
			best = &a
		}
	}
	if best == nil {
		return Assignment{}, fault.NotFoundf("%s is not asked of %s", item, person)
	}
	return *best, nil
}

// Signed returns the newest version of a policy that the person has ever
// acknowledged, in any scope; 0 for none.
func (l *Ledger) Signed(ctx context.Context, person directory.PersonID, item Item) (int, error) {
	if err := l.Refresh(ctx); err != nil {
		return 0, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	version := 0
	for _, m := range l.marks[person] {
		if m.sort == Fulfils && m.item == item {
			version = max(version, m.Version)
		}
	}
	return version, nil
}
