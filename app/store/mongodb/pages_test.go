package mongodb_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/evidence"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/engine"
)

// Who reads the log is sent little more than was asked for, whether it was
// written one by one or in large batches.
func TestAReaderOfTheLogIsSentWhatItAskedFor(t *testing.T) {
	for _, size := range []int{1, 50} {
		t.Run(fmt.Sprintf("batches of %d", size), func(t *testing.T) {
			var mu sync.Mutex
			documents, calls := 0, 0
			s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: engine.Database(t)}, func(e *event.CommandStartedEvent) {
				size := e.Command.Lookup("batchSize")
				if e.CommandName == "aggregate" {
					size = e.Command.Lookup("cursor", "batchSize")
				}
				mu.Lock()
				defer mu.Unlock()
				if n, ok := size.AsInt64OK(); ok {
					documents, calls = documents+int(n), calls+1
				}
			})
			check(t, err)
			t.Cleanup(func() { check(t, s.Close()) })
			const total, asked = 600, 200
			for seq := 0; seq < total; seq += size {
				var batch []evidence.Entry
				for i := range size {
					n := int64(seq + i)
					batch = append(batch, evidence.Entry{Seq: n, Key: fmt.Sprint("key ", n), Kind: "sample.made/v1", At: time.UnixMilli(n), Leaf: []byte{1}})
				}
				check(t, s.AppendEntries(t.Context(), batch))
			}
			for name, read := range map[string]func() ([]evidence.Entry, error){
				"in order":     func() ([]evidence.Entry, error) { return s.EntriesFrom(t.Context(), 30, asked) },
				"newest first": func() ([]evidence.Entry, error) { return s.FindEntries(t.Context(), evidence.Query{Limit: asked}) },
				"of a kind": func() ([]evidence.Entry, error) {
					return s.FindEntries(t.Context(), evidence.Query{Kind: "sample.made/v1", Before: 500, Limit: asked})
				},
			} {
				mu.Lock()
				documents, calls = 0, 0
				mu.Unlock()
				entries, err := read()
				check(t, err)
				first := map[string]int64{"in order": 30, "newest first": total - 1, "of a kind": 499}[name]
				if len(entries) != asked || entries[0].Seq != first {
					t.Fatalf("%s: %d entries, the first %d", name, len(entries), entries[0].Seq)
				}
				mu.Lock()
				if most := asked/size + 10; documents > most || documents < asked/size || calls > 5 {
					t.Errorf("%s: %d entries in batches of %d: %d batches were asked for in %d calls, want %d in 5 at most", name, asked, size, documents, calls, most)
				}
				mu.Unlock()
			}
		})
	}
}
