package mongodb

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/fault"
	"kokoroe/app/job"
)

var errClaimed = errors.New("the run is somebody else's, or over")

type runDocument struct {
	Header    `bson:",inline"`
	Job       string         `bson:"job"`
	DueAt     bson.DateTime  `bson:"due_at"`
	Owner     string         `bson:"owner"`
	LeaseAt   bson.DateTime  `bson:"lease_at"`
	StartedAt bson.DateTime  `bson:"started_at"`
	EndedAt   *bson.DateTime `bson:"ended_at,omitempty"` // not there while it runs
	Outcome   job.Outcome    `bson:"outcome"`
	Report    string         `bson:"report,omitempty"`
}

func (d runDocument) value() job.Run {
	r := job.Run{Job: d.Job, DueAt: instant(d.DueAt), Owner: d.Owner, LeaseAt: instant(d.LeaseAt), StartedAt: instant(d.StartedAt),
		Outcome: d.Outcome, Report: d.Report}
	if d.EndedAt != nil {
		r.EndedAt = instant(*d.EndedAt)
	}
	return r
}

func runOf(r job.Run) runDocument {
	d := runDocument{Header: current, Job: r.Job, DueAt: moment(r.DueAt), Owner: r.Owner, LeaseAt: moment(r.LeaseAt),
		StartedAt: moment(r.StartedAt), Outcome: r.Outcome, Report: r.Report}
	if !r.EndedAt.IsZero() {
		at := moment(r.EndedAt)
		d.EndedAt = &at
	}
	return d
}

// ClaimRun implements job.Store.
func (s *Store) ClaimRun(ctx context.Context, r job.Run, now time.Time) error {
	if err := plain(r.Job, r.Owner); err != nil {
		return err
	}
	err := s.insert(ctx, s.run, "run", runDocument{Header: current, Job: r.Job, DueAt: moment(r.DueAt), Owner: r.Owner,
		LeaseAt: moment(r.LeaseAt), StartedAt: moment(r.StartedAt)})
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	return s.changeRun(ctx,
		is("job", r.Job, "due_at", moment(r.DueAt), "ended_at", is("$exists", false), "lease_at", is("$lt", moment(now))),
		is("owner", r.Owner, "lease_at", moment(r.LeaseAt), "started_at", moment(r.StartedAt)))
}

// RenewRun implements job.Store.
func (s *Store) RenewRun(ctx context.Context, r job.Run) error {
	if !isPlain(r.Job) || !isPlain(r.Owner) {
		return conflict(errClaimed)
	}
	return s.changeRun(ctx, claimed(r), is("lease_at", moment(r.LeaseAt)))
}

// EndRun implements job.Store.
func (s *Store) EndRun(ctx context.Context, r job.Run) error {
	if err := plain(string(r.Outcome), r.Report); err != nil {
		return err
	}
	if !isPlain(r.Job) || !isPlain(r.Owner) {
		return conflict(errClaimed)
	}
	return s.changeRun(ctx, claimed(r), is("ended_at", moment(r.EndedAt), "outcome", r.Outcome, "report", r.Report))
}

// claimed matches the run while it is its owner's.
func claimed(r job.Run) bson.D {
	return is("job", r.Job, "due_at", moment(r.DueAt), "owner", r.Owner, "ended_at", is("$exists", false))
}

// changeRun answers Conflict when no run matches.
func (s *Store) changeRun(ctx context.Context, filter, set bson.D) error {
	return s.call(ctx, "run", func(ctx context.Context) error {
		r, err := s.run.UpdateOne(ctx, filter, is("$set", set))
		if err == nil && r.MatchedCount == 0 {
			return conflict(errClaimed)
		}
		return err
	})
}

// Runs implements job.Store.
func (s *Store) Runs(ctx context.Context, name string, limit int) ([]job.Run, error) {
	return s.runs(ctx, is("job", name), name, limit)
}

// RunsUntil implements job.Store.
func (s *Store) RunsUntil(ctx context.Context, name string, due time.Time, limit int) ([]job.Run, error) {
	return s.runs(ctx, is("job", name, "due_at", is("$lte", moment(due))), name, limit)
}

func (s *Store) runs(ctx context.Context, filter bson.D, name string, limit int) ([]job.Run, error) {
	if limit <= 0 || !isPlain(name) {
		return nil, nil
	}
	return all[runDocument](ctx, s, s.run, filter, options.Find().SetSort(is("due_at", -1)).SetLimit(int64(limit)))
}
