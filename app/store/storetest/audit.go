package storetest

import (
	"fmt"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/store"
)

var auditContracts = []contract{
	{"nothing to count", func(t *testing.T, s store.Store) {
		same(t, len(value[[]evidence.Count](t)(s.CountEntries(t.Context(), evidence.Query{}))), 0)
		same(t, len(value[[]int64](t)(s.EntrySeqs(t.Context(), evidence.Query{}))), 0)
		same(t, len(value[[]evidence.Checkpoint](t)(s.Checkpoints(t.Context(), 0, 10))), 0)
	}},
	{"counts and sequences", countEntries},
	{"counts of a part", countBetween},
	{"counts are of all, whatever the limit", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 1100)))
		e := sampleEntry(0)
		for _, limit := range []int{0, 1, 1 << 40} {
			same(t, value[[]evidence.Count](t)(s.CountEntries(t.Context(), evidence.Query{Limit: limit, Before: 1050})),
				[]evidence.Count{{Kind: e.Kind, Object: e.Object, Scope: e.Scope, Entries: 1050}})
			seqs := value[[]int64](t)(s.EntrySeqs(t.Context(), evidence.Query{Limit: limit}))
			same(t, len(seqs), 1100)
			same(t, seqs[1099], 1099)
		}
	}},
	{"checkpoints, the largest first", func(t *testing.T, s store.Store) {
		for _, size := range []int64{100, 7, 1000, 8} {
			noError(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: size, Root: []byte{byte(size)}, Note: fmt.Append(nil, size), At: at}))
		}
		for _, c := range []struct {
			before int64
			limit  int
			want   []int64
		}{
			{0, 10, []int64{1000, 100, 8, 7}}, {0, 2, []int64{1000, 100}}, {1000, 2, []int64{100, 8}}, {8, 2, []int64{7}}, {7, 2, nil},
			{1001, 1, []int64{1000}}, {-1, 1, []int64{1000}}, {0, 0, []int64{1000, 100, 8, 7}}, {0, -1, []int64{1000, 100, 8, 7}}, {1 << 50, 1 << 40, []int64{1000, 100, 8, 7}},
		} {
			var got []int64
			for _, cp := range value[[]evidence.Checkpoint](t)(s.Checkpoints(t.Context(), c.before, c.limit)) {
				same(t, cp, evidence.Checkpoint{Size: cp.Size, Root: []byte{byte(cp.Size)}, Note: fmt.Append(nil, cp.Size), At: at})
				got = append(got, cp.Size)
			}
			same(t, got, c.want)
		}
	}},
}

// entriesToCount are of some sorts. Two of them are as erasure leaves them, and
// one has lost its record only, which is no erasure.
func entriesToCount() []evidence.Entry {
	record, salt := []byte("{}"), []byte("salt")
	log := []evidence.Entry{
		{Subject: "a", Actor: "a", Kind: "k/v1", Object: "policy:x", Scope: "2026", At: at, Record: record, Salt: salt},
		{Subject: "a", Actor: "b", Kind: "k/v1", Object: "policy:x", Scope: "2026", At: after(time.Second), Record: record, Salt: salt},
		{Subject: "b", Actor: "b", Kind: "k/v1", Object: "policy:x", Scope: "2025", At: after(2 * time.Second), Record: record, Salt: salt},
		{Kind: "k/v1", Object: "policy:x", Scope: "2026", At: after(3 * time.Second)},
		{Kind: "k/v1", Object: "policy:y", Scope: "2026", At: after(-time.Hour)},
		{Subject: "b", Actor: "a", Kind: "K/v1", Object: "policy:x", Scope: "2026", At: after(time.Second), Salt: salt},
		{Subject: "b", Actor: "a", Kind: "", Object: "", Scope: "", At: time.Time{}, Record: record, Salt: salt},
	}
	for i := range log {
		log[i].Seq, log[i].Key = int64(i), fmt.Sprint(i)
	}
	return log
}

func countOf(kind, object, scope string, erased bool, n int64) evidence.Count {
	return evidence.Count{Kind: kind, Object: object, Scope: scope, Erased: erased, Entries: n}
}

