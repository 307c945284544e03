package evidence_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// counting is a memory that counts. Something may happen while it does.
type counting struct {
	*memory
	meanwhile func()
}

func (c counting) CountEntries(ctx context.Context, q evidence.Query) ([]evidence.Count, error) {
	counts, err := c.CountBetween(ctx, 0, q.Before)
	if c.meanwhile != nil {
		c.meanwhile()
	}
	return counts, err
}

func (c counting) CountBetween(_ context.Context, from, before int64) ([]evidence.Count, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := map[evidence.Count]int64{}
	for _, e := range c.entries {
		if e.Seq >= from && e.Seq < before {
			n[evidence.Count{Kind: e.Kind, Object: e.Object, Scope: e.Scope, Erased: e.Record == nil && e.Salt == nil}]++
		}
	}
	var list []evidence.Count
	for of, entries := range n {
		of.Entries = entries
		list = append(list, of)
	}
	slices.SortFunc(list, func(a, b evidence.Count) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return list, nil
}

// populationOf counts the first size entries by hand.
func populationOf(m *memory, size int64) evidence.Population {
	p := evidence.Population{Kinds: map[string]evidence.Tally{}, Objects: map[string]evidence.Tally{}, Scopes: map[string]evidence.Tally{}}
	said := map[string]bool{}
	for _, e := range m.entries[:size] {
		if e.Kind == evidence.KindErased {
			said[e.Object] = true
		}
	}
	for _, e := range m.entries[:size] {
		one, object := evidence.Tally{Kept: 1}, e.Object
		if said[fmt.Sprint("entry:", e.Seq)] {
			one = evidence.Tally{Erased: 1}
		}
		if e.Kind == evidence.KindErased {
			object = "entry:"
		}
		p.Kinds[e.Kind] = p.Kinds[e.Kind].Plus(one)
		p.Objects[object] = p.Objects[object].Plus(one)
		p.Scopes[e.Scope] = p.Scopes[e.Scope].Plus(one)
	}
	return p
}

// mixed appends n entries of all sorts; every fifth erases one of them, or of
// those before.
func mixed(t *testing.T, l *evidence.Log, m *memory, random *rand.Rand, n int) {
	t.Helper()
	for range n {
		seq := len(m.entries)
		if seq%5 == 4 {
			victim := random.IntN(seq)
			if m.entries[victim].Kind != evidence.KindErased && m.entries[victim].Record != nil {
				if _, err := l.Erase(t.Context(), evidence.Actor{ID: "p-office"}, int64(victim), evidence.GroundRetention, "test"); err != nil {
					t.Fatal(err)
				}
				continue
			}
		}
		s := statement(seq)
		s.Kind = fmt.Sprintf("test.done/v%d", 1+random.IntN(2))
		s.Object, s.Scope = fmt.Sprint("thing:", random.IntN(3)), fmt.Sprint(2024+random.IntN(3))
		if _, err := l.Append(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func samePopulation(t *testing.T, what string, got, want evidence.Population) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

// Whatever is erased later, the population of a size stays what it is: as the
// store is counted, as it is counted on from any smaller one, and as an
// examination at that time saw it.
func TestAPopulationOfOneSizeStaysWhatItIs(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	s := counting{memory: m}
	random := rand.New(rand.NewPCG(7, 7))
	examined := map[int64]evidence.Population{}
	for range 12 {
		mixed(t, l, m, random, 1+random.IntN(9))
		x := examine(t, evidence.ExamineConfig{Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier)})
		if x.Found != 0 {
			t.Fatalf("found %v", x.Disagreements)
		}
		examined[x.Size] = *x.Population
	}
	last := int64(len(m.entries))
	if erased := populationOf(m, last).Kinds["test.done/v1"].Erased; erased < 2 || last < 40 {
		t.Fatalf("of %d entries %d are erased", last, erased)
	}
	for size := int64(1); size <= last; size++ {
		want := populationOf(m, size)
		counted, err := evidence.CountPopulation(t.Context(), s, size)
		if err != nil {
			t.Fatal(err)
		}
		samePopulation(t, fmt.Sprint("counted up to ", size), counted, want)
		for from, p := range examined {
			if from > size {
				continue
			}
			samePopulation(t, fmt.Sprint("examined at ", from), p, populationOf(m, from))
			advanced, err := p.Advance(t.Context(), s, from, size)
			if err != nil {
				t.Fatal(err)
			}
			samePopulation(t, fmt.Sprintf("from %d to %d", from, size), advanced, want)
		}
	}
}

func TestWhatIsErasedWhileItIsCounted(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 20)
	erased := int64(0)
	erase := func() {
		if _, err := l.Erase(t.Context(), evidence.Actor{ID: "p-office"}, erased, evidence.GroundRequest, "test"); err != nil {
			t.Error(err)
		}
		erased++
	}
	want := populationOf(m, 20)
	got, err := evidence.CountPopulation(t.Context(), counting{m, func() {
		if erased < 2 {
			erase()
		}
	}}, 20)
	if err != nil || erased != 2 {
		t.Fatalf("%d erased: %v", erased, err)
	}
	samePopulation(t, "while two are erased", got, want)
	if _, err := evidence.CountPopulation(t.Context(), counting{m, erase}, 20); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while erasing goes on and on: %v", err)
	}
}

// A record that is gone without a word is no erasure of a later day.
func TestWhatIsGoneWithoutAWordCountsAsErased(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 9)
	m.entries[4].Record, m.entries[4].Salt = nil, nil
	got, err := evidence.CountPopulation(t.Context(), counting{memory: m}, 9)
	if err != nil || got.Kinds["test.done/v1"] != (evidence.Tally{Kept: 8, Erased: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// What the store has lost is missing, and nothing is made of what was erased of it.
func TestWhatIsMissingIsNotCounted(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 9)
	x := examine(t, evidence.ExamineConfig{Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier)})
	if _, err := l.Erase(t.Context(), evidence.Actor{ID: "p-office"}, 4, evidence.GroundRequest, "test"); err != nil {
		t.Fatal(err)
	}
	lost := &holed{counting{memory: m}, 4}
	got, err := evidence.CountPopulation(t.Context(), lost, 9)
	if err != nil || got.Kinds["test.done/v1"] != (evidence.Tally{Kept: 8}) {
		t.Errorf("counted %+v, %v", got, err)
	}
	got, err = x.Population.Advance(t.Context(), lost, 9, 10)
	if err != nil || got.Kinds["test.done/v1"] != (evidence.Tally{Kept: 9}) || got.Kinds[evidence.KindErased] != (evidence.Tally{Kept: 1}) {
		t.Errorf("counted on: %+v, %v", got, err)
	}
	found := examine(t, evidence.ExamineConfig{Store: holedStore{m, lost}, Verifiers: note.VerifierList(fixedKey(t).Verifier)})
	if found.Found == 0 || found.Population.Kinds["test.done/v1"].All() != 8 {
		t.Errorf("examined: %+v of %+v", found.Disagreements, found.Population)
	}
}

// holed has lost one entry.
type holed struct {
	counting
	seq int64
}

func (h *holed) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	entries, err := h.memory.EntriesFrom(ctx, seq, limit+1)
	entries = slices.DeleteFunc(entries, func(e evidence.Entry) bool { return e.Seq == h.seq })
	return entries[:min(len(entries), limit)], err
}

