package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

func TestAppendKeepsWhatWasSaid(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	e := add(t, l, 0, 1)[0]
	if e.Seq != 0 || e.Key != "test/0" || e.Kind != "test.done/v1" || e.Subject != "p-1" || !e.At.Equal(clock()) {
		t.Errorf("entry %+v", e)
	}
	var body struct{ N int }
	if err := e.Body(&body); err != nil || body.N != 0 {
		t.Errorf("body %+v, %v", body, err)
	}
	if err := evidence.VerifyEntry(m.entries[0]); err != nil {
		t.Error(err)
	}
}

func TestAppendIsIdempotent(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	first := add(t, l, 0, 1)[0]
	other := statement(0)
	other.Body = map[string]any{"n": 99}
	again, err := l.Append(t.Context(), other)
	if err != nil || string(again.Record) != string(first.Record) {
		t.Errorf("the first did not win: %s, %v", again.Record, err)
	}
	if len(m.entries) != 1 {
		t.Errorf("%d entries", len(m.entries))
	}
}

func TestSameKeyAtOnce(t *testing.T) {
	m := newMemory()
	logs := []*evidence.Log{open(t, config(t, m)), open(t, config(t, m)), open(t, config(t, m))}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			e, err := logs[i%3].Append(t.Context(), statement(7))
			if err != nil || e.Seq != 0 {
				t.Errorf("seq %d, %v", e.Seq, err)
			}
		})
	}
	wg.Wait()
	if len(m.entries) != 1 {
		t.Errorf("%d entries", len(m.entries))
	}
}

func TestConcurrentAppendsGiveOneLog(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	appendAtOnce(t, 200, l)
	wantGapless(t, m, 200)
	sign(t, l)
}

func TestSeveralLogsOnOneStore(t *testing.T) {
	m := newMemory()
	a, b, c := open(t, config(t, m)), open(t, config(t, m)), open(t, config(t, m))
	appendAtOnce(t, 600, a, b, c)
	wantGapless(t, m, 600)
	for _, l := range []*evidence.Log{a, b, c, a} {
		if got := sign(t, l); got.Size != 600 {
			t.Errorf("checkpoint of %d", got.Size)
		}
	}
	if len(m.checkpoints) != 1 {
		t.Errorf("%d checkpoints of one tree", len(m.checkpoints))
	}
}

func TestFarBehindAnotherInstance(t *testing.T) {
	m := newMemory()
	a, b := open(t, config(t, m)), open(t, config(t, m))
	add(t, b, 0, 1)
	appendAtOnce(t, 5000, a)
	if e := add(t, b, 6000, 6001)[0]; e.Seq != 5000 {
		t.Errorf("seq %d", e.Seq)
	}
	wantGapless(t, m, 5001)
	sign(t, b)
}

func appendAtOnce(t *testing.T, n int, logs ...*evidence.Log) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := logs[i%len(logs)].Append(t.Context(), statement(i)); err != nil {
				t.Errorf("append %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

func wantGapless(t *testing.T, m *memory, n int) {
	t.Helper()
	if len(m.entries) != n || len(m.byKey) != n {
		t.Fatalf("%d entries with %d keys, want %d", len(m.entries), len(m.byKey), n)
	}
	for i, e := range m.entries {
		if err := evidence.VerifyEntry(e); err != nil || e.Seq != int64(i) {
			t.Fatalf("entry %d has seq %d: %v", i, e.Seq, err)
		}
	}
}

func TestAppendWhenTheStoreFails(t *testing.T) {
	cut := errors.New("connection reset")
	cases := []struct {
		name    string
		trouble func(calls int, call string, done bool) error
		kept    int
		message string // empty: answered as recorded
	}{
		{"fails before committing", func(_ int, call string, done bool) error {
			return when(call == "append" && !done, cut)
		}, 0, "evidence.unconfirmed"},
		{"commits and then fails", func(_ int, call string, done bool) error {
			return when(call == "append" && done, cut)
		}, 1, ""},
		{"commits, fails, and fails to say so once", func(calls int, call string, done bool) error {
			return when(call == "append" && done || call == "key" && calls == 5, cut)
		}, 1, ""},
		{"commits and is gone", func(calls int, call string, done bool) error {
			return when(call == "append" && done || call == "key" && calls > 2, cut)
		}, 1, "evidence.unconfirmed"},
		{"has no room", func(_ int, call string, done bool) error {
			return when(call == "append" && !done, fault.Refused(cut, fault.Unavailable, "store.full"))
		}, 0, "store.full"},
		{"says the same, and not that nothing is done", func(_ int, call string, done bool) error {
			return when(call == "append" && !done, fault.New(fault.Unavailable, "store.full", nil))
		}, 0, "evidence.unconfirmed"},
		{"takes no writes, and then is gone", func(_ int, call string, done bool) error {
			if call == "append" {
				return when(!done, fault.Refused(cut, fault.Unavailable, "store.read_only"))
			}
			return when(call == "key", cut)
		}, 0, "evidence.unconfirmed"},
		{"is not there at all", func(int, string, bool) error { return cut }, 0, "evidence.unconfirmed"},
		{"conflicts for no reason, twice", func(calls int, call string, done bool) error {
			return when(call == "append" && !done && calls < 8, fault.New(fault.Conflict, "error.conflict", nil))
		}, 1, ""},
		{"conflicts for ever", func(_ int, call string, done bool) error {
			return when(call == "append" && !done, fault.New(fault.Conflict, "error.conflict", nil))
		}, 0, "evidence.busy"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			conf := config(t, m)
			conf.Signer = nil
			l := open(t, conf)
			calls := 0
			m.change(func(m *memory) {
				m.trouble = func(call string, done bool) error {
					calls++
					return c.trouble(calls, call, done)
				}
			})
			e, err := l.Append(t.Context(), statement(1))
			if c.message != "" {
				wantFault(t, err, fault.Unavailable, c.message)
			} else if err != nil || e.Key != "test/1" {
				t.Fatalf("entry %+v, %v", e, err)
			}
			m.change(func(m *memory) { m.trouble = nil })
			if len(m.entries) != c.kept {
				t.Fatalf("%d entries, want %d", len(m.entries), c.kept)
			}
			add(t, l, 1, 4) // goes on as if nothing had been
			wantGapless(t, m, 3)
		})
	}
}

func when(is bool, err error) error {
	if is {
		return err
	}
	return nil
}

func TestFailureAtEveryCall(t *testing.T) {
	for nth := 1; nth <= 40; nth++ {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			m := newMemory()
			l := open(t, config(t, m))
			calls := 0
			m.change(func(m *memory) {
				m.trouble = func(string, bool) error {
					calls++
					return when(calls%nth == 0 && calls < 200, errors.New("cut"))
				}
			})
			for n := range 20 { // ask again until it is confirmed, as a reader does
				for {
					if _, err := l.Append(t.Context(), statement(n)); err == nil {
						break
					}
				}
			}
			m.change(func(m *memory) { m.trouble = nil })
			wantGapless(t, m, 20)
			sign(t, l)
		})
	}
}

