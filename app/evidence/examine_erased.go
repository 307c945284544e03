package evidence

import (
	"context"
	"time"

	"kokoroe/app/fault"
)

// erasures compares what is gone with what the log says was erased. Another
// instance may erase while this one walks the log, so whatever does not fit is
// looked at again as it is now.
func (x *examiner) erasures(ctx context.Context) error {
	for seq := range x.gone {
		if x.said[seq] {
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
	for seq := range x.said {
		if x.gone[seq] || seq >= x.out.Size {
			continue
		}
		still, err := x.remains(ctx, seq, &patience)
		if err != nil {
			return err
		}
		if still {
			x.found(InEntry, seq, "record", "the log says that it was erased, and it is still there")
		}
	}
	return nil
}

// Between the word that a record was erased and its erasure is a call to the
// store or two.
const (
	underWay = 300 * time.Millisecond
	lookAt   = 50 * time.Millisecond
)

// remains reports whether the record of an entry is there, also after some
// patience, which is for all entries together.
func (x *examiner) remains(ctx context.Context, seq int64, patience *time.Duration) (bool, error) {
	for {
		e, err := x.c.Store.Entry(ctx, seq)
		if fault.Is(err, fault.NotFound) { // what is missing was found already
			return false, nil
		}
		if err != nil || e.Record == nil && e.Salt == nil {
			return false, err
		}
		if *patience <= 0 {
			return true, nil
		}
		*patience -= lookAt
		select {
		case <-time.After(lookAt):
		case <-ctx.Done():
			return false, fault.Wrap(ctx.Err(), fault.Unavailable, "evidence.unconfirmed")
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
