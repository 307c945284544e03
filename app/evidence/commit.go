package evidence

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"kokoroe/app/fault"
)

const (
	maxAttempts = 512     // of one batch against other instances
	maxCatchUp  = 1 << 12 // entries of others that are read one by one
	page        = 512
)

// pending is one statement on its way into the log. entry and err may be read
// once done is closed.
type pending struct {
	entry Entry
	err   error
	done  chan struct{}
}

// commitLoop is the only one that appends. While it commits one batch, the next
// gathers: the more there is to do, the larger the batches.
func (l *Log) commitLoop() {
	defer close(l.drained)
	for range l.wake {
		for {
			batch, closed := l.take()
			if len(batch) == 0 {
				l.turns.rested()
				if closed {
					return
				}
				break
			}
			l.commit(batch)
		}
	}
}

func (l *Log) take() (batch []*pending, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, size := 0, 0
	for n < len(l.queue) && n < maxBatch && size < maxBatchBytes {
		size += len(l.queue[n].entry.Record)
		n++
	}
	batch = l.queue[:n:n]
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil // lets the array go
	}
	return batch, l.closed
}

// commit appends the batch, or answers each of it why not.
func (l *Log) commit(batch []*pending) {
	for attempt := 0; len(batch) > 0; attempt++ {
		if err := l.Trouble(); err != nil {
			l.refuse(batch, err)
			return
		}
		if attempt == maxAttempts {
			l.refuse(batch, fault.New(fault.Unavailable, "evidence.busy", nil))
			return
		}
		if err := l.knowEdge(); err != nil {
			l.refuse(batch, l.why(err))
			return
		}
		next, entries := l.place(batch)
		began := time.Now()
		err := l.within(func(ctx context.Context) error { return l.c.Store.AppendEntries(ctx, entries) })
		switch {
		case err == nil:
			l.edge = next
			for i, p := range batch {
				l.cache.keepEntry(entries[i])
				l.answer(p, entries[i], nil)
			}
			poke(l.unsaved)
			l.rest(l.turns.won(time.Now(), time.Since(began)))
			return
		case fault.Is(err, fault.Conflict): // certainly nothing of it was inserted
			l.turns.lost(time.Now())
			if batch, err = l.giveWay(batch); err != nil {
				l.edgeKnown = false
				l.refuse(batch, l.why(err))
				return
			}
			if len(batch) > 0 {
				l.pause(attempt)
			}
		default: // it may have been inserted all the same
			l.edgeKnown = false
			l.ask(batch, err)
			return
		}
	}
}

// place gives the batch its sequences and tree hashes behind the known edge.
func (l *Log) place(batch []*pending) (edge, []Entry) {
	next := l.edge
	entries := make([]Entry, len(batch))
	for i, p := range batch {
		e := p.entry
		e.Seq = next.size
		e.Hashes = next.add(e.Leaf)
		entries[i] = e
	}
	return next, entries
}

// giveWay finds what was there first, answers those of the batch whose keys
// were, and returns the rest, to go on behind the winner. With an error it
// returns those of the batch that are not answered.
func (l *Log) giveWay(batch []*pending) ([]*pending, error) {
	var size int64
	err := l.within(func(ctx context.Context) (err error) {
		size, err = l.c.Store.LogSize(ctx)
		return err
	})
	switch {
	case err != nil:
		return batch, err
	case size < l.edge.size:
		return batch, l.stop(wentBack("the store holds %d entries and held %d", size, l.edge.size))
	case size == l.edge.size: // not the place, so a key
		return l.resolve(batch)
	case size-l.edge.size > maxCatchUp:
		l.edgeKnown = false
		return l.resolve(batch)
	default:
		return l.follow(batch, size)
	}
}

