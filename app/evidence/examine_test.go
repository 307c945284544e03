package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// examined is a log of 20 entries with two checkpoints, of 7 and of 20, of
// which entry 5 was erased: entry 10 says so.
func examined(t *testing.T) (*memory, evidence.ExamineConfig) {
	t.Helper()
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 7)
	sign(t, l)
	add(t, l, 7, 10)
	if _, err := l.Erase(t.Context(), evidence.Actor{ID: "p-office"}, 5, evidence.GroundRequest, "test"); err != nil {
		t.Fatal(err)
	}
	add(t, l, 10, 19)
	last := sign(t, l)
	return m, evidence.ExamineConfig{
		Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier),
		Remember: map[string][]evidence.Remembered{evidence.InHead: {{Name: "head", Note: last.Note}}},
	}
}

func examine(t *testing.T, c evidence.ExamineConfig) evidence.Examination {
	t.Helper()
	x, err := evidence.Examine(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExamineFindsNothingWrong(t *testing.T) {
	m, c := examined(t)
	x := examine(t, c)
	if x.Size != 20 || x.Records != 19 || x.Erased != 1 || x.Checkpoints != 2 || x.Signed != 20 || x.Found != 0 {
		t.Errorf("found %+v", x)
	}
	last, _ := m.LastCheckpoint(t.Context())
	if string(x.Root) != string(last.Root) {
		t.Errorf("root %x, signed is %x", x.Root, last.Root)
	}
	if x := examine(t, evidence.ExamineConfig{Store: newMemory(), Verifiers: c.Verifiers}); x.Size != 0 || x.Found != 0 {
		t.Errorf("an empty log: %+v", x)
	}
}

// busy is a Store with another instance at it: something happens when its entries
// begin to be read, and something else after a single one was.
type busy struct {
	*memory
	begun, asked func()
}

func (b *busy) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	entries, err := b.memory.EntriesFrom(ctx, seq, limit)
	if begun := b.begun; begun != nil {
		b.begun = nil
		entries = entries[:len(entries)/2] // the second half is read after it
		begun()
	}
	return entries, err
}

func (b *busy) Entry(ctx context.Context, seq int64) (evidence.Entry, error) {
	e, err := b.memory.Entry(ctx, seq)
	if asked := b.asked; asked != nil {
		b.asked = nil
		asked()
	}
	return e, err
}

// Of several instances one may erase what is too old while another verifies.
func TestErasingMeanwhileIsNoDisagreement(t *testing.T) {
	m, c := examined(t)
	office := evidence.Actor{ID: "p-office"}
	l := open(t, config(t, m))
	// An instance has said of entry 2 that it was erased, and is about to do it.
	m.trouble = func(call string, _ bool) error {
		if call == "erase" {
			return errors.New("not yet")
		}
		return nil
	}
	if _, err := l.Erase(t.Context(), office, 2, evidence.GroundRequest, "test"); err == nil {
		t.Fatal("it has done it")
	}
	m.trouble = nil
	c.Store = &busy{memory: m,
		begun: func() {
			if _, err := l.Erase(t.Context(), office, 15, evidence.GroundRequest, "test"); err != nil {
				t.Error(err)
			}
		},
		asked: func() {
			if n, err := l.FinishErasures(t.Context()); n != 1 || err != nil {
				t.Errorf("finished %d: %v", n, err)
			}
		},
	}
	x := examine(t, c)
	if x.Size != 21 || x.Found != 0 {
		t.Errorf("found %+v", x.Disagreements)
	}
	// Entry 2 is said to be erased by one that is examined, entry 15 by one behind.
	if n := x.Population.Kinds["test.done/v1"]; n != (evidence.Tally{Kept: 17, Erased: 2}) {
		t.Errorf("counted %+v", n)
	}
}

// flip changes one bit of what is there.
func flip(b []byte) { b[len(b)/2] ^= 4 }

func TestExamineNamesEachDisagreement(t *testing.T) {
	for _, c := range []struct {
		name   string
		tamper func(*memory)
		want   string // the first one
	}{
		{"record", func(m *memory) { flip(m.entries[3].Record) }, "entry 3: record"},
		{"salt", func(m *memory) { flip(m.entries[3].Salt) }, "entry 3: record"},
		{"short salt", func(m *memory) { m.entries[3].Salt = m.entries[3].Salt[1:] }, "entry 3: salt"},
		{"leaf", func(m *memory) { flip(m.entries[3].Leaf) }, "entry 3: leaf"},
		{"short leaf", func(m *memory) { m.entries[3].Leaf = m.entries[3].Leaf[1:] }, "entry 3: leaf"},
		{"hashes", func(m *memory) { flip(m.entries[3].Hashes) }, "entry 3: hashes"},
		{"first hash", func(m *memory) { m.entries[4].Hashes[0] ^= 1 }, "entry 4: hashes"},
		{"short hashes", func(m *memory) { m.entries[3].Hashes = m.entries[3].Hashes[1:] }, "entry 3: hashes"},
		{"key", func(m *memory) { m.entries[3].Key = "other" }, "entry 3: key"},
		{"kind", func(m *memory) { m.entries[3].Kind = "test.other/v1" }, "entry 3: kind"},
		{"actor", func(m *memory) { m.entries[3].Actor = "p-2" }, "entry 3: actor"},
		{"subject", func(m *memory) { m.entries[3].Subject = "" }, "entry 3: subject"},
		{"object", func(m *memory) { m.entries[3].Object = "thing:b" }, "entry 3: object"},
		{"scope", func(m *memory) { m.entries[3].Scope = "2025" }, "entry 3: scope"},
		{"kind of an erased entry", func(m *memory) { m.entries[5].Kind = "test.other/v1" }, "entry 5: kind"},
		{"scope of an erased entry", func(m *memory) { m.entries[5].Scope = "2025" }, "entry 5: scope"},
		{"back-dated", func(m *memory) { m.entries[3].At = m.entries[3].At.AddDate(0, 0, -1) }, "entry 3: at"},
		{"a record written anew, with all that is in the row", func(m *memory) {
			e := &m.entries[3]
			e.Record, _ = evidence.CanonicalRecord(statement(300), "test")
			e.Key, e.Leaf = "test/300", evidence.Leaf(e.Salt, e.Record)
		}, "entry 3: hashes"},
		{"swapped", func(m *memory) {
			a, b := m.entries[3], m.entries[4]
			a.Seq, b.Seq = 4, 3
			m.entries[3], m.entries[4] = b, a
		}, "entry 3: hashes"},
		{"two entries of one key", func(m *memory) {
			m.entries[4].Key, m.entries[4].Record = m.entries[3].Key, m.entries[3].Record
			m.entries[4].Salt, m.entries[4].Leaf = m.entries[3].Salt, m.entries[3].Leaf
		}, "entry 4: hashes"},
		{"the last entries are gone", func(m *memory) { m.entries = m.entries[:19] }, "checkpoint 20: size"},
		{"erased without a word", func(m *memory) {
			e := &m.entries[3]
			e.Record, e.Salt, e.Actor, e.Subject, e.Key = nil, nil, "", "", "erased/3"
		}, "entry 3: record"},
		{"the erased one is back", func(m *memory) {
			m.entries[5].Record, _ = evidence.CanonicalRecord(statement(5), "test")
			m.entries[5].Salt = m.entries[4].Salt
		}, "entry 5: record"},
		{"a name is left of the erased one", func(m *memory) { m.entries[5].Subject = "p-1" }, "entry 5: key"},
		{"leaf of the erased one", func(m *memory) { flip(m.entries[5].Leaf) }, "entry 5: leaf"},
		{"only the record is gone", func(m *memory) { m.entries[3].Record = nil }, "entry 3: record"},
		{"root of a checkpoint", func(m *memory) { flip(m.checkpoints[0].Root) }, "checkpoint 7: root"},
		{"note of a checkpoint", func(m *memory) { flip(m.checkpoints[0].Note) }, "checkpoint 7: note"},
		{"size of a checkpoint", func(m *memory) { m.checkpoints[0].Size = 8 }, "checkpoint 8: size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, cfg := examined(t)
			m.change(c.tamper)
			x := examine(t, cfg)
			if x.Found == 0 {
				t.Fatal("nothing was found")
			}
			first := x.Disagreements[0]
			if got := fmt.Sprintf("%s %d: %s", first.Where, first.Seq, first.Field); got != c.want {
				t.Errorf("%s, want %s; all: %v", first, c.want, x.Disagreements)
			}
		})
	}
}

