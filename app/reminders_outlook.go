package app

import (
	"context"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

// Ladder is the one in force; nil: nobody is reminded.
func (r *Reminders) Ladder() *reminder.Ladder { return r.ladder() }

// Outlook says what Remind would do with the request, and does nothing. It has
// the errors of Remind, but for those of the form.
func (r *Reminders) Outlook(ctx context.Context, actor evidence.Actor, req reminder.Request) (reminder.Outlook, error) {
	ladder := r.ladder()
	if ladder == nil {
		return reminder.Outlook{}, fault.New(fault.Conflict, "reminder.off", nil)
	}
	people, err := r.asks(ctx, actor, req)
	if err != nil {
		return reminder.Outlook{}, err
	}
	out := reminder.Outlook{At: ladder.OfficeHour(r.app.cfg.Now())}
	out.Day = calendar.DateOf(out.At)
	messages, err := r.notYetReminded(ctx, ladder, out.Day, people)
	if err != nil {
		return reminder.Outlook{}, err
	}
	put := make(map[directory.PersonID]notify.Reason, len(messages))
	for _, m := range messages {
		put[m.Person] = m.Reason
	}
	for _, p := range people {
		list := &out.Already
		if reason, ok := put[p.ID]; ok {
			switch reason {
			case notify.NoAddress:
				list = &out.NoAddress
			case notify.NoMail:
				list = &out.NoMail
			default:
				list = &out.Mailed
			}
		}
		*list = append(*list, p)
	}
	return out, nil
}
