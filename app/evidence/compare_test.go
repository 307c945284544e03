package evidence_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// signed is a checkpoint of the test's own making under the fixed key.
func signed(t *testing.T, size int64, root []byte, signer note.Signer) []byte {
	t.Helper()
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, base64.StdEncoding.EncodeToString(root))
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestCompare(t *testing.T) {
	store := newMemory()
	l := open(t, config(t, store))
	add(t, l, 0, 5)
	five := sign(t, l)
	add(t, l, 5, 12)
	twelve := sign(t, l)
	key := fixedKey(t)
	secret, _, err := evidence.NewSigningKey("other.example/log")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := evidence.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err = evidence.NewSigningKey(origin) // the same name, another key
	if err != nil {
		t.Fatal(err)
	}
	namesake, err := evidence.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 32)
	forged := bytes.Replace(five.Note, []byte("\n5\n"), []byte("\n6\n"), 1)
	empty := signed(t, 0, zeros, key.Signer)

	for name, c := range map[string]struct {
		one, other []byte
		want       evidence.Continuity
		between    int64
		hashes     bool
	}{
		"the later continues":     {five.Note, twelve.Note, evidence.Continues, 7, true},
		"in the other order":      {twelve.Note, five.Note, evidence.Continues, 7, true},
		"the same":                {five.Note, five.Note, evidence.Same, 0, false},
		"one size, two roots":     {five.Note, signed(t, 5, zeros, key.Signer), evidence.Contradicts, 0, false},
		"another past":            {signed(t, 4, zeros, key.Signer), twelve.Note, evidence.Contradicts, 8, false},
		"another present":         {five.Note, signed(t, 11, zeros, key.Signer), evidence.Contradicts, 6, false},
		"more than the log holds": {twelve.Note, signed(t, 13, zeros, key.Signer), evidence.Ahead, 1, false},
		"another log's":           {signed(t, 5, five.Root, stranger.Signer), twelve.Note, evidence.Foreign, -5, false},
		"another log's, second":   {twelve.Note, signed(t, 5, five.Root, stranger.Signer), evidence.Foreign, -5, false},
		"another key of the name": {signed(t, 5, five.Root, namesake.Signer), twelve.Note, evidence.Foreign, -5, false},
		"a number was changed":    {forged, twelve.Note, evidence.Forged, -6, false},
		"the empty log":           {empty, twelve.Note, evidence.Continues, 12, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := l.Compare(t.Context(), c.one, c.other)
			if err != nil {
				t.Fatal(err)
			}
			if got.Continuity != c.want || got.Between() != c.between || (len(got.Path) > 0) != c.hashes {
				t.Fatalf("continuity %v, %d between, %d hashes (%v)", got.Continuity, got.Between(), len(got.Path), got.Err)
			}
			if c.hashes && tlog.CheckTree(got.Path, 12, tlog.Hash(twelve.Root), 5, tlog.Hash(five.Root)) != nil {
				t.Error("the proof proves nothing")
			}
		})
	}
	if _, err := l.Compare(t.Context(), []byte("x"), five.Note); !fault.Is(err, fault.Invalid) {
		t.Errorf("no checkpoint: %v", err)
	}
}

// Compare looks at the store itself: what it holds now must lead from the one
// to the other.
func TestCompareSeesWhatWasChanged(t *testing.T) {
	for name, change := range map[string]func(*memory){
		"a tree hash was changed": func(m *memory) { m.entries[3].Hashes[70] ^= 1 },
		"tree hashes are missing": func(m *memory) { m.entries[7].Hashes = nil },
		"entries are missing":     func(m *memory) { m.entries = m.entries[:9] },
	} {
		t.Run(name, func(t *testing.T) {
			store := newMemory()
			l := open(t, config(t, store))
			add(t, l, 0, 5)
			five := sign(t, l)
			add(t, l, 5, 12)
			twelve := sign(t, l)
			store.change(change)
			got, err := l.Compare(t.Context(), five.Note, twelve.Note)
			want := evidence.Contradicts
			if name == "entries are missing" {
				want = evidence.Ahead
			}
			if err != nil || got.Continuity != want {
				t.Errorf("continuity %v, %v; want %v", got.Continuity, err, want)
			}
		})
	}
}

func TestFindCheckpoint(t *testing.T) {
	l := open(t, config(t, newMemory()))
	add(t, l, 0, 3)
	c := sign(t, l)
	r, err := l.Receipt(t.Context(), 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	msg := string(c.Note)
	for name, text := range map[string]string{
		"as it is": msg, "a whole receipt": string(file), "a mail": "Dear auditor,\n\nthis is it:\n\n" + msg + "\n\n",
		"indented":          "   " + strings.ReplaceAll(strings.TrimSpace(msg), "\n", "  \n\t"),
		"no end of line":    strings.TrimSpace(msg),
		"with a cosigner's": "x\n" + msg,
	} {
		got, err := evidence.FindCheckpoint(text)
		if err != nil || string(got) != msg {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	lines := strings.Split(msg, "\n")
	for name, text := range map[string]string{
		"nothing": "", "blanks": " \n\n ", "words": "hello", "no signature": strings.Join(lines[:3], "\n"), "a signature alone": lines[4],
		"no size": lines[0] + "\nmany\n" + lines[2] + "\n\n" + lines[4], "a line is missing": lines[1] + "\n" + lines[2] + "\n\n" + lines[4],
		"words behind": msg + "\nyours", "large": strings.Repeat("— x AAAA\n", 100_000),
	} {
		if got, err := evidence.FindCheckpoint(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