// TestExamineNamesWhatIsMissing: memory cannot lose an entry in the middle, so
// one stands before it.
func TestExamineNamesWhatIsMissing(t *testing.T) {
	m, c := examined(t)
	c.Store = without{m, 12}
	x := examine(t, c)
	if len(x.Disagreements) == 0 || x.Disagreements[0].Seq != 12 || x.Disagreements[0].Field != "seq" || x.Root != nil {
		t.Errorf("found %+v", x)
	}
	// The checkpoint behind the gap cannot be confirmed, the one before it is.
	if x.Signed != 7 {
		t.Errorf("signed %d, want 7: %v", x.Signed, x.Disagreements)
	}
}

type without struct {
	evidence.Store
	seq int64
}

func (w without) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	entries, err := w.Store.EntriesFrom(ctx, seq, limit)
	for i, e := range entries {
		if e.Seq == w.seq {
			return append(entries[:i:i], entries[i+1:]...), err
		}
	}
	return entries, err
}

func TestExamineComparesWithWhatOthersRemember(t *testing.T) {
	m, c := examined(t)
	other := newMemory()
	l := open(t, config(t, other))
	add(t, l, 100, 107)
	fork := sign(t, l)
	add(t, l, 107, 130)
	ahead := sign(t, l)
	first, err := m.CheckpointCovering(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c.Remember = map[string][]evidence.Remembered{evidence.InWitness: {
		{Name: "audit office", Note: first.Note}, {Name: "fork", Note: fork.Note}, {Name: "ahead", Note: ahead.Note},
		{Name: "garbage", Note: []byte("x")},
	}}
	x := examine(t, c)
	fields := map[string]string{}
	for _, d := range x.Disagreements {
		fields[fmt.Sprint(d.Seq)] = d.Field
	}
	if x.Found != 3 || fields["7"] != "root" || fields["30"] != "size" || fields["0"] != "note" {
		t.Errorf("found %v", x.Disagreements)
	}
}

func TestExamineAsksForTextsAndProjections(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	s := statement(0)
	digest := "sha256:" + fmt.Sprintf("%064d", 7)
	s.Body = map[string]any{"text": digest, "declaration": "not a digest"}
	if _, err := l.Append(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	add(t, l, 1, 3)
	asked := 0
	c := evidence.ExamineConfig{
		Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier),
		Text: func(_ context.Context, d string) error {
			if asked++; d != digest {
				t.Errorf("asked for %s", d)
			}
			return errors.New("is not kept")
		},
		Derived: func(_ context.Context, e evidence.Entry) []evidence.Disagreement {
			if e.Seq != 2 {
				return nil
			}
			return []evidence.Disagreement{{Where: evidence.InProjection, Seq: e.Seq, Field: "score", Detail: "differs"}}
		},
	}
	x := examine(t, c)
	if asked != 1 || x.Found != 2 || x.Disagreements[0].Where != evidence.InProjection || x.Disagreements[1].Where != evidence.InText {
		t.Errorf("asked %d times, found %v", asked, x.Disagreements)
	}
	c.Text = func(context.Context, string) error { return fault.New(fault.Unavailable, "error.unavailable", nil) }
	if _, err := evidence.Examine(t.Context(), c); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a store that does not answer: %v", err)
	}
}

