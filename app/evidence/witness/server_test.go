package witness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
)

// post is what any client may send.
func post(t *testing.T, address string, body []byte) (status int, contentType, answer string) {
	t.Helper()
	response, err := http.Post(address+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	b := must[[]byte](t)(io.ReadAll(response.Body))
	return response.StatusCode, response.Header.Get("Content-Type"), string(b)
}

// TestAnswers is the table of C2SP tlog-witness. The witness has cosigned 10
// entries of the log when each request comes.
func TestAnswers(t *testing.T) {
	log := newTree(t, 20)
	fork := log.fork(t, 6, 20)
	stranger := newTree(t, 20)
	unknown := &tree{key: newKey(t, "other.example/log"), hashes: log.hashes}
	change := func(r evidence.WitnessRequest, f func(*evidence.WitnessRequest)) []byte {
		f(&r)
		return witness.MarshalRequest(r)
	}
	plain := func(r evidence.WitnessRequest) []byte { return witness.MarshalRequest(r) }
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		answer string // exactly, for 409
	}{
		{"continues", plain(log.request(t, 10, 20)), 200, ""},
		{"again the same", plain(log.request(t, 10, 10)), 200, ""},
		{"signed by two keys", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) {
			r.Checkpoint = log.checkpoint(t, 20, log.key.Signer, stranger.key.Signer)
		}), 200, ""},
		{"old size zero", plain(log.request(t, 0, 20)), 409, "10\n"},
		{"old size below", plain(log.request(t, 8, 20)), 409, "10\n"},
		{"old size above", plain(log.request(t, 12, 20)), 409, "10\n"},
		{"a smaller tree", plain(log.request(t, 5, 8)), 409, "10\n"},
		{"another root of the same size", plain(fork.request(t, 10, 10)), 409, "10\n"},
		{"old above the checkpoint", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) { r.Old = 21 }), 400, ""},
		{"a fork", plain(fork.request(t, 10, 20)), 422, ""},
		{"no proof", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) { r.Proof = nil }), 422, ""},
		{"a proof too long", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) { r.Proof = append(r.Proof, tlog.Hash{}) }), 422, ""},
		{"a proof of nothing", change(log.request(t, 10, 10), func(r *evidence.WitnessRequest) { r.Proof = []tlog.Hash{{}} }), 422, ""},
		{"a proof with a bit changed", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) { r.Proof[1][7] ^= 1 }), 422, ""},
		{"an unknown log", plain(unknown.request(t, 10, 20)), 404, ""},
		{"a key that is not the log's", plain(stranger.request(t, 10, 20)), 403, ""},
		{"a wrong signature", bytes.Replace(plain(log.request(t, 10, 20)), []byte("\n20\n"), []byte("\n19\n"), 1), 403, ""},
		{"no signature", []byte("old 10\n\n" + origin + "\n20\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"), 400, ""},
		{"nothing", nil, 400, ""},
		{"no checkpoint", []byte("old 10\n\n"), 400, ""},
		{"a leading zero", bytes.Replace(plain(log.request(t, 10, 20)), []byte("old 10"), []byte("old 010"), 1), 400, ""},
		{"a negative size", bytes.Replace(plain(log.request(t, 10, 20)), []byte("old 10"), []byte("old -1"), 1), 400, ""},
		{"a size beyond 63 bits", bytes.Replace(plain(log.request(t, 10, 20)), []byte("old 10"), []byte("old 99999999999999999999"), 1), 400, ""},
		{"carriage returns", bytes.ReplaceAll(plain(log.request(t, 10, 20)), []byte("\n"), []byte("\r\n")), 400, ""},
		{"63 hashes of a proof", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) { r.Proof = make([]tlog.Hash, 63) }), 422, ""},
		{"64 hashes of a proof", change(log.request(t, 10, 20), func(r *evidence.WitnessRequest) { r.Proof = make([]tlog.Hash, 64) }), 400, ""},
		{"a megabyte", append(plain(log.request(t, 10, 20)), make([]byte, 1<<20)...), 400, ""},
		{"binary", []byte("\x1f\x8b\x08\x00\xff\xfe"), 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAudit(t)
			w := a.open(t, log.key)
			must[[]byte](t)(w.Cosign(log.request(t, 0, 10)))
			before := must[[]byte](t)(os.ReadFile(a.state))
			status, contentType, answer := post(t, serve(t, w.Handler(quiet)), c.body)
			if status != c.status {
				t.Fatalf("status %d, want %d: %s", status, c.status, answer)
			}
			if (status == http.StatusConflict) != (contentType == "text/x.tlog.size") || c.answer != "" && answer != c.answer {
				t.Errorf("%s: %q", contentType, answer)
			}
			after := must[[]byte](t)(os.ReadFile(a.state))
			if status != http.StatusOK {
				if !bytes.Equal(before, after) {
					t.Error("a refused request has changed the state")
				}
				return
			}
			r := must[evidence.WitnessRequest](t)(witness.ParseRequest(c.body))
			wantCosigned(t, a.public, r.Checkpoint, []byte(answer))
		})
	}
}

