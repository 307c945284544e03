package main

import (
	"context"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/notify"
)

const (
	remindedAtOnce = 500
	withoutMail    = 10 // every so many people have no mail address
)

// remind leaves everybody a reminder of today, as on the day on which a year
// begins.
func (h *history) remind(ctx context.Context, c *growingCity) error {
	on := calendar.DateOf(h.now)
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
