package web

import (
	"slices"
	"sync"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/job"
	"kokoroe/app/notify"
)

// roundCounts is how the messages of a day stand; nil is not counted.
type roundCounts struct{ All, Sent, Waiting, Refused, Withheld int }

func (c *roundCounts) add(state notify.State, n int) {
	c.All += n
	switch state {
	case notify.Sent:
		c.Sent += n
	case notify.Waiting:
		c.Waiting += n
	case notify.Refused:
		c.Refused += n
	case notify.Withheld:
		c.Withheld += n
	}
}

// countsOf counts the day's messages to the people of a department; to everybody
// for "". nil when that would go through too many people.
func (s *Server) countsOf(x *exchange, h held, top directory.DepartmentID) (*roundCounts, error) {
	var c roundCounts
	if top == "" {
		counts, err := s.dayCounts(x, h)
		for _, n := range counts {
			c.add(n.State, int(n.N))
		}
		return &c, err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return nil, err
	}
	keys, ok := keysWithin(roster, top, h.day, s.today(), notify.MostKeys)
	if !ok {
		return nil, nil
	}
	messages, err := s.cfg.Mails.Messages(x.ctx, keys)
	for _, m := range messages {
		c.add(m.State, 1)
	}
	return &c, err
}

// keysWithin returns the keys that a day's messages to the people of a department
// have; false when they are more than most.
func keysWithin(roster *directory.Roster, top directory.DepartmentID, day, today calendar.Date, most int) ([]string, bool) {
	var keys []string
	for _, id := range roster.Subtree(top) {
		for _, p := range roster.Staff(id, today, "") {
			if len(keys) == most {
				return nil, false
			}
			keys = append(keys, notify.ReminderKey(day, p.ID))
		}
	}
	return keys, true
}

// dayCounts counts all of a day's messages, by state and reason.
func (s *Server) dayCounts(x *exchange, h held) ([]notify.MessageCount, error) {
	if counts, ok := s.settled.of(h.day); ok {
		return counts, nil
	}
	counts, err := s.cfg.Mails.CountRange(x.ctx, notify.RoundPrefix(h.day))
	if err != nil {
		return nil, err
	}
	isWaiting := func(n notify.MessageCount) bool { return n.State == notify.Waiting }
	if h.day.Before(s.today()) && h.run.Outcome == job.Fine && !slices.ContainsFunc(counts, isWaiting) {
		s.settled.keep(h.day, counts)
	}
	return counts, nil
}

// settledDays are the counts of days that are over, whose round was held and whose
// messages are all settled: nothing comes to them any more, and nothing of them
// goes before the log does that shows them.
type settledDays struct {
	mu     sync.Mutex
	counts map[calendar.Date][]notify.MessageCount
}

func (d *settledDays) of(day calendar.Date) ([]notify.MessageCount, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts, ok := d.counts[day]
	return counts, ok
}

func (d *settledDays) keep(day calendar.Date, counts []notify.MessageCount) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil || len(d.counts) > runsRead {
		d.counts = map[calendar.Date][]notify.MessageCount{}
	}
	d.counts[day] = counts
}
