package storetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

var background = context.Background()

var appendContracts = []contract{
	{"an empty log", func(t *testing.T, s store.Store) {
		same(t, value[int64](t)(s.LogSize(t.Context())), 0)
		_, err := s.Entry(t.Context(), 0)
		wantKind(t, err, fault.NotFound)
		same(t, len(value[[]evidence.Entry](t)(s.EntriesFrom(t.Context(), 0, 10))), 0)
		same(t, len(value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{}))), 0)
	}},
	{"an entry comes back whole", func(t *testing.T, s store.Store) {
		e := sampleEntry(0)
		e.At = uncut
		noError(t, s.AppendEntries(t.Context(), []evidence.Entry{e}))
		e.At = at
		got := value[evidence.Entry](t)(s.Entry(t.Context(), 0))
		same(t, got, e)
		same(t, got.At.Location().String(), "UTC")
		same(t, value[evidence.Entry](t)(s.EntryByKey(t.Context(), e.Key)), e)
		same(t, value[[]evidence.Entry](t)(s.EntriesFrom(t.Context(), 0, 10)), []evidence.Entry{e})
		same(t, value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{})), []evidence.Entry{e})
	}},
	{"what is missing comes back nil", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), []evidence.Entry{{Key: "k", Record: []byte{}}}))
		same(t, value[evidence.Entry](t)(s.Entry(t.Context(), 0)), evidence.Entry{Key: "k"})
	}},
	{"appending nothing is no error", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), nil))
		noError(t, s.AppendEntries(t.Context(), []evidence.Entry{}))
		wantLog(t, s, 0)
	}},
	{"a batch is appended in order", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 3)))
		noError(t, s.AppendEntries(t.Context(), sampleEntries(3, 500)))
		wantLog(t, s, 503)
	}},
	{"a wrong end of the log is a conflict", func(t *testing.T, s store.Store) {
		for _, first := range []int64{-1, 1, 100} {
			wantKind(t, s.AppendEntries(t.Context(), []evidence.Entry{sampleEntry(first)}), fault.Conflict)
		}
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 5)))
		for _, first := range []int64{0, 3, 4, 6, 1 << 40} {
			e := sampleEntry(first)
			e.Key = "new"
			wantKind(t, s.AppendEntries(t.Context(), []evidence.Entry{e}), fault.Conflict)
		}
		batch := sampleEntries(4, 3)
		batch[0].Key = "other"
		wantKind(t, s.AppendEntries(t.Context(), batch), fault.Conflict)
		wantLog(t, s, 5)
	}},
	{"entries that are not consecutive are refused", func(t *testing.T, s store.Store) {
		for _, seqs := range [][]int64{{0, 2}, {0, 0}, {1, 0}} {
			var batch []evidence.Entry
			for i, seq := range seqs {
				e := sampleEntry(seq)
				e.Key = fmt.Sprint(i)
				batch = append(batch, e)
			}
			wantKind(t, s.AppendEntries(t.Context(), batch), fault.Invalid)
		}
		wantLog(t, s, 0)
	}},
	{"a key is recorded once, whole or not at all", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 2)))
		for _, twice := range []int{0, 1, 2} {
			batch := sampleEntries(2, 3)
			batch[twice].Key = "key-1"
			wantKind(t, s.AppendEntries(t.Context(), batch), fault.Conflict)
			wantLog(t, s, 2)
		}
		batch := sampleEntries(2, 3)
		batch[2].Key = batch[0].Key
		wantKind(t, s.AppendEntries(t.Context(), batch), fault.Conflict)
		wantLog(t, s, 2)
		_, err := s.EntryByKey(t.Context(), "key-3")
		wantKind(t, err, fault.NotFound)
		// The log goes on behind what failed.
		noError(t, s.AppendEntries(t.Context(), sampleEntries(2, 3)))
		wantLog(t, s, 5)
	}},
	{"a large record is kept", func(t *testing.T, s store.Store) {
		e := sampleEntry(0)
		e.Record = bytes.Repeat([]byte("心得"), 200_000)
		noError(t, s.AppendEntries(t.Context(), []evidence.Entry{e}))
		same(t, bytes.Equal(value[evidence.Entry](t)(s.Entry(t.Context(), 0)).Record, e.Record), true)
	}},
	{"an entry is not the caller's memory", func(t *testing.T, s store.Store) {
		e := sampleEntry(0)
		e.Record = []byte("mine")
		noError(t, s.AppendEntries(t.Context(), []evidence.Entry{e}))
		copy(e.Record, "xxxx")
		got := value[evidence.Entry](t)(s.Entry(t.Context(), 0))
		same(t, string(got.Record), "mine")
		copy(got.Record, "yyyy")
		same(t, string(value[evidence.Entry](t)(s.Entry(t.Context(), 0)).Record), "mine")
	}},
	{"100 contenders make one gapless log", contendForTheLog},
	{"of 50 with the same key one is recorded", func(t *testing.T, s store.Store) {
		errs := together(50, func(int) error { return appendAtEnd(s, evidence.Entry{Key: "once", Kind: "k"}) })
		same(t, count(t, errs, fault.Conflict), 1)
		same(t, value[int64](t)(s.LogSize(t.Context())), 1)
	}},
	{"at one sequence one of 50 wins", func(t *testing.T, s store.Store) {
		errs := together(50, func(i int) error {
			e := sampleEntry(0)
			e.Key = fmt.Sprint(i)
			return s.AppendEntries(background, []evidence.Entry{e})
		})
		same(t, count(t, errs, fault.Conflict), 1)
		same(t, value[int64](t)(s.LogSize(t.Context())), 1)
	}},
}