func TestOnlyOneWay(t *testing.T) {
	log := newTree(t, 1)
	address := serve(t, newAudit(t).open(t, log.key).Handler(quiet))
	defer http.DefaultClient.CloseIdleConnections()
	for path, want := range map[string]int{"/add-checkpoint": http.StatusMethodNotAllowed, "/": http.StatusNotFound, "/witness.state": http.StatusNotFound} {
		response := must[*http.Response](t)(http.Get(address + path))
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("GET %s: %d", path, response.StatusCode)
		}
	}
}

// The log's key is changed: both keys of the origin are known for a while.
func TestRotationOfTheLogsKey(t *testing.T) {
	log := newTree(t, 20)
	next := &tree{key: newKey(t, origin), hashes: log.hashes}
	a := newAudit(t)
	w := a.open(t, log.key, next.key)
	must[[]byte](t)(w.Cosign(log.request(t, 0, 10)))
	must[[]byte](t)(w.Cosign(next.request(t, 10, 15)))
	_ = w.Close()
	w = a.open(t, next.key)
	must[[]byte](t)(w.Cosign(next.request(t, 15, 20)))
	wantRefusal(t, w, log.request(t, 20, 20), evidence.RefusedSignature, 0)
}

func wantRefusal(t *testing.T, w *witness.Witness, r evidence.WitnessRequest, reason evidence.WitnessReason, size int64) {
	t.Helper()
	line, err := w.Cosign(r)
	refusal, ok := errors.AsType[*evidence.WitnessRefusal](err)
	if !ok || refusal.Reason != reason || refusal.Size != size || line != nil {
		t.Fatalf("%q, %v, want %v of %d", line, err, reason, size)
	}
}

func TestTwoLogsDoNotMix(t *testing.T) {
	log, other := newTree(t, 20), newTree(t, 20)
	other.key = newKey(t, "other.example/log")
	w := newAudit(t).open(t, log.key, other.key)
	must[[]byte](t)(w.Cosign(log.request(t, 0, 20)))
	must[[]byte](t)(w.Cosign(other.request(t, 0, 3)))
	must[[]byte](t)(w.Cosign(other.request(t, 3, 7)))
	wantRefusal(t, w, other.request(t, 20, 20), evidence.RefusedSize, 7)
	wantRefusal(t, w, log.request(t, 7, 20), evidence.RefusedSize, 20)
}

func TestStateSurvives(t *testing.T) {
	log := newTree(t, 20)
	a := newAudit(t)
	w := a.open(t, log.key)
	must[[]byte](t)(w.Cosign(log.request(t, 0, 10)))
	_ = w.Close()
	w = a.open(t, log.key)
	wantRefusal(t, w, log.request(t, 0, 5), evidence.RefusedSize, 10)
	wantRefusal(t, w, log.fork(t, 6, 20).request(t, 10, 20), evidence.RefusedProof, 0)
	must[[]byte](t)(w.Cosign(log.request(t, 10, 20)))
}

// A crash between saving and answering: the log never saw the cosignature, asks
// from where it believes the witness to be, and gets it after all.
func TestCrashBetweenSavingAndAnswering(t *testing.T) {
	log := newTree(t, 20)
	a := newAudit(t)
	w := a.open(t, log.key)
	must[[]byte](t)(w.Cosign(log.request(t, 0, 10)))
	must[[]byte](t)(w.Cosign(log.request(t, 10, 20))) // and the answer is lost with the process
	_ = w.Close()
	w = a.open(t, log.key)
	wantRefusal(t, w, log.request(t, 10, 20), evidence.RefusedSize, 20)
	line := must[[]byte](t)(w.Cosign(log.request(t, 20, 20)))
	wantCosigned(t, a.public, log.checkpoint(t, 20), line)
}

// What cannot be remembered is not cosigned.
func TestNothingIsSignedThatIsNotSaved(t *testing.T) {
	log := newTree(t, 20)
	a := newAudit(t)
	folder := filepath.Join(t.TempDir(), "place")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	a.state = filepath.Join(folder, "state")
	if err := witness.NewState(a.state); err != nil {
		t.Fatal(err)
	}
	w := a.open(t, log.key)
	address := serve(t, w.Handler(quiet))
	if err := os.Rename(folder, folder+".away"); err != nil { // as a disk that is gone
		t.Fatal(err)
	}
	status, _, answer := post(t, address, witness.MarshalRequest(log.request(t, 0, 20)))
	if status != http.StatusServiceUnavailable || strings.Contains(answer, "—") || strings.Contains(answer, folder) {
		t.Errorf("%d %q", status, answer)
	}
	if err := os.Rename(folder+".away", folder); err != nil {
		t.Fatal(err)
	}
	must[[]byte](t)(w.Cosign(log.request(t, 0, 10))) // it is still where it was
}

