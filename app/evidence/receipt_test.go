package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

const (
	shownText        = "# 情報を守る方針\n\n1. 業務の情報は、業務のために使います。\n|この行は縦棒で始まります。\n"
	shownDeclaration = "私はこの方針を読み、守ることを約束します。"
)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// full uses every member of a record.
func full() evidence.Statement {
	s := statement(3)
	s.Kind, s.Key, s.Object = "policy.acknowledged/v1", "ack/p-1/sample/1", "policy:sample"
	s.Actor.SignIn = evidence.SignIn{Provider: "city", Issuer: "https://id.city.example", ACR: "urn:example:mfa",
		AMR: []string{"pwd", "otp"}, AuthAt: clock().Add(-5 * 60e9)}
	s.Body = map[string]any{"policy": "sample", "version": 1, "text": digest(shownText), "declaration": digest(shownDeclaration)}
	return s
}

// goldenLog is the same in every run: seven entries, the fourth of them full.
func goldenLog(t testing.TB) (*memory, *evidence.Log) {
	t.Helper()
	m := newMemory()
	c := config(t, m)
	c.Random, c.Program = &counter{}, "1.0.0"
	l := open(t, c)
	add(t, l, 0, 3)
	if _, err := l.Append(t.Context(), full()); err != nil {
		t.Fatal(err)
	}
	add(t, l, 4, 7)
	sign(t, l)
	return m, l
}

func receiptOf(t testing.TB, l *evidence.Log, seq int64) []byte {
	t.Helper()
	var text, declaration []byte
	if seq == 3 {
		text, declaration = []byte(shownText), []byte(shownDeclaration)
	}
	r, err := l.Receipt(t.Context(), seq, text, declaration)
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

// The formats are frozen: these bytes were handed out.
func TestGolden(t *testing.T) {
	m, l := goldenLog(t)
	golden(t, "key.public", []byte(fixedKey(t).Public+"\n"))
	golden(t, "record.json", m.entries[3].Record)
	golden(t, "leaf.hex", []byte(hex.EncodeToString(m.entries[3].Leaf)+"\n"))
	golden(t, "checkpoint.note", m.checkpoints[0].Note)
	golden(t, "acknowledged.receipt", receiptOf(t, l, 3))
	golden(t, "plain.receipt", receiptOf(t, l, 6))
}

func TestReceiptVerifies(t *testing.T) {
	known := note.VerifierList(fixedKey(t).Verifier)
	_, l := goldenLog(t)
	for seq := range int64(7) {
		b := receiptOf(t, l, seq)
		r, err := evidence.ParseReceipt(b)
		if err != nil {
			t.Fatal(err)
		}
		v, err := r.Verify(known)
		if err != nil || v.Seq != seq || v.Origin != origin || v.Size != 7 || len(v.Signers) != 1 || v.Record.Actor.ID != "p-1" {
			t.Errorf("receipt %d: %+v, %v", seq, v, err)
		}
		if again, err := r.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("receipt %d does not come back: %v", seq, err)
		}
	}
}

func TestTheOnlyEntryHasAReceipt(t *testing.T) {
	l := open(t, config(t, newMemory()))
	add(t, l, 0, 1)
	sign(t, l)
	if _, err := evidence.ParseReceipt(receiptOf(t, l, 0)); err != nil {
		t.Error(err)
	}
}

func TestReceiptIsRefused(t *testing.T) {
	m, l := goldenLog(t)
	if _, err := l.Receipt(t.Context(), 99, nil, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("an entry that is not there: %v", err)
	}
	_, err := l.Receipt(t.Context(), 3, []byte("other"), []byte(shownDeclaration))
	wantFault(t, err, fault.Invalid, "receipt.text_differs")
	_, err = l.Receipt(t.Context(), 3, []byte(shownText), nil)
	wantFault(t, err, fault.Invalid, "receipt.declaration_differs")
	_, err = l.Receipt(t.Context(), 2, []byte("a text that nobody was shown"), nil)
	wantFault(t, err, fault.Invalid, "receipt.text_differs")
	m.change(func(m *memory) { m.entries[1].Salt[0] ^= 1 })
	_, err = l.Receipt(t.Context(), 1, nil, nil)
	wantFault(t, err, fault.Invalid, "receipt.not_in_log")
	m.change(func(m *memory) { m.entries[2].Record, m.entries[2].Salt = nil, nil })
	if _, err := l.Receipt(t.Context(), 2, nil, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("an erased entry: %v", err)
	}
	add(t, l, 20, 21)
	_, err = l.Receipt(t.Context(), 7, nil, nil)
	wantFault(t, err, fault.Unavailable, "receipt.not_signed")
}

