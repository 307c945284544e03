package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app"
	"kokoroe/app/evidence"
)

const cityLog = "city.example/kokoroe/1"

// signedLog makes a data folder whose log holds n more entries, all signed.
func signedLog(t *testing.T, data, secret string, from, until int) {
	t.Helper()
	store, err := app.OpenStore(t.Context(), "sqlite:"+filepath.Join(data, "kokoroe.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	key, err := evidence.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	log, err := evidence.Open(t.Context(), evidence.Config{
		Store: store, Origin: cityLog, Now: time.Now, Signer: key.Signer, Verifiers: note.VerifierList(key.Verifier), Head: evidence.FileHead(filepath.Join(data, "checkpoint")),
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := from; n < until; n++ {
		s := evidence.Statement{Kind: "test.done/v1", Key: strings.Repeat("k", n+1), Actor: evidence.Actor{ID: "p-1"}, Subject: "p-1", Body: map[string]any{}}
		if _, err := log.Append(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func newLog(t *testing.T) (data, secret, logs string) {
	t.Helper()
	secret, public, err := evidence.NewSigningKey(cityLog)
	if err != nil {
		t.Fatal(err)
	}
	return t.TempDir(), secret, write(t, "logs", "# the city\n"+public+"\n")
}

func newWitness(t *testing.T) (key, state, public string) {
	t.Helper()
	folder := t.TempDir()
	key, state = filepath.Join(folder, "witness.key"), filepath.Join(folder, "witness.state")
	code, public, stderr := command(t, "witness", "keys", "new", "audit.example/witness", "--key", key, "--state", state)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	return key, state, strings.TrimSpace(public)
}

func ok(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

// TestWitnessByFile carries files between a portal and a witness that never meet.
func TestWitnessByFile(t *testing.T) {
	data, secret, logs := newLog(t)
	signedLog(t, data, secret, 0, 5)
	key, state, public := newWitness(t)
	witnesses := write(t, "witnesses.yaml", "witnesses:\n  - {name: 監査委員事務局, key: \""+public+"\"}\n")
	folder := t.TempDir()
	request, answer := filepath.Join(folder, "request"), filepath.Join(folder, "answer")
	sign := []string{"witness", "sign", request, answer, "--key", key, "--state", state, "--logs", logs}
	export := []string{"witness", "export", request, "--data", data, "--witnesses", witnesses}
	read := []string{"witness", "import", answer, "--data", data, "--witnesses", witnesses}

	ok(t, export...)
	ok(t, sign...)
	if out := ok(t, read...); !strings.Contains(out, "5 entries, cosigned by 監査委員事務局 at ") {
		t.Errorf("import says %q", out)
	}
	if out := ok(t, read...); !strings.Contains(out, "nothing new") {
		t.Errorf("the second import says %q", out)
	}

	signedLog(t, data, secret, 5, 8)
	ok(t, export...)
	ok(t, sign...) // and the answer is lost on the way
	signedLog(t, data, secret, 8, 9)
	ok(t, export...)
	if code, out, _ := command(t, sign...); code != exitRefused || !strings.Contains(out, "--old 8") {
		t.Errorf("exit %d: %s", code, out)
	}
	ok(t, append(export, "--old", "8")...)
	ok(t, sign...)
	if out := ok(t, read...); !strings.Contains(out, "9 entries") {
		t.Errorf("import says %q", out)
	}

	// Another log of the same name is not what the witness saw, nor the portal.
	other := t.TempDir()
	signedLog(t, other, secret, 20, 32)
	ok(t, "witness", "export", request, "--data", other, "--witnesses", witnesses, "--old", "9")
	if code, out, _ := command(t, sign...); code != exitRefused || !strings.Contains(out, "proof") {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, out, _ := command(t, "witness", "import", answer, "--data", other, "--witnesses", witnesses); code != exitRefused || !strings.Contains(out, "witness.foreign") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestWitnessRefusals(t *testing.T) {
	data, secret, logs := newLog(t)
	key, state, public := newWitness(t)
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
	one := write(t, "one.yaml", "witnesses:\n  - {name: a, key: \""+public+"\"}\n")
	huge := write(t, "huge", strings.Repeat("x", 1<<20))
	out := filepath.Join(t.TempDir(), "out")
	open := write(t, "open.key", "PRIVATE+KEY+secret")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a key is not made twice":   {[]string{"witness", "keys", "new", "x", "--key", key, "--state", out}, exitFailed, "exists"},
		"a state is not made twice": {[]string{"witness", "keys", "new", "x", "--key", out, "--state", state}, exitFailed, "already"},
		"a name with a space":       {[]string{"witness", "keys", "new", "x y", "--key", out, "--state", out + ".state"}, exitRefused, "name"},
		"a key that others read":    {[]string{"witness", "serve", "--key", open, "--state", state, "--logs", logs}, exitFailed, "may be read by others"},
		"no state":                  {[]string{"witness", "serve", "--key", key, "--state", out, "--logs", logs}, exitFailed, "no file"},
		"logs of no use":            {[]string{"witness", "serve", "--key", key, "--state", state, "--logs", one}, exitFailed, "one.yaml:1"},
		"nothing signed":            {[]string{"witness", "export", out, "--data", data, "--witnesses", one}, exitRefused, "no database of this program"},
		"a request too large":       {[]string{"witness", "sign", huge, out, "--key", key, "--state", state, "--logs", logs}, exitFailed, "too large"},
		"a request of no use":       {[]string{"witness", "sign", one, out, "--key", key, "--state", state, "--logs", logs}, exitRefused, "malformed"},
		"an answer too large":       {[]string{"witness", "import", huge, "--data", data, "--witnesses", one}, exitFailed, "too large"},
		"witnesses: none":           {[]string{"witness", "export", out, "--data", data, "--witnesses", write(t, "w.yaml", "witnesses: []\n")}, exitRefused, "names no witness"},
		"witnesses: unknown key":    {[]string{"witness", "export", out, "--data", data, "--witnesses", write(t, "w.yaml", "witnesses:\n  - {name: a, kye: x}\n")}, exitRefused, "w.yaml:2"},
		"witnesses: a log's key":    {[]string{"witness", "export", out, "--data", data, "--witnesses", write(t, "w.yaml", "witnesses:\n  - name: a\n    key: "+cityLog+"+00000000+AQ==\n")}, exitRefused, "w.yaml:3"},
		"witnesses: twice":          {[]string{"witness", "export", out, "--data", data, "--witnesses", write(t, "w.yaml", "witnesses:\n  - {name: a, key: \""+public+"\"}\n  - {name: b, key: \""+public+"\"}\n")}, exitRefused, "w.yaml:3"},
		"witnesses: plain http":     {[]string{"witness", "export", out, "--data", data, "--witnesses", write(t, "w.yaml", "witnesses:\n  - {name: a, key: \""+public+"\", url: \"http://audit.example\"}\n")}, exitRefused, "not https"},
		"serve reads them too":      {[]string{"serve", "--base-url", "https://k.example", "--providers", write(t, "p.yaml", "providers:\n  - {id: c, issuer: \"https://sso.example\", client_id: k, claim: n, kinds: [employee], title: {ja: 職員}}\n"), "--witnesses", write(t, "w.yaml", "x: y\n")}, exitRefused, "w.yaml:1"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := command(t, tc.args...)
			if code != tc.code || !strings.Contains(stdout+stderr, tc.says) || strings.Contains(stdout+stderr, "PRIVATE") {
				t.Errorf("exit %d, want %d and %q:\n%s%s", code, tc.code, tc.says, stdout, stderr)
			}
		})
	}
	signedLog(t, data, secret, 0, 1)
	two := write(t, "two.yaml", "witnesses:\n  - {name: a, key: \""+public+"\"}\n  - {name: b, key: \""+other(t)+"\"}\n")
	if code, _, says := command(t, "witness", "export", out, "--data", data, "--witnesses", two); code != exitFailed || !strings.Contains(says, "--witness") {
		t.Errorf("exit %d: %s", code, says)
	}
	if code, _, says := command(t, "witness", "export", out, "--data", data, "--witnesses", two, "--witness", "c"); code != exitFailed || !strings.Contains(says, `"c"`) {
		t.Errorf("exit %d: %s", code, says)
	}
	ok(t, "witness", "export", out, "--data", data, "--witnesses", two, "--witness", "b")
}

func other(t *testing.T) string {
	t.Helper()
	_, public, err := evidence.NewWitnessKey("other.example")
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// TestWitnessServe starts a witness as its operator does.
func TestWitnessServe(t *testing.T) {
	_, _, logs := newLog(t)
	key, state, _ := newWitness(t)
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs output
	ended := make(chan int, 1)
	args := []string{"witness", "serve", "--listen", "127.0.0.1:0", "--key", key, "--state", state, "--logs", logs}
	go func() { ended <- run(ctx, args, &out, &errs) }()
	ready := regexp.MustCompile(`(?m)^ready (http://\S+)$`)
	address := ""
	for deadline := time.Now().Add(time.Minute); address == ""; time.Sleep(10 * time.Millisecond) {
		if m := ready.FindStringSubmatch(out.String()); m != nil {
			address = m[1]
		} else if time.Now().After(deadline) || len(ended) > 0 {
			t.Fatalf("it is not ready:\n%s%s", out.String(), errs.String())
		}
	}
	response, err := http.Post(address+"/add-checkpoint", "text/plain", strings.NewReader("old 0\n\nx\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", response.StatusCode)
	}
	if code, _, says := command(t, append(args, "--log", "error")...); code != exitFailed || !strings.Contains(says, "another witness") {
		t.Errorf("a second one on the same state: exit %d, %s", code, says)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d:\n%s", code, errs.String())
	}
	if strings.Contains(errs.String(), "PRIVATE") {
		t.Error("the key is in the log")
	}
}
