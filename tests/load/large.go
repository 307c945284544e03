package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/tests/ledger"
)

const (
	batch      = 4096
	proofTimes = 5000
)

// measureLarge builds a log of many records, has a process of its own examine
// it, and proves inclusion in it.
func (r *evidenceResults) measureLarge(ctx context.Context, o options, path string, out io.Writer) (err error) {
	f, err := ledger.NewFolder(path, "")
	if err != nil {
		return err
	}
	began := time.Now()
	if err := build(ctx, f, int64(o.records)); err != nil {
		return err
	}
	r.build = time.Since(began)
	fmt.Fprintf(out, "a log of %d records, built and signed in %.1f s\n", o.records, r.build.Seconds())
	if r.examined, err = examineElsewhere(ctx, path); err != nil {
		return err
	}
	fmt.Fprintf(out, "examined in %.1f s with %d MB at most, %.1f s of processor\n",
		r.examined.Took.Seconds(), r.examined.Kilobytes>>10, r.examined.CPU.Seconds())
	l, err := f.Open(ctx, ledger.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for range proofTimes {
		seq := rand.Int64N(int64(o.records))
		began := time.Now()
		if _, err := l.Log.Proof(ctx, seq, 0); err != nil {
			return err
		}
		r.proofs = append(r.proofs, time.Since(began))
	}
	line(out, "a proof of inclusion", r.proofs)
	return nil
}

// build appends the records in large batches, as an import would, and signs the
// whole.
func build(ctx context.Context, f ledger.Folder, records int64) (err error) {
	l, err := f.Open(ctx, ledger.Options{SignAfter: time.Hour})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	at := time.Date(2026, time.November, 22, 1, 0, 0, 0, time.UTC)
	err = appendAll(ctx, l.Store, records, batch, func(seq int64) evidence.Statement {
		return ledger.Acknowledgement(seq, at.Add(time.Duration(seq)*time.Millisecond))
	})
	if err != nil {
		return err
	}
	_, err = l.Log.Checkpoint(ctx)
	return err
}

// appendAll appends so many records to an empty log, whose keeper does not
// append meanwhile. What a record states follows from its sequence.
func appendAll(ctx context.Context, store evidence.Store, records, batch int64, statement func(seq int64) evidence.Statement) error {
	var tree []tlog.Hash // every stored hash, by its index
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = tree[index]
		}
		return out, nil
	})
	made := make(chan []evidence.Entry, 1)
	failed := make(chan error, 1)
	go func() {
		defer close(made)
		for from := int64(0); from < records && ctx.Err() == nil; from += batch {
			entries, err := makeEntries(from, min(batch, records-from), statement)
			if err != nil {
				failed <- err
				return
			}
			select {
			case made <- entries:
			case <-ctx.Done():
			}
		}
	}()
	for entries := range made {
		for i := range entries {
			e := &entries[i]
			hashes, err := tlog.StoredHashesForRecordHash(e.Seq, tlog.RecordHash(e.Leaf), reader)
			if err != nil {
				return err
			}
			tree = append(tree, hashes...)
			for _, h := range hashes {
				e.Hashes = append(e.Hashes, h[:]...)
			}
		}
		if err := store.AppendEntries(ctx, entries); err != nil {
			return err
		}
	}
	select {
	case err := <-failed:
		return err
	default:
	}
	return ctx.Err()
}

// makeEntries makes everything of the entries but their tree hashes, on all
// processors.
func makeEntries(from, n int64, statement func(seq int64) evidence.Statement) ([]evidence.Entry, error) {
	entries, errs := make([]evidence.Entry, n), make([]error, n)
	workers := int64(runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n; i += workers {
				seq := from + i
				s := statement(seq)
				record, err := evidence.CanonicalRecord(s, "load")
				salt := make([]byte, evidence.SaltSize)
				for b := range salt {
					salt[b] = byte(rand.Uint32())
				}
				entries[i] = evidence.Entry{
					Seq: seq, Key: s.Key, Kind: s.Kind, Actor: s.Actor.ID, Subject: s.Subject, Object: s.Object, Scope: s.Scope,
					At: s.At, Record: record, Salt: salt, Leaf: evidence.Leaf(salt, record),
				}
				errs[i] = err
			}
		})
	}
	group.Wait()
	return entries, errors.Join(errs...)
}
