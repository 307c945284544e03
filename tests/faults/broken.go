package main

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// harm is what a broken store does at every nth call.
type harm string

// The kinds of harm.
const (
	refuse     harm = "refuse"      // the call is not made, and fails
	forget     harm = "forget"      // the call is made, and is answered with an error
	killBefore harm = "kill-before" // the process dies before the call
	killAfter  harm = "kill-after"  // the process dies before the answer
)

// broken is a store of which every nth call of the evidence log goes wrong.
type broken struct {
	under  evidence.Store
	every  int64
	harm   harm
	most   int64 // so many go wrong; 0: without end
	writes bool  // only calls that write count and go wrong
	calls  atomic.Int64
	hurt   atomic.Int64
}

var errCut = errors.New("the connection was cut")

// turn counts a call and says whether it goes wrong.
func (b *broken) turn(write bool) bool {
	if b.writes && !write {
		return false
	}
	if b.calls.Add(1)%b.every != 0 || b.most > 0 && b.hurt.Load() >= b.most {
		return false
	}
	b.hurt.Add(1)
	return true
}

// through makes a call that reads.
func through[T any](b *broken, call func() (T, error)) (T, error) { return attempt(b, false, call) }

// only makes a call that writes.
func only(b *broken, call func() error) error {
	_, err := attempt(b, true, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// attempt makes a call, or what is left of it.
func attempt[T any](b *broken, write bool, call func() (T, error)) (T, error) {
	var none T
	wrong := b.turn(write)
	if wrong {
		switch b.harm {
		case refuse:
			return none, fault.Wrap(errCut, fault.Unavailable, "error.unavailable")
		case killBefore:
			die()
		}
	}
	v, err := call()
	if wrong {
		switch b.harm {
		case forget:
			return none, fault.Wrap(errors.Join(errCut, err), fault.Unavailable, "error.unavailable")
		case killAfter:
			die()
		}
	}
	return v, err
}

// die ends this process as kill -9 does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

// AppendEntries is a call that may go wrong, like all below.
func (b *broken) AppendEntries(ctx context.Context, entries []evidence.Entry) error {
	return only(b, func() error { return b.under.AppendEntries(ctx, entries) })
}

func (b *broken) LogSize(ctx context.Context) (int64, error) {
	return through(b, func() (int64, error) { return b.under.LogSize(ctx) })
}

func (b *broken) Entry(ctx context.Context, seq int64) (evidence.Entry, error) {
	return through(b, func() (evidence.Entry, error) { return b.under.Entry(ctx, seq) })
}

func (b *broken) EntryByKey(ctx context.Context, key string) (evidence.Entry, error) {
	return through(b, func() (evidence.Entry, error) { return b.under.EntryByKey(ctx, key) })
}

func (b *broken) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	return through(b, func() ([]evidence.Entry, error) { return b.under.EntriesFrom(ctx, seq, limit) })
}

func (b *broken) FindEntries(ctx context.Context, q evidence.Query) ([]evidence.Entry, error) {
	return through(b, func() ([]evidence.Entry, error) { return b.under.FindEntries(ctx, q) })
}

func (b *broken) EraseEntry(ctx context.Context, seq int64, key string) error {
	return only(b, func() error { return b.under.EraseEntry(ctx, seq, key) })
}

func (b *broken) SaveCheckpoint(ctx context.Context, c evidence.Checkpoint) error {
	return only(b, func() error { return b.under.SaveCheckpoint(ctx, c) })
}

func (b *broken) LastCheckpoint(ctx context.Context) (evidence.Checkpoint, error) {
	return through(b, func() (evidence.Checkpoint, error) { return b.under.LastCheckpoint(ctx) })
}

func (b *broken) CheckpointCovering(ctx context.Context, size int64) (evidence.Checkpoint, error) {
	return through(b, func() (evidence.Checkpoint, error) { return b.under.CheckpointCovering(ctx, size) })
}

func (b *broken) SaveCosignature(ctx context.Context, c evidence.Cosignature) error {
	return only(b, func() error { return b.under.SaveCosignature(ctx, c) })
}

func (b *broken) Cosigned(ctx context.Context, size int64, n int) (c evidence.Checkpoint, by []evidence.Cosignature, err error) {
	c, err = through(b, func() (evidence.Checkpoint, error) {
		c, list, err := b.under.Cosigned(ctx, size, n)
		by = list
		return c, err
	})
	if err != nil {
		by = nil
	}
	return c, by, err
}

func (b *broken) LastCosigned(ctx context.Context, witness string) (evidence.Cosignature, error) {
	return through(b, func() (evidence.Cosignature, error) { return b.under.LastCosigned(ctx, witness) })
}
