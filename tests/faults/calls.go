package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/tests/ledger"
)

func failingCalls(ctx context.Context, t *trial) error   { return brokenCalls(ctx, t, refuse) }
func forgottenCalls(ctx context.Context, t *trial) error { return brokenCalls(ctx, t, forget) }

// mostHarm is how many calls go wrong in a cycle. When each one does, nothing
// can be acknowledged, and the log must go on afterwards.
const mostHarm = 150

// brokenCalls lets every nth call go wrong, from the log's opening to its end,
// while several people ask until they are answered.
func brokenCalls(ctx context.Context, t *trial, h harm) error {
	t.means = "a store around the store"
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return err
	}
	b := newBook(t)
	var s *broken
	l, err := openBroken(ctx, f, func(under evidence.Store) evidence.Store {
		if s == nil {
			s = &broken{every: int64(1 + t.cycle), harm: h, most: mostHarm}
		}
		s.under = under
		return s
	})
	if err != nil {
		return err
	}
	var callers sync.WaitGroup
	for caller := range 4 {
		callers.Go(func() {
			for i := range 25 {
				b.persist(ctx, l, keyOf("ack", caller, i))
			}
		})
	}
	callers.Wait()
	if err := b.erase(ctx, l); err != nil {
		return errors.Join(err, l.Close())
	}
	if err := l.Close(); err != nil {
		return err
	}
	t.faults += int(s.hurt.Load())
	return b.everything(ctx, f)
}

// openBroken opens the log again until the store lets it.
func openBroken(ctx context.Context, f ledger.Folder, wrap func(evidence.Store) evidence.Store) (*ledger.Ledger, error) {
	for {
		l, err := f.Open(ctx, ledger.Options{Wrap: wrap, SignAfter: time.Millisecond})
		if err == nil || !fault.Is(err, fault.Unavailable) {
			return l, err
		}
	}
}

// persist asks until the answer is known, and notes it.
func (b *book) persist(ctx context.Context, l *ledger.Ledger, key string) {
	for ctx.Err() == nil {
		e, err := l.Log.Append(ctx, ledger.Statement(key, time.Time{}))
		if err == nil {
			b.acknowledged(key, e.Seq)
			return
		}
		if !fault.Is(err, fault.Unavailable) || l.Log.Trouble() != nil {
			b.mu.Lock()
			b.t.fail("%s is refused for good: %v", key, errors.Join(err, l.Log.Trouble()))
			b.mu.Unlock()
			return
		}
	}
}

// erase takes the record of one acknowledgement away, asking until that is done.
// The log says so, and nothing else may be missing.
func (b *book) erase(ctx context.Context, l *ledger.Ledger) error {
	if len(b.keys) == 0 {
		return nil // refused for good, and said so
	}
	key := b.keys[0]
	seq := b.acks[key]
	for done := false; !done && ctx.Err() == nil; {
		_, err := l.Log.Erase(ctx, evidence.Actor{ID: "p-office"}, seq, evidence.GroundRequest, "a trial")
		if err == nil {
			_, err = l.Log.FinishErasures(ctx)
		}
		if err != nil && (!fault.Is(err, fault.Unavailable) || l.Log.Trouble() != nil) {
			return err
		}
		done = err == nil
	}
	b.keys = b.keys[1:]
	delete(b.acks, key)
	return ctx.Err()
}
