package reminder

import (
	"time"

	"kokoroe/app/calendar"
)

// Ladder is when people are reminded.
type Ladder struct {
	Start      bool  // when something begins to be asked
	Before     []int // so many days before the due date; 0: on the due day
	Weekly     bool  // each week while it is overdue
	CopyToHead bool  // the head of the department is told of each week overdue
	RoundAt    time.Duration
	Office     Hours
	Days       calendar.Workdays
}

// Hours are a time of the day, after midnight in Japan; Until is not in it.
type Hours struct{ From, Until time.Duration }

// Asked are the days of what is asked of somebody. A zero DueOn is no date.
type Asked struct{ StartOn, DueOn calendar.Date }

// Rung is a sort of step of the ladder.
type Rung string

// The rungs.
const (
	Start  Rung = "start"
	Before Rung = "before" // the due day, too
	Weekly Rung = "weekly"
)

// Step is a rung on the working day that it falls on.
type Step struct {
	Rung Rung
	On   calendar.Date
}

const week = 7

// Steps returns the steps that fall into the days: a period with both ends.
// What is asked has each of its steps on one day, so that periods that follow
// each other without a gap lose none, and meet none twice.
func (l *Ladder) Steps(a Asked, days calendar.Period) []Step {
	var steps []Step
	add := func(rung Rung, on calendar.Date) {
		if days.Holds(on) {
			steps = append(steps, Step{rung, on})
		}
	}
	if l.Start {
		add(Start, l.Days.OnOrAfter(a.StartOn))
	}
	if a.DueOn.IsZero() {
		return steps
	}
	for _, n := range l.Before {
		nominal := a.DueOn.AddDays(-n)
		if nominal.Before(a.StartOn) { // nothing was asked yet
			continue
		}
		on := l.Days.OnOrBefore(nominal)
		if on.Before(a.StartOn) { // a short time over closed days
			on = l.Days.OnOrAfter(a.StartOn)
		}
		add(Before, on)
	}
	if !l.Weekly {
		return steps
	}
	// A week overdue moves by longestGap at most.
	first := max(1, (a.DueOn.DaysUntil(days.From)-longestGap)/week)
	for on := a.DueOn.AddDays(first * week); !on.After(days.Until); on = on.AddDays(week) {
		add(Weekly, l.Days.OnOrAfter(on))
	}
	return steps
}

// OfficeHour is the first instant from t on that is in the office hours of a
// working day: t itself when it is.
func (l *Ladder) OfficeHour(t time.Time) time.Time {
	day := calendar.DateOf(t)
	if opens := day.StartsAt().Add(l.Office.From); l.Days.Works(day) {
		switch {
		case t.Before(opens):
			return opens
		case t.Before(day.StartsAt().Add(l.Office.Until)):
			return t
		}
	}
	return l.Days.OnOrAfter(day.AddDays(1)).StartsAt().Add(l.Office.From)
}
