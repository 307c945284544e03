package evidence_test

import (
	"bytes"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// Another implementation of RFC 6962 must agree about every root and every
// proof, at every size.
func TestAgainstTheOracle(t *testing.T) {
	const n = 70
	m := newMemory()
	l := open(t, config(t, m))
	oracle := testonly.New(rfc6962.DefaultHasher)
	for size := int64(1); size <= n; size++ {
		e := add(t, l, int(size), int(size)+1)[0]
		oracle.AppendData(e.Leaf)
		if c := sign(t, l); c.Size != size || !bytes.Equal(c.Root, oracle.Hash()) {
			t.Fatalf("size %d: root %x, oracle %x", size, c.Root, oracle.Hash())
		}
		for seq := range size {
			p, err := l.Proof(t.Context(), seq, size)
			if err != nil {
				t.Fatal(err)
			}
			leaf := m.entries[seq].Leaf
			if err := evidence.VerifyInclusion(p, leaf); err != nil {
				t.Fatal(err)
			}
			err = proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(seq), uint64(size),
				rfc6962.DefaultHasher.HashLeaf(leaf), asBytes(p.Path), oracle.Hash())
			if err != nil {
				t.Fatalf("entry %d of %d: %v", seq, size, err)
			}
		}
	}
	for older := int64(1); older <= n; older++ {
		path, err := l.Consistency(t.Context(), older, n)
		if err != nil {
			t.Fatal(err)
		}
		err = proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), n, asBytes(path), oracle.HashAt(uint64(older)), oracle.Hash())
		if err != nil {
			t.Fatalf("from %d to %d: %v", older, n, err)
		}
	}
}

func asBytes(path []tlog.Hash) [][]byte {
	out := [][]byte{}
	for _, h := range path {
		out = append(out, bytes.Clone(h[:]))
	}
	return out
}

func TestHashPlace(t *testing.T) {
	index := int64(0)
	for seq := range int64(1000) {
		hashes, err := tlog.StoredHashesForRecordHash(seq, tlog.Hash{}, tlog.HashReaderFunc(func(i []int64) ([]tlog.Hash, error) {
			return make([]tlog.Hash, len(i)), nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		for level := range hashes {
			if s, l := evidence.HashPlace(index); s != seq || l != level {
				t.Fatalf("hash %d is at entry %d, level %d; want %d, %d", index, s, l, seq, level)
			}
			index++
		}
	}
}

func TestProofReadsFewEntries(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	appendAtOnce(t, 4096, l)
	m.reads = 0
	for seq := range int64(100) {
		if _, err := l.Proof(t.Context(), seq*37, 4096); err != nil {
			t.Fatal(err)
		}
	}
	if m.reads > 100*4 {
		t.Errorf("%d entries read for 100 proofs in a tree of 4,096", m.reads)
	}
}

func TestProofOfWhatIsNotThere(t *testing.T) {
	l := open(t, config(t, newMemory()))
	add(t, l, 0, 3)
	cases := []struct {
		name      string
		seq, size int64
		kind      fault.Kind
	}{
		{"beyond the tree", 2, 2, fault.NotFound},
		{"beyond the log", 3, 0, fault.NotFound},
		{"negative", -1, 3, fault.NotFound},
		{"tree larger than the log", 0, 4, fault.Invalid},
		{"negative tree", 0, -4, fault.Invalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := l.Proof(t.Context(), c.seq, c.size); !fault.Is(err, c.kind) {
				t.Errorf("error %v, want %v", err, c.kind)
			}
		})
	}
	if _, err := l.Consistency(t.Context(), 2, 9); !fault.Is(err, fault.Invalid) {
		t.Errorf("consistency with a size to come: %v", err)
	}
}
