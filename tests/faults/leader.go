package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kokoroe/app"
	"kokoroe/app/job"
	"kokoroe/app/store"
	"kokoroe/tests/instances"
	"kokoroe/tests/mongodb/proxy"
)

const (
	outlived = 12 // records that the job of the night is to erase
	inTime   = 3  // how many of them each process erases before it becomes slow
	slowness = 5 * time.Second
	guard    = 2 * time.Minute // nothing here takes so long
)

// dyingLeader kills the process that erases what is too old, in the middle of it,
// and pauses the next one until a third has done it. What is erased is erased
// once, and the run ends once.
func dyingLeader(ctx context.Context, t *trial) error {
	return t.onProcesses(ctx, func(p *processes) error {
		err := p.With(ctx, func(s store.Store) error {
			return errors.Join(instances.Due(ctx, s, app.JobRetention), p.Outlived(ctx, s, outlived))
		})
		if err != nil {
			return err
		}
		for _, w := range p.wires { // whoever it will be is slow in the middle of its work
			erasures := 0
			w.Follow(proxy.Only(func(string) proxy.Act {
				if erasures++; erasures <= inTime {
					return proxy.Act{}
				}
				return proxy.Act{Harm: proxy.Late, Delay: slowness}
			}, "update log"))
		}
		if err := p.Start(ctx); err != nil {
			return err
		}
		dead, err := p.atWork(ctx, -1)
		if err != nil {
			return err
		}
		if err := p.Instances[dead].Kill(); err != nil {
			return err
		}
		died := time.Now()
		paused, err := p.atWork(ctx, dead)
		if err != nil {
			return err
		}
		third := several - dead - paused // of 0, 1 and 2
		p.wires[third].Follow(nil)
		if err := p.Instances[paused].Pause(); err != nil {
			return err
		}
		t.faults += 2
		return p.With(ctx, func(s store.Store) error { return t.takenOver(ctx, p, s, paused, died) })
	})
}

// atWork waits until a process other than the one named is in the middle of its
// work, and says which.
func (p *processes) atWork(ctx context.Context, other int) (which int, err error) {
	err = until(ctx, "nobody is at work", func() (bool, error) {
		for i, w := range p.wires {
			if i != other && w.Harmed() > 0 {
				which = i
				return true, nil
			}
		}
		return false, nil
	})
	return which, err
}

// takenOver waits until the run of the killed one and of the paused one is
// done by the third, wakes the paused one up, and looks whether it does anything
// twice.
func (t *trial) takenOver(ctx context.Context, p *processes, s store.Store, paused int, died time.Time) error {
	var second, third job.Run
	err := until(ctx, "the run does not end", func() (bool, error) {
		runs, err := s.Runs(ctx, app.JobRetention, 10)
		if err != nil || len(runs) != 2 {
			return false, errors.Join(err, fmt.Errorf("%d runs", len(runs)))
		}
		if second.Owner == "" {
			second = runs[0]
		}
		third = runs[0]
		return !third.EndedAt.IsZero(), nil
	})
	if err != nil {
		return err
	}
	t.means += fmt.Sprintf("; taken over %.0f s after a death", second.StartedAt.Sub(died).Seconds())
	if third.Owner == second.Owner || third.Outcome != job.Fine {
		t.fail("the paused one has the run, or it is not fine: %+v", third)
	}
	if err := p.Instances[paused].Wake(); err != nil {
		return err
	}
	err = until(ctx, "who was paused does not notice", func() (bool, error) {
		return p.Instances[paused].Has(`"job":"retention"`, "has taken the run over"), nil
	})
	if err != nil {
		return err
	}
	runs, err := s.Runs(ctx, app.JobRetention, 10)
	if err != nil {
		return err
	}
	if len(runs) != 2 || runs[0].Owner != third.Owner || !runs[0].EndedAt.Equal(third.EndedAt) || runs[0].Report != third.Report {
		t.fail("who was paused changed the run: %+v, was %+v", runs, third)
	}
	erased, err := instances.Erased(ctx, s)
	if err != nil {
		return err
	}
	slices.Sort(erased)
	once := slices.Compact(slices.Clone(erased))
	t.doubled += len(erased) - len(once)
	t.lost += outlived - len(once)
	if len(erased) != outlived || len(once) != outlived {
		t.fail("%d records were to be erased, and the log says so of %v", outlived, erased)
	}
	if err := p.Verify(ctx); err != nil {
		t.fail("%v", err)
	}
	return nil
}

// until waits for something that is certain to come.
func until(ctx context.Context, otherwise string, come func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, guard)
	defer cancel()
	for {
		if done, err := come(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New(otherwise)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
