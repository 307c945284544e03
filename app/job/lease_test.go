package job_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/job"
)

// table is a Store in memory, of one job, in the time of a synctest bubble.
type table struct {
	mu   sync.Mutex
	runs []job.Run // the latest first
}

func (s *table) change(match func(job.Run) bool, change func(*job.Run)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.runs {
		if match(s.runs[i]) {
			change(&s.runs[i])
			return nil
		}
	}
	return fault.New(fault.Conflict, "error.conflict", nil)
}

func (s *table) ClaimRun(_ context.Context, r job.Run, now time.Time) error {
	s.mu.Lock()
	if len(s.runs) == 0 || s.runs[0].DueAt.Before(r.DueAt) {
		s.runs = append([]job.Run{r}, s.runs...)
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	return s.change(func(o job.Run) bool { return o.DueAt.Equal(r.DueAt) && o.EndedAt.IsZero() && o.LeaseAt.Before(now) },
		func(o *job.Run) { *o = r })
}

func held(r job.Run) func(job.Run) bool {
	return func(o job.Run) bool { return o.DueAt.Equal(r.DueAt) && o.Owner == r.Owner && o.EndedAt.IsZero() }
}

func (s *table) RenewRun(_ context.Context, r job.Run) error {
	return s.change(held(r), func(o *job.Run) { o.LeaseAt = r.LeaseAt })
}

func (s *table) EndRun(_ context.Context, r job.Run) error {
	return s.change(held(r), func(o *job.Run) { o.EndedAt, o.Outcome, o.Report = r.EndedAt, r.Outcome, r.Report })
}

func (s *table) Runs(context.Context, string, int) ([]job.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]job.Run(nil), s.runs...), nil
}

func (s *table) RunsUntil(ctx context.Context, name string, due time.Time, limit int) ([]job.Run, error) {
	runs, err := s.Runs(ctx, name, limit)
	return slices.DeleteFunc(runs, func(r job.Run) bool { return r.DueAt.After(due) }), err
}

// cut is the way of one instance to the table, which ends: with its process, or
// with the network.
type cut struct {
	job.Store
	gone context.Context // what ends the way, not a call
}

func (c cut) ClaimRun(ctx context.Context, r job.Run, now time.Time) error {
	return c.through(func() error { return c.Store.ClaimRun(ctx, r, now) })
}

func (c cut) RenewRun(ctx context.Context, r job.Run) error {
	return c.through(func() error { return c.Store.RenewRun(ctx, r) })
}

func (c cut) EndRun(ctx context.Context, r job.Run) error {
	return c.through(func() error { return c.Store.EndRun(ctx, r) })
}

func (c cut) Runs(ctx context.Context, name string, limit int) (runs []job.Run, err error) {
	err = c.through(func() error { runs, err = c.Store.Runs(ctx, name, limit); return err })
	return runs, err
}

func (c cut) through(call func() error) error {
	if c.gone.Err() != nil {
		return fault.Wrap(errors.New("the way is cut"), fault.Unavailable, "error.unavailable")
	}
	return call()
}

// instances lets some run one job that is due now, each until its way is cut.
// do is told which one runs it.
func instances(ctx context.Context, s *table, ways []context.Context, do func(ctx context.Context, instance int) error) {
	yesterday := job.Run{DueAt: time.Now().Add(-24 * time.Hour), EndedAt: time.Now().Add(-23 * time.Hour), Outcome: job.Fine}
	s.runs = []job.Run{yesterday}
	for i, way := range ways {
		r := &job.Runner{Store: cut{s, way}, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Jobs: []job.Job{{
			Name: "verify", At: job.Daily(0),
			Do: func(ctx context.Context, _ time.Time) (any, job.Outcome, error) { return i, job.Fine, do(ctx, i) },
		}}}
		go func() { _ = r.Loop(ctx) }()
		synctest.Wait() // the first one has it
		time.Sleep(time.Second)
	}
}

// TestADeadInstanceIsReplacedWithin30Seconds: whenever in its lease it dies.
func TestADeadInstanceIsReplacedWithin30Seconds(t *testing.T) {
	for after := range int(2 * job.Lease / time.Second) {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			dead, die := context.WithCancel(ctx)
			var replaced time.Time
			s := &table{}
			instances(ctx, s, []context.Context{dead, ctx, ctx}, func(ctx context.Context, instance int) error {
				if instance == 0 {
					<-ctx.Done() // in the middle of it for ever
					return ctx.Err()
				}
				replaced = time.Now()
				return nil
			})
			time.Sleep(time.Duration(after) * time.Second)
			synctest.Wait()
			if !replaced.IsZero() {
				t.Fatal("replaced while it was alive")
			}
			died := time.Now()
			die()
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if took := replaced.Sub(died); replaced.IsZero() || took > 30*time.Second {
				t.Errorf("%v after its death at %d s", took, after)
			}
			if r := s.runs[0]; len(s.runs) != 2 || r.Outcome != job.Fine || r.Report == "0" {
				t.Errorf("runs: %+v", s.runs)
			}
		})
	}
}

// TestWhoCannotRenewBreaksOffBeforeAnotherBegins: two never work at once when
// one has lost its way to the store.
func TestWhoCannotRenewBreaksOffBeforeAnotherBegins(t *testing.T) {
	for after := range 10 {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			lost, lose := context.WithCancel(ctx)
			var working, began atomic.Int32
			instances(ctx, &table{}, []context.Context{lost, ctx, ctx}, func(ctx context.Context, instance int) error {
				began.Add(1)
				if working.Add(1) > 1 {
					t.Errorf("cut off after %d s: two work at once", after)
				}
				defer working.Add(-1)
				if instance == 0 {
					<-ctx.Done()
				}
				return ctx.Err()
			})
			time.Sleep(time.Duration(after) * time.Second)
			lose()
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if n := began.Load(); n != 2 {
				t.Errorf("cut off after %d s: begun %d times", after, n)
			}
		})
	}
}

// TestWhoStopsHandsItsRunOver at once, and does not call it failed.
func TestWhoStopsHandsItsRunOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		s := &table{}
		stopping, stopOne := context.WithCancel(ctx)
		var replaced time.Time
		runner := func(do func(context.Context) error) *job.Runner {
			return &job.Runner{Store: s, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Jobs: []job.Job{{
				Name: "verify", At: job.Daily(0), Do: func(ctx context.Context, _ time.Time) (any, job.Outcome, error) { return nil, job.Fine, do(ctx) },
			}}}
		}
		s.runs = []job.Run{{DueAt: time.Now().Add(-24 * time.Hour), EndedAt: time.Now(), Outcome: job.Fine}}
		go func() {
			_ = runner(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }).Loop(stopping)
		}()
		synctest.Wait()
		go func() { _ = runner(func(context.Context) error { replaced = time.Now(); return nil }).Loop(ctx) }()
		time.Sleep(job.Look + time.Second)
		stopped := time.Now()
		stopOne()
		time.Sleep(job.Lease)
		synctest.Wait()
		if took := replaced.Sub(stopped); replaced.IsZero() || took > job.Look {
			t.Errorf("taken over after %v", took)
		}
		if r := s.runs[0]; r.Outcome != job.Fine || len(s.runs) != 2 {
			t.Errorf("runs: %+v", s.runs)
		}
	})
}
