package evidence_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/app/fault"
)

// A witness that calls itself as the log is called does not sign for the log.
func TestWitnessIsNotTheLog(t *testing.T) {
	o := newOffice(t, origin)
	w := o.open(t)
	m := newMemory()
	l := open(t, watched(t, m, o.Witness))
	add(t, l, 0, 3)
	sign(t, l)
	r, err := l.WitnessRequest(t.Context(), o.Key, -1)
	if err != nil {
		t.Fatal(err)
	}
	line, err := w.Cosign(r)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(r.Checkpoint), "\n\n")
	_, _, _, err = evidence.VerifyCheckpoint(note.VerifierList(fixedKey(t).Verifier, o.Key), []byte(text+"\n\n"+string(line)))
	wantFault(t, err, fault.Invalid, "checkpoint.signature_unknown")
}

// What was changed in the store is named, and receipts do without it.
func TestChangedCosignature(t *testing.T) {
	o := newOffice(t, "audit.example")
	for name, change := range map[string]func(c *evidence.Cosignature){
		"a bit":    func(c *evidence.Cosignature) { c.Line = c.Line[:len(c.Line)-9] + "AAAAAAA==" },
		"the line": func(c *evidence.Cosignature) { c.Line = "x" },
		"the time": func(c *evidence.Cosignature) { c.At = c.At.Add(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			o := o
			o.state = filepath.Join(t.TempDir(), "state")
			if err := witness.NewState(o.state); err != nil {
				t.Fatal(err)
			}
			m := newMemory()
			l := open(t, watched(t, m, o.Witness))
			add(t, l, 0, 3)
			sign(t, l)
			r, err := l.WitnessRequest(t.Context(), o.Key, 0)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := o.open(t).CosignFile(witness.MarshalRequest(r))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.AddCosignatures(t.Context(), answer); err != nil {
				t.Fatal(err)
			}
			whole := evidence.ExamineConfig{Store: m, Verifiers: note.VerifierList(fixedKey(t).Verifier), Witnesses: []note.Verifier{o.Key}}
			if x := examine(t, whole); x.Found != 0 {
				t.Errorf("sound, and found %v", x.Disagreements)
			}
			m.change(func(m *memory) { change(&m.cosigned[0]) })
			report, err := l.Check(t.Context(), 1)
			if err != nil || report.OK() {
				t.Errorf("Check does not see it: %+v, %v", report.Findings, err)
			}
			x := examine(t, whole)
			if x.Found != 1 || x.Disagreements[0].Where != evidence.InWitness || x.Disagreements[0].Seq != 3 {
				t.Errorf("found %v", x.Disagreements)
			}
			if _, err := l.Receipt(t.Context(), 1, nil, nil); err != nil {
				t.Errorf("receipt: %v", err)
			}
		})
	}
}

// Files that come back and are not of use are refused, and say why.
func TestFilesThatAreRefused(t *testing.T) {
	o, stranger := newOffice(t, "audit.example"), newOffice(t, "other.example")
	m := newMemory()
	l := open(t, watched(t, m, o.Witness))
	if _, err := l.WitnessRequest(t.Context(), o.Key, -1); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing is signed: %v", err)
	}
	add(t, l, 0, 3)
	sign(t, l)
	r, err := l.WitnessRequest(t.Context(), o.Key, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.WitnessRequest(t.Context(), o.Key, 4); !fault.Is(err, fault.Invalid) {
		t.Errorf("a size beyond the checkpoint: %v", err)
	}
	other := newMemory()
	lo := open(t, watched(t, other))
	add(t, lo, 50, 53)
	sign(t, lo)
	foreign, err := lo.WitnessRequest(t.Context(), o.Key, 0)
	if err != nil {
		t.Fatal(err)
	}
	byOther, err := stranger.open(t).CosignFile(witness.MarshalRequest(r))
	if err != nil {
		t.Fatal(err)
	}
	for message, file := range map[string][]byte{
		"checkpoint.malformed": []byte("x"), "witness.not_cosigned": byOther, "witness.foreign": foreign.Checkpoint,
	} {
		_, err := l.AddCosignatures(t.Context(), file)
		wantFault(t, err, fault.Invalid, message)
	}
	if _, err := l.AddCosignatures(t.Context(), r.Checkpoint); !fault.Is(err, fault.Invalid) {
		t.Errorf("a file without a cosignature: %v", err)
	}
}

// FuzzCosignatures: what a witness answers is kept as it is, or not at all.
func FuzzCosignatures(f *testing.F) {
	o := newOffice(f, "audit.example")
	w := o.open(f)
	m := newMemory()
	l := open(f, watched(f, m, o.Witness))
	add(f, l, 0, 3)
	sign(f, l)
	r, err := l.WitnessRequest(f.Context(), o.Key, -1)
	if err != nil {
		f.Fatal(err)
	}
	line, err := w.Cosign(r)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{
		line, line[:40], append(line[:len(line):len(line)], line...), nil, []byte("\n"), []byte("— a AAAAAAA=\n"), []byte("— audit.example AAAAAAA=\n"),
		append([]byte("— other.example AAAAAAAAAA==\n"), line...), bytes.ToUpper(line), bytes.Replace(line, []byte("—"), []byte("-"), 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		found, err := evidence.Cosignatures([]note.Verifier{o.Key}, append(bytes.Clone(r.Checkpoint), answer...))
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%v", err)
		}
		for _, c := range found {
			if c.Line+"\n" != string(line) || !bytes.Contains(answer, line) {
				t.Fatalf("%q counts as a cosignature in %q", c.Line, answer)
			}
		}
	})
}

// A log that was begun anew after a loss is another log to the witness: what it
// knows under the former name stops nothing.
func TestWitnessOfALogBegunAnew(t *testing.T) {
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

	secret, public, err := evidence.NewSigningKey("city.example/kokoroe/2")
	if err != nil {
		t.Fatal(err)
	}
	next, err := evidence.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := witness.ParseLogs([]byte(public))
	if err != nil {
		t.Fatal(err)
	}
	anew := newOffice(t, "audit.example/anew")
	w, err := witness.Open(witness.Config{Secret: anew.secret, State: anew.state, Logs: logs, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	anew.Asks = asker(func(_ context.Context, r evidence.WitnessRequest) ([]byte, error) { return w.Cosign(r) })
	c := watched(t, old, o.Witness, anew.Witness) // the first knows the former name alone
	c.Origin, c.Former, c.Signer, c.Verifiers = next.Signer.Name(), []string{origin}, next.Signer, note.VerifierList(fixedKey(t).Verifier, next.Verifier)
	l = open(t, c)
	if err := l.Trouble(); err != nil {
		t.Fatal(err)
	}
	add(t, l, 50, 52)
	sign(t, l)
	cosigned(t, old, 8, 1)
	if _, err := l.Receipt(t.Context(), 7, nil, nil); err != nil {
		t.Error(err)
	}
	if err := l.Trouble(); err != nil {
		t.Error(err)
	}
}
