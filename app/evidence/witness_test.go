package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/app/fault"
)

// auditOffice is a real witness behind a real socket.
type auditOffice struct {
	evidence.Witness
	secret string
	state  string
}

func newOffice(t testing.TB, name string) auditOffice {
	t.Helper()
	secret, public, err := evidence.NewWitnessKey(name)
	if err != nil {
		t.Fatal(err)
	}
	key, err := evidence.NewCosignatureVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	o := auditOffice{Witness: evidence.Witness{Title: "監査 " + name, Key: key}, secret: secret, state: filepath.Join(t.TempDir(), "state")}
	if err := witness.NewState(o.state); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o auditOffice) open(t testing.TB) *witness.Witness {
	t.Helper()
	logs, err := witness.ParseLogs([]byte(fixedKey(t).Public + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(witness.Config{Secret: o.secret, State: o.state, Logs: logs, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// serving is the office with its door open.
func serving(t testing.TB, name string) auditOffice {
	t.Helper()
	o := newOffice(t, name)
	server := httptest.NewServer(o.open(t).Handler(slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	client, err := witness.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	o.Asks = client
	return o
}

// asker is a witness of a test's own making.
type asker func(ctx context.Context, r evidence.WitnessRequest) ([]byte, error)

func (a asker) Ask(ctx context.Context, r evidence.WitnessRequest) ([]byte, error) { return a(ctx, r) }

// reports keeps what a log reports.
type reports struct {
	mu   sync.Mutex
	list []error
}

func (r *reports) report(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, err)
}

func (r *reports) has(is func(error) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.list {
		if is(err) {
			return true
		}
	}
	return false
}

func watched(t testing.TB, s evidence.Store, witnesses ...evidence.Witness) evidence.Config {
	c := config(t, s)
	c.Witnesses, c.WitnessAfter = witnesses, time.Millisecond
	return c
}

// eventually waits for what happens in the background. It fails when that never
// happens, not when it is late.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not happen", what)
		}
	}
}

func cosigned(t testing.TB, m *memory, size int64, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("a checkpoint of %d with %d cosignatures", size, n), func() bool {
		c, _, err := m.Cosigned(t.Context(), size, n)
		return err == nil && c.Size == size
	})
}

func TestReceiptsAreWitnessed(t *testing.T) {
	one, two := serving(t, "one.example"), serving(t, "two.example")
	m := newMemory()
	l := open(t, watched(t, m, one.Witness, two.Witness))
	add(t, l, 0, 3)
	sign(t, l)
	cosigned(t, m, 3, 2)
	add(t, l, 3, 5)
	sign(t, l)
	cosigned(t, m, 5, 2)

	r, err := l.Receipt(t.Context(), 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := []note.Verifier{one.Key, two.Key}
	found, err := evidence.Cosignatures(keys, r.Checkpoint)
	if err != nil || len(found) != 2 || found[0].Size != 3 {
		t.Fatalf("cosignatures %+v, %v", found, err)
	}
	file, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	read, err := evidence.ParseReceipt(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read.Verify(note.VerifierList(fixedKey(t).Verifier)); err != nil {
		t.Errorf("who knows no witness refuses the receipt: %v", err)
	}
	v, err := read.Verify(note.VerifierList(fixedKey(t).Verifier, one.Key, two.Key))
	if err != nil || len(v.Signers) != 3 {
		t.Errorf("signers %v, %v", v.Signers, err)
	}
	report, err := l.Check(t.Context(), 1)
	if err != nil || !report.OK() || len(report.Witnessed) != 2 {
		t.Fatalf("%+v, %v", report.Findings, err)
	}
	if last := report.Findings[len(report.Findings)-1]; last.Step != evidence.StepWitness || last.Outcome != evidence.Passed {
		t.Errorf("last finding %+v", last)
	}
	if title := l.WitnessTitle(found[0].Witness); title != one.Title && title != two.Title {
		t.Errorf("title %q", title)
	}
}

// A receipt carries the checkpoint that most witnesses cosigned, and of these
// the smallest; without one that any did, the plain one.
func TestReceiptsCarryTheMostCosigned(t *testing.T) {
	one, two := newOffice(t, "one.example"), newOffice(t, "two.example")
	m := newMemory()
	l := open(t, watched(t, m, one.Witness, two.Witness))
	wantReceipt := func(seq, size int64, n int) {
		t.Helper()
		c, lines, err := l.Covering(t.Context(), seq+1)
		if err != nil || c.Size != size || len(lines) != n {
			t.Errorf("entry %d: checkpoint %d with %d cosignatures, %v; want %d with %d", seq, c.Size, len(lines), err, size, n)
		}
	}
	carry := func(o auditOffice, w *witness.Witness) {
		t.Helper()
		r, err := l.WitnessRequest(t.Context(), o.Key, -1)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := w.CosignFile(witness.MarshalRequest(r))
		if err != nil {
			t.Fatal(err)
		}
		if fresh, err := l.AddCosignatures(t.Context(), answer); err != nil || len(fresh) != 1 {
			t.Fatalf("%v, %v", fresh, err)
		}
		if fresh, err := l.AddCosignatures(t.Context(), answer); err != nil || len(fresh) != 0 {
			t.Fatalf("the same file again: %v, %v", fresh, err)
		}
	}
	first, second := one.open(t), two.open(t)
	add(t, l, 0, 2)
	sign(t, l)
	wantReceipt(0, 2, 0)
	add(t, l, 2, 4)
	sign(t, l)
	carry(one, first)
	wantReceipt(0, 4, 1)
	add(t, l, 4, 6)
	sign(t, l)
	carry(one, first)
	wantReceipt(0, 4, 1)
	carry(two, second)
	wantReceipt(0, 6, 2)
	wantReceipt(5, 6, 2)
	if states, err := l.WitnessStates(t.Context()); err != nil || len(states) != 2 || states[0] != (evidence.WitnessState{
		Title: one.Title, ByFile: true, Size: 6, At: clock().Truncate(time.Second),
	}) {
		t.Errorf("%+v, %v", states, err)
	}
	add(t, l, 6, 8)
	sign(t, l)
	wantReceipt(7, 8, 0)
	for seq := range int64(8) {
		if _, err := l.Receipt(t.Context(), seq, nil, nil); err != nil {
			t.Errorf("receipt %d: %v", seq, err)
		}
	}
}

// What a witness answers that is no cosignature of this checkpoint is not kept,
// is reported, and stops nothing.
func TestWitnessThatLies(t *testing.T) {
	honest := newOffice(t, "audit.example")
	stranger := newOffice(t, "audit.example")
	at := func(o auditOffice, now time.Time, msg []byte) []byte {
		text, _, _ := strings.Cut(string(msg), "\n\n")
		signer, err := evidence.NewCosigner(o.secret, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		signed, err := note.Sign(&note.Note{Text: text + "\n"}, signer)
		if err != nil {
			t.Fatal(err)
		}
		_, line, _ := bytes.Cut(signed, []byte("\n\n"))
		return line
	}
	otherRoot := func(msg []byte) []byte {
		lines := strings.SplitN(string(msg), "\n", 4)
		lines[2] = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
		return []byte(strings.Join(lines, "\n"))
	}
	refusal := func(reason evidence.WitnessReason, size int64) error {
		return &evidence.WitnessRefusal{Reason: reason, Size: size}
	}
	for _, c := range []struct {
		name    string
		answer  func(r evidence.WitnessRequest) ([]byte, error)
		message string // of the fault that is reported; empty for another error
	}{
		{"another key of its name", func(r evidence.WitnessRequest) ([]byte, error) { return at(stranger, clock(), r.Checkpoint), nil }, "witness.not_cosigned"},
		{"another root", func(r evidence.WitnessRequest) ([]byte, error) {
			return at(honest, clock(), otherRoot(r.Checkpoint)), nil
		}, "checkpoint.signature_wrong"},
		{"a time long ago", func(r evidence.WitnessRequest) ([]byte, error) {
			return at(honest, clock().Add(-25*time.Hour), r.Checkpoint), nil
		}, "witness.time_wrong"},
		{"a time to come", func(r evidence.WitnessRequest) ([]byte, error) {
			return at(honest, clock().Add(25*time.Hour), r.Checkpoint), nil
		}, "witness.time_wrong"},
		{"its line twice", func(r evidence.WitnessRequest) ([]byte, error) {
			return bytes.Repeat(at(honest, clock(), r.Checkpoint), 2), nil
		}, "checkpoint.malformed"},
		{"no line end", func(r evidence.WitnessRequest) ([]byte, error) {
			return bytes.TrimSpace(at(honest, clock(), r.Checkpoint)), nil
		}, "checkpoint.malformed"},
		{"nothing", func(evidence.WitnessRequest) ([]byte, error) { return nil, nil }, "witness.not_cosigned"},
		{"garbage", func(evidence.WitnessRequest) ([]byte, error) { return []byte("<html>\x00\xff"), nil }, "checkpoint.malformed"},
		{"the checkpoint itself", func(r evidence.WitnessRequest) ([]byte, error) { return r.Checkpoint, nil }, "checkpoint.malformed"},
		{"a flood", func(evidence.WitnessRequest) ([]byte, error) { return bytes.Repeat([]byte("— a b\n"), 1<<14), nil }, "checkpoint.malformed"},
		{"it does not know the log", func(evidence.WitnessRequest) ([]byte, error) { return nil, refusal(evidence.RefusedLog, 0) }, ""},
		{"it does not know the key", func(evidence.WitnessRequest) ([]byte, error) { return nil, refusal(evidence.RefusedSignature, 0) }, ""},
		{"it names the size that it refuses", func(r evidence.WitnessRequest) ([]byte, error) { return nil, refusal(evidence.RefusedSize, r.Old) }, ""},
		{"it names two sizes in turn", func(r evidence.WitnessRequest) ([]byte, error) {
			return nil, refusal(evidence.RefusedSize, 1+r.Old%2)
		}, ""},
		{"no proof is needed, and it finds it wrong", func(evidence.WitnessRequest) ([]byte, error) { return nil, refusal(evidence.RefusedProof, 0) }, ""},
		{"it is down", func(evidence.WitnessRequest) ([]byte, error) { return nil, errors.New("connection refused") }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, told := newMemory(), &reports{}
			w := honest.Witness
			w.Asks = asker(func(_ context.Context, r evidence.WitnessRequest) ([]byte, error) {
				if bytes.Contains(r.Checkpoint, []byte("\n0\n")) { // the question at the start
					return nil, errors.New("not yet")
				}
				return c.answer(r)
			})
			conf := watched(t, m, w)
			conf.Report = told.report
			l := open(t, conf)
			add(t, l, 0, 3)
			sign(t, l)
			eventually(t, "the report", func() bool {
				return told.has(func(err error) bool {
					f, ok := errors.AsType[*fault.Error](err)
					return ok && f.MessageID == c.message || !ok && c.message == "" && err.Error() != "witness audit.example: not yet"
				})
			})
			add(t, l, 3, 5)
			sign(t, l)
			if err := l.Trouble(); err != nil {
				t.Errorf("the log stopped: %v", err)
			}
			if len(m.backup().cosigned) != 0 {
				t.Error("a lie was kept")
			}
			if _, err := l.Receipt(t.Context(), 0, nil, nil); err != nil {
				t.Errorf("receipt: %v", err)
			}
		})
	}
}

// A witness that is slow holds up neither the start for long, nor an append, a
// checkpoint, another witness or the end.
func TestSlowWitness(t *testing.T) {
	slow, quick := newOffice(t, "slow.example"), serving(t, "quick.example")
	slow.Asks = asker(func(ctx context.Context, _ evidence.WitnessRequest) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	m := newMemory()
	l := open(t, watched(t, m, slow.Witness, quick.Witness))
	for n := range 4 {
		add(t, l, n, n+1)
		sign(t, l)
		cosigned(t, m, int64(n)+1, 1)
	}
	shut(t, l)
}

// A witness that was away cosigns what came meanwhile.
func TestWitnessThatComesBack(t *testing.T) {
	o := serving(t, "audit.example")
	var mu sync.Mutex
	away := true
	genuine := o.Asks
	o.Asks = asker(func(ctx context.Context, r evidence.WitnessRequest) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return nil, errors.New("no route to host")
		}
		return genuine.Ask(ctx, r)
	})
	m, told := newMemory(), &reports{}
	c := watched(t, m, o.Witness)
	c.Report = told.report
	l := open(t, c)
	add(t, l, 0, 3)
	sign(t, l)
	eventually(t, "a report", func() bool { return told.has(func(error) bool { return true }) })
	mu.Lock()
	away = false
	mu.Unlock()
	cosigned(t, m, 3, 1)
}

// The witness and the store may each know of another size: after a crash
// between the witness's save and the log's, or when the witness was restored.
func TestSizesThatDiffer(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, o auditOffice, m *memory){
		"the last answer was lost": func(_ *testing.T, _ auditOffice, m *memory) { m.cosigned = m.cosigned[:1] },
		"all answers were lost":    func(_ *testing.T, _ auditOffice, m *memory) { m.cosigned = nil },
	} {
		t.Run(name, func(t *testing.T) {
			o := serving(t, "audit.example")
			m := newMemory()
			l := open(t, watched(t, m, o.Witness))
			for from, until := 0, 4; until <= 9; from, until = until, until+5 {
				add(t, l, from, until)
				sign(t, l)
				cosigned(t, m, int64(until), 1)
			}
			shut(t, l)
			m.change(func(m *memory) { change(t, o, m) })
			l = open(t, watched(t, m, o.Witness))
			cosigned(t, m, 9, 1)
			add(t, l, 9, 12)
			sign(t, l)
			cosigned(t, m, 12, 1)
		})
	}
}

// The store was restored from a backup, and the file beside it that remembers
// the last checkpoint is gone too: the witness still knows.
func TestRestoredStoreIsRefusedByTheWitness(t *testing.T) {
	for name, restore := range map[string]func(t *testing.T, old *memory) *memory{
		"as it was": func(_ *testing.T, old *memory) *memory { return old },
		"empty":     func(*testing.T, *memory) *memory { return newMemory() },
		"and without its checkpoints": func(_ *testing.T, old *memory) *memory {
			old.checkpoints, old.cosigned = nil, nil
			return old
		},
		"and went on to the same size": func(t *testing.T, old *memory) *memory { return wentOn(t, old, 10) },
		"and went on beyond":           func(t *testing.T, old *memory) *memory { return wentOn(t, old, 30) },
	} {
		t.Run(name, func(t *testing.T) {
			o := serving(t, "audit.example")
			m := newMemory()
			l := open(t, watched(t, m, o.Witness))
			add(t, l, 0, 6)
			sign(t, l)
			cosigned(t, m, 6, 1)
			old := m.backup()
			add(t, l, 6, 10)
			sign(t, l)
			cosigned(t, m, 10, 1)
			shut(t, l)

			l = open(t, watched(t, restore(t, old), o.Witness))
			_, err := l.Append(t.Context(), statement(100))
			wantFault(t, err, fault.Unavailable, "evidence.store_went_back")
			wantFault(t, l.Trouble(), fault.Unavailable, "evidence.store_went_back")
		})
	}
}

// wentOn is what an instance without witnesses does with a restored backup.
func wentOn(t *testing.T, m *memory, until int) *memory {
	l := open(t, config(t, m))
	add(t, l, 1000+6, 1000+until)
	sign(t, l)
	shut(t, l)
	return m
}

// A witness that cannot be reached at the start is asked later, and stops the
// log then.
func TestWitnessThatKnowsBetterLater(t *testing.T) {
	o := serving(t, "audit.example")
	m := newMemory()
	l := open(t, watched(t, m, o.Witness))
	add(t, l, 0, 6)
	sign(t, l)
	cosigned(t, m, 6, 1)
	old := m.backup()
	add(t, l, 6, 10)
	sign(t, l)
	cosigned(t, m, 10, 1)
	shut(t, l)

	there := make(chan struct{})
	genuine := o.Asks
	o.Asks = asker(func(ctx context.Context, r evidence.WitnessRequest) ([]byte, error) {
		select {
		case <-there:
			return genuine.Ask(ctx, r)
		default:
			return nil, errors.New("no route to host")
		}
	})
	l = open(t, watched(t, old, o.Witness))
	add(t, l, 100, 101)
	close(there)
	eventually(t, "the stop", func() bool { return l.Trouble() != nil })
	wantFault(t, l.Trouble(), fault.Unavailable, "evidence.store_went_back")
}

// Two instances share a store and a witness: that one is ahead of the other is
// no trouble.
func TestTwoInstancesAndAWitness(t *testing.T) {
	o := serving(t, "audit.example")
	m := newMemory()
	a, b := open(t, watched(t, m, o.Witness)), open(t, watched(t, m, o.Witness))
	for round := range 10 {
		for i, l := range []*evidence.Log{a, b} {
			n := 2*round + i
			add(t, l, n, n+1)
			sign(t, l)
		}
	}
	cosigned(t, m, 20, 1)
	for _, l := range []*evidence.Log{a, b} {
		if err := l.Trouble(); err != nil {
			t.Error(err)
		}
	}
}
