package evidence

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// compare finds the last signed checkpoint, the store's or the head's, and
// stops the log when the store's entries do not give its root. It returns an
// error only when the store does not answer.
func (l *Log) compare(ctx context.Context) error {
	kept, err := l.keptCheckpoint(ctx)
	if err != nil {
		return l.unlessStopped(err)
	}
	remembered, err := l.rememberedCheckpoint()
	if err != nil {
		return l.unlessStopped(err)
	}
	for _, c := range []Checkpoint{kept, remembered} {
		e, err := l.edgeUnder(ctx, c)
		if err != nil {
			return l.unlessStopped(err)
		}
		if c.Size >= l.last.Size {
			l.advance(e, c)
		}
	}
	return nil
}

// unlessStopped returns err, or nil when the log has stopped: then Trouble says
// why, and reading goes on.
func (l *Log) unlessStopped(err error) error {
	if l.Trouble() == nil {
		return err
	}
	return nil
}

// keptCheckpoint returns the store's last checkpoint, of Size 0 before the
// first.
func (l *Log) keptCheckpoint(ctx context.Context) (Checkpoint, error) {
	c, err := l.c.Store.LastCheckpoint(ctx)
	if fault.Is(err, fault.NotFound) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	signed, err := l.trust(c.Note)
	if err == nil && (signed.Size != c.Size || !bytes.Equal(signed.Root, c.Root)) {
		err = fmt.Errorf("the store's checkpoint of %d is signed for other values", c.Size)
	}
	if err != nil {
		return Checkpoint{}, l.stop(damaged(c.Size, err))
	}
	return c, nil
}

func (l *Log) rememberedCheckpoint() (Checkpoint, error) {
	if l.c.Head == nil {
		return Checkpoint{}, nil
	}
	msg, err := l.c.Head.Load()
	if err == nil && msg == nil {
		return Checkpoint{}, nil
	}
	var c Checkpoint
	if err == nil {
		c, err = l.trust(msg)
	}
	if err != nil { // a memory that cannot be read proves nothing: somebody must look
		return Checkpoint{}, l.stop(&fault.Error{Kind: fault.Unavailable, MessageID: "evidence.head_unreadable", Err: err})
	}
	c.At = milli(l.c.Now())
	return c, nil
}

// trust reads a checkpoint of this log. Without keys its signature is not
// looked at.
func (l *Log) trust(msg []byte) (c Checkpoint, err error) {
	var origin string
	if l.c.Verifiers == nil {
		c, origin, err = ParseCheckpoint(msg)
	} else {
		c, origin, _, err = VerifyCheckpoint(l.c.Verifiers, msg)
	}
	if err == nil && !l.c.knows(origin) {
		err = fmt.Errorf("checkpoint of %q, the log is %q", origin, l.c.Origin)
	}
	return c, err
}

// edgeUnder reads the edge of the tree that c signs from the store, and stops
// the log when it is not there or gives another root.
func (l *Log) edgeUnder(ctx context.Context, c Checkpoint) (edge, error) {
	if c.Size == 0 {
		return edge{}, nil
	}
	size, err := l.c.Store.LogSize(ctx)
	if err != nil {
		return edge{}, err
	}
	if size < c.Size {
		return edge{}, l.stop(wentBack("the store holds %d entries, %d are signed", size, c.Size))
	}
	e, err := readEdge(c.Size, hashes{ctx, l.c.Store, nil})
	if err != nil {
		if !isNonsense(err) {
			return edge{}, err
		}
		return edge{}, l.stop(wentBack("the tree of %d signed entries cannot be read: %w", c.Size, err))
	}
	if root := e.root(); !bytes.Equal(root[:], c.Root) {
		return edge{}, l.stop(wentBack("the first %d entries have root %v, signed is %x", c.Size, root, c.Root))
	}
	return e, nil
}

// Checkpoint signs the log as it stands and keeps the checkpoint; when nothing
// was appended since the last one, it returns that. Before signing it derives
// every new leaf again from its record, and every new tree hash, starting from
// the very tree that was signed last: what it signs is consistent with that by
// construction. NotFound while the log is empty or cannot sign; Unavailable
// when the store does not answer, does not continue what was signed
// (evidence.store_went_back) or holds an entry that does not fit
// (evidence.log_damaged); the last two stop the log.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	l.signMu.Lock()
	defer l.signMu.Unlock()
	if err := l.Trouble(); err != nil {
		return Checkpoint{}, err
	}
	if l.c.Signer == nil {
		return Checkpoint{}, fault.NotFoundf("the log has no signing key")
	}
	if err := l.agree(ctx); err != nil {
		return Checkpoint{}, err
	}
	size, err := l.c.Store.LogSize(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	switch {
	case size < l.last.Size:
		return Checkpoint{}, l.stop(wentBack("the store holds %d entries, %d are signed", size, l.last.Size))
	case size == 0:
		return Checkpoint{}, fault.NotFoundf("the log is empty")
	case size == l.last.Size:
		return l.last, nil
	}
	next, err := l.derive(ctx, size)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := l.sign(next)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := l.publish(ctx, c); err != nil {
		return Checkpoint{}, err
	}
	l.advance(next, c)
	return c, nil
}

