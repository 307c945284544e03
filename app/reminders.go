package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/locale"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

// Reminders holds the daily rounds, writes the mails, and has people reminded
// when their head asks for it. What it puts into the outbox has the day and the
// person for a key, so that whatever is done twice reminds nobody twice.
type Reminders struct {
	app      *App
	messages *locale.Catalogue

	mu      sync.Mutex
	covered map[calendar.Date]calendar.Period // by rounds, as their runs say
}

// usualRound is when a round is due while nobody says so in a ladder.
const usualRound = 9*time.Hour + 30*time.Minute

func (r *Reminders) ladder() *reminder.Ladder { return r.app.Catalogue().Reminders }

func (r *Reminders) roundAt() time.Duration {
	if l := r.ladder(); l != nil {
		return l.RoundAt
	}
	return usualRound
}

// unsteady are the waits between attempts at a round while the store does not
// answer: one that failed is a day late. Together they are longer than a lease,
// which another instance takes over.
var unsteady = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

// hold holds the round that was due at an instant. Who takes over a round that
// was cut off goes through everybody again.
func (r *Reminders) hold(ctx context.Context, due time.Time) (any, job.Outcome, error) {
	round, err := r.round(ctx, due)
	for _, pause := range unsteady {
		if !fault.Is(err, fault.Unavailable) {
			break
		}
		select {
		case <-ctx.Done():
			return nil, job.Failed, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
		round, err = r.round(ctx, due)
	}
	if err != nil {
		return nil, job.Failed, err
	}
	return round, job.Fine, nil
}

// round holds a round from the beginning to the end, and reports it.
func (r *Reminders) round(ctx context.Context, due time.Time) (reminder.Round, error) {
	if err := r.app.Log.Trouble(); err != nil { // who is done cannot be told
		return reminder.Round{}, err
	}
	day := calendar.DateOf(due)
	last, err := r.lastBefore(ctx, due)
	if err != nil {
		return reminder.Round{}, err
	}
	report := reminder.Round{On: day.String(), State: reminder.Held, Through: last.Through}
	ladder := r.ladder()
	switch {
	case ladder == nil:
		report.State, report.Through = reminder.Off, report.On
		return report, nil
	case !ladder.Days.Works(day):
		report.State = reminder.Closed
		return report, nil
	}
	if late, err := r.isLate(ctx, day); err != nil || late {
		report.State = reminder.Late
		return report, err
	}
	covered := last.Next(day)
	if covered == (calendar.Period{}) { // held twice on a day: everybody has been reminded
		return report, nil
	}
	report.From, report.Through = covered.From.String(), report.On
	roster, err := r.app.Rosters.Current(ctx)
	if err != nil {
		return report, err
	}
	h := holding{reminders: r, ladder: ladder, roster: roster, day: day, covering: r.Covering(ladder, covered), report: &report,
		heads: heads{roster: roster, day: day}}
	err = h.everybody(ctx)
	return report, err
}

// isLate reports whether the day of a round is over and nobody has been reminded
// in it. Today's round covers it: what was begun, though, is finished under the
// keys of its own day.
func (r *Reminders) isLate(ctx context.Context, day calendar.Date) (bool, error) {
	if calendar.DateOf(r.app.cfg.Now()) == day {
		return false, nil
	}
	begun, err := r.app.Store.ListMessages(ctx, notify.MessageRange{Prefix: notify.RoundPrefix(day), Limit: 1})
	return len(begun) == 0, err
}

// runsLookedAt bounds how far back the last round is looked for. Every run says
// through which day rounds have been held, but for those that failed.
const runsLookedAt = 400

// lastBefore returns the report of the last run that was due before an instant
// and did not fail; the zero Round when there is none.
func (r *Reminders) lastBefore(ctx context.Context, due time.Time) (reminder.Round, error) {
	runs, err := r.app.Store.Runs(ctx, JobReminders, runsLookedAt)
	for _, run := range runs {
		if run.Outcome != job.Fine || !run.DueAt.Before(due) {
			continue
		}
		if round, ok := reminder.ReadRound(run.Report); ok {
			return round, err
		}
	}
	return reminder.Round{}, err
}

// coveredBy returns the days that the round of a day covers, held or not; the
// zero Period for a day without one.
func (r *Reminders) coveredBy(ctx context.Context, ladder *reminder.Ladder, day calendar.Date) (calendar.Period, error) {
	if !ladder.Days.Works(day) {
		return calendar.Period{}, nil
	}
	r.mu.Lock()
	covered, known := r.covered[day]
	r.mu.Unlock()
	if known {
		return covered, nil
	}
	last, err := r.lastBefore(ctx, day.StartsAt())
	if err != nil {
		return calendar.Period{}, err
	}
	covered = last.Next(day)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.covered) > runsLookedAt {
		clear(r.covered)
	}
	r.covered[day] = covered
	return covered, nil
}

