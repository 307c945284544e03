package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"kokoroe/app/evidence"
	"kokoroe/app/store"
)

// Moved is what Move found on both sides once everything was carried.
type Moved struct {
	From, To evidence.Examination
	Sorts    []MovedSort
}

// MovedSort compares what both stores keep of one sort.
type MovedSort struct{ From, To store.Digest }

// Same reports whether both sides keep the same of the sort.
func (s MovedSort) Same() bool { return s.From == s.To }

// SameLog reports whether both logs were examined to the same result, tree root
// included, and nothing was found in either.
func (m Moved) SameLog() bool {
	a, b := m.From, m.To
	return a.Size == b.Size && a.Records == b.Records && a.Erased == b.Erased && a.Checkpoints == b.Checkpoints &&
		a.Cosignatures == b.Cosignatures && a.Signed == b.Signed && bytes.Equal(a.Root, b.Root) && a.Found+b.Found == 0
}

// Same reports whether nothing has changed on the way.
func (m Moved) Same() bool {
	same := m.SameLog() && len(m.Sorts) > 0
	for _, s := range m.Sorts {
		same = same && s.Same()
	}
	return same
}

// Why a move is refused. Nothing was touched then: an empty store stays one.
var (
	ErrNotEmpty   = errors.New("the store to move to holds something already; it must be empty")
	ErrNothing    = errors.New("the store to move from holds nothing")
	ErrDoesNotFit = errors.New("what the store to move from holds does not fit together; \"kokoroe verify\" says what")
)

const (
	moveTogether = 64      // pieces on their way at once: a store writes many as fast as one
	moveBytes    = 4 << 20 // of records in one batch of the log
)

// Move carries an installation, whose store cfg names, into the empty store to,
// and compares both: the log with everything that signs it, and a digest of each
// sort of thing. Keys and the last checkpoint stay in cfg.State. Who is signed in
// is not carried. Nobody may write into either store meanwhile; when somebody
// does, the comparison says so. It is refused with ErrNothing, ErrNotEmpty or
// ErrDoesNotFit; after any other error the store holds a part, and is to be
// emptied before the next try. progress is told of what is on its way; it may be
// nil.
func Move(ctx context.Context, cfg Config, to string, progress func(sort string, n int)) (m Moved, err error) {
	if progress == nil {
		progress = func(string, int) {}
	}
	from, err := LookInto(ctx, cfg)
	if errors.Is(err, store.ErrNone) {
		return m, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if empty, err := isEmpty(ctx, from.Store); err != nil {
		return m, err
	} else if empty {
		return m, ErrNothing
	}
	cfg.Store = to
	if err := vacant(ctx, cfg); err != nil {
		return m, err
	}
	if m.From, err = from.Examine(ctx, nil); err != nil {
		return m, err
	}
	if m.From.Found > 0 {
		return m, ErrDoesNotFit
	}
	into, err := OpenInstallation(ctx, cfg)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	if err := carry(ctx, from.Store, into.Store, progress); err != nil {
		return m, fmt.Errorf("the store to move to holds a part now: empty it before the next try: %w", err)
	}
	if m.To, err = into.Examine(ctx, nil); err != nil {
		return m, err
	}
	m.Sorts, err = compared(ctx, from.Store, into.Store)
	return m, err
}

// vacant sees, without making anything, that a store can be reached and holds
// nothing.
func vacant(ctx context.Context, cfg Config) (err error) {
	in, err := LookInto(ctx, cfg)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	empty, err := isEmpty(ctx, in.Store)
	if err == nil && !empty {
		err = ErrNotEmpty
	}
	return err
}

var errSomething = errors.New("something is there")

// isEmpty reports whether a store keeps nothing but what is short-lived.
func isEmpty(ctx context.Context, s store.Store) (bool, error) {
	err := s.Pieces(ctx, func(store.Piece) error { return errSomething })
	if err == nil {
		err = store.WalkLog(ctx, s, store.LogVisitor{
			Entries:     func([]evidence.Entry) error { return errSomething },
			Checkpoint:  func(evidence.Checkpoint) error { return errSomething },
			Cosignature: func(evidence.Cosignature) error { return errSomething },
		})
	}
	if errors.Is(err, errSomething) {
		return false, nil
	}
	return err == nil, err
}

// carry writes everything of one store into the other.
func carry(ctx context.Context, from, to store.Store, progress func(string, int)) error {
	err := store.WalkLog(ctx, from, store.LogVisitor{
		Entries: func(entries []evidence.Entry) error {
			progress("entry", len(entries))
			return appendAll(ctx, to, entries)
		},
		Checkpoint: func(c evidence.Checkpoint) error {
			progress("checkpoint", 1)
			return to.SaveCheckpoint(ctx, c)
		},
		Cosignature: func(c evidence.Cosignature) error {
			progress("cosignature", 1)
			return to.SaveCosignature(ctx, c)
		},
	})
	if err != nil {
		return err
	}
	group, together := errgroup.WithContext(ctx)
	group.SetLimit(moveTogether)
	err = from.Pieces(together, func(p store.Piece) error {
		progress(p.Sort(), 1)
		group.Go(func() error { return to.PutPiece(together, p) })
		return nil
	})
	if refused := group.Wait(); refused != nil {
		return refused // and broke the walk off
	}
	return err
}

// appendAll appends entries in batches of a size that any store takes.
func appendAll(ctx context.Context, to store.Store, entries []evidence.Entry) error {
	for len(entries) > 0 {
		n, size := 0, 0
		for n < len(entries) && (n == 0 || size+len(entries[n].Record) <= moveBytes) {
			size += len(entries[n].Record)
			n++
		}
		if err := to.AppendEntries(ctx, entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// compared reads both stores side by side.
func compared(ctx context.Context, from, to store.Store) ([]MovedSort, error) {
	var sides [2][]store.Digest
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range []store.Store{from, to} {
		group.Go(func() (err error) {
			sides[i], err = store.Digests(ctx, s)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	list := make([]MovedSort, len(sides[0]))
	for i := range list {
		list[i] = MovedSort{From: sides[0][i], To: sides[1][i]}
	}
	return list, nil
}
