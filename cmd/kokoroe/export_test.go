package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kokoroe/app/evidence"
)

// TestExportLog exports the log of a portal that serves meanwhile.
func TestExportLog(t *testing.T) {
	data := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs output
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0", "--data", data}, &out, &errs) }()
	defer func() {
		cancel()
		<-ended
	}()
	ready := regexp.MustCompile(`(?m)^ready http://\S+$`)
	for deadline := time.Now().Add(60 * time.Second); !ready.MatchString(out.String()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) || len(ended) > 0 {
			t.Fatalf("not ready:\n%s%s", out.String(), errs.String())
		}
	}
	keys, err := evidence.OpenKeyRing(data)
	if err != nil {
		t.Fatal(err)
	}
	policy := evidence.TrustPolicy{Logs: keys.All, Quorum: evidence.NoQuorum}
	for _, args := range [][]string{nil, {"--without-records"}} {
		dir := filepath.Join(t.TempDir(), "log")
		all := append([]string{"export", "log", dir, "--data", data, "--language", "en"}, args...)
		code, stdout, stderr := command(t, all...)
		for range 600 { // the first checkpoint follows soon after the first records
			if code != exitRefused {
				break
			}
			time.Sleep(100 * time.Millisecond)
			code, stdout, stderr = command(t, all...)
		}
		if code != 0 || !strings.Contains(stdout, "were exported to "+dir) || !strings.Contains(stdout, "0 texts not kept") {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err := evidence.VerifyExport(t.Context(), root.FS(), policy)
		if err != nil || r.Found != 0 || r.Size == 0 || args == nil && r.Records != r.Size || args != nil && r.Records != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if err := root.Close(); err != nil {
			t.Error(err)
		}
		if code, stdout, _ := command(t, all...); code != exitRefused || !strings.Contains(stdout, "already there") {
			t.Errorf("again: exit %d: %s", code, stdout)
		}
	}
}

func TestExportLogOfNothing(t *testing.T) {
	data := t.TempDir()
	dir := filepath.Join(t.TempDir(), "log")
	if code, _, stderr := command(t, "export", "log", dir, "--data", data); code != exitFailed || !strings.Contains(stderr, "no signing key") {
		t.Errorf("no key: exit %d: %s", code, stderr)
	}
	if files, err := os.ReadDir(data); err != nil || len(files) != 0 {
		t.Errorf("made %v, %v", files, err)
	}
	if _, err := evidence.NewKeyRing(data, "city.example/kokoroe/1"); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := command(t, "import", "roster", "../../content/sample/roster.csv", "--data", data); code != 0 {
		t.Fatalf("%s%s", stdout, stderr)
	}
	if code, stdout, _ := command(t, "export", "log", dir, "--data", data, "--language", "ja"); code != exitRefused || !strings.Contains(stdout, "署名済みのチェックポイントがない") {
		t.Errorf("nothing signed: exit %d: %s", code, stdout)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made")
	}
}
