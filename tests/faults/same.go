package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/tests/ledger"
)

const (
	several = 3
	times   = 50
)

// sameAtOnce records one acknowledgement many times at once, over several logs
// that share a store, each with its own connections.
func sameAtOnce(ctx context.Context, t *trial) (err error) {
	t.means = "three stores and three logs on one SQLite file"
	f, err := t.home("")
	if err != nil {
		return err
	}
	b := newBook(t)
	var logs []*ledger.Ledger
	defer func() {
		for _, l := range logs {
			err = errors.Join(err, l.Close())
		}
	}()
	for range several {
		l, err := f.Open(ctx, ledger.Options{SignAfter: 5 * time.Millisecond})
		if err != nil {
			return err
		}
		logs = append(logs, l)
	}
	key := fmt.Sprintf("same-%d", t.cycle)
	before, err := logs[0].Store.LogSize(ctx)
	if err != nil {
		return err
	}
	var callers sync.WaitGroup
	entries, errs := make([]evidence.Entry, times), make([]error, times)
	for i := range times {
		callers.Go(func() {
			s := ledger.Statement(key, time.Now().Add(time.Duration(i)*time.Second)) // no two are the same bytes
			entries[i], errs[i] = logs[i%several].Log.Append(ctx, s)
		})
	}
	callers.Wait()
	if err := errors.Join(errs...); err != nil {
		t.fail("not all are answered: %v", err)
		return nil
	}
	t.faults += times
	for _, e := range entries {
		b.acknowledged(key, e.Seq)
		if !bytes.Equal(e.Record, entries[0].Record) {
			t.fail("two answers differ: %s and %s", e.Record, entries[0].Record)
		}
	}
	if after, err := logs[1].Store.LogSize(ctx); err != nil || after != before+1 {
		t.doubled += int(max(after-before-1, 0))
		t.fail("%d records of one acknowledgement (%v)", after-before, err)
	}
	return b.inspect(ctx, logs[2])
}
