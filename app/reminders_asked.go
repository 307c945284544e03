package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

// longestForm is how long the name of a form may be, in bytes.
const longestForm = 100

// everybodyAsked stands in a record for all departments.
const everybodyAsked = "all"

// Remind puts in a reminder of what is open now for people of a department, but
// not for the actor: one a person and day, that of a round included. It goes out
// in the next office hour, and counts as that day's. One record says that it was
// asked for; when nothing is asked of any of them there is none, and the Answer
// counts 0 people.
//
// That the actor may ask for the department has been checked. Conflict when
// nobody is reminded here, or the form was sent for something else; NotFound for
// a person who is not of the department; Invalid for a form without a name.
func (r *Reminders) Remind(ctx context.Context, actor evidence.Actor, req reminder.Request) (reminder.Answer, error) {
	if req.Form == "" || len(req.Form) > longestForm {
		return reminder.Answer{}, fault.InvalidFields(fault.Field{Name: "form", MessageID: "reminder.form"})
	}
	asked, err := r.askedFor(ctx, actor, req)
	if err != nil || len(asked.people) == 0 {
		return reminder.Answer{}, err
	}
	messages := asked.messages
	answer := reminder.Answer{People: len(asked.people), At: asked.at, Day: calendar.DateOf(asked.at)}
	said := duty.Reminded{Day: answer.Day.String(), People: len(messages), Already: len(asked.people) - len(messages)}
	for _, m := range messages {
		if m.Reason == notify.NoAddress {
			said.NoAddress++
		}
	}
	e, err := r.record(ctx, actor, req, said)
	if err != nil {
		return reminder.Answer{}, err
	}
	answer.Seq = e.Seq
	var recorded duty.Reminded
	if err := e.Body(&recorded); err != nil {
		return reminder.Answer{}, err
	}
	answer.Put, answer.Already, answer.NoAddress = recorded.People, recorded.Already, recorded.NoAddress
	if r.app.mailing == nil {
		answer.NoMail = answer.Put - answer.NoAddress
	}
	if recorded.Day != said.Day { // the form of another day, sent again
		answer.Day, err = calendar.ParseDate(recorded.Day)
		return answer, err
	}
	for some := range slices.Chunk(messages, batch) {
		if err := r.app.Store.EnqueueMessages(ctx, some); err != nil {
			return reminder.Answer{}, err // the same form again puts in the rest
		}
	}
	return answer, nil
}

// request is what a Request comes to.
type request struct {
	people   []directory.Person // of whom something is asked
	messages []notify.Message   // for those who have none of the day
	at       time.Time          // when they go out: now, or at the next office hour
}

// askedFor works out what a request comes to, and does nothing.
func (r *Reminders) askedFor(ctx context.Context, actor evidence.Actor, req reminder.Request) (out request, err error) {
	ladder := r.ladder()
	if ladder == nil {
		return out, fault.New(fault.Conflict, "reminder.off", nil)
	}
	if out.people, err = r.asks(ctx, actor, req); err != nil {
		return out, err
	}
	out.at = ladder.OfficeHour(r.app.cfg.Now())
	out.messages, err = r.notYetReminded(ctx, ladder, calendar.DateOf(out.at), out.people)
	return out, err
}

// asks returns the people whom the request is about and of whom something is
// asked today.
func (r *Reminders) asks(ctx context.Context, actor evidence.Actor, req reminder.Request) ([]directory.Person, error) {
	roster, err := r.app.Rosters.Current(ctx)
	if err != nil {
		return nil, err
	}
	today := calendar.DateOf(r.app.cfg.Now())
	tops := []directory.DepartmentID{req.Department}
	if req.Department == "" {
		tops = nil
		for _, d := range roster.Children("") {
			tops = append(tops, d.ID)
		}
	}
	named := make(map[directory.PersonID]bool, len(req.People))
	for _, id := range req.People {
		named[id] = true
	}
	var people []directory.Person
	for _, top := range tops {
		for _, p := range roster.PeopleIn(top, today) {
			if len(req.People) > 0 && !named[p.ID] {
				continue
			}
			delete(named, p.ID)
			if p.OnLeave(today) || string(p.ID) == actor.ID {
				continue
			}
			open, err := r.app.Ledger.Open(ctx, p.ID, today)
			if err != nil {
				return nil, err
			}
			if len(open) > 0 {
				people = append(people, p)
			}
		}
	}
	for id := range named {
		return nil, fault.NotFoundf("person %s is not of department %q", id, req.Department)
	}
	return people, nil
}

// notYetReminded returns the messages of the people who have none for the day.
func (r *Reminders) notYetReminded(ctx context.Context, ladder *reminder.Ladder, day calendar.Date, people []directory.Person) ([]notify.Message, error) {
	var messages []notify.Message
	for some := range slices.Chunk(people, notify.MostKeys) {
		keys := make([]string, len(some))
		for i, p := range some {
			keys[i] = notify.ReminderKey(day, p.ID)
		}
		there, err := r.app.Store.Messages(ctx, keys)
		if err != nil {
			return nil, err
		}
		reminded := make(map[directory.PersonID]bool, len(there))
		for _, m := range there {
			reminded[m.Person] = true
		}
		for _, p := range some {
			if !reminded[p.ID] {
				messages = append(messages, r.message(ladder, day, p, len(messages)))
			}
		}
	}
	return messages, nil
}

// record says that the actor had people reminded, and returns the entry: that of
// the first time when the form was sent before.
func (r *Reminders) record(ctx context.Context, actor evidence.Actor, req reminder.Request, said duty.Reminded) (evidence.Entry, error) {
	now := r.app.cfg.Now()
	object := "department:" + string(req.Department)
	if req.Department == "" {
		object += everybodyAsked
	}
	e, err := r.app.Log.Append(ctx, evidence.Statement{
		Kind: duty.KindReminded, Key: strings.Join([]string{duty.KindReminded, actor.ID, req.Form}, "|"), Actor: actor,
		Object: object, Scope: string(r.app.Ledger.Cycle(calendar.DateOf(now))), At: now, Body: said,
	})
	if err == nil && e.Object != object {
		return e, fault.New(fault.Conflict, "error.conflict", nil)
	}
	return e, err
}
