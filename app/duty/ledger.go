package duty

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

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
	read       book
	roster     *directory.Roster
	stations   map[directory.DepartmentID]station
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
	return &Ledger{cfg: cfg, read: newBook()}
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

// readEntries is how many entries one read of the log asks for, and readsAhead how
// many reads are under way at once while a whole log is read.
const (
	readEntries = 1000
	readsAhead  = 4
)

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
	if err := l.readLog(ctx, roster); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.roster != roster || l.factsRev != factsRev || l.facts == nil {
		l.tally = nil
	}
	first := l.roster == nil
	if l.roster != roster {
		l.stations = stationsOf(roster)
	}
	l.roster, l.facts, l.factsRev, l.readAt, l.covered = roster, facts, factsRev, l.cfg.Now(), noticed
	if first { // nobody waits yet
		l.tally = l.countAll(l.Today())
	}
	return nil
}

// fresh reports whether everything noticed has been read, and not too long
// ago, and how much that is.
func (l *Ledger) fresh() (bool, uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.covered == l.noticed && l.roster != nil && l.cfg.Now().Sub(l.readAt).Abs() < l.cfg.Staleness, l.noticed
}

// readLog takes in what is new in the log. What is new since a moment ago is one
// read; after a start there are a million entries, and several reads are under way
// while those before are taken in.
func (l *Ledger) readLog(ctx context.Context, roster *directory.Roster) error {
	for coming := l.fetch(ctx, l.next, 1); coming != nil; {
		got := <-coming
		if got.err != nil {
			return got.err
		}
		coming = nil
		if got.whole {
			coming = l.fetch(ctx, got.next, readsAhead)
		}
		for _, entries := range got.pages {
			l.mu.Lock()
			l.take(entries, roster)
			l.next = entries[len(entries)-1].Seq + 1
			l.mu.Unlock()
		}
	}
	return nil
}

// fetched are entries of the log without a gap.
type fetched struct {
	pages [][]evidence.Entry // none of them empty
	next  int64              // behind them
	whole bool               // all that was asked for was there: there may be more
	err   error
}

// fetch reads so many pages from an entry on, all at once.
func (l *Ledger) fetch(ctx context.Context, from int64, pages int) <-chan fetched {
	out := make(chan fetched, 1)
	go func() {
		read := make([][]evidence.Entry, pages)
		group, ctx := errgroup.WithContext(ctx)
		for i := range read {
			group.Go(func() (err error) {
				read[i], err = l.cfg.Log.EntriesFrom(ctx, from+int64(i)*readEntries, readEntries)
				return err
			})
		}
		got := fetched{err: group.Wait(), whole: true, next: from}
		for _, entries := range read {
			if got.whole && len(entries) > 0 {
				got.pages, got.next = append(got.pages, entries), entries[len(entries)-1].Seq+1
			}
			got.whole = got.whole && len(entries) == readEntries
		}
		out <- got
	}()
	return out
}

// take keeps the marks that entries make. Entries of kinds that say nothing
// about duties, and erased ones, make none.
func (l *Ledger) take(entries []evidence.Entry, roster *directory.Roster) {
	var erased []int64
	for i := range entries {
		e := &entries[i]
		if e.Kind == evidence.KindErased {
			var body evidence.Erasure
			if e.Body(&body) == nil {
				erased = append(erased, body.Seq)
			}
			continue
		}
		sort, ok := l.cfg.Kinds[e.Kind]
		if !ok || e.Subject == "" || e.Record == nil {
			continue
		}
		person := directory.PersonID(e.Subject)
		if p, ok := roster.Person(person); ok {
			person = p.ID // the same text, kept once
		}
		l.read.note(person, sort, e)
		l.tally.update(l, person)
	}
	// What is read after a start, from a log that does not hold the records any
	// more, is the same.
	for _, person := range l.read.forget(erased) {
		l.tally.update(l, person)
	}
}

// station is where somebody of a department stands in the tree.
type station struct {
	lineage    []directory.DepartmentID // from the top down
	outOfScope bool
}

func stationsOf(roster *directory.Roster) map[directory.DepartmentID]station {
	stations := map[directory.DepartmentID]station{}
	for _, d := range roster.Departments() {
		var s station
		for _, above := range roster.Path(d.ID) {
			s.lineage = append(s.lineage, above.ID)
			s.outOfScope = s.outOfScope || above.OutOfScope
		}
		stations[d.ID] = s
	}
	return stations
}

// subject gathers what a person's assignments follow from. Callers hold mu.
func (l *Ledger) subject(p directory.Person, day calendar.Date) subject {
	department := p.MembershipOn(day).Department
	at := l.stations[department]
	return subject{
		person: p, department: department, lineage: at.lineage, outOfScope: at.outOfScope,
		facts: l.facts[p.ID], marks: l.read.marks[p.ID], deeds: l.read.deeds,
	}
}

// Of returns the person's assignments as they stand on day, with how far the
// person has come in each. NotFound for a person who was never in the roster.
func (l *Ledger) Of(ctx context.Context, person directory.PersonID, day calendar.Date) ([]Assignment, error) {
	out, err := l.Asked(ctx, person, day)
	if err != nil {
		return nil, err
	}
	return out, l.addActivity(ctx, out)
}

// Asked is Of without how far the person has come, which alone asks the store.
func (l *Ledger) Asked(ctx context.Context, person directory.PersonID, day calendar.Date) ([]Assignment, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	p, ok := l.roster.Person(person)
	if !ok {
		return nil, fault.NotFoundf("person %s", person)
	}
	return l.cfg.Rules.derive(l.subject(p, day), day), nil
}

// Open is what of Asked is still to be done, by the due date: what is overdue
// first, what has no date last.
func (l *Ledger) Open(ctx context.Context, person directory.PersonID, day calendar.Date) ([]Assignment, error) {
	all, err := l.Asked(ctx, person, day)
	if err != nil {
		return nil, err
	}
	open := slices.DeleteFunc(all, func(a Assignment) bool { return !a.StateOn(day).Open() })
	slices.SortStableFunc(open, func(a, b Assignment) int {
		if a.DueOn.IsZero() != b.DueOn.IsZero() {
			return -a.DueOn.Compare(b.DueOn)
		}
		return cmp.Or(a.DueOn.Compare(b.DueOn), cmp.Compare(a.Item, b.Item))
	})
	return open, nil
}

// addActivity fills in how far people have come where that says more than the
// records do.
func (l *Ledger) addActivity(ctx context.Context, assignments []Assignment) error {
	scopes := map[string][]directory.PersonID{}
	for i := range assignments {
		a := &assignments[i]
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
	for _, m := range l.read.marks[person] {
		if d := l.read.deeds[m.deed]; d.sort == Fulfils && d.item == item {
			version = max(version, int(m.version))
		}
	}
	return version, nil
}
