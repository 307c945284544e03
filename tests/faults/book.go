package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/tests/ledger"
)

// book is what was promised about one log, kept outside of it: who was told that
// something is recorded, and the last checkpoint that was seen.
type book struct {
	t *trial

	mu   sync.Mutex
	acks map[string]int64 // sequence by key
	keys []string         // in the order of the acknowledgements
	news int              // index in keys of the first that was not looked for yet

	seen map[string]int64 // every entry of the log that was looked at
	size int64            // how many these are
	last evidence.Checkpoint
}

func newBook(t *trial) *book {
	return &book{t: t, acks: map[string]int64{}, seen: map[string]int64{}}
}

// acknowledged notes that somebody was told that key is recorded at seq.
func (b *book) acknowledged(key string, seq int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, twice := b.acks[key]
	if twice {
		if before != seq {
			b.t.doubled++
			b.t.fail("%s was acknowledged at %d and at %d", key, before, seq)
		}
		return
	}
	b.acks[key] = seq
	b.keys = append(b.keys, key)
	b.t.counts.acknowledged++
}

// sampled is how many of the earlier acknowledgements, and how many receipts,
// are looked at in every inspection.
const sampled = 20

// inspect looks whether the log, opened again, holds what was promised: no gap,
// every acknowledged key once and at its sequence, a checkpoint that continues
// the last one, receipts that verify.
func (b *book) inspect(ctx context.Context, l *ledger.Ledger) error {
	if err := l.Log.Trouble(); err != nil {
		b.t.fail("the log has stopped: %v", err)
		return nil
	}
	if err := b.read(ctx, l); err != nil {
		return err
	}
	for _, key := range b.keys[b.news:] {
		b.want(key, b.acks[key])
	}
	b.news = len(b.keys)
	if err := b.sample(ctx, l); err != nil {
		return err
	}
	if err := b.continues(ctx, l); err != nil {
		return err
	}
	return b.receipts(ctx, l)
}

// read reads what came into the log since the last inspection.
func (b *book) read(ctx context.Context, l *ledger.Ledger) error {
	size, err := l.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	if size < b.size {
		b.t.fail("the log held %d entries and holds %d", b.size, size)
		return nil
	}
	for b.size < size {
		entries, err := l.Store.EntriesFrom(ctx, b.size, 512)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			b.t.fail("the log holds %d entries and shows %d", size, b.size)
			return nil
		}
		for _, e := range entries {
			if e.Seq != b.size {
				b.t.fail("a gap: %d follows %d", e.Seq, b.size-1)
				return nil
			}
			if err := evidence.VerifyEntry(e); err != nil {
				b.t.fail("%v", err)
			}
			if before, twice := b.seen[e.Key]; twice {
				b.t.doubled++
				b.t.fail("%s is recorded at %d and at %d", e.Key, before, e.Seq)
			}
			b.seen[e.Key] = e.Seq
			b.size++
		}
	}
	return nil
}

// want looks for an acknowledged key among what was read.
func (b *book) want(key string, seq int64) {
	if at, ok := b.seen[key]; !ok || at != seq {
		b.t.lost++
		b.t.fail("%s was acknowledged at %d and is not there", key, seq)
	}
}

// sample asks the store again for a few of all acknowledgements.
func (b *book) sample(ctx context.Context, l *ledger.Ledger) error {
	for range min(sampled, len(b.keys)) {
		key := b.keys[b.t.rand.IntN(len(b.keys))]
		e, err := l.Store.EntryByKey(ctx, key)
		if err != nil || e.Seq != b.acks[key] {
			b.t.lost++
			b.t.fail("%s was acknowledged at %d and is found at %d: %v", key, b.acks[key], e.Seq, err)
		}
	}
	return nil
}

// continues asks for a checkpoint, and for proof that it continues the last one
// that was seen.
func (b *book) continues(ctx context.Context, l *ledger.Ledger) error {
	if b.size == 0 {
		return nil
	}
	c, err := l.Log.Checkpoint(ctx)
	if err != nil {
		b.t.fail("no checkpoint: %v", err)
		return nil
	}
	return b.follows(ctx, l, c)
}

func (b *book) follows(ctx context.Context, l *ledger.Ledger, c evidence.Checkpoint) error {
	signed, _, _, err := evidence.VerifyCheckpoint(l.Folder.Verifiers(), c.Note)
	switch {
	case err != nil || signed.Size != c.Size || !slices.Equal(signed.Root, c.Root):
		b.t.fail("the checkpoint of %d does not verify: %v", c.Size, err)
		return nil
	case c.Size < b.last.Size:
		b.t.fail("a checkpoint went back from %d to %d", b.last.Size, c.Size)
		return nil
	case b.last.Size > 0:
		path, err := l.Log.Consistency(ctx, b.last.Size, c.Size)
		if err == nil {
			err = tlog.CheckTree(path, c.Size, tlog.Hash(c.Root), b.last.Size, tlog.Hash(b.last.Root))
		}
		if err != nil {
			b.t.fail("the checkpoint of %d does not continue that of %d: %v", c.Size, b.last.Size, err)
			return nil
		}
	}
	b.last = c
	return nil
}

// receipts makes receipts of a few acknowledgements and verifies them; some are
// kept for the other verifiers.
func (b *book) receipts(ctx context.Context, l *ledger.Ledger) error {
	for range min(sampled, len(b.keys)) {
		seq := b.acks[b.keys[b.t.rand.IntN(len(b.keys))]]
		file, err := receiptOf(ctx, l, seq)
		if err != nil {
			b.t.fail("the receipt of %d: %v", seq, err)
			continue
		}
		b.t.receipts++
		b.t.others.sample(b.t, file)
	}
	return nil
}

// receiptOf makes the receipt of an entry, and verifies the bytes that somebody
// would be given.
func receiptOf(ctx context.Context, l *ledger.Ledger, seq int64) ([]byte, error) {
	r, err := l.Log.Receipt(ctx, seq, ledger.Text, ledger.Declaration)
	if err != nil {
		return nil, err
	}
	file, err := r.Marshal()
	if err != nil {
		return nil, err
	}
	again, err := evidence.ParseReceipt(file)
	if err != nil {
		return nil, err
	}
	v, err := again.Verify(l.Folder.Verifiers())
	if err == nil && v.Seq != seq {
		err = fmt.Errorf("it is of entry %d", v.Seq)
	}
	return file, err
}

// reopen opens the log as a start of the portal does, inspects it and closes it.
func (b *book) reopen(ctx context.Context, f ledger.Folder) error {
	l, err := f.Open(ctx, ledger.Options{})
	if err != nil {
		return err
	}
	return errors.Join(b.inspect(ctx, l), l.Close())
}

// everything looks for all that was ever acknowledged, in the log as it is now,
// and examines the whole of it.
func (b *book) everything(ctx context.Context, f ledger.Folder) (err error) {
	b.seen, b.size, b.news = map[string]int64{}, 0, 0
	l, err := f.Open(ctx, ledger.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := b.inspect(ctx, l); err != nil {
		return err
	}
	head, err := f.Head().Load()
	if err != nil {
		return err
	}
	found, err := evidence.Examine(ctx, evidence.ExamineConfig{
		Store: l.Store, Verifiers: f.Verifiers(),
		Remember: map[string][]evidence.Remembered{evidence.InHead: {{Name: "head", Note: head}}},
	})
	if err == nil && (found.Found != 0 || found.Size != b.size) {
		b.t.fail("the examination of %d entries found %v", found.Size, found.Disagreements)
	}
	return err
}
