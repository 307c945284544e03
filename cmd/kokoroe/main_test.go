package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is a writer that may be read while a command writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs output
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// withKey is a data folder with the log's key.
func withKey(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if code, _, stderr := command(t, "keys", "new", "--data", folder, "--origin", "city.example/kokoroe/1"); code != 0 {
		t.Fatalf("keys new: exit %d: %s", code, stderr)
	}
	return folder
}

func TestExitCodes(t *testing.T) {
	providers := write(t, "providers.yaml", "providers:\n  - {id: city, issuer: \"http://sso.example\", client_id: k, title: {ja: 職員}}\n")
	roster := write(t, "roster.csv", "職員番号,氏名\n1,見本太郎\n")
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"content is fine":         {[]string{"check"}, 0, "no problems"},
		"no command":              {nil, exitUsage, "expected"},
		"unknown flag":            {[]string{"check", "--nonsense"}, exitUsage, "unknown flag"},
		"version":                 {[]string{"--version"}, 0, ""},
		"help":                    {[]string{"serve", "--help"}, 0, "KOKOROE_BASE_URL"},
		"unknown setting":         {[]string{"check", "--config", write(t, "s.yaml", "listn: x\n")}, exitUsage, `no setting "listn"`},
		"empty content":           {[]string{"check", "--content", t.TempDir()}, exitRefused, "declarations: "},
		"roster without columns":  {[]string{"import", "roster", roster, "--data", t.TempDir()}, exitRefused, "所属"},
		"provider without https":  {[]string{"serve", "--base-url", "https://k.example", "--providers", providers, "--data", withKey(t)}, exitFailed, "is not https"},
		"no signing key":          {[]string{"serve", "--base-url", "https://k.example", "--providers", providers, "--data", t.TempDir()}, exitFailed, "kokoroe keys new"},
		"demo for the world":      {[]string{"demo", "--listen", "0.0.0.0:0"}, exitFailed, "loopback only"},
		"demo on no day":          {[]string{"demo", "--date", "2027-02-29"}, exitFailed, `--date: "2027-02-29" is not a date`},
		"demo in another year":    {[]string{"demo", "--date", "2027-04-01"}, exitFailed, "--date 2027-04-01: the sample city lives from 2026-04-01 to 2027-03-31"},
		"nothing is running":      {[]string{"health", "--listen", "127.0.0.1:1"}, exitFailed, "refused"},
		"provider file of no use": {[]string{"serve", "--base-url", "https://k.example", "--providers", roster}, exitRefused, "roster.csv:1"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := command(t, tc.args...)
			if code != tc.code || !strings.Contains(stdout+stderr, tc.says) {
				t.Errorf("exit %d, want %d and %q:\n%s%s", code, tc.code, tc.says, stdout, stderr)
			}
		})
	}
}

func TestSecretFileOfOthersIsRefused(t *testing.T) {
	secret := write(t, "secret", "s3cret")
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	providers := write(t, "providers.yaml", "providers:\n  - {id: city, issuer: \"https://sso.example\", client_id: k, title: {ja: 職員}, client_secret_file: "+secret+"}\n")
	code, _, stderr := command(t, "serve", "--base-url", "https://k.example", "--providers", providers, "--data", t.TempDir())
	if code != exitRefused || !strings.Contains(stderr, "may be read by others") || strings.Contains(stderr, "s3cret") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestImportRoster(t *testing.T) {
	const sample = "../../content/sample/roster.csv"
	data := t.TempDir()
	if code, stdout, stderr := command(t, "import", "roster", sample, "--data", data, "--dry-run", "--language", "en"); code != 0 || !strings.Contains(stdout, "Nothing was changed") {
		t.Fatalf("dry run: exit %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, _ := command(t, "import", "roster", sample, "--data", data, "--language", "en"); code != 0 || !strings.Contains(stdout, "added 320,") {
		t.Fatalf("first import: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := command(t, "import", "roster", sample, "--data", data, "--language", "en"); code != 0 || !strings.Contains(stdout, "added 0, back 0, moved 0, changed 0, left 0, unchanged 320") {
		t.Fatalf("the same again: exit %d\n%s", code, stdout)
	}
	src, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	half := write(t, "half.csv", string(src[:bytes.LastIndexByte(src[:len(src)/2], '\n')+1]))
	if code, stdout, _ := command(t, "import", "roster", half, "--data", data, "--language", "en"); code != exitRefused || !strings.Contains(stdout, "--confirm-leavers") {
		t.Fatalf("half the staff gone: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := command(t, "import", "roster", half, "--data", data, "--confirm-leavers", "--language", "en"); code != 0 {
		t.Fatalf("half the staff gone, confirmed: exit %d\n%s", code, stdout)
	}
}

// TestDemo starts the demonstration on a day that is over, and again on the same
// folder as a newcomer does.
func TestDemo(t *testing.T) {
	data := t.TempDir()
	for _, when := range []string{"first", "second"} {
		ctx, cancel := context.WithCancel(t.Context())
		var out, errs output
		ended := make(chan int, 1)
		args := []string{"demo", "--listen", "127.0.0.1:0", "--data", data}
		if when == "first" {
			args = append(args, "--date", "2026-10-05")
		}
		go func() { ended <- run(ctx, args, &out, &errs) }()
		address := ""
		ready := regexp.MustCompile(`(?m)^ready (http://\S+)$`)
		for deadline := time.Now().Add(60 * time.Second); address == ""; time.Sleep(20 * time.Millisecond) {
			if m := ready.FindStringSubmatch(out.String()); m != nil {
				address = m[1]
			} else if time.Now().After(deadline) || len(ended) > 0 {
				t.Fatalf("the %s start is not ready:\n%s%s", when, out.String(), errs.String())
			}
		}
		if says := strings.Contains(out.String(), "The day is 2026-10-05 there.\n"); says != (when == "first") {
			t.Errorf("the %s start says:\n%s", when, out.String())
		}
		response, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || response.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("/sign-in/contractors")) {
			t.Errorf("%s start: status %d, %v", when, response.StatusCode, err)
		}
		if code, _, stderr := command(t, "health", "--listen", strings.TrimPrefix(address, "http://")); code != 0 {
			t.Errorf("%s start: health: %s", when, stderr)
		}
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("the %s start ended with %d:\n%s", when, code, errs.String())
		}
	}
}

func TestEnvironmentWinsOverFile(t *testing.T) {
	settings := write(t, "settings.yaml", "listen: 0.0.0.0:7001\n")
	t.Setenv("KOKOROE_LISTEN", "0.0.0.0:7002")
	_, _, stderr := command(t, "demo", "--config", settings)
	if !strings.Contains(stderr, "7002") {
		t.Errorf("the environment does not win over the file: %s", stderr)
	}
	_, _, stderr = command(t, "demo", "--config", settings, "--listen", "0.0.0.0:7003")
	if !strings.Contains(stderr, "7003") {
		t.Errorf("a flag does not win over the environment: %s", stderr)
	}
}