// Two forks at the same instant: one is cosigned, whichever comes first.
func TestForksAtTheSameTime(t *testing.T) {
	log := newTree(t, 20)
	var requests []evidence.WitnessRequest
	for n := range 16 {
		f := log.fork(t, 10, 10)
		f.grow(t, fmt.Sprint("fork ", n), 10, 20)
		requests = append(requests, f.request(t, 10, 20))
	}
	w := newAudit(t).open(t, log.key)
	must[[]byte](t)(w.Cosign(log.request(t, 0, 10)))
	signed := make([][]byte, len(requests))
	var group sync.WaitGroup
	for i, r := range requests {
		group.Go(func() { signed[i], _ = w.Cosign(r) })
	}
	group.Wait()
	n := 0
	for _, line := range signed {
		if line != nil {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d forks were cosigned", n)
	}
}

func TestStateThatCannotBeTrusted(t *testing.T) {
	log := newTree(t, 10)
	good := newAudit(t)
	w := good.open(t, log.key)
	must[[]byte](t)(w.Cosign(log.request(t, 0, 10)))
	_ = w.Close()
	whole := string(must[[]byte](t)(os.ReadFile(good.state)))
	for name, text := range map[string]string{
		"empty": "", "cut short": whole[:len(whole)/2], "null": "null", "no logs": `{"v":1}`, "another version": strings.Replace(whole, `"v": 1`, `"v": 2`, 1),
		"an unknown member": strings.Replace(whole, `"v": 1`, `"v": 1, "x": 1`, 1), "a smaller size": strings.Replace(whole, `"size": 10`, `"size": 9`, 1),
		"two of them": whole + whole, "another origin": strings.Replace(whole, `"`+origin, `"x`+origin, 1),
	} {
		t.Run(name, func(t *testing.T) {
			a := newAudit(t)
			if err := os.WriteFile(a.state, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := witness.Open(a.config(t, log.key)); err == nil {
				t.Error("it starts all the same")
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		a := newAudit(t)
		if err := os.Remove(a.state); err != nil {
			t.Fatal(err)
		}
		if _, err := witness.Open(a.config(t, log.key)); err == nil {
			t.Error("a witness without a memory starts")
		}
	})
	t.Run("in use", func(t *testing.T) {
		a := newAudit(t)
		a.open(t, log.key)
		if _, err := witness.Open(a.config(t, log.key)); err == nil {
			t.Error("two witnesses share a state")
		}
	})
	if err := witness.NewState(good.state); err == nil {
		t.Error("a state was replaced by an empty one")
	}
}

func TestLogsFile(t *testing.T) {
	one, two := newKey(t, origin), newKey(t, origin)
	logs := must[witness.Logs](t)(witness.ParseLogs([]byte("# the city\n\n" + one.Public + "\n  " + two.Public + "\r\n")))
	if len(logs) != 1 || len(logs[origin]) != 2 {
		t.Errorf("%v", logs)
	}
	for text, line := range map[string]string{
		"": "0:", "# none\n": "1:", one.Public + "\n" + one.Public + "\n": "2:", one.Public + "\nx\n": "2:", newAudit(t).public: "1:",
	} {
		if _, err := witness.ParseLogs([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), line) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFilesCarriedToAndFro(t *testing.T) {
	log := newTree(t, 20)
	a := newAudit(t)
	w := a.open(t, log.key)
	request := witness.MarshalRequest(log.request(t, 0, 20))
	cosigned := must[[]byte](t)(w.CosignFile(request))
	line, ok := bytes.CutPrefix(cosigned, log.checkpoint(t, 20))
	if !ok {
		t.Fatalf("%s", cosigned)
	}
	wantCosigned(t, a.public, log.checkpoint(t, 20), line)
	if _, err := note.Open(cosigned, note.VerifierList(log.key.Verifier)); err != nil {
		t.Errorf("the log's signature is gone: %v", err)
	}
	if _, err := w.CosignFile(request[1:]); err == nil {
		t.Error("a damaged file was cosigned")
	}
}

func TestServeStops(t *testing.T) {
	log := newTree(t, 10)
	w := newAudit(t).open(t, log.key)
	ctx, cancel := context.WithCancel(t.Context())
	ln := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx, ln, quiet) }()
	if _, err := client(t, "http://"+ln.Addr().String()).Ask(t.Context(), log.request(t, 0, 10)); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
