package evidence_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

func TestCheckpointInTheBackground(t *testing.T) {
	m := newMemory()
	c := config(t, m)
	c.SignAfter = 10 * time.Millisecond
	l := open(t, c)
	add(t, l, 0, 5)
	for deadline := time.Now().Add(time.Second); ; time.Sleep(5 * time.Millisecond) {
		if kept, err := m.LastCheckpoint(t.Context()); err == nil && kept.Size == 5 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no checkpoint within a second")
		}
	}
}

func TestCheckpointOfWhatACrashLeft(t *testing.T) {
	m := newMemory()
	unsigned := config(t, m)
	unsigned.Signer = nil
	add(t, open(t, unsigned), 0, 3)
	shut(t, open(t, config(t, m))) // signs at the latest when it stops
	if kept, err := m.LastCheckpoint(t.Context()); err != nil || kept.Size != 3 {
		t.Errorf("checkpoint of %d, %v", kept.Size, err)
	}
}

func TestEmptyLogSignsNothing(t *testing.T) {
	l := open(t, config(t, newMemory()))
	if _, err := l.Checkpoint(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("error %v", err)
	}
}

// A store that no longer continues what was signed takes no more statements;
// reading goes on.
func TestStoreThatWentBack(t *testing.T) {
	cases := []struct {
		name   string
		head   bool                            // the head is still there
		change func(t *testing.T, m *memory)   // what happened to the store, which held 10 entries, 10 signed
		fault  func(t *testing.T, h *headFile) // what happened to the head
	}{
		{"restored backup", true, func(_ *testing.T, m *memory) { cut(m, 6); m.checkpoints = nil }, nil},
		{"entries gone, checkpoint there", false, func(_ *testing.T, m *memory) { cut(m, 6) }, nil},
		{"empty store", true, func(_ *testing.T, m *memory) { cut(m, 0); m.checkpoints = nil }, nil},
		{"restored backup that went on", true, goOn, nil},
		{"an entry replaced", false, func(t *testing.T, m *memory) {
			other := newMemory()
			add(t, open(t, config(t, other)), 100, 110)
			m.entries[9] = other.entries[9]
		}, nil},
		{"tree hash changed", false, func(_ *testing.T, m *memory) { m.entries[7].Hashes[100] ^= 1 }, nil},
		{"hashes missing", false, func(_ *testing.T, m *memory) { m.entries[7].Hashes = nil }, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, h := newMemory(), &headFile{}
			conf := config(t, m)
			conf.Head = h
			l := open(t, conf)
			add(t, l, 0, 10)
			sign(t, l)
			shut(t, l)
			c.change(t, m)
			if !c.head {
				conf.Head = nil
			}
			l = open(t, conf)
			_, err := l.Append(t.Context(), statement(50))
			wantFault(t, err, fault.Unavailable, "evidence.store_went_back")
			_, err = l.Checkpoint(t.Context())
			wantFault(t, err, fault.Unavailable, "evidence.store_went_back")
			if len(m.entries) > 0 {
				if _, err := l.Check(t.Context(), 0); err != nil {
					t.Errorf("reading does not go on: %v", err)
				}
			}
		})
	}
}

func cut(m *memory, n int) {
	for _, e := range m.entries[n:] {
		delete(m.byKey, e.Key)
	}
	m.entries = m.entries[:n]
}

// goOn is what an instance without a head does with a restored backup.
func goOn(t *testing.T, m *memory) {
	cut(m, 6)
	m.checkpoints = nil
	l := open(t, config(t, m))
	add(t, l, 20, 40)
	sign(t, l)
	shut(t, l)
}

func TestStoreThatGoesBackWhileRunning(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 6)
	old := m.backup()
	add(t, l, 6, 10)
	sign(t, l)
	m.change(func(m *memory) { m.entries, m.byKey, m.checkpoints = old.entries, old.byKey, old.checkpoints })
	_, err := l.Append(t.Context(), statement(50))
	wantFault(t, err, fault.Unavailable, "evidence.store_went_back")
	if l.Trouble() == nil || len(m.entries) != 6 {
		t.Errorf("the log goes on with %d entries", len(m.entries))
	}
}

