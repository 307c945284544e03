package app

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/learning"
	"kokoroe/app/locale"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

// mostOverdue is how many people a mail tells a head of.
const mostOverdue = 50

// Compose implements notify.Composer: what is open now, whatever it was when the
// message was put in, and for a head who of the department is overdue.
func (r *Reminders) Compose(ctx context.Context, m notify.Message, to directory.Person) (notify.Mail, error) {
	day, ok := m.ReminderOf()
	if !ok {
		return notify.Mail{}, fmt.Errorf("message %q is no reminder", m.Key)
	}
	ladder := r.ladder()
	if ladder == nil { // nobody is to be reminded any more
		return notify.Mail{}, &notify.NotMailed{Reason: notify.Late}
	}
	now := r.app.cfg.Now()
	if hour := ladder.OfficeHour(now); hour.After(now) {
		return notify.Mail{}, &notify.NotYet{After: hour.Sub(now)}
	}
	today := calendar.DateOf(now)
	if late, err := r.isOld(ctx, m, day, today, to); err != nil {
		return notify.Mail{}, err
	} else if late {
		return notify.Mail{}, &notify.NotMailed{Reason: notify.Late}
	}
	open, err := r.app.Ledger.Open(ctx, to.ID, today)
	if err != nil {
		return notify.Mail{}, err
	}
	open = once(open)
	told, err := r.toTell(ctx, ladder, day, today, to)
	if err != nil {
		return notify.Mail{}, err
	}
	if len(open) == 0 && len(told) == 0 {
		return notify.Mail{}, &notify.NotMailed{Reason: notify.Done}
	}
	w, err := r.writing(ctx, to, today)
	if err != nil {
		return notify.Mail{}, err
	}
	return notify.Mail{
		ID:      strings.Join([]string{notify.ReminderTopic, day.String(), string(to.ID)}, "."),
		Subject: w.subject(open, told),
		Body:    w.body(open, told),
	}, nil
}

// isOld reports whether a message that waited over its day is no news any more:
// after a week, or when the person has one of a later day. A head's may tell of
// others, so that it is not left out for a later one.
func (r *Reminders) isOld(ctx context.Context, m notify.Message, day, today calendar.Date, to directory.Person) (bool, error) {
	if !day.Before(today) {
		return false, nil
	}
	if day.StartsAt().Add(newsFor).Before(today.StartsAt()) {
		return true, nil
	}
	if to.IsHead() {
		return false, nil
	}
	newest, err := r.app.Store.FindMessages(ctx, notify.MessageQuery{Person: to.ID, Topic: notify.ReminderTopic, Limit: 1})
	return len(newest) == 1 && newest[0].Key > m.Key, err
}

// once leaves each item in its first place alone: a policy that two contracts ask
// for is one page.
func once(list []duty.Assignment) []duty.Assignment {
	seen := map[duty.Item]bool{}
	return slices.DeleteFunc(list, func(a duty.Assignment) bool {
		again := seen[a.Item]
		seen[a.Item] = true
		return again
	})
}

// overdue is what a head is told of one person.
type overdue struct {
	person directory.Person
	items  []duty.Assignment
}

// toTell returns whom a head is told of: the people whose nearest head it is, and
// who were due to be reminded in the round of the day that something is overdue,
// and is still.
func (r *Reminders) toTell(ctx context.Context, ladder *reminder.Ladder, day, today calendar.Date, head directory.Person) ([]overdue, error) {
	if !ladder.CopyToHead || !head.IsHead() {
		return nil, nil
	}
	covered, err := r.coveredBy(ctx, ladder, day)
	if err != nil || covered == (calendar.Period{}) {
		return nil, err
	}
	roster, err := r.app.Rosters.Current(ctx)
	if err != nil {
		return nil, err
	}
	find := heads{roster: roster, day: today}
	var told []overdue
	for _, p := range roster.PeopleIn(head.MembershipOn(today).Department, today) {
		if nearest, ok := find.of(p); !ok || nearest.ID != head.ID || p.OnLeave(today) {
			continue
		}
		open, err := r.app.Ledger.Open(ctx, p.ID, today)
		if err != nil {
			return nil, err
		}
		open = slices.DeleteFunc(open, func(a duty.Assignment) bool {
			isWeekly := func(s reminder.Step) bool { return s.Rung == reminder.Weekly }
			return a.StateOn(today) != duty.Overdue || !slices.ContainsFunc(ladder.Steps(r.asked(&a), covered), isWeekly)
		})
		if len(open) > 0 {
			told = append(told, overdue{p, once(open)})
		}
	}
	return told, nil
}

// writing writes one mail.
type writing struct {
	*locale.Printer
	reminders *Reminders
	to        directory.Person
	today     calendar.Date
	guessed   bool // nobody knows which language the person reads
}

// recordsAsked is how many of somebody's records are looked at for a language.
const recordsAsked = 5

