package main

import (
	"bytes"
	"context"
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

// TestExportLogUpToAWitness exports what witnesses have seen, and all of it.
func TestExportLogUpToAWitness(t *testing.T) {
	data := t.TempDir()
	if _, err := evidence.NewKeyRing(data, "city.example/kokoroe/1"); err != nil {
		t.Fatal(err)
	}
	in, err := app.OpenInstallation(t.Context(), app.Config{Store: "sqlite:" + filepath.Join(data, "kokoroe.db"), State: data, Version: "1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := evidence.TrustPolicy{Logs: in.Keys.All, Quorum: "both"}
	group := evidence.WitnessGroup{Name: "both", Threshold: 2}
	for n := range 3 { // the first is cosigned by two
		if _, err := in.Log.Append(t.Context(), evidence.Statement{Kind: "test.done/v1", Key: string(rune('a' + n)), Actor: evidence.Actor{ID: "p"}}); err != nil {
			t.Fatal(err)
		}
		c, err := in.Log.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			for _, name := range []string{"w1", "w2"} {
				secret, public, err := evidence.NewWitnessKey(name)
				if err != nil {
					t.Fatal(err)
				}
				policy.Witnesses = append(policy.Witnesses, evidence.TrustedWitness{Name: name, Key: public})
				group.Members = append(group.Members, name)
				cosign(t, in, c, secret)
			}
		}
	}
	policy.Groups = []evidence.WitnessGroup{group}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	for witnessed, size := range map[string]int64{"0": 3, "1": 1, "2": 1} {
		dir := filepath.Join(t.TempDir(), "log")
		if code, stdout, stderr := command(t, "export", "log", dir, "--data", data, "--witnessed", witnessed); code != 0 {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
		p := policy
		if witnessed == "0" {
			p.Quorum = evidence.NoQuorum
		}
		r, err := evidence.VerifyExport(t.Context(), os.DirFS(dir), p)
		if err != nil || r.Found != 0 || r.Size != size || r.Checkpoints != size || size == 1 && len(r.Witnesses) != 2 {
			t.Errorf("--witnessed %s: %+v, %v", witnessed, r, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "log")
	if code, stdout, _ := command(t, "export", "log", dir, "--data", data, "--witnessed", "3", "--language", "en"); code != exitRefused || !strings.Contains(stdout, "3 witnesses") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

func cosign(t *testing.T, in *app.Installation, c evidence.Checkpoint, secret string) {
	t.Helper()
	w, err := evidence.NewCosigner(secret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: string(c.Note[:bytes.Index(c.Note, []byte("\n\n"))+1])}, w)
	if err != nil {
		t.Fatal(err)
	}
	line := string(msg[bytes.Index(msg, []byte("\n\n"))+2 : len(msg)-1])
	err = in.Store.SaveCosignature(t.Context(), evidence.Cosignature{Size: c.Size, Witness: evidence.WitnessID(w.Verifier()), Line: line, At: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		t.Fatal(err)
	}
}