// follow reads what others appended up to size, and carries the edge on.
func (l *Log) follow(batch []*pending, size int64) ([]*pending, error) {
	theirs := map[string]Entry{}
	for l.edge.size < size {
		var entries []Entry
		err := l.within(func(ctx context.Context) (err error) {
			entries, err = l.c.Store.EntriesFrom(ctx, l.edge.size, page)
			return err
		})
		if err == nil && len(entries) == 0 {
			err = fmt.Errorf("the store holds %d entries and shows %d", size, l.edge.size)
		}
		if err != nil {
			return batch, err
		}
		for _, e := range entries {
			next := l.edge
			if e.Seq != next.size || !bytes.Equal(next.add(e.Leaf), e.Hashes) {
				return batch, l.stop(damaged(e.Seq, fmt.Errorf("entry %d does not continue the log", e.Seq)))
			}
			l.edge = next
			l.cache.keepEntry(e)
			theirs[e.Key] = e
		}
	}
	var rest []*pending
	for _, p := range batch {
		if e, ok := theirs[p.entry.Key]; ok {
			l.answer(p, e, nil)
		} else {
			rest = append(rest, p)
		}
	}
	return rest, nil
}

// resolve asks for each key, answers those that are there and returns the rest.
func (l *Log) resolve(batch []*pending) (rest []*pending, err error) {
	for i, p := range batch {
		var e Entry
		err := l.within(func(ctx context.Context) (err error) {
			e, err = l.c.Store.EntryByKey(ctx, p.entry.Key)
			return err
		})
		switch {
		case err == nil:
			l.answer(p, e, nil)
		case fault.Is(err, fault.NotFound):
			rest = append(rest, p)
		default:
			return append(rest, batch[i:]...), err
		}
	}
	return rest, nil
}

// ask settles a batch whose outcome is unknown: what is there was recorded. The
// rest is told the first cause, of which all that follows mostly is a consequence.
func (l *Log) ask(batch []*pending, cause error) {
	var err error
	for attempt := range 3 {
		if attempt > 0 {
			l.pause(5 + 2*attempt)
		}
		if batch, err = l.resolve(batch); err == nil {
			break
		}
	}
	answer := l.why(cause)
	if err == nil && l.Trouble() == nil && fault.NothingDone(cause) {
		answer = cause
	}
	l.refuse(batch, answer)
	poke(l.unsaved) // some of it may stand there, and wants a checkpoint
}

// knowEdge reads the edge of the tree when it is not known, at the start and
// after an unknown outcome.
func (l *Log) knowEdge() error {
	if l.edgeKnown {
		return nil
	}
	return l.within(func(ctx context.Context) error {
		size, err := l.c.Store.LogSize(ctx)
		if err != nil {
			return err
		}
		if size < l.edge.size {
			return l.stop(wentBack("the store holds %d entries and held %d", size, l.edge.size))
		}
		e, err := readEdge(size, hashes{ctx, l.c.Store, &l.cache})
		if err != nil {
			return err
		}
		l.edge, l.edgeKnown = e, true
		return nil
	})
}

// within gives one call to the store its limit. Callers' contexts do not reach
// here: a batch is many callers' business.
func (l *Log) within(call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(l.ctx, l.c.Limit)
	defer cancel()
	return call(ctx)
}

// pause waits a moment, and never as long as another instance. It stays short,
// or somebody who waits longer after each defeat would never win.
func (l *Log) pause(attempt int) { l.rest(upTo(time.Millisecond << min(attempt, 2))) }

// upTo is some time below most, never the same as another instance's.
func upTo(most time.Duration) time.Duration {
	return rand.N(most) //nolint:gosec // it keeps instances apart and hides nothing: who guesses it gains nothing
}

func (l *Log) answer(p *pending, e Entry, err error) {
	l.mu.Lock()
	delete(l.waiting, p.entry.Key)
	l.mu.Unlock()
	p.entry, p.err = e, err
	close(p.done)
}

func (l *Log) refuse(batch []*pending, err error) {
	for _, p := range batch {
		l.answer(p, Entry{}, err)
	}
}
