package reminder

import (
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Outlook is what would come of a request.
type Outlook struct {
	Day       calendar.Date      // as whose reminders they would count
	At        time.Time          // when the mail would go out: now, or at the next office hour
	Mailed    []directory.Person // would be mailed
	Already   []directory.Person // have a reminder of that day
	NoAddress []directory.Person // would be put in and not mailed: the roster has no address of theirs
	NoMail    []directory.Person // would be put in and not mailed: there is no mail server
}

// People is of how many people something is asked.
func (o Outlook) People() int {
	return o.Put() + len(o.Already)
}

// Put is how many reminders would be put in.
func (o Outlook) Put() int { return len(o.Mailed) + len(o.NoAddress) + len(o.NoMail) }

// NextRound is when the first round behind t is due that is held on a working
// day.
func (l *Ladder) NextRound(t time.Time) time.Time {
	day := l.Days.OnOrAfter(calendar.DateOf(t))
	if at := day.StartsAt().Add(l.RoundAt); at.After(t) {
		return at
	}
	return l.Days.OnOrAfter(day.AddDays(1)).StartsAt().Add(l.RoundAt)
}
