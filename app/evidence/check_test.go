package evidence_test

import (
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// outcomes lists what Check found, step by step.
func outcomes(r evidence.Report) string {
	names := map[evidence.Outcome]string{evidence.Failed: "F", evidence.Passed: "p", evidence.Erased: "e", evidence.Pending: "-"}
	s := ""
	for i, f := range r.Findings {
		if f.Step != evidence.Step(i) {
			return "steps out of order"
		}
		s += names[f.Outcome]
	}
	return s
}

// Entry 5 of 12 is examined. Its neighbour on level 0 is 4; 7 completes the
// subtree of 4 to 7.
func TestCheck(t *testing.T) {
	cases := []struct {
		name   string
		change func(m *memory)
		want   string // record, tree, inclusion, checkpoint
	}{
		{"untouched", func(*memory) {}, "pppp"},
		{"record changed", func(m *memory) { m.entries[5].Record[20] ^= 1 }, "Fppp"},
		{"salt changed", func(m *memory) { m.entries[5].Salt[0] ^= 1 }, "Fppp"},
		{"salt shortened", func(m *memory) { m.entries[5].Salt = m.entries[5].Salt[:31] }, "Fppp"},
		{"leaf changed", func(m *memory) { m.entries[5].Leaf[0] ^= 1 }, "FFFp"},
		{"record and leaf forged", forge, "FFFp"},
		{"record, leaf and hashes forged", func(m *memory) {
			forge(m)
			m.entries[5].Hashes = forgedHashes(m)
		}, "ppFp"},
		{"own hash changed", func(m *memory) { m.entries[5].Hashes[0] ^= 1 }, "FFpp"},
		{"own upper hash changed", func(m *memory) { m.entries[5].Hashes[40] ^= 1 }, "pFpp"},
		{"own hashes shortened", func(m *memory) { m.entries[5].Hashes = m.entries[5].Hashes[:32] }, "FFpp"},
		{"hashes gone", func(m *memory) { m.entries[5].Hashes = nil }, "FFpp"},
		{"neighbour's hash changed", func(m *memory) { m.entries[4].Hashes[0] ^= 1 }, "pFFp"},
		{"another subtree's hash changed", func(m *memory) { m.entries[3].Hashes[64] ^= 1 }, "ppFp"},
		{"root's part changed", func(m *memory) { m.entries[7].Hashes[96] ^= 1 }, "ppFF"},
		{"two entries swapped", func(m *memory) { m.entries[5], m.entries[1] = m.entries[1], m.entries[5] }, "FpFp"},
		{"sequence changed", func(m *memory) { m.entries[5].Seq = 1 }, "FFpp"},
		{"subject column changed", func(m *memory) { m.entries[5].Subject = "p-2" }, "Fppp"},
		{"back-dated column", func(m *memory) { m.entries[5].At = m.entries[5].At.Add(-time.Hour) }, "Fppp"},
		{"erased", func(m *memory) { m.entries[5].Record, m.entries[5].Salt = nil, nil }, "eppp"},
		{"neighbour erased", func(m *memory) { m.entries[4].Record, m.entries[4].Salt = nil, nil }, "pppp"},
		{"record alone removed", func(m *memory) { m.entries[5].Record = nil }, "Fppp"},
		{"checkpoint's root changed", func(m *memory) { m.checkpoints[0].Root[0] ^= 1 }, "pppF"},
		{"checkpoint's size changed", func(m *memory) { m.checkpoints[0].Size = 11 }, "pppF"},
		{"checkpoint's size too large", func(m *memory) { m.checkpoints[0].Size = 13 }, "ppFF"},
		{"checkpoint's text changed", func(m *memory) { m.checkpoints[0].Note[0] ^= 1 }, "pppF"},
		{"no checkpoint yet", func(m *memory) { m.checkpoints = nil }, "ppp-"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			l := open(t, config(t, m))
			add(t, l, 0, 12)
			sign(t, l)
			m.checkpoints[0].Root = append([]byte{}, m.checkpoints[0].Root...)
			m.checkpoints[0].Note = append([]byte{}, m.checkpoints[0].Note...)
			c.change(m)
			r, err := l.Check(t.Context(), 5)
			if err != nil {
				t.Fatal(err)
			}
			if got := outcomes(r); got != c.want {
				t.Errorf("found %s, want %s: %+v", got, c.want, r.Findings)
			}
			if r.OK() == (c.want != "pppp" && c.want != "eppp" && c.want != "ppp-") {
				t.Errorf("OK is %v", r.OK())
			}
		})
	}
}

