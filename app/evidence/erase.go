package evidence

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"kokoroe/app/fault"
)

// KindErased is the kind of the record that says that another was erased.
// Frozen.
const KindErased = "evidence.erased/v1"

// The grounds of an erasure.
const (
	GroundRequest   = "request"   // somebody decided it, for the reason that is given
	GroundRetention = "retention" // the time for which such records are kept is over
)

// Erasure is the body of a KindErased record.
type Erasure struct {
	Seq    int64  `json:"seq"`    // the entry whose record was erased
	Kind   string `json:"kind"`   // of record that it was
	Ground string `json:"ground"` // GroundRequest or GroundRetention
	Reason string `json:"reason"` // in words
}

// ErasedKey is the key of the record that says that the entry seq was erased.
func ErasedKey(seq int64) string { return "evidence.erased/" + strconv.FormatInt(seq, 10) }

// erasedKey is what stands in the place of an erased entry's own key, which
// may name a person.
func erasedKey(seq int64) string { return "erased/" + strconv.FormatInt(seq, 10) }

const erasedObject = "entry:"

// erasedSeq is the entry that a KindErased record is about; -1 for nonsense.
func erasedSeq(object string) int64 {
	digits, ok := strings.CutPrefix(object, erasedObject)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return -1
	}
	return n
}

// Erase records that the entry was erased, by whom and why, and then takes
// record, salt, key, actor and subject away from it. Leaf and tree hashes stay:
// every other proof goes on to hold. The record comes first, so that what is
// gone was always said to be; a crash in between is made good by erasing again,
// or by FinishErasures. Erasing twice is erasing once: the first reason stays.
// NotFound; Invalid (evidence.not_erasable) for a record that itself says that
// something was erased; and what Append answers.
func (l *Log) Erase(ctx context.Context, actor Actor, seq int64, ground, reason string) (Entry, error) {
	e, err := l.c.Store.Entry(ctx, seq)
	if err != nil {
		return Entry{}, err
	}
	if e.Kind == KindErased {
		return Entry{}, fault.New(fault.Invalid, "evidence.not_erasable", fault.Args{"Seq": seq})
	}
	said, err := l.Append(ctx, Statement{
		Kind: KindErased, Key: ErasedKey(seq), Actor: actor, Object: erasedObject + strconv.FormatInt(seq, 10), Scope: e.Scope,
		Body: Erasure{Seq: seq, Kind: e.Kind, Ground: ground, Reason: reason},
	})
	if err != nil {
		return Entry{}, err
	}
	return said, l.c.Store.EraseEntry(ctx, seq, erasedKey(seq))
}

// FinishErasures takes away the records that the log says were erased and that
// a crash left where they were. It returns how many these were.
func (l *Log) FinishErasures(ctx context.Context) (int, error) {
	finished := 0
	q := Query{Kind: KindErased, Limit: page}
	for {
		said, err := l.c.Store.FindEntries(ctx, q)
		if err != nil {
			return finished, err
		}
		for _, s := range said {
			seq := erasedSeq(s.Object)
			e, err := l.c.Store.Entry(ctx, seq)
			if err != nil {
				return finished, fmt.Errorf("entry %d, which %d says was erased: %w", seq, s.Seq, err)
			}
			if e.Record == nil && e.Salt == nil {
				continue
			}
			if err := l.c.Store.EraseEntry(ctx, seq, erasedKey(seq)); err != nil {
				return finished, err
			}
			finished++
		}
		if len(said) < q.Limit {
			return finished, nil
		}
		q.Before = said[len(said)-1].Seq
	}
}