const (
	// batch is how many messages are put in at once.
	batch = 200

	// pace is how much later each batch is due than the one before: a city's mail
	// server has time, and a receipt does not wait behind the whole city.
	pace = 10 * time.Second
)

// holding is a round under way.
type holding struct {
	reminders *Reminders
	ladder    *reminder.Ladder
	roster    *directory.Roster
	day       calendar.Date
	covering  *Covering
	report    *reminder.Round
	heads     heads
	pending   []notify.Message
}

// everybody reminds who has a rung in the days covered, and then the heads who
// have none themselves.
func (h *holding) everybody(ctx context.Context) error {
	told := map[directory.PersonID]bool{}
	for p := range h.roster.People() {
		if ctx.Err() != nil { // another instance has it now
			return ctx.Err()
		}
		due, overdue, err := h.covering.Due(ctx, p)
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		if err := h.remind(ctx, p); err != nil {
			return err
		}
		if !overdue {
			continue
		}
		h.report.Overdue++
		if head, ok := h.heads.of(p); ok && h.ladder.CopyToHead {
			told[head.ID] = true
		}
	}
	for _, id := range sortedIDs(told) {
		h.report.Heads++
		head, _ := h.roster.Person(id)
		if due, _, err := h.covering.Due(ctx, head); err != nil {
			return err
		} else if due {
			continue // it has a message, which says this as well
		}
		if err := h.remind(ctx, head); err != nil {
			return err
		}
	}
	return h.flush(ctx)
}