// forge writes another record over entry 5, with the leaf that belongs to it.
func forge(m *memory) {
	e := &m.entries[5]
	s := statement(5)
	s.Body = map[string]any{"n": 6}
	e.Record, _ = evidence.CanonicalRecord(s, "test")
	e.Leaf = evidence.Leaf(e.Salt, e.Record)
}

// forgedHashes are the hashes of entry 5 as its forger would compute them.
func forgedHashes(m *memory) []byte {
	own := tlog.RecordHash(m.entries[5].Leaf)
	upper := tlog.NodeHash(tlog.RecordHash(m.entries[4].Leaf), own)
	return append(own[:], upper[:]...)
}

// Every bit of the entry that is examined is looked at.
func TestCheckFindsEveryFlippedBit(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 8)
	sign(t, l)
	good := copied(m.entries[3])
	parts := map[string]func(*evidence.Entry) []byte{
		"record": func(e *evidence.Entry) []byte { return e.Record }, "salt": func(e *evidence.Entry) []byte { return e.Salt },
		"leaf": func(e *evidence.Entry) []byte { return e.Leaf }, "hashes": func(e *evidence.Entry) []byte { return e.Hashes },
	}
	for name, part := range parts {
		for bit := range 8 * len(part(&good)) {
			m.entries[3] = copied(good)
			part(&m.entries[3])[bit/8] ^= 1 << (bit % 8)
			if r, err := l.Check(t.Context(), 3); err != nil || r.OK() {
				t.Fatalf("bit %d of %s: %v, %v", bit, name, outcomes(r), err)
			}
		}
	}
}

// What was changed before it was signed is never signed.
func TestNothingDamagedIsSigned(t *testing.T) {
	cases := []struct {
		name   string
		change func(m *memory)
	}{
		{"record", func(m *memory) { m.entries[6].Record[9] ^= 1 }},
		{"salt", func(m *memory) { m.entries[6].Salt[9] ^= 1 }},
		{"leaf", func(m *memory) { m.entries[6].Leaf[9] ^= 1 }},
		{"tree hash", func(m *memory) { m.entries[7].Hashes[99] ^= 1 }},
		{"order", func(m *memory) { m.entries[6], m.entries[7] = m.entries[7], m.entries[6] }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			l := open(t, config(t, m))
			add(t, l, 0, 4)
			sign(t, l)
			add(t, l, 4, 9)
			c.change(m)
			_, err := l.Checkpoint(t.Context())
			wantFault(t, err, fault.Unavailable, "evidence.log_damaged")
			_, err = l.Append(t.Context(), statement(20))
			wantFault(t, err, fault.Unavailable, "evidence.log_damaged")
			if len(m.checkpoints) != 1 {
				t.Errorf("%d checkpoints", len(m.checkpoints))
			}
		})
	}
}

func TestCheckOfWhatIsNotThere(t *testing.T) {
	l := open(t, config(t, newMemory()))
	if _, err := l.Check(t.Context(), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("error %v", err)
	}
}

func TestCheckWithAnotherKey(t *testing.T) {
	m := newMemory()
	l := open(t, config(t, m))
	add(t, l, 0, 2)
	sign(t, l)
	_, public, err := evidence.NewSigningKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, m)
	c.Signer, c.Verifiers = nil, note.VerifierList(v)
	other := open(t, c)
	r, err := other.Check(t.Context(), 0)
	if err != nil || outcomes(r) != "pppF" {
		t.Errorf("found %s, %v", outcomes(r), err)
	}
	if other.Trouble() == nil {
		t.Error("a log signed by a stranger is accepted")
	}
}