// A crash between remembering a checkpoint and keeping it is no harm.
func TestCheckpointThatTheStoreLost(t *testing.T) {
	m, h := newMemory(), &headFile{}
	conf := config(t, m)
	conf.Head = h
	l := open(t, conf)
	add(t, l, 0, 5)
	m.change(func(m *memory) {
		m.trouble = func(call string, _ bool) error { return when(call == "checkpoint", errors.New("cut")) }
	})
	if _, err := l.Checkpoint(t.Context()); err == nil {
		t.Fatal("a checkpoint that was not kept")
	}
	m.change(func(m *memory) { m.trouble = nil })
	shut(t, l)
	m.change(func(m *memory) { m.checkpoints = nil })
	l = open(t, conf)
	add(t, l, 5, 7)
	if c := sign(t, l); c.Size != 7 || len(m.checkpoints) != 2 {
		t.Errorf("checkpoint of %d, %d kept", c.Size, len(m.checkpoints))
	}
}

func TestHeadThatCannotBeRead(t *testing.T) {
	for name, h := range map[string]*headFile{
		"garbage": {note: []byte("garbage")}, "unreadable": {err: errors.New("no permission")}, "empty file": {note: []byte{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, newMemory())
			c.Head = h
			_, err := open(t, c).Append(t.Context(), statement(1))
			wantFault(t, err, fault.Unavailable, "evidence.head_unreadable")
		})
	}
}

func TestNothingIsSignedThatCannotBeRemembered(t *testing.T) {
	m, h := newMemory(), &headFile{}
	c := config(t, m)
	c.Head = h
	l := open(t, c)
	add(t, l, 0, 1)
	h.err = errors.New("disk full")
	if _, err := l.Checkpoint(t.Context()); !fault.Is(err, fault.Unavailable) || len(m.checkpoints) != 0 {
		t.Errorf("error %v, %d checkpoints", err, len(m.checkpoints))
	}
	h.err = nil
	sign(t, l)
}

func TestFileHead(t *testing.T) {
	h := evidence.FileHead(filepath.Join(t.TempDir(), "head"))
	if b, err := h.Load(); b != nil || err != nil {
		t.Fatalf("%q, %v before the first", b, err)
	}
	for i := range 3 {
		want := fmt.Sprint("note ", i)
		if err := h.Save([]byte(want)); err != nil {
			t.Fatal(err)
		}
		if b, err := h.Load(); string(b) != want || err != nil {
			t.Fatalf("%q, %v; want %q", b, err, want)
		}
	}
	files, err := os.ReadDir(filepath.Dir(string(h)))
	if err != nil || len(files) != 1 {
		t.Errorf("%v left behind, %v", files, err)
	}
	if err := evidence.FileHead("/nowhere/head").Save(nil); err == nil {
		t.Error("saved nowhere")
	}
}

func TestFileHeadClearsWhatCrashesLeft(t *testing.T) {
	dir := t.TempDir()
	h := evidence.FileHead(filepath.Join(dir, "head"))
	left := map[string]time.Duration{"head.unfinished-1": time.Hour, "head.unfinished-2": 0, "head.old": time.Hour, "head": time.Hour}
	for name, age := range left {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := h.Load(); string(b) != "x" || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("%v are there, %v; want all but what an earlier process began", files, err)
	}
}

func TestSigningKey(t *testing.T) {
	secret, public, err := evidence.NewSigningKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	k, err := evidence.ParseKey(secret + "\n")
	if err != nil || k.Public != public || k.Signer.Name() != origin || k.Verifier.KeyHash() != k.Signer.KeyHash() {
		t.Errorf("key %+v, %v", k, err)
	}
	for _, bad := range []string{"", public, secret[:len(secret)-5], strings.Replace(secret, origin, "other", 1)} {
		if _, err := evidence.ParseKey(bad); err == nil {
			t.Error("a broken key was read")
		}
	}
}