func TestExamineOfAStoreThatDoesNotAnswer(t *testing.T) {
	m, c := examined(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Store = ended{m}
	if _, err := evidence.Examine(ctx, c); !fault.Is(err, fault.Unavailable) {
		t.Errorf("error %v", err)
	}
}

// ended answers as a store does whose caller has gone.
type ended struct{ evidence.Store }

func (ended) EntriesFrom(ctx context.Context, _ int64, _ int) ([]evidence.Entry, error) {
	return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "error.unavailable")
}

func TestEraseTwice(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 3)
	actor := evidence.Actor{ID: "p-office"}
	first, err := l.Erase(t.Context(), actor, 1, evidence.GroundRequest, "asked for")
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Erase(t.Context(), actor, 1, evidence.GroundRetention, "later")
	if err != nil || again.Seq != first.Seq || len(m.entries) != 4 {
		t.Errorf("again: %v, entry %d of %d", err, again.Seq, len(m.entries))
	}
	var body evidence.Erasure
	if err := again.Body(&body); err != nil || body.Reason != "asked for" || body.Seq != 1 || body.Kind != "test.done/v1" {
		t.Errorf("body %+v, %v", body, err)
	}
	_, err = l.Erase(t.Context(), actor, first.Seq, evidence.GroundRequest, "the trace of it")
	wantFault(t, err, fault.Invalid, "evidence.not_erasable")
	if _, err := l.Erase(t.Context(), actor, 99, evidence.GroundRequest, "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestErasureThatACrashCutOff(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 3)
	m.trouble = func(call string, _ bool) error {
		if call == "erase" {
			return fault.New(fault.Unavailable, "error.unavailable", nil)
		}
		return nil
	}
	if _, err := l.Erase(t.Context(), evidence.Actor{ID: "p-office"}, 1, evidence.GroundRequest, "x"); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("error %v", err)
	}
	m.trouble = nil
	for _, want := range []int{1, 0} {
		if n, err := l.FinishErasures(t.Context()); n != want || err != nil {
			t.Errorf("finished %d, %v; want %d", n, err, want)
		}
	}
	if m.entries[1].Record != nil || m.entries[1].Subject != "" {
		t.Error("the record is still there")
	}
}

