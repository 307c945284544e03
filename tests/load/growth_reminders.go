package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
)

const (
	remindedAtOnce = 500
	withoutMail    = 10 // every so many people have no mail address
)

// remind leaves everybody a reminder of yesterday, as on the second day of a year,
// and a round of today that reminded nobody.
func (h *history) remind(ctx context.Context, c *growingCity) error {
	on := calendar.DateOf(h.now).AddDays(-1)
	if err := h.held(ctx, on, len(h.staff)); err != nil {
		return err
	}
	if err := h.held(ctx, on.AddDays(1), 0); err != nil {
		return err
	}
	c.reminders = "/reminders/" + on.String()
	for some := range slices.Chunk(h.staff, remindedAtOnce) {
		messages := make([]notify.Message, len(some))
		for i := range some {
			messages[i] = notify.Message{Key: notify.ReminderKey(on, some[i].ID), Person: some[i].ID, State: notify.Sent, At: h.now, SettledAt: h.now}
			if i%withoutMail == 0 {
				messages[i].State, messages[i].Reason = notify.Withheld, notify.NoAddress
			}
		}
		if err := h.store.EnqueueMessages(ctx, messages); err != nil {
			return err
		}
	}
	return nil
}

// held leaves the round of a day.
func (h *history) held(ctx context.Context, on calendar.Date, people int) error {
	due := on.StartsAt().Add(9*time.Hour + 30*time.Minute)
	run := job.Run{Job: app.JobReminders, DueAt: due, Owner: "load", LeaseAt: due.Add(job.Lease), StartedAt: due}
	if err := h.store.ClaimRun(ctx, run, due); err != nil {
		return err
	}
	report, err := json.Marshal(reminder.Round{On: on.String(), State: reminder.Held, From: on.String(), Through: on.String(), People: people})
	if err != nil {
		return err
	}
	run.EndedAt, run.Outcome, run.Report = due.Add(time.Minute), job.Fine, string(report)
	return h.store.EndRun(ctx, run)
}