// countBetween: the entries were appended in two, so that a part begins and ends
// within what was.
func countBetween(t *testing.T, s store.Store) {
	log, of := entriesToCount(), countOf
	noError(t, s.AppendEntries(t.Context(), log[:4]))
	noError(t, s.AppendEntries(t.Context(), log[4:]))
	for _, c := range []struct {
		from, before int64
		want         []evidence.Count
	}{
		{0, 7, value[[]evidence.Count](t)(s.CountEntries(t.Context(), evidence.Query{}))},
		{0, 1 << 53, value[[]evidence.Count](t)(s.CountEntries(t.Context(), evidence.Query{}))},
		{-5, 2, []evidence.Count{of("k/v1", "policy:x", "2026", false, 2)}},
		{1, 6, []evidence.Count{
			of("K/v1", "policy:x", "2026", false, 1), of("k/v1", "policy:x", "2025", false, 1),
			of("k/v1", "policy:x", "2026", false, 1), of("k/v1", "policy:x", "2026", true, 1), of("k/v1", "policy:y", "2026", true, 1),
		}},
		{3, 4, []evidence.Count{of("k/v1", "policy:x", "2026", true, 1)}},
		{6, 100, []evidence.Count{of("", "", "", false, 1)}},
		{3, 3, nil}, {4, 3, nil}, {7, 9, nil},
	} {
		got := value[[]evidence.Count](t)(s.CountBetween(t.Context(), c.from, c.before))
		if len(got) != 0 || len(c.want) != 0 {
			same(t, got, c.want)
		}
	}
}

// countEntries compares with a count by hand.
func countEntries(t *testing.T, s store.Store) {
	of := countOf
	noError(t, s.AppendEntries(t.Context(), entriesToCount()))
	for _, c := range []struct {
		name  string
		query evidence.Query
		want  []evidence.Count
		seqs  []int64
	}{
		{"all", evidence.Query{}, []evidence.Count{
			of("", "", "", false, 1), of("K/v1", "policy:x", "2026", false, 1), of("k/v1", "policy:x", "2025", false, 1),
			of("k/v1", "policy:x", "2026", false, 2), of("k/v1", "policy:x", "2026", true, 1), of("k/v1", "policy:y", "2026", true, 1),
		}, []int64{0, 1, 2, 3, 4, 5, 6}},
		{"of the first four", evidence.Query{Before: 4}, []evidence.Count{
			of("k/v1", "policy:x", "2025", false, 1), of("k/v1", "policy:x", "2026", false, 2), of("k/v1", "policy:x", "2026", true, 1),
		}, []int64{0, 1, 2, 3}},
		{"kind", evidence.Query{Kind: "K/v1"}, []evidence.Count{of("K/v1", "policy:x", "2026", false, 1)}, []int64{5}},
		{"object", evidence.Query{Object: "policy:y"}, []evidence.Count{of("k/v1", "policy:y", "2026", true, 1)}, []int64{4}},
		{"kind and object", evidence.Query{Kind: "k/v1", Object: "policy:x", Before: 3}, []evidence.Count{
			of("k/v1", "policy:x", "2025", false, 1), of("k/v1", "policy:x", "2026", false, 2),
		}, []int64{0, 1, 2}},
		{"a span", evidence.Query{From: after(time.Second), Until: after(3 * time.Second)}, []evidence.Count{
			of("K/v1", "policy:x", "2026", false, 1), of("k/v1", "policy:x", "2025", false, 1), of("k/v1", "policy:x", "2026", false, 1),
		}, []int64{1, 2, 5}},
		{"a span between milliseconds", evidence.Query{From: after(time.Second + time.Nanosecond), Until: after(3*time.Second + time.Nanosecond)}, []evidence.Count{
			of("k/v1", "policy:x", "2025", false, 1), of("k/v1", "policy:x", "2026", true, 1),
		}, []int64{2, 3}},
		{"subject", evidence.Query{Subject: "a"}, []evidence.Count{of("k/v1", "policy:x", "2026", false, 2)}, []int64{0, 1}},
		{"actor and object", evidence.Query{Actor: "b", Object: "policy:x"}, []evidence.Count{
			of("k/v1", "policy:x", "2025", false, 1), of("k/v1", "policy:x", "2026", false, 1),
		}, []int64{1, 2}},
		{"subject, actor and a span", evidence.Query{Subject: "b", Actor: "b", From: at}, []evidence.Count{of("k/v1", "policy:x", "2025", false, 1)}, []int64{2}},
		{"nothing fits", evidence.Query{Subject: "A"}, nil, nil},
		{"an operator", evidence.Query{Kind: `{"$ne":""}`}, nil, nil},
		{"a pattern", evidence.Query{Object: "policy:%"}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := value[[]evidence.Count](t)(s.CountEntries(t.Context(), c.query))
			if len(got) != 0 || len(c.want) != 0 {
				same(t, got, c.want)
			}
			seqs := value[[]int64](t)(s.EntrySeqs(t.Context(), c.query))
			if len(seqs) != 0 || len(c.seqs) != 0 {
				same(t, seqs, c.seqs)
			}
		})
	}
}
