package evidence

import (
	"bytes"
	"context"
	"hash/maphash"
	"runtime"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// examined is one entry with what its own goroutine found about it.
type examined struct {
	entry Entry
	leaf  tlog.Hash // the leaf hash to go on with
	shown Shown
	said  erased // when the entry says that another was erased
	found []Disagreement
}

// entries walks the log: one goroutine reads, several examine each entry by
// itself, and this one, in order, builds the tree.
func (x *examiner) entries(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for p := range x.read(ctx) {
		<-p.done
		if p.err != nil {
			return p.err
		}
		for i := range p.entries {
			if err := x.take(ctx, &p.entries[i]); err != nil {
				return err
			}
		}
		if x.c.Progress != nil {
			x.c.Progress(x.edge.size, x.out.Size)
		}
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "evidence.unconfirmed")
	}
	x.missing(x.out.Size)
	return nil
}

// entryPage is some entries on their way through the examination.
type entryPage struct {
	entries []examined
	err     error
	done    chan struct{}
}

// read reads the entries page by page and has each page examined while the
// next one is read.
func (x *examiner) read(ctx context.Context) <-chan *entryPage {
	pages := make(chan *entryPage, runtime.GOMAXPROCS(0))
	go func() {
		defer close(pages)
		for next := int64(0); next < x.out.Size; {
			p := &entryPage{done: make(chan struct{})}
			entries, err := x.c.Store.EntriesFrom(ctx, next, int(min(page, x.out.Size-next)))
			if p.err = err; err != nil {
				close(p.done)
			} else {
				go x.examine(ctx, p, entries)
			}
			select {
			case pages <- p:
			case <-ctx.Done():
				return
			}
			if err != nil || len(entries) == 0 {
				return
			}
			next = entries[len(entries)-1].Seq + 1
		}
	}()
	return pages
}

func (x *examiner) examine(ctx context.Context, p *entryPage, entries []Entry) {
	defer close(p.done)
	for _, e := range entries {
		if e.Seq >= x.out.Size {
			break
		}
		one := examineEntry(e)
		if x.c.Derived != nil && e.Record != nil {
			one.found = append(one.found, x.c.Derived(ctx, e)...)
		}
		one.entry.Record = nil // a page of records is large, and nobody reads them any more
		p.entries = append(p.entries, one)
	}
}

// take builds the tree on: the entry's place, its tree hashes, and whatever
// signs the tree that ends with it.
func (x *examiner) take(ctx context.Context, one *examined) error {
	e := &one.entry
	x.missing(e.Seq)
	for _, d := range one.found {
		x.report(d)
	}
	sort := x.census.add(sortOf(e.Kind, e.Object, e.Scope), 1)
	if one.entry.Salt == nil {
		x.gone[e.Seq] = sort
		x.out.Erased++
	} else {
		x.out.Records++
		x.hashed = append(x.hashed, keyHash{maphash.String(keySeed, e.Key), e.Seq})
	}
	if e.Kind == KindErased {
		x.said[erasedSeq(e.Object)] = one.said
	}
	for _, digest := range []string{one.shown.Text, one.shown.Declaration} {
		if _, known := x.texts[digest]; digest != "" && !known {
			x.texts[digest] = e.Seq
		}
	}
	hashes := x.edge.addHash(one.leaf)
	if x.whole && !bytes.Equal(hashes, e.Hashes) && len(one.found) == 0 {
		x.found(InEntry, e.Seq, "hashes", "they do not follow from the leaves")
	}
	return x.signed(ctx)
}

// missing notes the entries that should stand before seq.
func (x *examiner) missing(seq int64) {
	for ; x.edge.size < seq; x.edge.size++ {
		x.found(InEntry, x.edge.size, "seq", "the entry is not there")
		x.whole = false
	}
}
