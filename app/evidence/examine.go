package evidence

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Where a disagreement is.
const (
	InEntry      = "entry"      // Seq is the entry's
	InCheckpoint = "checkpoint" // Seq is the size that the store's checkpoint signs
	InHead       = "head"       // the checkpoint remembered outside the store; Seq is its size
	InWitness    = "witness"    // a checkpoint that a witness remembers; Seq is its size
	InText       = "text"       // a text that was shown; Seq is of an entry that names it
	InProjection = "projection" // what was derived from the entry Seq
)

// Disagreement is one thing that does not fit. Detail is for who looks into
// it, in English; it holds nothing personal.
type Disagreement struct {
	Where  string `json:"where"`
	Seq    int64  `json:"seq"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// String is the line that kokoroe verify prints.
func (d Disagreement) String() string {
	return fmt.Sprintf("%s %d: %s: %s", d.Where, d.Seq, d.Field, d.Detail)
}

// maxDisagreements is how many are kept; all are counted.
const maxDisagreements = 1000

// Examination is what was found about a whole log.
type Examination struct {
	Size          int64          `json:"size"`
	Records       int64          `json:"records"`      // that are kept
	Erased        int64          `json:"erased"`       // whose leaf alone is kept
	Cosignatures  int64          `json:"cosignatures"` // of known witnesses, on the store's checkpoints
	Checkpoints   int64          `json:"checkpoints"`  // of the store
	Root          []byte         `json:"root"`         // of the tree of Size, as its records give it; nil when they do not
	Signed        int64          `json:"signed"`       // the largest size that a good checkpoint signs
	Found         int64          `json:"found"`
	Disagreements []Disagreement `json:"disagreements,omitempty"` // the first of them, in the order found
}

// ExamineConfig is what a log is examined with. Store and Verifiers are
// required.
type ExamineConfig struct {
	Store     Store
	Verifiers note.Verifiers                                    // the log's public keys, also former ones
	Witnesses []note.Verifier                                   // whose cosignatures are looked at
	Remember  map[string][]Remembered                           // checkpoints kept elsewhere, by InHead or InWitness
	Text      func(ctx context.Context, digest string) error    // whether a text that was shown is kept and is that; nil does not look
	Derived   func(ctx context.Context, e Entry) []Disagreement // what was derived from a record against the record; nil does not look
	Progress  func(done, size int64)                            // is told now and then; nil does nothing
}

// Remembered is a signed checkpoint that somebody else kept.
type Remembered struct {
	Name string // who
	Note []byte
}

// Examine builds the log again from its records and compares everything with
// everything: each leaf with its record and salt, each column with the record,
// each tree hash with the leaves, each erasure with the entry that says so,
// every checkpoint's signature and root with the tree, those remembered
// elsewhere likewise, texts and projections. What does not fit is in the
// Examination; an error (Unavailable) says that it could not be finished. What
// is appended meanwhile is not looked at.
func Examine(ctx context.Context, c ExamineConfig) (Examination, error) {
	size, err := c.Store.LogSize(ctx)
	if err != nil {
		return Examination{}, err
	}
	x := &examiner{c: c, out: Examination{Size: size}, texts: map[string]int64{}, gone: map[int64]bool{}, said: map[int64]bool{}, whole: true}
	if err := x.remembered(); err != nil {
		return Examination{}, err
	}
	if err := errors.Join(x.nextCheckpoint(ctx, 1), x.nextCosigned(ctx, 1)); err != nil {
		return Examination{}, err
	}
	if err := x.entries(ctx); err != nil {
		return Examination{}, err
	}
	if err := x.beyond(ctx); err != nil {
		return Examination{}, err
	}
	if err := x.erasures(ctx); err != nil {
		return Examination{}, err
	}
	if err := x.keys(ctx); err != nil {
		return Examination{}, err
	}
	if err := x.shown(ctx); err != nil {
		return Examination{}, err
	}
	if x.whole {
		root := x.edge.root()
		x.out.Root = root[:]
	}
	return x.out, nil
}

// examiner walks the log once, from the first entry to the last.
type examiner struct {
	c   ExamineConfig
	out Examination

	edge     edge
	whole    bool // no entry was missing so far: the tree can be built
	points   []point
	kept     Checkpoint // the store's next checkpoint; Size 0 when there is none
	cosigned Checkpoint // the next one that witnesses cosigned, and their lines
	lines    []Cosignature
	texts    map[string]int64 // digest → an entry that names it
	gone     map[int64]bool   // entries without record
	said     map[int64]bool   // entries that an entry of the log says were erased
	hashed   []keyHash
}

// point is a root that the tree has to have at a size.
type point struct {
	where, name string
	size        int64
	root        []byte
}

type keyHash struct {
	hash uint64
	seq  int64
}

var keySeed = maphash.MakeSeed()

func (x *examiner) found(where string, seq int64, field, format string, args ...any) {
	x.report(Disagreement{Where: where, Seq: seq, Field: field, Detail: fmt.Sprintf(format, args...)})
}

func (x *examiner) report(d Disagreement) {
	x.out.Found++
	if len(x.out.Disagreements) < maxDisagreements {
		x.out.Disagreements = append(x.out.Disagreements, d)
	}
}

// remembered reads the checkpoints that were kept elsewhere.
func (x *examiner) remembered() error {
	for where, list := range x.c.Remember {
		for _, r := range list {
			c, _, _, err := VerifyCheckpoint(x.c.Verifiers, r.Note)
			if err != nil {
				x.found(where, c.Size, "note", "%s: %v", r.Name, err)
				continue
			}
			x.points = append(x.points, point{where: where, name: r.Name, size: c.Size, root: c.Root})
		}
	}
	slices.SortFunc(x.points, func(a, b point) int { return cmp.Compare(a.size, b.size) })
	return nil
}

// nextCheckpoint reads the store's next checkpoint of at least size.
func (x *examiner) nextCheckpoint(ctx context.Context, size int64) error {
	c, err := x.c.Store.CheckpointCovering(ctx, size)
	if fault.Is(err, fault.NotFound) {
		x.kept = Checkpoint{}
		return nil
	}
	x.kept = c
	return err
}

// nextCosigned reads the store's next checkpoint of at least size that witnesses
// cosigned.
func (x *examiner) nextCosigned(ctx context.Context, size int64) error {
	c, lines, err := x.c.Store.Cosigned(ctx, size, 1)
	if fault.Is(err, fault.NotFound) {
		x.cosigned, x.lines = Checkpoint{}, nil
		return nil
	}
	x.cosigned, x.lines = c, lines
	return err
}

// examined is one entry with what its own goroutine found about it.
type examined struct {
	entry Entry
	leaf  tlog.Hash // the leaf hash to go on with
	shown Shown
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
	if one.entry.Salt == nil {
		x.gone[e.Seq] = true
		x.out.Erased++
	} else {
		x.out.Records++
		x.hashed = append(x.hashed, keyHash{maphash.String(keySeed, e.Key), e.Seq})
	}
	if e.Kind == KindErased {
		x.said[erasedSeq(e.Object)] = true
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

// signed compares the tree as it is now with everything that signs it.
func (x *examiner) signed(ctx context.Context) error {
	for x.kept.Size > 0 && x.kept.Size <= x.edge.size {
		x.checkpoint(x.kept)
		if err := x.witnessed(ctx, x.kept); err != nil {
			return err
		}
		if err := x.nextCheckpoint(ctx, x.kept.Size+1); err != nil {
			return err
		}
	}
	for len(x.points) > 0 && x.points[0].size <= x.edge.size {
		p := x.points[0]
		if root := x.edge.root(); p.size == x.edge.size && x.whole && !bytes.Equal(p.root, root[:]) {
			x.found(p.where, p.size, "root", "%s remembers root %x, the entries give %v", p.name, p.root, root)
		}
		x.points = x.points[1:]
	}
	return nil
}

// checkpoint examines a checkpoint of the store that signs the tree as it is.
func (x *examiner) checkpoint(c Checkpoint) {
	x.out.Checkpoints++
	signed, _, _, err := VerifyCheckpoint(x.c.Verifiers, c.Note)
	switch {
	case err != nil:
		x.found(InCheckpoint, c.Size, "note", "%v", err)
		return
	case signed.Size != c.Size:
		x.found(InCheckpoint, c.Size, "size", "the note signs %d entries", signed.Size)
		return
	case !bytes.Equal(signed.Root, c.Root):
		x.found(InCheckpoint, c.Size, "root", "the note signs another root")
	}
	if root := x.edge.root(); !x.whole || c.Size != x.edge.size {
		x.found(InCheckpoint, c.Size, "root", "entries that it signs are not there")
		return
	} else if !bytes.Equal(signed.Root, root[:]) {
		x.found(InCheckpoint, c.Size, "root", "signed is %x, the entries give %v", signed.Root, root)
		return
	}
	x.out.Signed = max(x.out.Signed, c.Size)
}

// witnessed examines the cosignatures on a checkpoint of the store.
func (x *examiner) witnessed(ctx context.Context, c Checkpoint) error {
	if x.cosigned.Size > c.Size || x.cosigned.Size == 0 {
		return nil
	}
	genuine, err := Cosignatures(x.c.Witnesses, withLines(c.Note, x.lines))
	if err != nil {
		x.found(InWitness, c.Size, "note", "%v", err)
	}
	x.out.Cosignatures += int64(len(genuine))
	for _, g := range genuine {
		if !slices.ContainsFunc(x.lines, g.equal) {
			x.found(InWitness, c.Size, "column", "a column says something else than the cosignature of %s", g.Witness)
		}
	}
	return x.nextCosigned(ctx, c.Size+1)
}

// beyond names what signs more entries than there are. A checkpoint that was
// signed while the log was walked signs entries that came in meanwhile.
func (x *examiner) beyond(ctx context.Context) error {
	now, err := x.c.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	for x.kept.Size > x.out.Size {
		if x.kept.Size > now {
			x.found(InCheckpoint, x.kept.Size, "size", "the log holds %d entries", now)
		}
		if err := x.nextCheckpoint(ctx, x.kept.Size+1); err != nil {
			return err
		}
	}
	for _, p := range x.points {
		if p.size > now {
			x.found(p.where, p.size, "size", "%s remembers %d entries, the log holds %d", p.name, p.size, now)
		}
	}
	return nil
}

// keys looks for an idempotency key that stands twice.
func (x *examiner) keys(ctx context.Context) error {
	slices.SortFunc(x.hashed, func(a, b keyHash) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.seq, b.seq))
	})
	for i := 1; i < len(x.hashed); i++ {
		a, b := x.hashed[i-1], x.hashed[i]
		if a.hash != b.hash {
			continue
		}
		first, err := x.c.Store.Entry(ctx, a.seq)
		if err != nil {
			return err
		}
		second, err := x.c.Store.Entry(ctx, b.seq)
		if err != nil {
			return err
		}
		if first.Key == second.Key {
			x.found(InEntry, b.seq, "key", "entry %d has it too", a.seq)
		}
	}
	return nil
}

// shown looks for the texts that the records name.
func (x *examiner) shown(ctx context.Context) error {
	if x.c.Text == nil {
		return nil
	}
	for digest, seq := range x.texts {
		err := x.c.Text(ctx, digest)
		if fault.Is(err, fault.Unavailable) {
			return err
		}
		if err != nil {
			x.found(InText, seq, digest, "%v", err)
		}
	}
	return nil
}

// examineEntry examines what can be told of an entry without others.
func examineEntry(e Entry) examined {
	one := examined{entry: e, leaf: leafHash(e.Leaf)}
	found := func(field, format string, args ...any) {
		one.found = append(one.found, Disagreement{Where: InEntry, Seq: e.Seq, Field: field, Detail: fmt.Sprintf(format, args...)})
	}
	kept, _ := firstHash(e.Hashes)
	switch {
	case len(e.Hashes) != tlog.HashSize*hashesOf(e.Seq):
		found("hashes", "of %d bytes", len(e.Hashes))
	case len(e.Leaf) != tlog.HashSize:
		found("leaf", "of %d bytes", len(e.Leaf))
		one.leaf = kept
	}
	if e.Record == nil && e.Salt == nil {
		if one.leaf != kept && len(one.found) == 0 {
			found("leaf", "the tree hash is not that of the leaf")
			one.leaf = kept
		}
		if e.Key != erasedKey(e.Seq) || e.Actor != "" || e.Subject != "" {
			found("key", "of an erased entry more is left than may be")
		}
		return one
	}
	if len(e.Salt) != SaltSize {
		found("salt", "of %d bytes", len(e.Salt))
	}
	derived := Leaf(e.Salt, e.Record)
	if !hmac.Equal(derived, e.Leaf) && len(one.found) == 0 {
		if leafHash(derived) == kept {
			found("leaf", "record, salt and tree give another")
			one.leaf = kept
		} else {
			found("record", "record and salt do not give the leaf")
		}
	} else if one.leaf != kept && len(one.found) == 0 {
		found("hashes", "the first is not that of the leaf")
	}
	r, err := readRecord(e.Record)
	if err != nil {
		found("record", "%v", err)
		return one
	}
	one.shown = r.shown
	for _, column := range []struct{ name, column, record string }{
		{"key", e.Key, r.key}, {"kind", e.Kind, r.kind}, {"actor", e.Actor, r.actor},
		{"subject", e.Subject, r.subject}, {"object", e.Object, r.object}, {"scope", e.Scope, r.scope},
	} {
		if column.column != column.record {
			found(column.name, "the column says something else than the record")
		}
	}
	if e.At.UnixMilli() != r.at {
		found("at", "the column says %d, the record %d", e.At.UnixMilli(), r.at)
	}
	return one
}

// leafHash is the leaf hash of a leaf, and nothing of what is no leaf.
func leafHash(leaf []byte) tlog.Hash {
	if len(leaf) != tlog.HashSize {
		return tlog.Hash{}
	}
	return tlog.RecordHash(leaf)
}

func firstHash(hashes []byte) (h tlog.Hash, ok bool) {
	if len(hashes) < tlog.HashSize {
		return h, false
	}
	return tlog.Hash(hashes[:tlog.HashSize]), true
}
