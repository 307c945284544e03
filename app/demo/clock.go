package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

// sampleYear is when the sample city lives: its contracts end with it, and so do
// the terms of many of its people.
var sampleYear = calendar.Period{From: calendar.NewDate(2026, time.April, 1), Until: calendar.NewDate(2027, time.March, 31)}

// DayInSample returns the day on which the sample city is when it is today
// elsewhere: the same one in its fiscal year, and of a leap year's 29 February the
// last of February.
func DayInSample(today calendar.Date) calendar.Date {
	if sampleYear.Holds(today) {
		return today
	}
	return calendar.MonthDay{Month: today.Month, Day: today.Day}.In(sampleYear)
}

// startClock returns the demonstration's clock. It runs as fast as the real one,
// from the same time of day, and never goes back behind what the folder holds. The
// sample city's stands still at the end of its fiscal year, unless the folder has
// come further already.
func startClock(ctx context.Context, cfg Config) (calendar.Clock, error) {
	last, err := lastMoment(ctx, cfg)
	if err != nil {
		return nil, err
	}
	now := cfg.Real()
	today, sample := calendar.DateOf(now), cfg.City == nil
	day := today
	switch {
	case !cfg.Date.IsZero():
		if day = cfg.Date; sample && !sampleYear.Holds(day) {
			return nil, fmt.Errorf("--date %s: the sample city lives from %s to %s", day, sampleYear.From, sampleYear.Until)
		}
		if day.Year < 2000 || day.Year > 2199 {
			return nil, fmt.Errorf("--date %s: want a day from 2000 to 2199", day)
		}
		if kept := calendar.DateOf(last); day.Before(kept) {
			return nil, fmt.Errorf("--date %s: what is kept goes on to %s: begin on that day or later, or in another folder", day, kept)
		}
	case sample:
		day = DayInSample(today)
	}
	ahead := day.StartsAt().Sub(today.StartsAt())
	ahead = max(ahead, last.Sub(now))
	end := sampleYear.Until.AddDays(1).StartsAt().Add(-time.Millisecond)
	stops := sample && !now.Add(ahead).After(end)
	return func() time.Time {
		now := cfg.Real().Add(ahead)
		if stops && now.After(end) {
			return end
		}
		return now
	}, nil
}

// lastMoment is the latest time that the store tells of, in its log and of the
// jobs of the night; the zero Time when there is none.
func lastMoment(ctx context.Context, cfg Config) (last time.Time, err error) {
	s, err := app.OpenExisting(ctx, cfg.Store, cfg.Logger)
	if errors.Is(err, store.ErrNone) {
		return last, nil
	}
	if err != nil {
		return last, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	tells := func(at time.Time) {
		if at.After(last) {
			last = at
		}
	}
	signed, err := s.LastCheckpoint(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return last, err
	}
	tells(signed.At)
	for _, name := range []string{app.JobVerify, app.JobRetention, app.JobReminders} {
		runs, err := s.Runs(ctx, name, 1)
		if err != nil {
			return last, err
		}
		for _, r := range runs {
			tells(r.EndedAt)
		}
	}
	// Few entries, if any, are later than the last checkpoint.
	q := evidence.Query{From: last, Limit: 1000}
	for {
		entries, err := s.FindEntries(ctx, q)
		if err != nil {
			return last, err
		}
		for _, e := range entries {
			tells(e.At)
		}
		if len(entries) < q.Limit || entries[len(entries)-1].Seq == 0 {
			return last, nil
		}
		q.Before = entries[len(entries)-1].Seq
	}
}