func TestParseReceiptNamesTheLine(t *testing.T) {
	_, l := goldenLog(t)
	good := string(receiptOf(t, l, 3))
	lines := strings.Split(good, "\n")
	with := func(n int, line string) string {
		out := append([]string{}, lines...)
		out[n-1] = line
		return strings.Join(out, "\n")
	}
	cases := []struct {
		name, receipt, message string
		line                   int
	}{
		{"empty", "", "receipt.not_receipt", 0},
		{"something else", "%PDF-1.7\n", "receipt.not_receipt", 0},
		{"another version", strings.Replace(good, "@v1", "@v2", 1), "receipt.not_receipt", 0},
		{"too large", good + strings.Repeat(" ", evidence.MaxReceipt), "receipt.too_large", 0},
		{"cut off", "kokoroe-receipt@v1\nrecord {", "receipt.line_invalid", 2},
		{"windows line ends", strings.ReplaceAll(good, "\n", "\r\n"), "receipt.not_receipt", 0},
		{"no record", with(2, "recor {}"), "receipt.line_invalid", 2},
		{"short salt", with(3, "salt AAAA"), "receipt.line_invalid", 3},
		{"salt with a carriage return", with(3, lines[2]+"\r"), "receipt.line_invalid", 3},
		{"text without lines", strings.Replace(good, "\ntext\n", "\ntext\ntext\n", 1), "receipt.line_invalid", 5},
		{"bar missing", with(6, "no bar"), "receipt.line_invalid", 6},
		{"broken text", with(7, "|\xff"), "receipt.line_invalid", 7},
		{"blocks in the other order", strings.Replace(strings.Replace(good, "\ntext\n", "\ndeclaration\n", 1), "|\ndeclaration\n", "|\ntext\n", 1), "receipt.line_invalid", 10},
		{"no proof", with(13, "c2sp.org/tlog-proof@v2"), "receipt.line_invalid", 13},
		{"index with a sign", with(14, "index +3"), "receipt.line_invalid", 14},
		{"hash cut", with(15, lines[14][:40]), "receipt.line_invalid", 15},
		{"unused bits of base64", with(15, lines[14][:42]+next(lines[14][42])+"="), "receipt.line_invalid", 15},
		{"checkpoint cut", strings.TrimSuffix(good, "\n"), "receipt.line_invalid", 19},
		{"something behind", good + "x", "receipt.line_invalid", 19},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := evidence.ParseReceipt([]byte(c.receipt))
			wantFault(t, err, fault.Invalid, c.message)
			if got, _ := err.(*fault.Error).Args["Line"].(int); got != c.line {
				t.Errorf("line %d, want %d: %v", got, c.line, err.(*fault.Error).Args)
			}
		})
	}
}

// next is the next digit of base64: it differs in the lowest bit or carries.
func next(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return string(digits[strings.IndexByte(digits, c)^1])
}

func TestMutatedReceiptsAreRefused(t *testing.T) {
	known := note.VerifierList(fixedKey(t).Verifier)
	_, l := goldenLog(t)
	originals := [][]byte{receiptOf(t, l, 3), receiptOf(t, l, 6)}
	r := rand.New(rand.NewPCG(2026, 4))
	parsed := 0
	for i := range 10_000 {
		good := originals[i%2]
		bad := mutate(r, good)
		if bytes.Equal(bad, good) || bytes.Equal(bad, originals[1-i%2]) {
			continue
		}
		receipt, err := evidence.ParseReceipt(bad)
		if err != nil {
			continue
		}
		parsed++
		if _, err := receipt.Verify(known); err == nil {
			t.Fatalf("mutation %d is accepted:\n%s", i, bad)
		}
	}
	if parsed < 1000 {
		t.Errorf("only %d mutations came as far as the mathematics", parsed)
	}
}

// mutate changes one to three places: a bit, a byte, a run of bytes, a line.
func mutate(r *rand.Rand, good []byte) []byte {
	b := bytes.Clone(good)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(b))
		switch r.IntN(8) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.IntN(256))
		case 2: // another character of the same sort, which is what gets past a parser
			b[at] = "0123456789abcdefABCDEF+/="[r.IntN(25)]
		case 3:
			b = append(b[:at], b[min(len(b), at+1+r.IntN(8)):]...)
		case 4:
			b = append(b[:at], append([]byte{byte(' ' + r.IntN(95))}, b[at:]...)...)
		default:
			b = mutateLine(r, b)
		}
		if len(b) == 0 {
			return b
		}
	}
	return b
}

func mutateLine(r *rand.Rand, b []byte) []byte {
	lines := bytes.Split(b, []byte("\n"))
	i, j := r.IntN(len(lines)), r.IntN(len(lines))
	switch r.IntN(4) {
	case 0:
		lines[i], lines[j] = lines[j], lines[i]
	case 1:
		lines = append(lines[:i], lines[i+1:]...)
	case 2:
		lines = append(lines[:i], append([][]byte{lines[j]}, lines[i:]...)...)
	default:
		lines[i] = append(bytes.Clone(lines[i]), " \r\t=0|"[r.IntN(6)])
	}
	return bytes.Join(lines, []byte("\n"))
}

// Whatever is read as a receipt is written again byte for byte.
func FuzzParseReceipt(f *testing.F) {
	_, l := goldenLog(f)
	f.Add(receiptOf(f, l, 3))
	f.Add(receiptOf(f, l, 6))
	f.Add([]byte("kokoroe-receipt@v1\nrecord {}\nsalt \ntext\n|\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := evidence.ParseReceipt(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if again, err := r.Marshal(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("written again as %q, %v", again, err)
		}
	})
}
