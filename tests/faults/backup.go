package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/tests/ledger"
)

// restored puts an older backup back. In every second cycle somebody has
// appended to it since, so that its size says nothing. The log must recognise
// it, append nothing and go on reading; with the right file back it goes on.
func restored(ctx context.Context, t *trial) error {
	t.means = "SQLite's own copy of the open file"
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return err
	}
	b := newBook(t)
	older, newer := filepath.Join(t.folder, "older.db"), filepath.Join(t.folder, "newer.db")
	kept, err := goPastBackup(ctx, b, f, older)
	if err != nil {
		return err
	}
	if err := os.Rename(f.Database(), newer); err != nil {
		return err
	}
	if err := os.Rename(older, f.Database()); err != nil {
		return err
	}
	if t.cycle%2 == 1 {
		if err := fork(ctx, f, int(b.last.Size)+5); err != nil {
			return err
		}
	}
	t.faults++
	t.tampered++
	if err := t.recognised(ctx, f, kept, ledger.Options{}); err != nil {
		return err
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(f.Database() + beside); err != nil {
			return err
		}
	}
	if err := os.Rename(newer, f.Database()); err != nil {
		return err
	}
	if err := b.reopen(ctx, f); err != nil {
		return err
	}
	return t.goesOn(ctx, b, f)
}

// goPastBackup appends, copies the store to a file, and goes on. It returns how
// many entries the copy holds.
func goPastBackup(ctx context.Context, b *book, f ledger.Folder, to string) (kept int64, err error) {
	l, err := f.Open(ctx, ledger.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for i := range 5 + b.t.rand.IntN(20) {
		b.persist(ctx, l, keyOf("before", 0, i))
	}
	if _, err := l.Log.Checkpoint(ctx); err != nil {
		return 0, err
	}
	if err := l.File.Backup(ctx, to); err != nil {
		return 0, err
	}
	if kept, err = l.Store.LogSize(ctx); err != nil {
		return 0, err
	}
	for i := range 1 + b.t.rand.IntN(20) {
		b.persist(ctx, l, keyOf("after-backup", 0, i))
	}
	return kept, b.inspect(ctx, l)
}

// fork appends to a store until it has the size, with a log that remembers
// nothing.
func fork(ctx context.Context, f ledger.Folder, size int) (err error) {
	away, err := ledger.NewFolder(f.Path+"-fork", "")
	if err != nil {
		return err
	}
	away.Key = f.Key
	if err := os.Rename(f.Database(), away.Database()); err != nil {
		return err
	}
	l, err := away.Open(ctx, ledger.Options{})
	if err != nil {
		return err
	}
	for i := range size {
		if _, err := l.Log.Append(ctx, ledger.Statement(keyOf("fork", 0, i), time.Time{})); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	if err := l.Close(); err != nil {
		return err
	}
	return os.Rename(away.Database(), f.Database())
}

// recognised looks whether a log on an older store stops and still reads what
// is there.
func (t *trial) recognised(ctx context.Context, f ledger.Folder, kept int64, o ledger.Options) (err error) {
	l, err := f.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	_, appending := l.Log.Append(ctx, ledger.Statement("on-an-old-store", time.Time{}))
	_, signing := l.Log.Checkpoint(ctx)
	switch {
	case !evidence.WentBack(l.Log.Trouble()):
		t.fail("an older store is not recognised: %v", l.Log.Trouble())
	case !fault.Is(appending, fault.Unavailable) || !fault.Is(signing, fault.Unavailable):
		t.fail("an older store goes on: append %v, checkpoint %v", appending, signing)
	default:
		t.found++
	}
	for seq := range kept {
		file, err := receiptOf(ctx, l, seq)
		if err != nil {
			t.fail("entry %d cannot be read any more: %v", seq, err)
			continue
		}
		t.receipts++
		t.others.sample(t, file)
	}
	return nil
}

// wanderingClock lets the clock jump a day back and forth under an open log.
func wanderingClock(ctx context.Context, t *trial) (err error) {
	t.means = "the clock that the log is given"
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return err
	}
	b := newBook(t)
	now := time.Date(2026, time.November, 22, 1, 0, 0, 0, time.UTC)
	l, err := f.Open(ctx, ledger.Options{Now: func() time.Time { return now }, SignAfter: time.Hour})
	if err != nil {
		return err
	}
	for i := range 40 {
		now = now.Add([]time.Duration{-24 * time.Hour, -time.Minute, 0, time.Second, 24 * time.Hour}[t.rand.IntN(5)])
		t.faults++
		key := keyOf("clock", 0, i)
		b.persist(ctx, l, key)
		e, err := l.Store.EntryByKey(ctx, key)
		if err != nil || !e.At.Equal(now) {
			t.fail("recorded at %v, and says %v: %v", now, e.At, err)
		}
		var c evidence.Checkpoint
		if c, err = l.Log.Checkpoint(ctx); err != nil || c.Size != int64(i+1) {
			t.fail("after %d entries the checkpoint is of %d: %v", i+1, c.Size, err)
			continue
		}
		if err := b.follows(ctx, l, c); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	if err := errors.Join(b.inspect(ctx, l), l.Close()); err != nil {
		return err
	}
	return b.reopen(ctx, f)
}
