package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/tests/ledger"
)

// mutations is how many changed receipts there are in one cycle; five cycles are
// the 10,000 of a full run.
const mutations = 2000

// mutatedReceipts changes receipts in every way that is drawn. Each must be
// refused.
func mutatedReceipts(ctx context.Context, t *trial) (err error) {
	t.means = "bits, bytes, lines, fields, parts of other receipts"
	originals, f, err := t.originals(ctx)
	if err != nil {
		return err
	}
	genuine := map[string]bool{}
	for _, o := range originals {
		genuine[string(o)] = true
	}
	for n := 0; n < mutations; {
		from := originals[t.rand.IntN(len(originals))]
		m := mutators[t.rand.IntN(len(mutators))]
		changed := m.change(t.rand, slices.Clone(from), originals)
		if genuine[string(changed)] {
			continue
		}
		n++
		t.tampered++
		t.faults++
		if v, err := verify(f, changed); err == nil {
			t.fail("a receipt changed by %s is accepted as of entry %d:\n%s", m.name, v.Seq, changed)
			continue
		}
		t.found++
		t.others.changed(t, changed)
	}
	return nil
}

func verify(f ledger.Folder, file []byte) (evidence.Verified, error) {
	r, err := evidence.ParseReceipt(file)
	if err != nil {
		return evidence.Verified{}, err
	}
	return r.Verify(f.Verifiers())
}

// originals makes genuine receipts, of entries under several checkpoints.
func (t *trial) originals(ctx context.Context) (files [][]byte, f ledger.Folder, err error) {
	if f, err = t.home(fmt.Sprint(t.cycle)); err != nil {
		return nil, f, err
	}
	b := newBook(t)
	l, err := f.Open(ctx, ledger.Options{SignAfter: time.Hour})
	if err != nil {
		return nil, f, err
	}
	for i := range 40 {
		b.persist(ctx, l, keyOf("receipt", 0, i))
		if i%7 == 0 || i == 39 {
			if _, err := l.Log.Checkpoint(ctx); err != nil {
				return nil, f, err
			}
		}
	}
	for seq := range int64(40) {
		file, err := receiptOf(ctx, l, seq)
		if err != nil {
			t.fail("the receipt of %d: %v", seq, err)
			continue
		}
		t.receipts++
		t.others.sample(t, file)
		files = append(files, file)
	}
	if err := b.inspect(ctx, l); err != nil {
		return nil, f, err
	}
	return files, f, l.Close()
}

// mutator changes a receipt. What it returns may be the same as before, or
// another genuine one.
type mutator struct {
	name   string
	change func(r *rand.Rand, file []byte, others [][]byte) []byte
}

var mutators = []mutator{
	{"a bit", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		f[r.IntN(len(f))] ^= 1 << r.IntN(8)
		return f
	}},
	{"a byte", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		f[r.IntN(len(f))] = byte(r.IntN(256))
		return f
	}},
	{"a byte that is gone", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		i := r.IntN(len(f))
		return slices.Delete(f, i, i+1)
	}},
	{"a byte more", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		return slices.Insert(f, r.IntN(len(f)+1), "\n \t0a=|\x00\u00a0"[r.IntN(9)])
	}},
	{"two bytes swapped", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		i := r.IntN(len(f) - 1)
		f[i], f[i+1] = f[i+1], f[i]
		return f
	}},
	{"an end", func(r *rand.Rand, f []byte, _ [][]byte) []byte { return f[:r.IntN(len(f))] }},
	{"something behind", func(_ *rand.Rand, f []byte, others [][]byte) []byte { return append(f, others[0]...) }},
	{"a digit", changeDigit},
	{"a line that is gone", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		l := bytes.SplitAfter(f, []byte("\n"))
		i := r.IntN(len(l) - 1)
		return bytes.Join(slices.Delete(l, i, i+1), nil)
	}},
	{"a line twice", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		l := bytes.SplitAfter(f, []byte("\n"))
		i := r.IntN(len(l) - 1)
		return bytes.Join(slices.Insert(l, i, l[i]), nil)
	}},
	{"two lines swapped", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		l := bytes.SplitAfter(f, []byte("\n"))
		i, j := r.IntN(len(l)-1), r.IntN(len(l)-1)
		l[i], l[j] = l[j], l[i]
		return bytes.Join(l, nil)
	}},
	{"a line of another receipt", func(r *rand.Rand, f []byte, others [][]byte) []byte {
		l, o := bytes.SplitAfter(f, []byte("\n")), bytes.SplitAfter(others[r.IntN(len(others))], []byte("\n"))
		i := r.IntN(len(l) - 1)
		l[i] = o[min(i, len(o)-2)]
		return bytes.Join(l, nil)
	}},
	{"another receipt's proof and checkpoint", func(r *rand.Rand, f []byte, others [][]byte) []byte {
		head, _, _ := bytes.Cut(f, []byte("\nc2sp.org/"))
		_, tail, _ := bytes.Cut(others[r.IntN(len(others))], []byte("\nc2sp.org/"))
		return slices.Concat(head, []byte("\nc2sp.org/"), tail)
	}},
	{"another receipt's checkpoint", func(r *rand.Rand, f []byte, others [][]byte) []byte {
		head, _, _ := bytes.Cut(f, []byte("\n\n"+ledger.Origin))
		_, tail, _ := bytes.Cut(others[r.IntN(len(others))], []byte("\n\n"+ledger.Origin))
		return slices.Concat(head, []byte("\n\n"+ledger.Origin), tail)
	}},
	{"other line ends", func(_ *rand.Rand, f []byte, _ [][]byte) []byte {
		return bytes.ReplaceAll(f, []byte("\n"), []byte("\r\n"))
	}},
	{"a mark of the order of bytes", func(_ *rand.Rand, f []byte, _ [][]byte) []byte { return append([]byte("\ufeff"), f...) }},
	{"another salt", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		salt := make([]byte, evidence.SaltSize)
		for i := range salt {
			salt[i] = byte(r.IntN(256))
		}
		head, tail, _ := bytes.Cut(f, []byte("\nsalt "))
		_, tail, _ = bytes.Cut(tail, []byte("\n"))
		return slices.Concat(head, []byte("\nsalt "+base64.StdEncoding.EncodeToString(salt)+"\n"), tail)
	}},
	{"another person", func(r *rand.Rand, f []byte, _ [][]byte) []byte {
		return bytes.ReplaceAll(f, []byte(`"subject":"p-`), fmt.Appendf(nil, `"subject":"p-%x`, r.IntN(16)))
	}},
}

// changeDigit makes one digit another: of a time, a version, an index, a size.
func changeDigit(r *rand.Rand, f []byte, _ [][]byte) []byte {
	for at := r.IntN(len(f)); ; at = (at + 1) % len(f) {
		if f[at] >= '0' && f[at] <= '9' {
			f[at] = '0' + (f[at]-'0'+byte(1+r.IntN(9)))%10
			return f
		}
	}
}