// FuzzScanRecord: whatever the quick reader accepts, the strict one reads alike.
func FuzzScanRecord(f *testing.F) {
	for _, s := range []evidence.Statement{statement(0), {Kind: "a.b/v1", Key: "鍵", Actor: evidence.Actor{ID: "p"}, At: clock(),
		Body: map[string]any{"text": "sha256:" + fmt.Sprintf("%064d", 1), "list": []any{1, true, "市", map[string]any{"a": -5}}}}} {
		record, err := evidence.CanonicalRecord(s, "v1")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(record)
	}
	f.Add([]byte(`{"actor":"p","at":0,"body":{},"key":"k","kind":"a.b/v1","v":1}`))
	f.Add([]byte(`{"actor":"p","at":-0,"body":{"":1},"key":"k","kind":"a.b/v1","v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		quick, ok := evidence.ScanRecord(b)
		if !ok {
			return
		}
		r, err := evidence.ParseRecord(b)
		if err != nil {
			t.Fatalf("accepted what the strict reader refuses: %v", err)
		}
		if strict := evidence.ScannedOf(r); quick != strict {
			t.Fatalf("quick %+v, strict %+v", quick, strict)
		}
	})
}

func BenchmarkExamineEntry(b *testing.B) {
	m := newMemory()
	l := open(b, config(b, m))
	add(b, l, 0, 1)
	e := m.entries[0]
	b.ReportAllocs()
	for b.Loop() {
		evidence.ExamineEntry(e)
	}
}

func TestExamineLooksAtCosignatures(t *testing.T) {
	one := serving(t, "one.example")
	m := newMemory()
	l := open(t, watched(t, m, one.Witness))
	for i := range 3 {
		add(t, l, 2*i, 2*i+2)
		sign(t, l)
		cosigned(t, m, int64(2*i+2), 1)
	}
	c := evidence.ExamineConfig{Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier), Witnesses: []note.Verifier{one.Key}}
	if x := examine(t, c); x.Found != 0 || x.Cosignatures != 3 || x.Checkpoints != 3 {
		t.Fatalf("found %+v", x)
	}
	m.change(func(m *memory) {
		other := m.cosigned[2].Line
		m.cosigned[1].Line = other
		m.cosigned[2].At = m.cosigned[2].At.Add(-24 * time.Hour)
	})
	x := examine(t, c)
	if x.Found != 2 || x.Disagreements[0].Field != "note" || x.Disagreements[0].Seq != 4 || x.Disagreements[1].Field != "column" || x.Disagreements[1].Seq != 6 {
		t.Errorf("found %v", x.Disagreements)
	}
}
