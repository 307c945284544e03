package evidence

import (
	"context"
	"time"
	"unique"

	"kokoroe/app/fault"
)

// erased is what an entry says of another that was erased: of which kind and
// scope that was. A million of them name few.
type erased struct{ kind, scope unique.Handle[string] }

func erasedOf(said Entry) (erased, error) {
	var body Erasure
	if err := said.Body(&body); err != nil {
		return erased{}, err
	}
	return erased{unique.Make(body.Kind), unique.Make(said.Scope)}, nil
}

// erasures compares what is gone with what the log says was erased, and counts
// it as erased. Another instance may erase while this one walks the log, so
// whatever does not fit is looked at again as it is now; what only an entry
// behind those that are examined says, does not count.
func (x *examiner) erasures(ctx context.Context) error {
	for seq, sort := range x.gone {
		if said, ok := x.said[seq]; ok {
			sort.erase()
			x.sameSort(seq, sort.sort, said)
			continue
		}
		said, err := x.saidSince(ctx, seq)
		if err != nil {
			return err
		}
		if !said {
			x.found(InEntry, seq, "record", "it is gone, and nothing in the log says that it was erased")
		}
	}
	patience := underWay
	for seq, said := range x.said {
		if x.gone[seq] != nil || seq >= x.out.Size {
			continue
		}
		e, still, err := x.remains(ctx, seq, &patience)
		if fault.Is(err, fault.NotFound) { // what is missing was found already
			continue
		}
		if err != nil {
			return err
		}
		sort := x.census.add(sortOf(e.Kind, e.Object, e.Scope), 0)
		sort.erase()
		x.sameSort(seq, sort.sort, said)
		if still {
			x.found(InEntry, seq, "record", "the log says that it was erased, and it is still there")
		}
	}
	return nil
}

// sameSort compares the columns of an erased entry, which has no record any
// more, with what was said when it was erased. Where that cannot be read, this
// was found already.
func (x *examiner) sameSort(seq int64, s sort, said erased) {
	if said == (erased{}) {
		return
	}
	for _, column := range []struct {
		name, column string
		said         unique.Handle[string]
	}{{"kind", s.kind, said.kind}, {"scope", s.scope, said.scope}} {
		if column.column != column.said.Value() {
			x.found(InEntry, seq, column.name, "the column says something else than the entry that says that it was erased")
		}
	}
}

// Between the word that a record was erased and its erasure is a call to the
// store or two.
const (
	underWay = 300 * time.Millisecond
	lookAt   = 50 * time.Millisecond
)

// remains returns an entry as it is now, and whether its record is there, also
// after some patience, which is for all entries together. NotFound.
func (x *examiner) remains(ctx context.Context, seq int64, patience *time.Duration) (Entry, bool, error) {
	for {
		e, err := x.c.Store.Entry(ctx, seq)
		if err != nil || e.Record == nil && e.Salt == nil {
			return e, false, err
		}
		if *patience <= 0 {
			return e, true, nil
		}
		*patience -= lookAt
		select {
		case <-time.After(lookAt):
		case <-ctx.Done():
			return e, false, fault.Wrap(ctx.Err(), fault.Unavailable, "evidence.unconfirmed")
		}
	}
}

// saidSince reports whether an entry behind those that are examined says that
// the entry seq was erased.
func (x *examiner) saidSince(ctx context.Context, seq int64) (bool, error) {
	e, err := x.c.Store.EntryByKey(ctx, ErasedKey(seq))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return e.Seq >= x.out.Size && e.Kind == KindErased && erasedSeq(e.Object) == seq, err
}