func (h *holed) CountEntries(ctx context.Context, q evidence.Query) ([]evidence.Count, error) {
	return h.CountBetween(ctx, 0, q.Before)
}

func (h *holed) CountBetween(ctx context.Context, from, before int64) ([]evidence.Count, error) {
	counts, err := h.counting.CountBetween(ctx, from, before)
	if h.seq < from || h.seq >= before {
		return counts, err
	}
	lost, err := h.counting.CountBetween(ctx, h.seq, h.seq+1)
	for i, c := range counts {
		same := c
		same.Entries = 1
		if same == lost[0] {
			counts[i].Entries--
		}
	}
	return slices.DeleteFunc(counts, func(c evidence.Count) bool { return c.Entries == 0 }), err
}

// holedStore is the log of one that has lost an entry.
type holedStore struct {
	*memory
	lost *holed
}

func (h holedStore) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	return h.lost.EntriesFrom(ctx, seq, limit)
}

func (h holedStore) Entry(ctx context.Context, seq int64) (evidence.Entry, error) {
	if seq == h.lost.seq {
		return evidence.Entry{}, fault.NotFoundf("entry %d", seq)
	}
	return h.memory.Entry(ctx, seq)
}

func TestALogContinuesTheTreeThatWasExamined(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 5)
	five := examine(t, evidence.ExamineConfig{Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier)})
	signedFive := sign(t, l)
	add(t, l, 5, 12)
	twelve := sign(t, l)
	other := slices.Clone(five.Root)
	other[3] ^= 1
	forged := slices.Clone(twelve.Note)
	forged[len(forged)-20] ^= 1
	for name, c := range map[string]struct {
		msg  []byte
		size int64
		root []byte
		want bool
	}{
		"a smaller tree":         {twelve.Note, 5, five.Root, true},
		"the same":               {signedFive.Note, 5, five.Root, true},
		"the empty tree":         {twelve.Note, 0, make([]byte, 32), true},
		"another root":           {twelve.Note, 5, other, false},
		"another root, the same": {signedFive.Note, 5, other, false},
		"another size":           {twelve.Note, 6, five.Root, false},
		"larger":                 {signedFive.Note, 12, twelve.Root, false},
		"below nothing":          {twelve.Note, -1, five.Root, false},
		"no root":                {twelve.Note, 5, nil, false},
		"a short root":           {twelve.Note, 5, five.Root[:31], false},
	} {
		if got, err := l.Continues(t.Context(), c.msg, c.size, c.root); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := l.Continues(t.Context(), forged, 5, five.Root); got || !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong signature: %v, %v", got, err)
	}
}