// wantLog checks that the log is the first n sample entries and nothing else.
func wantLog(t tb, s store.Store, n int) {
	t.Helper()
	same(t, value[int64](t)(s.LogSize(background)), int64(n))
	got := value[[]evidence.Entry](t)(s.EntriesFrom(background, 0, n+10))
	if n == 0 {
		same(t, len(got), 0)
		return
	}
	same(t, got, sampleEntries(0, n))
}

// appendAtEnd is how several instances append: read the size, try, and go on
// behind the winner. Its Conflict says that the key is there.
func appendAtEnd(s store.Store, entries ...evidence.Entry) error {
	for {
		size, err := s.LogSize(background)
		if err != nil {
			return err
		}
		for i := range entries {
			entries[i].Seq = size + int64(i)
		}
		err = s.AppendEntries(background, entries)
		if !fault.Is(err, fault.Conflict) {
			return err
		}
		for _, e := range entries {
			if _, known := s.EntryByKey(background, e.Key); known == nil {
				return err
			}
		}
	}
}

func contendForTheLog(t *testing.T, s store.Store) {
	const contenders = 100
	errs := together(contenders, func(i int) error {
		// Every third appends a batch, which must stay together.
		var batch []evidence.Entry
		for j := range 1 + 2*(i%3/2) {
			batch = append(batch, evidence.Entry{Key: fmt.Sprintf("%03d/%d", i, j), Subject: fmt.Sprint(i)})
		}
		return appendAtEnd(s, batch...)
	})
	same(t, count(t, errs, fault.Internal), contenders)

	log := value[[]evidence.Entry](t)(s.EntriesFrom(t.Context(), 0, 1000))
	same(t, value[int64](t)(s.LogSize(t.Context())), int64(len(log)))
	keys := map[string]bool{}
	for i, e := range log {
		same(t, e.Seq, int64(i))
		if keys[e.Key] {
			t.Fatalf("key %s is there twice", e.Key)
		}
		keys[e.Key] = true
		var contender, part int
		if _, err := fmt.Sscanf(e.Key, "%03d/%d", &contender, &part); err != nil {
			t.Fatal(err)
		}
		if part > 0 && log[i-1].Key != fmt.Sprintf("%03d/%d", contender, part-1) {
			t.Fatalf("the batch of %d was torn at %d", contender, i)
		}
	}
	same(t, len(keys), contenders+2*(contenders/3))
}
