package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/engine"
)

const origin = "city.example/kokoroe/1"

// instance is a log on a store of its own, as a process would have it.
func instance(t testing.TB, uri string, key evidence.Key) *evidence.Log {
	t.Helper()
	l, err := evidence.Open(context.WithoutCancel(t.Context()), evidence.Config{
		Store: open(t, uri), Origin: origin, Program: "test", Now: time.Now, Signer: key.Signer, Verifiers: note.VerifierList(key.Verifier),
		Report: func(err error) { t.Errorf("in the background: %v", err) },
	})
	check(t, err)
	return l
}

func newKey(t testing.TB) evidence.Key {
	t.Helper()
	secret, _, err := evidence.NewSigningKey(origin)
	check(t, err)
	key, err := evidence.ParseKey(secret)
	check(t, err)
	return key
}

func statement(key string) evidence.Statement {
	return evidence.Statement{Kind: "test.said/v1", Key: key, Actor: evidence.Actor{ID: "p-1"}, Subject: "p-1", Object: "test:log", Scope: "2026",
		Body: map[string]string{"said": key}}
}

// TestThreeInstancesWriteOneLog lets three logs append at once, much of it the
// same, and examines what stands there.
func TestThreeInstancesWriteOneLog(t *testing.T) {
	engine.Address(t)
	uri, key := engine.Database(t), newKey(t)
	logs := []*evidence.Log{instance(t, uri, key), instance(t, uri, key), instance(t, uri, key)}
	const workers, each = 16, 12
	var mu sync.Mutex
	said := map[string]int64{}
	var group sync.WaitGroup
	for n, l := range logs {
		for w := range workers {
			group.Go(func() {
				for i := range each {
					k := fmt.Sprintf("own/%d/%d/%d", n, w, i)
					if i%3 == 0 {
						k = fmt.Sprintf("same/%d/%d", w, i) // all three say this
					}
					e, err := l.Append(context.Background(), statement(k))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if seq, ok := said[k]; ok && seq != e.Seq {
						t.Errorf("%s is at %d and at %d", k, seq, e.Seq)
					}
					said[k] = e.Seq
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	for _, l := range logs {
		check(t, l.Close(context.Background()))
	}
	want := len(logs)*workers*each*2/3 + workers*each/3
	if len(said) != want {
		t.Errorf("%d statements, want %d", len(said), want)
	}
	s := open(t, uri)
	found, err := evidence.Examine(t.Context(), evidence.ExamineConfig{Store: s, Verifiers: note.VerifierList(key.Verifier)})
	check(t, err)
	if found.Found != 0 || found.Size != int64(want) {
		t.Errorf("%d entries, want %d; disagreements: %v", found.Size, want, found.Disagreements)
	}
	if n, err := batches(t, uri); err != nil || n >= int64(want) {
		t.Errorf("%d batches of %d entries (%v)", n, want, err)
	}
}

func batches(t *testing.T, uri string) (int64, error) {
	return documents(t, uri).Collection("log").CountDocuments(t.Context(), bson.D{})
}

// TestABatchThatFailsLeavesNothing breaks each rule at each place of a batch,
// while another instance has moved the end of the log on, and not.
func TestABatchThatFailsLeavesNothing(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s, other := open(t, uri), open(t, uri)
	entries := func(first int64, keys ...string) []evidence.Entry {
		var list []evidence.Entry
		for i, k := range keys {
			list = append(list, evidence.Entry{Seq: first + int64(i), Key: k})
		}
		return list
	}
	check(t, s.AppendEntries(t.Context(), entries(0, "a", "b", "c")))
	for _, batch := range [][]evidence.Entry{
		entries(3, "a", "x", "y"), entries(3, "x", "b", "y"), entries(3, "x", "y", "c"), entries(3, "x", "x"), // a key
		entries(2, "x", "y"), entries(1, "x"), entries(4, "x", "y"), entries(0, "x"), entries(-3, "x"), // the place
	} {
		for _, by := range []*mongodb.Store{s, other} {
			if err := by.AppendEntries(t.Context(), batch); !fault.Is(err, fault.Conflict) {
				t.Errorf("%v: %v, want a conflict", batch, err)
			}
			for _, key := range []string{"x", "y"} {
				if _, err := by.EntryByKey(t.Context(), key); !fault.Is(err, fault.NotFound) {
					t.Errorf("%v left %s behind: %v", batch, key, err)
				}
			}
		}
	}
	check(t, other.AppendEntries(t.Context(), entries(3, "d", "e")))
	if err := s.AppendEntries(t.Context(), entries(3, "x", "y")); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	check(t, s.AppendEntries(t.Context(), entries(5, "x", "y")))
	list, err := s.EntriesFrom(t.Context(), 0, 100)
	check(t, err)
	for i, e := range list {
		if e.Seq != int64(i) || e.Key != string("abcdexy"[i]) {
			t.Errorf("%d: %d %s", i, e.Seq, e.Key)
		}
	}
	if len(list) != 7 {
		t.Errorf("%d entries, want 7", len(list))
	}
}

// BenchmarkAppendFromThree is durable appends a second, 64 at a time at each of
// three instances.
func BenchmarkAppendFromThree(b *testing.B) {
	engine.Address(b)
	uri, key := engine.Database(b), newKey(b)
	logs := []*evidence.Log{instance(b, uri, key), instance(b, uri, key), instance(b, uri, key)}
	b.ResetTimer()
	var group sync.WaitGroup
	for n, l := range logs {
		for w := range 64 {
			group.Go(func() {
				for i := n*64 + w; i < b.N; i += len(logs) * 64 {
					if _, err := l.Append(context.Background(), statement(fmt.Sprintf("%d/%d", b.N, i))); err != nil {
						b.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
	b.StopTimer()
	var errs []error
	for _, l := range logs {
		errs = append(errs, l.Close(context.Background()))
	}
	check(b, errors.Join(errs...))
}

// TestALogThatWentBackUnderARunningProgram restores an older state while a store
// is open: what comes behind the old end must not be appended behind a gap.
func TestALogThatWentBackUnderARunningProgram(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s := open(t, uri)
	for seq := range int64(3) {
		check(t, s.AppendEntries(t.Context(), []evidence.Entry{{Seq: seq, Key: fmt.Sprint(seq)}}))
	}
	_, err := documents(t, uri).Collection("log").DeleteOne(t.Context(), d("_id", int64(2)))
	check(t, err)
	if err := s.AppendEntries(t.Context(), []evidence.Entry{{Seq: 3, Key: "3"}}); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v, want a conflict", err)
	}
	if n, err := s.LogSize(t.Context()); n != 2 || err != nil {
		t.Errorf("%d entries (%v), want 2", n, err)
	}
}
