package demo

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

// remindedFor is how many days of rounds the sample city has behind it.
const remindedFor = 21

// rounds leaves the rounds of the last weeks as they would have been held: on
// each day, whoever had a rung of the ladder and was not done by then. The people
// are invented, so that nobody was mailed.
func (h *historian) rounds(ctx context.Context, roster *directory.Roster) error {
	ladder := h.app.Reminders.Ladder()
	if ladder == nil {
		return nil
	}
	last := calendar.DateOf(h.now)
	if last.StartsAt().Add(ladder.RoundAt).After(h.now) {
		last = last.AddDays(-1)
	}
	through := last.AddDays(-remindedFor)
	for day := through.AddDays(1); !day.After(last); day = day.AddDays(1) {
		report := reminder.Round{On: day.String(), State: reminder.Closed, Through: through.String()}
		if at := day.StartsAt().Add(ladder.RoundAt); ladder.Days.Works(day) {
			covered := report.Next(day)
			report.State, report.From, report.Through, through = reminder.Held, covered.From.String(), day.String(), day
			if err := h.remind(ctx, ladder, roster, covered, &report); err != nil {
				return err
			}
			if err := h.ran(ctx, report, at, at.Add(time.Second)); err != nil {
				return err
			}
		} else if err := h.ran(ctx, report, at, at); err != nil {
			return err
		}
	}
	return nil
}

// ran leaves the run of a round.
func (h *historian) ran(ctx context.Context, report reminder.Round, due, ended time.Time) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	run := job.Run{Job: app.JobReminders, DueAt: due, Owner: "sample", LeaseAt: ended, StartedAt: due}
	if err := h.app.Store.ClaimRun(ctx, run, due); err != nil {
		return err
	}
	run.EndedAt, run.Outcome, run.Report = ended, job.Fine, string(text)
	return h.app.Store.EndRun(ctx, run)
}

// remind leaves the messages of the round that covers the days, and counts them.
func (h *historian) remind(ctx context.Context, ladder *reminder.Ladder, roster *directory.Roster, covered calendar.Period, report *reminder.Round) error {
	day := covered.Until
	at := day.StartsAt().Add(ladder.RoundAt)
	covering := h.app.Reminders.Covering(ladder, covered)
	var messages []notify.Message
	for p := range roster.People() {
		due, overdue, err := covering.Due(ctx, p)
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		m := notify.Message{Key: notify.ReminderKey(day, p.ID), Person: p.ID, State: notify.Withheld, Reason: notify.NoMail, At: at, NextAt: at, SettledAt: at}
		report.People++
		if overdue {
			report.Overdue++
		}
		if p.Mail == "" {
			m.Reason = notify.NoAddress
			report.NoAddress++
		} else {
			report.NoMail++
		}
		messages = append(messages, m)
	}
	for some := range slices.Chunk(messages, notify.MostKeys) {
		if err := h.app.Store.EnqueueMessages(ctx, some); err != nil {
			return err
		}
	}
	return nil
}
