package sqlite_test

import (
	"errors"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// TestADatabaseThatTakesNoWrites: SQLite itself refuses. A write says why,
// nothing of it is there, Ping says the same until a write is taken again, and
// then the same write is done.
func TestADatabaseThatTakesNoWrites(t *testing.T) {
	for _, c := range []struct{ name, pragma, says string }{
		{"no room", "max_page_count(1)", "store.full"}, // a page more than there are is refused as on a full disk
		{"read-only", "query_only(1)", "store.read_only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, file(t))
			check(t, s.Ping(t.Context()))
			room, err := s.WriteWith(c.pragma)
			check(t, err)
			large := evidence.Entry{Key: "k", Kind: "k", Record: make([]byte, 1<<20)}
			for what, err := range map[string]error{
				"a record": s.AppendEntries(t.Context(), []evidence.Entry{large}), "a text": s.KeepText(t.Context(), "d", large.Record),
			} {
				if f, _ := errors.AsType[*fault.Error](err); f == nil || f.Kind != fault.Unavailable || f.MessageID != c.says || !fault.NothingDone(err) {
					t.Errorf("%s: %v, want %s", what, err, c.says)
				}
			}
			if n, err := s.LogSize(t.Context()); n != 0 || err != nil {
				t.Errorf("%d entries (%v)", n, err)
			}
			if c.says == "store.read_only" { // what is small may still find room
				for range 2 {
					if f, _ := errors.AsType[*fault.Error](s.Ping(t.Context())); f == nil || f.MessageID != c.says {
						t.Errorf("Ping: %v, want %s", f, c.says)
					}
				}
			}
			room()
			check(t, s.Ping(t.Context()))
			check(t, s.AppendEntries(t.Context(), []evidence.Entry{large}))
			if n, err := s.LogSize(t.Context()); n != 1 || err != nil {
				t.Errorf("%d entries (%v)", n, err)
			}
		})
	}
}