func TestCancelledCallerMayAskAgain(t *testing.T) {
	m := newMemory()
	hold := make(chan struct{})
	m.trouble = func(call string, done bool) error {
		if call == "append" && !done {
			<-hold
		}
		return nil
	}
	l := open(t, config(t, m))
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := l.Append(ctx, statement(1))
		result <- err
	}()
	time.AfterFunc(20*time.Millisecond, cancel)
	wantFault(t, <-result, fault.Unavailable, "evidence.unconfirmed")
	close(hold)
	if e := add(t, l, 1, 2)[0]; e.Seq != 0 {
		t.Errorf("seq %d", e.Seq)
	}
	if len(m.entries) != 1 {
		t.Errorf("%d entries", len(m.entries))
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	var wg sync.WaitGroup
	var mu sync.Mutex
	confirmed := 0
	for n := range 100 {
		wg.Go(func() {
			if _, err := l.Append(t.Context(), statement(n)); err == nil {
				mu.Lock()
				confirmed++
				mu.Unlock()
			} else if e, ok := err.(*fault.Error); !ok || e.MessageID != "evidence.closed" {
				t.Errorf("append %d: %v", n, err)
			}
		})
	}
	shut(t, l)
	wg.Wait()
	if confirmed != len(m.entries) {
		t.Errorf("%d confirmed, %d kept", confirmed, len(m.entries))
	}
	if _, err := l.Append(t.Context(), statement(1000)); err == nil {
		t.Error("a closed log took a statement")
	}
	if n := len(m.entries); n > 0 && m.checkpoints[0].Size != int64(n) {
		t.Errorf("closed with a checkpoint of %d, not %d", m.checkpoints[0].Size, n)
	}
}

func TestCloseGivesUpOnAStoreThatHangs(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, slow{m}))
	result := make(chan error, 1)
	go func() {
		_, err := l.Append(t.Context(), statement(1))
		result <- err
	}()
	time.Sleep(20 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := l.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
	wantFault(t, <-result, fault.Unavailable, "evidence.unconfirmed")
}

// slow answers an append only when its context ends.
type slow struct{ *memory }

func (s slow) AppendEntries(ctx context.Context, _ []evidence.Entry) error {
	<-ctx.Done()
	return fault.Wrap(ctx.Err(), fault.Unavailable, "error.unavailable")
}

func TestSteadyStateReadsNothing(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 100)
	if m.reads != 0 {
		t.Errorf("%d entries read for 100 appends", m.reads)
	}
}

func BenchmarkAppend(b *testing.B) {
	c := config(b, newMemory())
	l := open(b, c)
	var n sync.Mutex
	next := 0
	b.SetParallelism(200)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n.Lock()
			next++
			i := next
			n.Unlock()
			if _, err := l.Append(context.Background(), statement(i)); err != nil {
				b.Error(err)
			}
		}
	})
}
