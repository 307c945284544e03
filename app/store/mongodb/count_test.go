package mongodb_test

import (
	"context"
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/evidence"
	"kokoroe/tests/mongodb/engine"
)

// TestWhatCountingLooksAt: a count looks at the batches that hold something to
// count, and at no other; what is rare costs little in a large log. That a batch
// is read whole, records and all, is its price: 50,000 records of 700 bytes are
// counted in some tenths of a second.
func TestWhatCountingLooksAt(t *testing.T) {
	engine.Address(t)
	s, commands := watched(t)
	const batches, each = 60, 16
	for b := range int64(batches) {
		var list []evidence.Entry
		for i := range int64(each) {
			seq := b*each + i
			e := evidence.Entry{Seq: seq, Key: fmt.Sprint("k-", seq), Kind: "common", Object: "o", Subject: fmt.Sprint("p-", seq%100), Record: []byte("r")}
			if seq == 5*each+3 || seq == 6*each || seq == 6*each+1 {
				e.Kind = "rare"
			}
			list = append(list, e)
		}
		check(t, s.AppendEntries(t.Context(), list))
	}
	whole := func(q evidence.Query) func(context.Context) ([]evidence.Count, error) {
		return func(ctx context.Context) ([]evidence.Count, error) { return s.CountEntries(ctx, q) }
	}
	for _, c := range []struct {
		name    string
		count   func(context.Context) ([]evidence.Count, error)
		entries int64
		batches int64 // that are read
	}{
		{"everything", whole(evidence.Query{}), batches * each, batches},
		{"everything before", whole(evidence.Query{Before: 3 * each}), 3 * each, 3},
		{"a rare kind", whole(evidence.Query{Kind: "rare"}), 3, 2},
		{"a person", whole(evidence.Query{Subject: "p-7"}), 10, 10},
		{"what is new", func(ctx context.Context) ([]evidence.Count, error) { return s.CountBetween(ctx, 57*each+3, 59*each+1) }, 2*each - 2, 3},
		{"nobody", whole(evidence.Query{Subject: "p-none"}), 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			commands()
			counts, err := c.count(t.Context())
			check(t, err)
			entries := int64(0)
			for _, n := range counts {
				entries += n.Entries
			}
			asked := commands()
			if entries != c.entries || len(asked) != 1 {
				t.Fatalf("%d entries by %d commands, want %d by one", entries, len(asked), c.entries)
			}
			var bare bson.D
			for _, field := range []string{"aggregate", "pipeline", "hint", "cursor"} {
				bare = append(bare, bson.E{Key: field, Value: asked[0].Lookup(field)})
			}
			var answer bson.Raw
			check(t, s.Database().RunCommand(context.Background(), d("explain", bare, "verbosity", "executionStats")).Decode(&answer))
			stats, err := answer.LookupErr("executionStats", "totalDocsExamined")
			if err != nil {
				stats, err = answer.LookupErr("stages", "0", "$cursor", "executionStats", "totalDocsExamined")
			}
			check(t, err)
			if n := stats.AsInt64(); n != c.batches {
				t.Errorf("%d batches are read, want %d", n, c.batches)
			}
		})
	}
}
