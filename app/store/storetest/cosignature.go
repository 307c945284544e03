package storetest

import (
	"fmt"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

func sampleCosignature(size int64, witness string) evidence.Cosignature {
	return evidence.Cosignature{Size: size, Witness: witness, Line: "— 監査 " + witness, At: at.Truncate(time.Second)}
}

var cosignatureContracts = []contract{
	{"none yet", func(t *testing.T, s store.Store) {
		noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: 5, At: at}))
		for n := range 3 {
			wantNoneCosigned(t, s, 0, n)
		}
		_, err := s.LastCosigned(t.Context(), "a+1")
		wantKind(t, err, fault.NotFound)
	}},
	{"a cosignature wants its checkpoint", func(t *testing.T, s store.Store) {
		noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: 5, At: at}))
		for _, size := range []int64{-1, 0, 4, 6} {
			wantKind(t, s.SaveCosignature(t.Context(), sampleCosignature(size, "a+1")), fault.NotFound)
		}
		wantNoneCosigned(t, s, 0, 1)
	}},
	{"the first of a size and witness stays", func(t *testing.T, s store.Store) {
		noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: 5, At: at}))
		first := sampleCosignature(5, "a+1")
		first.At = uncut
		noError(t, s.SaveCosignature(t.Context(), first))
		first.At = at
		again := first
		again.Line = "another"
		wantKind(t, s.SaveCosignature(t.Context(), again), fault.Conflict)
		wantKind(t, s.SaveCosignature(t.Context(), first), fault.Conflict)
		same(t, value[evidence.Cosignature](t)(s.LastCosigned(t.Context(), "a+1")), first)
	}},
	{"the smallest that enough have cosigned", enoughCosigned},
	{"the last of each witness", func(t *testing.T, s store.Store) {
		for _, size := range []int64{3, 9, 6} {
			noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: size, At: at}))
			noError(t, s.SaveCosignature(t.Context(), sampleCosignature(size, "a+1")))
		}
		noError(t, s.SaveCosignature(t.Context(), sampleCosignature(6, "A+1")))
		same(t, value[evidence.Cosignature](t)(s.LastCosigned(t.Context(), "a+1")), sampleCosignature(9, "a+1"))
		same(t, value[evidence.Cosignature](t)(s.LastCosigned(t.Context(), "A+1")), sampleCosignature(6, "A+1"))
		for _, other := range []string{"", "a", "a+", "a%", "a+1 "} {
			_, err := s.LastCosigned(t.Context(), other)
			wantKind(t, err, fault.NotFound)
		}
	}},
	{"of 20 cosignatures of one witness one is kept, and of 20 witnesses all", func(t *testing.T, s store.Store) {
		noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: 5, At: at}))
		errs := together(20, func(int) error { return s.SaveCosignature(background, sampleCosignature(5, "a+1")) })
		same(t, count(t, errs, fault.Conflict), 1)
		errs = together(20, func(i int) error { return s.SaveCosignature(background, sampleCosignature(5, fmt.Sprint("b+", i))) })
		same(t, count(t, errs, fault.Conflict), 20)
		_, lines, err := s.Cosigned(t.Context(), 1, 21)
		noError(t, err)
		same(t, len(lines), 21)
		same(t, lines[0], sampleCosignature(5, "a+1"))
	}},
	{"text as it is, or not at all", func(t *testing.T, s store.Store) {
		noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: 5, At: at}))
		for name, text := range odd {
			t.Run(name, func(t *testing.T) {
				c := evidence.Cosignature{Size: 5, Witness: name + text, Line: text, At: at}
				noError(t, s.SaveCosignature(t.Context(), c))
				same(t, value[evidence.Cosignature](t)(s.LastCosigned(t.Context(), name+text)), c)
			})
		}
		for name, text := range broken {
			t.Run(name, func(t *testing.T) {
				wantKind(t, s.SaveCosignature(t.Context(), evidence.Cosignature{Size: 5, Witness: text, At: at}), fault.Invalid)
				wantKind(t, s.SaveCosignature(t.Context(), evidence.Cosignature{Size: 5, Witness: "x", Line: text, At: at}), fault.Invalid)
			})
		}
	}},
}

func enoughCosigned(t *testing.T, s store.Store) {
	made := map[int64]evidence.Checkpoint{}
	for _, size := range []int64{2, 10, 20, 30, 40} {
		cp := evidence.Checkpoint{Size: size, Root: []byte{byte(size)}, Note: []byte("note\n"), At: at}
		noError(t, s.SaveCheckpoint(t.Context(), cp))
		made[size] = cp
	}
	cosigned := map[int64][]evidence.Cosignature{}
	for _, c := range []evidence.Cosignature{
		sampleCosignature(30, "c+1"), sampleCosignature(10, "a+1"), sampleCosignature(30, "a+1"),
		sampleCosignature(20, "b+1"), sampleCosignature(30, "b+1"), sampleCosignature(20, "a+1"),
	} {
		noError(t, s.SaveCosignature(t.Context(), c))
		cosigned[c.Size] = append(cosigned[c.Size], c)
	}
	for _, c := range []struct{ size, n, want int64 }{
		{-1, 1, 10}, {0, 0, 10}, {0, -5, 10}, {10, 1, 10}, {11, 1, 20}, {0, 2, 20}, {20, 2, 20}, {21, 2, 30}, {0, 3, 30}, {30, 1, 30},
	} {
		cp, lines, err := s.Cosigned(t.Context(), c.size, int(c.n))
		noError(t, err)
		same(t, cp, made[c.want])
		same(t, lines, cosigned[c.want])
	}
	for _, c := range []struct{ size, n int64 }{{31, 1}, {0, 4}, {40, 1}, {1 << 40, 1}} {
		wantNoneCosigned(t, s, c.size, int(c.n))
	}
}

func wantNoneCosigned(t *testing.T, s store.Store, size int64, n int) {
	t.Helper()
	_, lines, err := s.Cosigned(t.Context(), size, n)
	wantKind(t, err, fault.NotFound)
	same(t, len(lines), 0)
}
