package app

import (
	"context"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

// Ladder is the one in force; nil: nobody is reminded.
func (r *Reminders) Ladder() *reminder.Ladder { return r.ladder() }

// Outlook says what Remind would do with the request, and does nothing. It has
// the errors of Remind, but for those of the form.
func (r *Reminders) Outlook(ctx context.Context, actor evidence.Actor, req reminder.Request) (reminder.Outlook, error) {
	asked, err := r.askedFor(ctx, actor, req)
	if err != nil {
		return reminder.Outlook{}, err
	}
	out := reminder.Outlook{At: asked.at, Day: calendar.DateOf(asked.at)}
	put := make(map[directory.PersonID]notify.Reason, len(asked.messages))
	for _, m := range asked.messages {
		put[m.Person] = m.Reason
	}
	for _, p := range asked.people {
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