// agree brings what this instance remembers and the store's last checkpoint,
// which another instance may have signed, to the same.
func (l *Log) agree(ctx context.Context) error {
	kept, err := l.keptCheckpoint(ctx)
	if err != nil {
		return err
	}
	switch {
	case kept.Size > l.last.Size:
		next, err := l.derive(ctx, kept.Size)
		if err != nil {
			return err
		}
		if root := next.root(); !bytes.Equal(root[:], kept.Root) {
			return l.stop(wentBack("checkpoint %d has root %x, the entries give %v", kept.Size, kept.Root, root))
		}
		if err := l.remember(kept); err != nil {
			return err
		}
		l.advance(next, kept)
		return nil
	case kept.Size < l.last.Size: // a crash between remembering and keeping, or an old store
		if _, err := l.edgeUnder(ctx, l.last); err != nil {
			return err
		}
		return l.keep(ctx, l.last)
	case !bytes.Equal(kept.Root, l.last.Root):
		return l.stop(wentBack("two checkpoints of %d entries: %x and %x", kept.Size, kept.Root, l.last.Root))
	}
	return nil
}

// derive computes the tree up to size from the records behind the signed edge.
func (l *Log) derive(ctx context.Context, size int64) (edge, error) {
	next := l.signed
	for next.size < size {
		entries, err := l.c.Store.EntriesFrom(ctx, next.size, int(min(page, size-next.size)))
		if err != nil {
			return next, err
		}
		if len(entries) == 0 {
			return next, l.stop(wentBack("the store holds %d entries, entry %d is not there", size, next.size))
		}
		for _, e := range entries {
			err := checkLeaf(e)
			if err == nil && (e.Seq != next.size || !bytes.Equal(next.add(e.Leaf), e.Hashes)) {
				err = fmt.Errorf("entry %d does not continue the log", e.Seq)
			}
			if err != nil {
				return next, l.stop(damaged(e.Seq, err))
			}
		}
	}
	return next, nil
}

func (l *Log) sign(e edge) (Checkpoint, error) {
	root := e.root()
	msg, err := note.Sign(&note.Note{Text: checkpointText(l.c.Origin, e.size, root)}, l.c.Signer)
	if err != nil {
		return Checkpoint{}, fault.Wrap(err, fault.Internal, "error.internal")
	}
	return Checkpoint{Size: e.size, Root: root[:], Note: msg, At: milli(l.c.Now())}, nil
}

// publish remembers first: a checkpoint that somebody may have seen must never
// be forgotten here.
func (l *Log) publish(ctx context.Context, c Checkpoint) error {
	if err := l.remember(c); err != nil {
		return err
	}
	return l.keep(ctx, c)
}

func (l *Log) remember(c Checkpoint) error {
	if l.c.Head == nil {
		return nil
	}
	return fault.Wrap(l.c.Head.Save(c.Note), fault.Unavailable, "evidence.head_unwritable")
}

// keep saves c. Another instance that signed the same tree first is as good.
func (l *Log) keep(ctx context.Context, c Checkpoint) error {
	err := l.c.Store.SaveCheckpoint(ctx, c)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	theirs, err := l.c.Store.CheckpointCovering(ctx, c.Size)
	if err != nil {
		return err
	}
	if theirs.Size != c.Size || !bytes.Equal(theirs.Root, c.Root) {
		return l.stop(wentBack("another checkpoint of %d entries is kept, with root %x", theirs.Size, theirs.Root))
	}
	return nil
}

// signLoop signs soon after an append. Several appends share a checkpoint.
func (l *Log) signLoop() {
	defer close(l.signer)
	poke(l.unsaved) // a crash may have come between the last append and its checkpoint
	wait := l.c.SignAfter
	for {
		select {
		case <-l.drained:
			l.signLast()
			return
		case <-l.unsaved:
		}
		select {
		case <-l.drained:
			l.signLast()
			return
		case <-time.After(wait):
		}
		_, err := l.checkpointNow()
		switch {
		case err == nil || fault.Is(err, fault.NotFound):
			wait = l.c.SignAfter
		case l.Trouble() != nil: // reported when it stopped
		default:
			l.c.Report(err)
			wait = min(2*wait+time.Second, 30*time.Second)
			poke(l.unsaved)
		}
	}
}

func (l *Log) signLast() {
	if _, err := l.checkpointNow(); err != nil && !fault.Is(err, fault.NotFound) && l.Trouble() == nil {
		l.c.Report(err)
	}
}

func (l *Log) checkpointNow() (Checkpoint, error) {
	ctx, cancel := context.WithTimeout(l.ctx, 10*time.Minute) // the first one after an import is long
	defer cancel()
	return l.Checkpoint(ctx)
}

// Consistency proves that the log of size newer continues that of size older,
// for a witness that knows the older. Invalid for sizes that the log has not.
func (l *Log) Consistency(ctx context.Context, older, newer int64) ([]tlog.Hash, error) {
	size, err := l.c.Store.LogSize(ctx)
	if err != nil {
		return nil, err
	}
	if older < 1 || older > newer || newer > size {
		return nil, fault.New(fault.Invalid, "evidence.size_invalid", fault.Args{"Size": size})
	}
	return tlog.ProveTree(newer, older, hashes{ctx, l.c.Store, &l.cache})
}
