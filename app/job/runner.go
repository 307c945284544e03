package job

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
)

// Job is something that is due once a day.
type Job struct {
	Name string
	At   func() time.Duration // after midnight in Japan; it may change
	// Do does what was due at an instant. Its report is kept as JSON; with an
	// error it is Failed.
	Do func(ctx context.Context, due time.Time) (report any, outcome Outcome, err error)
}

// Daily is the time of a job that is due at the same time for ever.
func Daily(at time.Duration) func() time.Duration { return func() time.Duration { return at } }

const (
	// Lease is how long a claim holds without being renewed. An instance that died
	// is replaced when its lease has run out and another has looked: well within 30
	// seconds, in which the clocks of two instances may also be a little apart.
	Lease = 20 * time.Second

	// Look is how often a runner looks whether something is due.
	Look = 4 * time.Second

	renewEvery = 6 * time.Second // so that one renewal may fail
)

// Runner runs jobs when they are due. Several instances may run the same jobs
// on one store.
type Runner struct {
	Store  Store
	Jobs   []Job
	Now    calendar.Clock
	Logger *slog.Logger
}

// Loop runs what is due until ctx ends. Each job has a loop of its own: who is
// busy with one takes another over in time all the same.
func (r *Runner) Loop(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, j := range r.Jobs {
		loops.Go(func() { r.loop(ctx, j) })
	}
	loops.Wait()
	return nil
}

func (r *Runner) loop(ctx context.Context, j Job) {
	ticker := time.NewTicker(Look)
	defer ticker.Stop()
	for {
		r.runDue(ctx, j)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// RunDue runs what is due now, one job after the other. What goes wrong is
// logged and in the runs.
func (r *Runner) RunDue(ctx context.Context) {
	for _, j := range r.Jobs {
		r.runDue(ctx, j)
	}
}

func (r *Runner) runDue(ctx context.Context, j Job) {
	switch err := r.catchUp(ctx, j); {
	case errors.Is(err, errLost):
		r.Logger.Warn("job", "job", j.Name, "cause", err.Error())
	case err != nil && ctx.Err() == nil:
		r.Logger.Error("job", "job", j.Name, "cause", err.Error())
	}
}

// catchUp runs the job when its latest due time has no run yet. A job that has
// never run begins with the next one.
func (r *Runner) catchUp(ctx context.Context, j Job) error {
	now := r.Now()
	due := j.dueBefore(now)
	runs, err := r.Store.Runs(ctx, j.Name, 1)
	switch {
	case err != nil:
		return err
	case len(runs) == 0:
		return r.begin(ctx, j, due)
	case runs[0].DueAt.Before(due), runs[0].EndedAt.IsZero() && runs[0].LeaseAt.Before(now):
		if runs[0].DueAt.After(due) {
			due = runs[0].DueAt // somebody asked for it, and died
		}
	default:
		return nil
	}
	_, err = r.run(ctx, j, due)
	if fault.Is(err, fault.Conflict) { // another instance was first
		return nil
	}
	return err
}

// dueBefore is when the job was due last.
func (j Job) dueBefore(now time.Time) time.Time {
	at := j.At()
	due := calendar.DateOf(now).StartsAt().Add(at)
	if due.After(now) {
		due = calendar.DateOf(now).AddDays(-1).StartsAt().Add(at)
	}
	return due.UTC()
}

// begin keeps a run of a job that never ran, so that the next one is the first.
func (r *Runner) begin(ctx context.Context, j Job, due time.Time) error {
	run := Run{Job: j.Name, DueAt: due, Owner: rand.Text(), LeaseAt: r.Now().Add(Lease), StartedAt: r.Now()}
	if err := r.Store.ClaimRun(ctx, run, r.Now()); err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		return err
	}
	run.EndedAt, run.Outcome = r.Now(), Skipped
	return r.Store.EndRun(ctx, run)
}

// RunNow runs the job at once, as due now, and returns the run. NotFound for a
// name that no job has.
func (r *Runner) RunNow(ctx context.Context, name string) (Run, error) {
	i := slices.IndexFunc(r.Jobs, func(j Job) bool { return j.Name == name })
	if i < 0 {
		return Run{}, fault.NotFoundf("no job %q", name)
	}
	return r.run(ctx, r.Jobs[i], r.Now().UTC())
}

// errLost ends a run whose claim another instance has taken.
var errLost = errors.New("another instance has taken the run over")

// run claims the run, does the job under the claim, and keeps what came of it.
// errLost when another instance has taken it over, Conflict when one had it
// before.
func (r *Runner) run(ctx context.Context, j Job, due time.Time) (Run, error) {
	run := Run{Job: j.Name, DueAt: due.Truncate(time.Millisecond), Owner: rand.Text(), LeaseAt: r.Now().Add(Lease), StartedAt: r.Now()}
	if err := r.Store.ClaimRun(ctx, run, r.Now()); err != nil {
		return Run{}, err
	}
	doing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	held := make(chan struct{})
	go func() {
		defer close(held)
		r.hold(doing, run, cancel)
	}()
	report, outcome, err := j.do(doing, run.DueAt)
	cancel(nil)
	<-held
	if lost := context.Cause(doing); errors.Is(lost, errLost) {
		return Run{}, lost
	}
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), renewEvery)
	defer done()
	if err != nil && ctx.Err() != nil { // the program stops: let somebody else have it at once
		run.LeaseAt = r.Now()
		return Run{}, errors.Join(err, r.Store.RenewRun(ending, run))
	}
	run.EndedAt, run.Outcome = r.Now(), outcome
	if err != nil {
		r.Logger.Error("job", "job", j.Name, "cause", err.Error())
		run.Outcome = Failed
	}
	if b, err := json.Marshal(report); err == nil && report != nil {
		run.Report = string(b)
	}
	if err := r.Store.EndRun(ending, run); fault.Is(err, fault.Conflict) {
		return Run{}, errLost
	} else if err != nil {
		return run, err
	}
	return run, nil
}

// do keeps a job that panics from taking the program with it.
func (j Job) do(ctx context.Context, due time.Time) (report any, outcome Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return j.Do(ctx, due)
}

// hold renews the claim until ctx ends, and ends ctx when the claim is lost:
// when another instance has it, or when it could not be renewed for so long that
// another may have it.
func (r *Runner) hold(ctx context.Context, run Run, cancel context.CancelCauseFunc) {
	for {
		next := time.NewTimer(min(renewEvery, run.LeaseAt.Sub(r.Now())))
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-next.C:
		}
		if !r.renew(ctx, &run) {
			cancel(errLost)
			return
		}
	}
}

// renew moves the end of the lease, and reports whether the claim is still ours.
func (r *Runner) renew(ctx context.Context, run *Run) bool {
	left := run.LeaseAt.Sub(r.Now())
	renewed := *run
	renewed.LeaseAt = r.Now().Add(Lease)
	ctx, done := context.WithTimeout(ctx, max(left, 0))
	defer done()
	switch err := r.Store.RenewRun(ctx, renewed); {
	case err == nil:
		*run = renewed
		return true
	case fault.Is(err, fault.Conflict):
		return false
	}
	return r.Now().Before(run.LeaseAt)
}

// Latest returns the latest run of the job that has ended, and whether there is
// one.
func (r *Runner) Latest(ctx context.Context, name string) (Run, bool, error) {
	runs, err := r.Store.Runs(ctx, name, 10)
	for _, run := range runs {
		if !run.EndedAt.IsZero() && run.Outcome != Skipped {
			return run, true, err
		}
	}
	return Run{}, false, err
}
