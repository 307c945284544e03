package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"golang.org/x/mod/sumdb/note"

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
	Records       int64          `json:"records"`              // that are kept
	Erased        int64          `json:"erased"`               // whose leaf alone is kept
	Cosignatures  int64          `json:"cosignatures"`         // of known witnesses, on the store's checkpoints
	Checkpoints   int64          `json:"checkpoints"`          // of the store
	Root          []byte         `json:"root"`                 // of the tree of Size, as its records give it; nil when they do not
	Signed        int64          `json:"signed"`               // the largest size that a good checkpoint signs
	Population    *Population    `json:"population,omitempty"` // of the entries that are there; erased is what an entry among them says so of
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
// everything, and counts what it saw: each leaf with its record and salt, each column with the record,
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
	x := &examiner{c: c, out: Examination{Size: size}, texts: map[string]int64{}, census: census{}, gone: map[int64]*counted{}, said: map[int64]erased{}, whole: true}
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
	x.out.Population = x.census.population()
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
	census   census
	gone     map[int64]*counted // entries without record
	said     map[int64]erased   // entries that an entry of the log says were erased
	hashed   []keyHash
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
