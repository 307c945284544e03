package job

import (
	"context"
	"time"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Running Outcome = ""
	Fine    Outcome = "fine"
	Finding Outcome = "finding" // it did what it should, and found something that somebody must look at
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // the job was new: its first run is the next one
)

// Run is one run of a job.
type Run struct {
	Job       string
	DueAt     time.Time // the job and this are its name
	Owner     string    // of the claim: opaque, new for each
	LeaseAt   time.Time // when the claim ends, unless it is renewed
	StartedAt time.Time
	EndedAt   time.Time // zero while it runs
	Outcome   Outcome
	Report    string // JSON, what the job says of the run; empty while it runs
}

// Store is what jobs need kept.
type Store interface {
	// ClaimRun keeps the run as a claim. Conflict when the run is there, and has
	// ended or its lease has not at now; otherwise it takes the place of the one
	// whose lease has ended.
	ClaimRun(ctx context.Context, r Run, now time.Time) error

	// RenewRun moves the end of the owner's lease. Conflict when the claim is
	// somebody else's by now, or the run has ended.
	RenewRun(ctx context.Context, r Run) error

	// EndRun keeps end, outcome and report of the owner's run. Conflict as
	// RenewRun.
	EndRun(ctx context.Context, r Run) error

	// Runs returns the runs of a job, the latest first, at most limit.
	Runs(ctx context.Context, job string, limit int) ([]Run, error)

	// RunsUntil returns those that were due at the time or before it.
	RunsUntil(ctx context.Context, job string, due time.Time, limit int) ([]Run, error)
}
