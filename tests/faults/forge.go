package main

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
)

// rows deletes, swaps and back-dates whole rows.
func (x *tamper) rows(ctx context.Context) error {
	for range everyColumn {
		a, b := x.any(), x.any()
		if a == b {
			continue
		}
		for _, c := range []struct {
			what    string
			queries []string
			want    []place
		}{
			{fmt.Sprintf("entry %d deleted", a), []string{fmt.Sprintf(`DELETE FROM entry WHERE seq = %d`, a)},
				[]place{{evidence.InEntry, []int64{a}, []string{"seq"}}}},
			{fmt.Sprintf("everything from entry %d on deleted", a), []string{fmt.Sprintf(`DELETE FROM entry WHERE seq >= %d`, a)},
				[]place{{evidence.InCheckpoint, x.points, []string{"size"}}, {evidence.InHead, x.points, []string{"size"}}}},
			{fmt.Sprintf("everything from entry %d on deleted, and its checkpoints", a),
				[]string{fmt.Sprintf(`DELETE FROM entry WHERE seq >= %d`, a), fmt.Sprintf(`DELETE FROM checkpoint WHERE size > %d`, a)},
				[]place{{evidence.InHead, x.points, []string{"size"}}}},
			{fmt.Sprintf("entries %d and %d swapped", a, b), []string{
				fmt.Sprintf(`UPDATE entry SET seq = 1000000 WHERE seq = %d`, a), fmt.Sprintf(`UPDATE entry SET seq = %d WHERE seq = %d`, a, b),
				fmt.Sprintf(`UPDATE entry SET seq = %d WHERE seq = 1000000`, b)},
				// Two rows of the same height fit each other's place, and show in the hash above.
				[]place{{evidence.InEntry, []int64{min(a, b), keeperAbove(min(a, b))}, []string{"hashes"}}}},
			{fmt.Sprintf("the record of entry %d with that of %d", a, b), []string{
				fmt.Sprintf(`UPDATE entry SET record = (SELECT record FROM pristine.entry WHERE seq = %d), salt = (SELECT salt FROM pristine.entry WHERE seq = %d) WHERE seq = %d`, b, b, a)},
				[]place{{evidence.InEntry, []int64{a}, []string{"record"}}}},
			{fmt.Sprintf("entry %d back-dated", a), []string{fmt.Sprintf(`UPDATE entry SET at = at - 86400000 WHERE seq = %d`, a)},
				[]place{{evidence.InEntry, []int64{a}, []string{"at"}}}},
			{fmt.Sprintf("entry %d erased without a word", a), []string{
				fmt.Sprintf(`UPDATE entry SET record = NULL, salt = NULL, actor = '', subject = '', key = 'erased/%d' WHERE seq = %d`, a, a)},
				[]place{{evidence.InEntry, []int64{a}, []string{"record"}}}},
		} {
			if err := x.exec(ctx, c.queries...); err != nil {
				return err
			}
			if err := x.look(ctx, c.what, c.want...); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgeries back-dates an entry with more and more of what depends on it: the
// record, the leaf too, the tree hashes of the row, those of all rows behind it.
func (x *tamper) forgeries(ctx context.Context) error {
	for depth := range 4 {
		seq := x.any()
		var want []place
		switch depth {
		case 0:
			want = []place{{evidence.InEntry, []int64{seq}, []string{"record"}}}
		case 1:
			want = []place{{evidence.InEntry, []int64{seq}, []string{"hashes"}}}
		case 2:
			if above := keeperAbove(seq); above < x.size() {
				want = append(want, place{evidence.InEntry, []int64{above}, []string{"hashes"}})
			}
			fallthrough
		case 3:
			for _, size := range x.points {
				if size > seq {
					want = append(want, place{evidence.InCheckpoint, []int64{size}, []string{"root"}})
				}
			}
			want = append(want, place{evidence.InHead, []int64{x.size()}, []string{"root"}})
		}
		if err := x.forge(ctx, seq, depth); err != nil {
			return err
		}
		if err := x.look(ctx, fmt.Sprintf("entry %d back-dated, forged %d deep", seq, depth), want...); err != nil {
			return err
		}
	}
	return nil
}

// keeperAbove is the entry that keeps the first tree hash above those that the
// entry seq keeps itself.
func keeperAbove(seq int64) int64 {
	level := bits.TrailingZeros64(^uint64(seq))
	return (seq>>level+2)<<level - 1
}

// size is how many entries there are; the last checkpoint signs them all.
func (x *tamper) size() int64 { return x.points[len(x.points)-1] }

// forge back-dates the entry in the file.
func (x *tamper) forge(ctx context.Context, seq int64, depth int) error {
	entries, err := x.ledger.Store.EntriesFrom(ctx, 0, 1000)
	if err != nil {
		return err
	}
	e := &entries[seq]
	at := e.At.Add(-24 * time.Hour)
	old, young := fmt.Appendf(nil, `"at":%d`, e.At.UnixMilli()), fmt.Appendf(nil, `"at":%d`, at.UnixMilli())
	e.At, e.Record = at, bytes.Replace(e.Record, old, young, 1)
	if depth >= 1 {
		e.Leaf = evidence.Leaf(e.Salt, e.Record)
	}
	tree := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			at, level := evidence.HashPlace(index)
			out[i] = tlog.Hash(entries[at].Hashes[tlog.HashSize*level:][:tlog.HashSize])
		}
		return out, nil
	})
	last := seq - 1
	switch depth {
	case 2:
		last = seq
	case 3:
		last = int64(len(entries)) - 1
	}
	for i := seq; i <= last; i++ {
		hashes, err := tlog.StoredHashesForRecordHash(i, tlog.RecordHash(entries[i].Leaf), tree)
		if err != nil {
			return err
		}
		entries[i].Hashes = nil
		for _, h := range hashes {
			entries[i].Hashes = append(entries[i].Hashes, h[:]...)
		}
	}
	for i := seq; i <= max(seq, last); i++ {
		e := entries[i]
		_, err := x.db.ExecContext(ctx, `UPDATE entry SET at = ?, record = ?, leaf = ?, hashes = ? WHERE seq = ?`,
			e.At.UnixMilli(), e.Record, e.Leaf, e.Hashes, e.Seq)
		if err != nil {
			return err
		}
	}
	return nil
}
