package job_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/store/sqlite"
)

// clock stands where a test puts it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// noon in Japan.
func noon() *clock { return &clock{now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)} }

func open(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "k.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// counted is a runner with one job, due at two, which counts.
func counted(s job.Store, c *clock, ran *int) *job.Runner {
	return &job.Runner{Store: s, Now: c.Now, Logger: slog.New(slog.DiscardHandler), Jobs: []job.Job{{
		Name: "verify", At: job.Daily(2 * time.Hour),
		Do: func(context.Context, time.Time) (any, job.Outcome, error) {
			*ran++
			return map[string]int{"n": *ran}, job.Fine, nil
		},
	}}}
}

func latest(t *testing.T, r *job.Runner) (job.Run, bool) {
	t.Helper()
	run, ok, err := r.Latest(t.Context(), "verify")
	if err != nil {
		t.Fatal(err)
	}
	return run, ok
}

func TestAJobRunsOnceADay(t *testing.T) {
	c, ran := noon(), 0
	r := counted(open(t), c, &ran)
	for range 3 { // new: the first run is that of the next night
		r.RunDue(t.Context())
	}
	if _, ok := latest(t, r); ok || ran != 0 {
		t.Fatalf("ran %d times at once", ran)
	}
	c.add(13 * time.Hour) // 1:00
	r.RunDue(t.Context())
	if ran != 0 {
		t.Fatal("ran before it was due")
	}
	c.add(61 * time.Minute) // 2:01
	for range 3 {
		r.RunDue(t.Context())
	}
	run, ok := latest(t, r)
	if ran != 1 || !ok || run.Outcome != job.Fine || run.Report != `{"n":1}` || !run.DueAt.Equal(time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)) {
		t.Fatalf("ran %d times: %+v", ran, run)
	}
	c.add(5 * 24 * time.Hour) // nothing was running for days: one run catches up
	for range 3 {
		r.RunDue(t.Context())
	}
	if ran != 2 {
		t.Errorf("ran %d times after days of silence", ran)
	}
}

func TestOfSeveralInstancesOneRuns(t *testing.T) {
	s, c := open(t), noon()
	var mu sync.Mutex
	ran := 0
	runner := func() *job.Runner {
		return &job.Runner{Store: s, Now: c.Now, Logger: slog.New(slog.DiscardHandler), Jobs: []job.Job{{
			Name: "verify", At: job.Daily(2 * time.Hour),
			Do: func(context.Context, time.Time) (any, job.Outcome, error) {
				mu.Lock()
				defer mu.Unlock()
				ran++
				return nil, job.Fine, nil
			},
		}}}
	}
	runner().RunDue(t.Context())
	c.add(24 * time.Hour)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { runner().RunDue(t.Context()) })
	}
	group.Wait()
	if ran != 1 {
		t.Errorf("ran %d times", ran)
	}
}

func TestWhoDiedIsReplaced(t *testing.T) {
	s, c, ran := open(t), noon(), 0
	r := counted(s, c, &ran)
	r.RunDue(t.Context())
	c.add(24 * time.Hour)
	due := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)
	dead := job.Run{Job: "verify", DueAt: due, Owner: "dead", LeaseAt: c.Now().Add(job.Lease), StartedAt: c.Now()}
	if err := s.ClaimRun(t.Context(), dead, c.Now()); err != nil {
		t.Fatal(err)
	}
	r.RunDue(t.Context())
	if ran != 0 {
		t.Fatal("ran beside the one that holds the lease")
	}
	c.add(job.Lease + time.Second)
	r.RunDue(t.Context())
	if run, ok := latest(t, r); ran != 1 || !ok || run.Outcome != job.Fine {
		t.Fatalf("ran %d times: %+v", ran, run)
	}
	// The dead one wakes up: it has nothing to say any more.
	dead.EndedAt, dead.Outcome = c.Now(), job.Failed
	if err := s.EndRun(t.Context(), dead); !fault.Is(err, fault.Conflict) {
		t.Errorf("error %v", err)
	}
}

func TestARunThatFailsSaysSo(t *testing.T) {
	s, c := open(t), noon()
	for name, do := range map[string]func(context.Context, time.Time) (any, job.Outcome, error){
		"fails":  func(context.Context, time.Time) (any, job.Outcome, error) { return nil, job.Fine, errors.New("broken") },
		"panics": func(context.Context, time.Time) (any, job.Outcome, error) { panic("broken") },
	} {
		r := &job.Runner{Store: s, Now: c.Now, Logger: slog.New(slog.DiscardHandler), Jobs: []job.Job{{Name: name, At: job.Daily(0), Do: do}}}
		run, err := r.RunNow(t.Context(), name)
		if err != nil || run.Outcome != job.Failed {
			t.Errorf("%s: %+v, %v", name, run, err)
		}
	}
	r := &job.Runner{Store: s, Now: c.Now, Logger: slog.New(slog.DiscardHandler)}
	if _, err := r.RunNow(t.Context(), "unknown"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown: %v", err)
	}
}