func TestVerifyCheckpoint(t *testing.T) {
	k := fixedKey(t)
	known := note.VerifierList(k.Verifier)
	l := open(t, config(t, newMemory()))
	add(t, l, 0, 3)
	good := string(sign(t, l).Note)
	_, vkey, err := evidence.NewSigningKey("stranger")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	sig := good[strings.Index(good, "—"):]
	cases := []struct {
		name    string
		known   note.Verifiers
		note    string
		message string
	}{
		{"good", known, good, ""},
		{"unknown signature beside it", known, good + "— w AAAAAQI=\n", ""},
		{"no key known", nil, good, "checkpoint.signature_unknown"},
		{"another key known", note.VerifierList(stranger), good, "checkpoint.signature_unknown"},
		{"other origin", known, strings.Replace(good, "city", "town", 1), "checkpoint.signature_wrong"},
		{"other size", known, strings.Replace(good, "\n3\n", "\n4\n", 1), "checkpoint.signature_wrong"},
		{"signature twice", known, good + sig, "checkpoint.malformed"},
		{"leading zero", known, strings.Replace(good, "\n3\n", "\n03\n", 1), "checkpoint.malformed"},
		{"signed size", known, strings.Replace(good, "\n3\n", "\n+3\n", 1), "checkpoint.malformed"},
		{"extension line", known, strings.Replace(good, "\n\n", "\nx\n\n", 1), "checkpoint.malformed"},
		{"no end of line", known, strings.TrimSuffix(good, "\n"), "checkpoint.malformed"},
		{"carriage returns", known, strings.ReplaceAll(good, "\n", "\r\n"), "checkpoint.malformed"},
		{"no signature", known, good[:strings.Index(good, "—")], "checkpoint.malformed"},
		{"too large", known, good + strings.Repeat("— w AAAAAQI=\n", 5000), "checkpoint.malformed"},
		{"empty", known, "", "checkpoint.malformed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, from, signers, err := evidence.VerifyCheckpoint(c.known, []byte(c.note))
			if c.message != "" {
				wantFault(t, err, fault.Invalid, c.message)
				return
			}
			if err != nil || got.Size != 3 || from != origin || len(signers) != 1 {
				t.Errorf("size %d, origin %q, signers %v, %v", got.Size, from, signers, err)
			}
		})
	}
}

func TestOpenRefusesAConfigThatCannotWork(t *testing.T) {
	cases := []struct {
		name   string
		change func(*evidence.Config)
	}{
		{"no store", func(c *evidence.Config) { c.Store = nil }},
		{"no clock", func(c *evidence.Config) { c.Now = nil }},
		{"no origin", func(c *evidence.Config) { c.Origin = "" }},
		{"no verifiers", func(c *evidence.Config) { c.Verifiers = nil }},
		{"key of another log", func(c *evidence.Config) { c.Origin = "town.example" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conf := config(t, newMemory())
			c.change(&conf)
			if _, err := evidence.Open(t.Context(), conf); !fault.Is(err, fault.Invalid) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Whatever is read as a checkpoint says the same when it is written again.
func FuzzParseCheckpoint(f *testing.F) {
	msg := signedText(f, checkpointText(7, tlog.Hash{1}), fixedKey(f).Signer)
	f.Add(msg)
	f.Add(cosignedBy(f, msg, fixedWitness(f, "w1.example")))
	f.Add([]byte("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— o AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, name, err := evidence.ParseCheckpoint(data)
		if err != nil {
			wantFault(t, err, fault.Invalid, "checkpoint.malformed")
			return
		}
		again := fmt.Sprintf("%s\n%d\n%s\n\n", name, c.Size, base64.StdEncoding.EncodeToString(c.Root))
		if !strings.HasPrefix(string(data), again) {
			t.Fatalf("%q is read as %q", data, again)
		}
	})
}
