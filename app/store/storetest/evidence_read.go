package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

var evidenceReadContracts = []contract{
	{"beyond the end is not found", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 3)))
		for _, seq := range []int64{-1, 3, 1 << 50} {
			_, err := s.Entry(t.Context(), seq)
			wantKind(t, err, fault.NotFound)
		}
		for _, key := range []string{"", "KEY-1", "key-1 ", "key-", "key-10"} {
			_, err := s.EntryByKey(t.Context(), key)
			wantKind(t, err, fault.NotFound)
		}
	}},
	{"entries from a place", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 10)))
		for _, c := range []struct {
			seq         int64
			limit       int
			first, upto int
		}{
			{0, 3, 0, 3}, {4, 3, 4, 7}, {8, 5, 8, 10}, {9, 1, 9, 10}, {10, 5, 0, 0}, {-5, 3, 0, 3}, {0, 0, 0, 0}, {0, -1, 0, 0}, {0, 100000, 0, 10},
		} {
			got := value[[]evidence.Entry](t)(s.EntriesFrom(t.Context(), c.seq, c.limit))
			same(t, len(got), c.upto-c.first)
			if len(got) > 0 {
				same(t, got, sampleEntries(c.first, c.upto-c.first))
			}
		}
	}},
	{"finding entries", findEntries},
	{"finding is limited", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 1100)))
		for limit, want := range map[int]int{0: 100, -3: 100, 1: 1, 100: 100, 999: 999, 1000: 1000, 1001: 1000, 1 << 40: 1000} {
			got := value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{Limit: limit}))
			same(t, len(got), want)
			same(t, got[0].Seq, 1099)
			got = value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{Limit: limit, Kind: sampleEntry(0).Kind, Before: 1050}))
			same(t, len(got), want)
			same(t, got[0].Seq, 1049)
		}
	}},
	{"no checkpoint yet", func(t *testing.T, s store.Store) {
		_, err := s.LastCheckpoint(t.Context())
		wantKind(t, err, fault.NotFound)
		_, err = s.CheckpointCovering(t.Context(), 0)
		wantKind(t, err, fault.NotFound)
	}},
	{"checkpoints", checkpoints},
	{"of 20 checkpoints of one size one is kept", func(t *testing.T, s store.Store) {
		errs := together(20, func(i int) error {
			return s.SaveCheckpoint(background, evidence.Checkpoint{Size: 7, Note: fmt.Append(nil, i), At: at})
		})
		same(t, count(t, errs, fault.Conflict), 1)
		won := slices.Index(errs, nil)
		same(t, string(value[evidence.Checkpoint](t)(s.LastCheckpoint(t.Context())).Note), fmt.Sprint(won))
	}},
}

func findEntries(t *testing.T, s store.Store) {
	// Time runs against the sequence for the last two: a clock was set back.
	log := []evidence.Entry{
		{Subject: "a", Actor: "a", Object: "policy:x", Kind: "k/v1", At: at},
		{Subject: "a", Actor: "b", Object: "policy:x", Kind: "k/v2", At: after(time.Second)},
		{Subject: "b", Actor: "b", Object: "policy:y", Kind: "k/v1", At: after(2 * time.Second)},
		{Subject: "a", Actor: "a", Object: "policy:y", Kind: "k/v1", At: after(3 * time.Second)},
		{Subject: "A", Actor: "b", Object: "policy:x", Kind: "k/v1", At: after(-time.Hour)},
		{Subject: "", Actor: "", Object: "", Kind: "", At: time.Time{}},
	}
	for i := range log {
		log[i].Seq, log[i].Key = int64(i), fmt.Sprint(i)
	}
	noError(t, s.AppendEntries(t.Context(), log))
	for _, c := range []struct {
		name  string
		query evidence.Query
		want  []int64
	}{
		{"all, newest first", evidence.Query{}, []int64{5, 4, 3, 2, 1, 0}},
		{"subject", evidence.Query{Subject: "a"}, []int64{3, 1, 0}},
		{"actor", evidence.Query{Actor: "b"}, []int64{4, 2, 1}},
		{"object", evidence.Query{Object: "policy:x"}, []int64{4, 1, 0}},
		{"kind", evidence.Query{Kind: "k/v1"}, []int64{4, 3, 2, 0}},
		{"subject and kind", evidence.Query{Subject: "a", Kind: "k/v1"}, []int64{3, 0}},
		{"everything", evidence.Query{Subject: "a", Actor: "b", Object: "policy:x", Kind: "k/v2"}, []int64{1}},
		{"nothing fits", evidence.Query{Subject: "b", Object: "policy:x"}, nil},
		{"from is included", evidence.Query{From: after(time.Second)}, []int64{3, 2, 1}},
		{"from between milliseconds", evidence.Query{From: after(time.Second + time.Nanosecond)}, []int64{3, 2}},
		{"until is not included", evidence.Query{Until: after(time.Second)}, []int64{5, 4, 0}},
		{"until between milliseconds", evidence.Query{Until: after(time.Second + time.Nanosecond)}, []int64{5, 4, 1, 0}},
		{"from and until", evidence.Query{From: at, Until: after(2 * time.Second)}, []int64{1, 0}},
		{"from and until in Japan time", evidence.Query{From: at.In(uncut.Location()), Until: after(2 * time.Second).In(uncut.Location())}, []int64{1, 0}},
		{"an empty span", evidence.Query{From: at, Until: at}, nil},
		{"subject in a span", evidence.Query{Subject: "a", From: after(time.Second)}, []int64{3, 1}},
		{"before", evidence.Query{Before: 3}, []int64{2, 1, 0}},
		{"before and subject", evidence.Query{Before: 3, Subject: "a"}, []int64{1, 0}},
		{"before and from", evidence.Query{Before: 3, From: after(time.Second)}, []int64{2, 1}},
		{"before everything", evidence.Query{Before: 1 << 40, Limit: 2}, []int64{5, 4}},
		{"an operator", evidence.Query{Subject: `{"$ne":""}`}, nil},
		{"a pattern", evidence.Query{Object: "policy:%"}, nil},
		{"an injection", evidence.Query{Subject: "a' OR '1'='1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int64
			for _, e := range value[[]evidence.Entry](t)(s.FindEntries(t.Context(), c.query)) {
				same(t, e, log[e.Seq])
				got = append(got, e.Seq)
			}
			same(t, got, c.want)
		})
	}
}

func checkpoints(t *testing.T, s store.Store) {
	made := map[int64]evidence.Checkpoint{}
	for _, size := range []int64{0, 100, 7, 1000} {
		cp := evidence.Checkpoint{Size: size, Root: bytes.Repeat([]byte{byte(size)}, 32), Note: []byte("市\n\n— 署名\n"), At: uncut}
		noError(t, s.SaveCheckpoint(t.Context(), cp))
		cp.At = at
		made[size] = cp
	}
	other := made[100]
	other.Note = []byte("another")
	wantKind(t, s.SaveCheckpoint(t.Context(), other), fault.Conflict)
	wantKind(t, s.SaveCheckpoint(t.Context(), made[100]), fault.Conflict)
	same(t, value[evidence.Checkpoint](t)(s.LastCheckpoint(t.Context())), made[1000])
	for asked, want := range map[int64]int64{-1: 0, 0: 0, 1: 7, 7: 7, 8: 100, 100: 100, 101: 1000, 1000: 1000} {
		same(t, value[evidence.Checkpoint](t)(s.CheckpointCovering(t.Context(), asked)), made[want])
	}
	_, err := s.CheckpointCovering(t.Context(), 1001)
	wantKind(t, err, fault.NotFound)
}