func sortedIDs(set map[directory.PersonID]bool) []directory.PersonID {
	ids := make([]directory.PersonID, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Covering tells who has a rung of the ladder in the days that a round covers.
type Covering struct {
	reminders *Reminders
	ladder    *reminder.Ladder
	days      calendar.Period                    // the last is the round's own
	steps     map[reminder.Asked][]reminder.Step // many are asked for the same days
}

// Covering looks with a ladder.
func (r *Reminders) Covering(ladder *reminder.Ladder, days calendar.Period) *Covering {
	return &Covering{reminders: r, ladder: ladder, days: days, steps: map[reminder.Asked][]reminder.Step{}}
}

// Due reports whether the person is to be reminded, and whether that is of
// something overdue.
func (c *Covering) Due(ctx context.Context, p directory.Person) (due, overdue bool, err error) {
	day := c.days.Until
	if !p.ActiveOn(day) || p.OnLeave(day) {
		return false, false, nil
	}
	assignments, err := c.reminders.app.Ledger.Asked(ctx, p.ID, day)
	if err != nil {
		return false, false, err
	}
	for i := range assignments {
		a := &assignments[i]
		if !a.StateOn(day).Open() {
			continue
		}
		for _, step := range c.stepsOf(a) {
			due = true
			overdue = overdue || step.Rung == reminder.Weekly
		}
	}
	return due, overdue, nil
}

func (c *Covering) stepsOf(a *duty.Assignment) []reminder.Step {
	asked := c.reminders.asked(a)
	steps, ok := c.steps[asked]
	if !ok {
		steps = c.ladder.Steps(asked, c.days)
		c.steps[asked] = steps
	}
	return steps
}

// asked is since when something is asked, and by when. What is asked again, after
// a leave, a move or a new version, begins anew with the days given for it.
func (r *Reminders) asked(a *duty.Assignment) reminder.Asked {
	out := reminder.Asked{StartOn: a.AssignedOn, DueOn: a.DueOn}
	switch a.Because.DueRule {
	case duty.DueReturn:
		out.StartOn = a.DueOn.AddDays(1 - a.Because.DueDays) // counted from the last day away
	case duty.DueTransfer, duty.DueVersion:
		out.StartOn = a.DueOn.AddDays(-a.Because.DueDays)
	default:
		if req, ok := r.app.Ledger.Requirement(a.Requirement); ok && a.Because.Rule == duty.ByWorker {
			out.StartOn = a.AssignedOn.AddDays(-req.Due.LeadDays) // may be signed, and is asked, before the work begins
		}
	}
	if a.Because.Material > 0 { // also when there was time enough
		out.StartOn = calendar.Later(out.StartOn, r.app.Catalogue().inForceOn(a.Item, a.Because.Material))
	}
	return out
}

// remind puts the person's message in, with others.
func (h *holding) remind(ctx context.Context, p directory.Person) error {
	m := h.reminders.message(h.ladder, h.day, p, h.report.People)
	h.report.People++
	switch m.Reason {
	case notify.NoAddress:
		h.report.NoAddress++
	case notify.NoMail:
		h.report.NoMail++
	}
	if h.pending = append(h.pending, m); len(h.pending) < batch {
		return nil
	}
	return h.flush(ctx)
}

// flush puts in what is pending, but for who was erased meanwhile.
func (h *holding) flush(ctx context.Context) error {
	roster, err := h.reminders.app.Rosters.Current(ctx)
	if err != nil {
		return err
	}
	pending := slices.DeleteFunc(h.pending, func(m notify.Message) bool { _, known := roster.Person(m.Person); return !known })
	h.pending = h.pending[:0]
	return h.reminders.app.Store.EnqueueMessages(ctx, pending)
}

// message is what reminds the person on a day, behind so many others. Who cannot
// be mailed is put in as well: these are who has to be told in another way.
func (r *Reminders) message(ladder *reminder.Ladder, day calendar.Date, p directory.Person, others int) notify.Message {
	now := r.app.cfg.Now()
	m := notify.Message{Key: notify.ReminderKey(day, p.ID), Person: p.ID, State: notify.Waiting, At: now}
	m.NextAt = ladder.OfficeHour(now).Add(time.Duration(others/batch) * pace)
	switch {
	case p.Mail == "":
		m.State, m.Reason, m.SettledAt = notify.Withheld, notify.NoAddress, now
	case r.app.mailing == nil:
		m.State, m.Reason, m.SettledAt = notify.Withheld, notify.NoMail, now
	}
	return m
}

// heads finds who is told of somebody: the head of the own department, or of the
// nearest above that has another.
type heads struct {
	roster *directory.Roster
	day    calendar.Date
	above  map[directory.DepartmentID][]directory.Person // from the department up
}

func (h *heads) of(p directory.Person) (directory.Person, bool) {
	department := p.MembershipOn(h.day).Department
	chain, known := h.above[department]
	if !known {
		for _, d := range slices.Backward(h.roster.Path(department)) {
			if head, ok := h.roster.HeadOf(d.ID, h.day); ok {
				chain = append(chain, head)
			}
		}
		if h.above == nil {
			h.above = map[directory.DepartmentID][]directory.Person{}
		}
		h.above[department] = chain
	}
	for _, head := range chain {
		if head.ID != p.ID {
			return head, true
		}
	}
	return directory.Person{}, false
}
