package evidence_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

const origin = "city.example/kokoroe/1"

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock stands still at noon in Japan on the first day of fiscal year 2026.
func clock() time.Time { return time.Date(2026, 4, 1, 3, 0, 0, 123e6, time.UTC) }

// fixedKey is the same in every run. It signs nothing but test data.
func fixedKey(t testing.TB) evidence.Key {
	t.Helper()
	return logKey(t, origin, []byte("test data test data test data 32"))
}

func logKey(t testing.TB, name string, seed []byte) evidence.Key {
	t.Helper()
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	k, err := evidence.ParseKey("PRIVATE+KEY+" + name + "+" + keyHash(name, 1, public) + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{1}, seed...)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// counter gives salts that are the same in every run.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.n
		c.n++
	}
	return len(b), nil
}

// config is a log that signs only when a test asks it to.
func config(t testing.TB, s evidence.Store) evidence.Config {
	k := fixedKey(t)
	return evidence.Config{Store: s, Origin: origin, Program: "test", Now: clock, SignAfter: time.Hour,
		Signer: k.Signer, Verifiers: note.VerifierList(k.Verifier)}
}

func open(t testing.TB, c evidence.Config) *evidence.Log {
	t.Helper()
	l, err := evidence.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, l) })
	return l
}

func shut(t testing.TB, l *evidence.Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

func statement(n int) evidence.Statement {
	return evidence.Statement{
		Kind: "test.done/v1", Key: fmt.Sprintf("test/%d", n), Subject: "p-1", Object: "thing:a", Scope: "2026", At: clock(),
		Actor: evidence.Actor{ID: "p-1", Language: "ja"},
		Body:  map[string]any{"n": n},
	}
}

func add(t testing.TB, l *evidence.Log, from, until int) []evidence.Entry {
	t.Helper()
	var out []evidence.Entry
	for n := from; n < until; n++ {
		e, err := l.Append(t.Context(), statement(n))
		if err != nil {
			t.Fatalf("append %d: %v", n, err)
		}
		out = append(out, e)
	}
	return out
}

func sign(t testing.TB, l *evidence.Log) evidence.Checkpoint {
	t.Helper()
	c, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	return c
}

// wantFault checks kind and message of an error.
func wantFault(t testing.TB, err error, kind fault.Kind, message string) {
	t.Helper()
	e, ok := err.(*fault.Error)
	if !ok || e.Kind != kind || e.MessageID != message {
		t.Fatalf("error %v, want %v (%s)", err, kind, message)
	}
}

// keyHash is the key hash of C2SP signed-note, in hex.
func keyHash(name string, algorithm byte, public ed25519.PublicKey) string {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(algorithm))), public...))
	return hex.EncodeToString(sum[:4])
}