// writing chooses the language: that of the page on which the person last
// recorded something, and Japanese for who never did.
func (r *Reminders) writing(ctx context.Context, to directory.Person, today calendar.Date) (*writing, error) {
	entries, err := r.app.Store.FindEntries(ctx, evidence.Query{Subject: string(to.ID), Limit: recordsAsked})
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Record == nil || e.Actor != string(to.ID) {
			continue
		}
		if record, err := evidence.ParseRecord(e.Record); err == nil && record.Actor.Language != "" {
			return &writing{Printer: r.messages.Printer(locale.Tag(record.Actor.Language)), reminders: r, to: to, today: today}, nil
		}
	}
	return &writing{Printer: r.messages.Printer("ja"), reminders: r, to: to, today: today, guessed: true}, nil
}

func (w *writing) link(parts ...string) string {
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.TrimSuffix(w.reminders.app.cfg.BaseURL, "/") + "/" + strings.Join(parts, "/")
}

func (w *writing) title(item duty.Item) string {
	return w.reminders.app.Catalogue().title(string(item), string(w.Tag()))
}

// urgency is the word that message IDs have for how pressing something is.
func (w *writing) urgency(open []duty.Assignment) string {
	if len(open) == 0 {
		return "head"
	}
	switch due := open[0].DueOn; {
	case due.IsZero() || due.After(w.today):
		return "open"
	case due == w.today:
		return "today"
	}
	return "overdue"
}

func (w *writing) subject(open []duty.Assignment, told []overdue) string {
	if len(open) == 0 {
		return w.T("mail.reminder.subject.head", "Count", len(told))
	}
	return w.T("mail.reminder.subject."+w.urgency(open), "Count", len(open))
}

func (w *writing) body(open []duty.Assignment, told []overdue) string {
	lines := []string{w.T("mail.greeting", "Name", w.to.Name), ""}
	if len(open) > 0 {
		lines = append(lines, w.T("mail.reminder.lead."+w.urgency(open)), "")
		for i := range open {
			lines = append(append(lines, w.item(&open[i])...), "")
		}
		lines = append(lines, w.T("mail.reminder.ask"))
		if i := slices.IndexFunc(open, func(a duty.Assignment) bool { return a.Item.Sort() == "policy" }); i >= 0 {
			lines = append(lines, w.T("mail.reminder.cannot", "Link", w.link("policies", open[i].Item.ID(), "question")))
		}
		lines = append(lines, w.T("mail.reminder.done_already"), "")
	}
	if len(told) > 0 {
		lines = append(append(lines, w.people(told)...), "")
	}
	if w.guessed {
		english := w.reminders.messages.Printer("en")
		lines = append(lines, english.T("mail.reminder.other_language", "Link", w.link("tasks")))
	}
	return strings.Join(append(lines, w.T("mail.automatic"), "", w.reminders.app.organisation(w.Printer), ""), "\n")
}

// item is what is asked, by when, how long it takes and where it is done.
func (w *writing) item(a *duty.Assignment) []string {
	lines := []string{w.T("mail.reminder.item", "Item", w.title(a.Item))}
	switch days := w.today.DaysUntil(a.DueOn); {
	case a.DueOn.IsZero():
	case days < 0:
		lines = append(lines, w.T("mail.reminder.due.overdue", "Date", w.DateBoth(a.DueOn)))
	case days == 0:
		lines = append(lines, w.T("mail.reminder.due.today", "Date", w.DateBoth(a.DueOn)))
	default:
		lines = append(lines, w.T("mail.reminder.due.open", "Date", w.DateBoth(a.DueOn), "Count", days))
	}
	folder := "policies"
	if a.Item.Sort() == "course" {
		folder = "courses"
		if course, ok := w.reminders.app.Catalogue().Courses.Course(learning.CourseID(a.Item.ID())); ok {
			lines = append(lines, w.T("mail.reminder.minutes", "Count", course.Minutes()))
		}
	}
	return append(lines, w.T("mail.reminder.page", "Link", w.link(folder, a.Item.ID())))
}

// people is what a head is told: who, what, since when; nothing of results.
func (w *writing) people(told []overdue) []string {
	lines := []string{w.T("mail.reminder.head.lead", "Count", len(told)), ""}
	for _, o := range told[:min(len(told), mostOverdue)] {
		line := "mail.reminder.head.person"
		if o.person.Mail == "" { // whom nobody else tells
			line = "mail.reminder.head.person.no_address"
		}
		for i := range o.items {
			lines = append(lines, w.T(line, "Name", o.person.Name, "Item", w.title(o.items[i].Item),
				"Date", w.DateBoth(o.items[i].DueOn)))
		}
	}
	if more := len(told) - mostOverdue; more > 0 {
		lines = append(lines, w.T("mail.reminder.head.more", "Count", more))
	}
	department := w.to.MembershipOn(w.today).Department
	return append(lines, "", w.T("mail.reminder.head.page", "Link", w.link("departments", string(department), "people")))
}
