package duty

import "kokoroe/app/calendar"

// State is what an assignment is in on a given day.
type State string

// The states, worst first as a person's standing is summed up (see worse).
const (
	Overdue       State = "overdue"
	Declined      State = "declined"
	Failed        State = "failed"      // may try again
	Interrupted   State = "interrupted" // begun, then nothing for two weeks
	InProgress    State = "in-progress"
	NotStarted    State = "not-started"
	Paused        State = "paused"
	Exempt        State = "exempt"
	CompletedLate State = "completed-late"
	Completed     State = "completed"
	Withdrawn     State = "withdrawn"  // no longer in the audience
	Superseded    State = "superseded" // done once; a material new version asks again
)

// States lists every state, worst first.
var States = []State{
	Overdue, Declined, Failed, Interrupted, InProgress, NotStarted,
	Paused, Exempt, CompletedLate, Completed, Withdrawn, Superseded,
}

var rank = func() map[State]int {
	m := make(map[State]int, len(States))
	for i, s := range States {
		m[s] = i
	}
	return m
}()

// Worse reports whether s weighs more than t when both are one person's.
func (s State) Worse(t State) bool { return rank[s] < rank[t] }

// Done reports whether the assignment is completed, in time or late.
func (s State) Done() bool { return s == Completed || s == CompletedLate }

// Open reports whether something is still asked of the person.
func (s State) Open() bool { return rank[s] <= rank[NotStarted] }

// Counts reports whether the assignment is in the denominator of a completion
// rate: it is asked of the person on that day, done or not.
func (s State) Counts() bool { return s.Open() || s.Done() }

// interruptedAfter is how many days without a step turn a course that was
// begun into an interrupted one.
const interruptedAfter = 14

// StateOn derives the state on day from the facts of the assignment.
func (a Assignment) StateOn(day calendar.Date) State {
	switch {
	case a.Superseded:
		return Superseded
	case a.Fulfilment != nil && !calendar.DateOf(a.Fulfilment.At).After(day):
		if !a.DueOn.IsZero() && calendar.DateOf(a.Fulfilment.At).After(a.DueOn) {
			return CompletedLate
		}
		return Completed
	case !a.EndedOn.IsZero() && day.After(a.EndedOn):
		return Withdrawn
	case a.Exemption != nil:
		return Exempt
	case a.Paused:
		return Paused
	case !a.DueOn.IsZero() && day.After(a.DueOn):
		return Overdue
	case a.Declined != nil:
		return Declined
	case a.Activity == nil:
		return NotStarted
	case a.Activity.Failed > 0:
		return Failed
	case calendar.DateOf(a.Activity.At).AddDays(interruptedAfter).Before(day):
		return Interrupted
	default:
		return InProgress
	}
}
