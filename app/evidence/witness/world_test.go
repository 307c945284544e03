package witness_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "city.example/kokoroe/1"

var quiet = slog.New(slog.DiscardHandler)

// clock stands still at noon in Japan on the first day of fiscal year 2026.
func clock() time.Time { return time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC) }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// tree is a log in memory: leaves are "branch 0", "branch 1" and so on.
type tree struct {
	key    evidence.Key
	hashes []tlog.Hash
}

func (r *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = r.hashes[n]
	}
	return out, nil
}

// grow adds leaves until the tree has size.
func (r *tree) grow(t testing.TB, branch string, from, size int64) {
	t.Helper()
	for n := from; n < size; n++ {
		r.hashes = append(r.hashes, must[[]tlog.Hash](t)(tlog.StoredHashes(n, fmt.Appendf(nil, "%s %d", branch, n), r))...)
	}
}

func newKey(t testing.TB, name string) evidence.Key {
	t.Helper()
	secret, _, err := evidence.NewSigningKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return must[evidence.Key](t)(evidence.ParseKey(secret))
}

func newTree(t testing.TB, size int64) *tree {
	t.Helper()
	r := &tree{key: newKey(t, origin)}
	r.grow(t, "main", 0, size)
	return r
}

// fork is the same log, and the same key, that goes on otherwise from at.
func (r *tree) fork(t testing.TB, at, size int64) *tree {
	t.Helper()
	f := &tree{key: r.key, hashes: append([]tlog.Hash{}, r.hashes[:tlog.StoredHashCount(at)]...)}
	f.grow(t, "fork", at, size)
	return f
}

func (r *tree) checkpoint(t testing.TB, size int64, keys ...note.Signer) []byte {
	t.Helper()
	root := must[tlog.Hash](t)(tlog.TreeHash(size, r))
	if len(keys) == 0 {
		keys = []note.Signer{r.key.Signer}
	}
	text := string(tlog.FormatTree(tlog.Tree{N: size, Hash: root}))
	text = strings.Replace(text, "go.sum database tree", r.key.Signer.Name(), 1)
	return must[[]byte](t)(note.Sign(&note.Note{Text: text}, keys...))
}

func (r *tree) request(t testing.TB, old, size int64) evidence.WitnessRequest {
	t.Helper()
	q := evidence.WitnessRequest{Old: old, Checkpoint: r.checkpoint(t, size)}
	if old > 0 && old < size {
		q.Proof = must[tlog.TreeProof](t)(tlog.ProveTree(size, old, r))
	}
	return q
}

// audit is a witness's place: its key and its state.
type audit struct {
	secret, public, state string
}

func newAudit(t testing.TB) audit {
	t.Helper()
	secret, public, err := evidence.NewWitnessKey("audit.example/witness")
	if err != nil {
		t.Fatal(err)
	}
	a := audit{secret, public, filepath.Join(t.TempDir(), "witness.state")}
	if err := witness.NewState(a.state); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a audit) config(t testing.TB, keys ...evidence.Key) witness.Config {
	t.Helper()
	var lines strings.Builder
	for _, k := range keys {
		lines.WriteString(k.Public + "\n")
	}
	return witness.Config{Secret: a.secret, State: a.state, Logs: must[witness.Logs](t)(witness.ParseLogs([]byte(lines.String()))), Now: clock}
}

func (a audit) open(t testing.TB, keys ...evidence.Key) *witness.Witness {
	t.Helper()
	w := must[*witness.Witness](t)(witness.Open(a.config(t, keys...)))
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func client(t testing.TB, address string) *witness.Client {
	t.Helper()
	c := must[*witness.Client](t)(witness.NewClient(address))
	t.Cleanup(c.Close)
	return c
}

// wantCosigned checks that line is the witness's cosignature of the checkpoint.
func wantCosigned(t testing.TB, public string, checkpoint, line []byte) evidence.Cosignature {
	t.Helper()
	key := must[note.Verifier](t)(evidence.NewCosignatureVerifier(public))
	found := must[[]evidence.Cosignature](t)(evidence.Cosignatures([]note.Verifier{key}, append(append([]byte{}, checkpoint...), line...)))
	if len(found) != 1 || found[0].Witness != evidence.WitnessID(key) || !found[0].At.Equal(clock()) {
		t.Fatalf("cosignatures %+v", found)
	}
	return found[0]
}
