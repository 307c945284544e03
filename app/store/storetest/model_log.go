package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

var modelContracts = []contract{
	{"the log is a list", func(t *testing.T, s store.Store) {
		m := &logModel{store: s}
		rapid.Check(t, func(t *rapid.T) {
			t.Repeat(map[string]func(*rapid.T){
				"append":     m.append,
				"read":       m.read,
				"find":       m.find,
				"checkpoint": m.checkpoint,
				"":           m.check,
			})
		})
	}},
	{"sessions, logins and places are maps", func(t *testing.T, s store.Store) {
		round := 0
		rapid.Check(t, func(t *rapid.T) {
			round++
			m := newMapModel(s, fmt.Sprintf("%d/", round))
			t.Repeat(map[string]func(*rapid.T){
				"save login":   m.saveLogin,
				"take login":   m.takeLogin,
				"save session": m.saveSession,
				"touch":        m.touch,
				"end":          m.end,
				"end several":  m.endSeveral,
				"expire":       m.expire,
				"place":        m.place,
				"":             m.check,
			})
		})
	}},
}

// logModel is the log as a slice. It goes on from round to round, as a log does.
type logModel struct {
	store   store.Store
	entries []evidence.Entry
	sizes   []int64 // of the checkpoints, in order
}

var names = rapid.SampledFrom([]string{"", "a", "A", "b", "花子", "$ne"})

func (m *logModel) draw(t *rapid.T, seq int64) evidence.Entry {
	return evidence.Entry{
		Seq: seq, Key: fmt.Sprint("key ", rapid.IntRange(0, 100_000).Draw(t, "key")),
		Kind: names.Draw(t, "kind"), Actor: names.Draw(t, "actor"), Subject: names.Draw(t, "subject"),
		Object: names.Draw(t, "object"), At: after(time.Duration(rapid.IntRange(-5, 5).Draw(t, "at")) * time.Millisecond),
		Record: []byte(rapid.StringN(1, 20, -1).Draw(t, "record")),
	}
}

func (m *logModel) append(t *rapid.T) {
	first := int64(len(m.entries)) + rapid.SampledFrom([]int64{0, 0, 0, 0, -1, 1}).Draw(t, "off by")
	batch := make([]evidence.Entry, rapid.IntRange(1, 4).Draw(t, "n"))
	keys := map[string]bool{}
	fits := first == int64(len(m.entries))
	for i := range batch {
		batch[i] = m.draw(t, first+int64(i))
		if len(m.entries) > 0 && rapid.IntRange(0, 19).Draw(t, "old key") == 0 {
			batch[i].Key = rapid.SampledFrom(m.entries).Draw(t, "of").Key
		}
		known := slices.ContainsFunc(m.entries, func(e evidence.Entry) bool { return e.Key == batch[i].Key })
		fits = fits && !known && !keys[batch[i].Key]
		keys[batch[i].Key] = true
	}
	err := m.store.AppendEntries(background, batch)
	if !fits {
		wantKind(t, err, fault.Conflict)
		return
	}
	noError(t, err)
	m.entries = append(m.entries, batch...)
}

func (m *logModel) read(t *rapid.T) {
	seq := rapid.IntRange(-1, len(m.entries)+1).Draw(t, "seq")
	got, err := m.store.Entry(background, int64(seq))
	if seq < 0 || seq >= len(m.entries) {
		wantKind(t, err, fault.NotFound)
		return
	}
	noError(t, err)
	same(t, got, m.entries[seq])
	same(t, value[evidence.Entry](t)(m.store.EntryByKey(background, got.Key)), got)
	limit := rapid.IntRange(1, 10).Draw(t, "limit")
	same(t, value[[]evidence.Entry](t)(m.store.EntriesFrom(background, int64(seq), limit)), m.entries[seq:min(seq+limit, len(m.entries))])
}

func (m *logModel) find(t *rapid.T) {
	q := evidence.Query{
		Subject: names.Draw(t, "subject"), Actor: names.Draw(t, "actor"), Object: names.Draw(t, "object"), Kind: names.Draw(t, "kind"),
		Before: int64(rapid.IntRange(0, len(m.entries)+1).Draw(t, "before")), Limit: rapid.IntRange(0, 120).Draw(t, "limit"),
	}
	span := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "open") {
			return time.Time{}
		}
		return after(time.Duration(rapid.IntRange(-60, 60).Draw(t, "tenths")) * 100 * time.Microsecond)
	})
	q.From, q.Until = span.Draw(t, "from"), span.Draw(t, "until")
	var want []evidence.Entry
	limit := q.Limit
	if limit == 0 {
		limit = 100
	}
	for _, e := range slices.Backward(m.entries) {
		fits := (q.Subject == "" || e.Subject == q.Subject) && (q.Actor == "" || e.Actor == q.Actor) &&
			(q.Object == "" || e.Object == q.Object) && (q.Kind == "" || e.Kind == q.Kind) &&
			(q.From.IsZero() || !e.At.Before(q.From)) && (q.Until.IsZero() || e.At.Before(q.Until)) && (q.Before == 0 || e.Seq < q.Before)
		if fits && len(want) < limit {
			want = append(want, e)
		}
	}
	got := value[[]evidence.Entry](t)(m.store.FindEntries(background, q))
	if len(got) != 0 || len(want) != 0 {
		same(t, got, want)
	}
}

func (m *logModel) checkpoint(t *rapid.T) {
	size := int64(rapid.IntRange(0, len(m.entries)).Draw(t, "size"))
	err := m.store.SaveCheckpoint(background, evidence.Checkpoint{Size: size, At: at})
	i, known := slices.BinarySearch(m.sizes, size)
	if known {
		wantKind(t, err, fault.Conflict)
	} else {
		noError(t, err)
		m.sizes = slices.Insert(m.sizes, i, size)
	}
	same(t, value[evidence.Checkpoint](t)(m.store.LastCheckpoint(background)).Size, m.sizes[len(m.sizes)-1])
	asked := int64(rapid.IntRange(0, len(m.entries)+1).Draw(t, "asked"))
	i, _ = slices.BinarySearch(m.sizes, asked)
	cp, err := m.store.CheckpointCovering(background, asked)
	if i == len(m.sizes) {
		wantKind(t, err, fault.NotFound)
		return
	}
	noError(t, err)
	same(t, cp.Size, m.sizes[i])
}

func (m *logModel) check(t *rapid.T) {
	same(t, value[int64](t)(m.store.LogSize(background)), int64(len(m.entries)))
}
