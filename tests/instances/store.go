package instances

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
	"kokoroe/tests/ledger"
)

// With opens the store of the instances, beside them, for as long as do takes.
func (c *Cluster) With(ctx context.Context, do func(store.Store) error) error {
	s, err := app.OpenStore(ctx, c.store, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// Before is the owner of the run that Due makes up.
const Before = "before"

// Due makes a job due: its last run was two nights ago.
func Due(ctx context.Context, s store.Store, name string) error {
	before := time.Now().Add(-48 * time.Hour)
	run := job.Run{Job: name, DueAt: before.Truncate(time.Millisecond), Owner: Before, LeaseAt: before.Add(job.Lease), StartedAt: before}
	if err := s.ClaimRun(ctx, run, before); err != nil {
		return err
	}
	run.EndedAt, run.Outcome = before.Add(time.Second), job.Fine
	return s.EndRun(ctx, run)
}

// LapseMail lets every claim on a mail run out, as time does.
func LapseMail(ctx context.Context, s store.Store) error {
	now := time.Now()
	var lapsed []notify.Message
	for {
		m, err := s.ClaimMessage(ctx, Before, now.Add(time.Hour), now.Add(2*time.Hour))
		if fault.Is(err, fault.NotFound) {
			break
		}
		if err != nil {
			return err
		}
		lapsed = append(lapsed, m)
	}
	for _, m := range lapsed {
		if err := s.SettleMessage(ctx, m.Key, Before, notify.Settlement{State: notify.Waiting, NextAt: now, Attempts: m.Attempts}); err != nil {
			return err
		}
	}
	return nil
}

// Outlived appends the word of so many people that they cannot agree, of whom the roster knows
// nothing any more, so long ago that retention erases them.
func (c *Cluster) Outlived(ctx context.Context, s store.Store, people int) (err error) {
	f, err := c.Log()
	if err != nil {
		return err
	}
	l, err := evidence.Open(ctx, evidence.Config{
		Store: s, Origin: ledger.Origin, Program: "before", Now: time.Now, Signer: f.Key.Signer, Verifiers: f.Verifiers(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(ctx)) }()
	long := calendar.DateOf(time.Now()).AddDays(-30 * 365).StartsAt()
	for i := range people {
		statement := ledger.Statement(fmt.Sprintf("long-ago/%d", i), long)
		statement.Kind, statement.Body = policy.KindDeclined, policy.Declined{Policy: "basic-policy", Version: 1, Ground: policy.GroundQuestion}
		if _, err := l.Append(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Erased are the numbers of the entries that the log says were erased, one for
// each time that it says so.
func Erased(ctx context.Context, s store.Store) ([]int64, error) {
	said, err := s.FindEntries(ctx, evidence.Query{Kind: evidence.KindErased, Limit: 500})
	var list []int64
	for _, e := range said {
		var body evidence.Erasure
		if err := e.Body(&body); err != nil {
			return nil, err
		}
		list = append(list, body.Seq)
	}
	return list, err
}
