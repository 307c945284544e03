package reminder

import (
	"encoding/json"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// State says what became of a round.
type State string

// The states of a round.
const (
	Held   State = "held"
	Closed State = "closed" // no working day: the next round covers it
	Late   State = "late"   // its day was over before it could begin: the next round covers it
	Off    State = "off"    // there is no ladder: nobody is reminded
)

// Round is the report of a round. Days are as calendar.Date writes them.
type Round struct {
	On      string `json:"on"` // the day of the round
	State   State  `json:"state"`
	From    string `json:"from,omitempty"`    // the first day that it covers; held rounds alone
	Through string `json:"through,omitempty"` // up to which day rounds have been held; empty before the first

	People    int `json:"people"`               // have a message: every one of the numbers below is a part of it
	NoAddress int `json:"no_address,omitempty"` // are not mailed, for the roster has no address of theirs
	NoMail    int `json:"no_mail,omitempty"`    // are not mailed, for there is no mail server
	Overdue   int `json:"overdue,omitempty"`    // were reminded that something is overdue
	Heads     int `json:"heads,omitempty"`      // were told of people of their department
}

// ReadRound reads the report of a run; false for a run without one.
func ReadRound(report string) (Round, bool) {
	var r Round
	return r, json.Unmarshal([]byte(report), &r) == nil && r.On != ""
}

// Next returns the days that a round on day covers when the last one is this
// report: from the day behind it; of the first of all, its own day alone. The
// zero Period when it was held already.
func (r Round) Next(day calendar.Date) calendar.Period {
	through, err := calendar.ParseDate(r.Through)
	switch {
	case err != nil || through.IsZero():
		return calendar.Period{From: day, Until: day}
	case !through.Before(day):
		return calendar.Period{}
	}
	return calendar.Period{From: through.AddDays(1), Until: day}
}

// Request is what the form carries with which somebody has people reminded.
type Request struct {
	Department directory.DepartmentID // and below; that it may be asked about has been checked
	People     []directory.PersonID   // these of the department alone; none: all of whom something is asked
	Form       string                 // names the form as it was shown: sent twice it is one request
}

// Answer is what came of a request.
type Answer struct {
	Day       calendar.Date
	People    int       // of the department, or of those named, of whom something is asked
	Put       int       // were put into the outbox now
	Already   int       // had a reminder that day
	NoAddress int       // of those put in: they are not mailed, for the roster has no address of theirs
	NoMail    int       // of those put in: they are not mailed, for there is no mail server
	At        time.Time // when the mail goes out: now, or at the next office hour
	Seq       int64     // of the record
}
