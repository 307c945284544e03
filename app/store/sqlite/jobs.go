package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"kokoroe/app/job"
)

var errClaimed = errors.New("the run is somebody else's, or over")

// ClaimRun implements job.Store.
func (s *Store) ClaimRun(ctx context.Context, r job.Run, now time.Time) error {
	if err := plain(r.Job, r.Owner); err != nil {
		return err
	}
	return s.changeRun(ctx, `INSERT INTO job_run (job, due_at, owner, lease_at, started_at, outcome)
		VALUES (?1, ?2, ?3, ?4, ?5, '')
		ON CONFLICT (job, due_at) DO UPDATE SET owner = ?3, lease_at = ?4, started_at = ?5
		WHERE ended_at IS NULL AND lease_at < ?6`,
		r.Job, millis(r.DueAt), r.Owner, millis(r.LeaseAt), millis(r.StartedAt), millis(now))
}

// RenewRun implements job.Store.
func (s *Store) RenewRun(ctx context.Context, r job.Run) error {
	return s.changeRun(ctx, `UPDATE job_run SET lease_at = ?4 WHERE job = ?1 AND due_at = ?2 AND owner = ?3 AND ended_at IS NULL`,
		r.Job, millis(r.DueAt), r.Owner, millis(r.LeaseAt))
}

// EndRun implements job.Store.
func (s *Store) EndRun(ctx context.Context, r job.Run) error {
	if err := plain(string(r.Outcome), r.Report); err != nil {
		return err
	}
	return s.changeRun(ctx, `UPDATE job_run SET ended_at = ?4, outcome = ?5, report = ?6
		WHERE job = ?1 AND due_at = ?2 AND owner = ?3 AND ended_at IS NULL`,
		r.Job, millis(r.DueAt), r.Owner, millis(r.EndedAt), string(r.Outcome), r.Report)
}

// changeRun answers Conflict when the statement changes nothing.
func (s *Store) changeRun(ctx context.Context, query string, args ...any) error {
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(query, args...)
		if err == nil && n == 0 {
			return conflict(errClaimed)
		}
		return translate(err, "run")
	})
}

const selectRun = `SELECT job, due_at, owner, lease_at, started_at, ended_at, outcome, coalesce(report, '') FROM job_run `

// Runs implements job.Store.
func (s *Store) Runs(ctx context.Context, name string, limit int) ([]job.Run, error) {
	return all(ctx, s, scanRun, selectRun+`WHERE job = ? ORDER BY due_at DESC LIMIT ?`, name, max(limit, 0))
}

// RunsUntil implements job.Store.
func (s *Store) RunsUntil(ctx context.Context, name string, due time.Time, limit int) ([]job.Run, error) {
	return all(ctx, s, scanRun, selectRun+`WHERE job = ? AND due_at <= ? ORDER BY due_at DESC LIMIT ?`, name, millis(due), max(limit, 0))
}

func scanRun(row scanner) (job.Run, error) {
	var r job.Run
	var due, lease, started int64
	var ended sql.NullInt64
	err := row.Scan(&r.Job, &due, &r.Owner, &lease, &started, &ended, &r.Outcome, &r.Report)
	r.DueAt, r.LeaseAt, r.StartedAt = instant(due), instant(lease), instant(started)
	if ended.Valid {
		r.EndedAt = instant(ended.Int64)
	}
	return r, err
}
