package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
	"kokoroe/tests/mongodb/engine"
)

// lived is a city with some of everything behind it, its store, and a file with
// the witness that cosigned.
func lived(t *testing.T) (folder, from, witnesses string) {
	t.Helper()
	folder = city(t)
	secret, public, err := evidence.NewWitnessKey("audit")
	if err != nil {
		t.Fatal(err)
	}
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "2", 0, 2)
		acknowledge(t, in, "3", 0, 300)
		c, err := in.Log.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cosign(t, in, c, secret)
	})
	wantExit(t, 0, "2 records erased", "erase", "--data", folder, "--person", "2", "--by", "1", "--reason", "asked for")
	at := time.Date(2026, time.November, 26, 3, 4, 5, 678_000_000, time.UTC)
	with(t, folder, func(in *app.Installation) {
		roster, err := in.Rosters.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, _ := roster.PersonByNumber("3")
		text := []byte("# 基本方針\n")
		run := job.Run{Job: "verify", DueAt: at, Owner: "one", LeaseAt: at.Add(time.Minute), StartedAt: at}
		for _, err := range []error{
			in.Store.SaveLink(t.Context(), identity.Link{Issuer: "https://id.example.jp", Subject: "三郎", Person: p.ID, LinkedAt: at}),
			in.Store.Publish(t.Context(), policy.Publication{Policy: "basic-policy", Version: 1, Language: "ja", Digest: "sha256:00", Text: text, PublishedAt: at}),
			in.Store.KeepText(t.Context(), "sha256:01", text),
			in.Store.PublishEdition(t.Context(), edition.Edition{Number: 1, Content: "sha256:02", Registers: "sha256:03", PublishedAt: at, Bundle: text}),
			in.Store.PublishEdition(t.Context(), edition.Edition{Number: 2, Content: "sha256:04", Registers: "sha256:03", PublishedAt: at, Bundle: text}),
			in.Store.ClaimRun(t.Context(), run, at),
			in.Store.EnqueueMessages(t.Context(), []notify.Message{{Key: notify.ReceiptKey(2), Person: p.ID, State: notify.Waiting, At: at, NextAt: at}}),
			in.Store.SaveSession(t.Context(), identity.Session{Hash: "session", Person: p.ID, CreatedAt: at, SeenAt: at}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := in.Store.Position(t.Context(), "receipts", 3); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Store.OpenAttempt(t.Context(), learning.Attempt{ID: "a-1", Person: p.ID, Course: "annual", Scope: "2026",
			Purpose: learning.Check, StartedAt: at, Drawn: []learning.Drawn{{Question: "q", Options: []learning.OptionID{"b", "a"}}}}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := in.Store.UpdatePlace(t.Context(), p.ID, "annual", "2026", func(p learning.Place) (learning.Place, error) {
				p.StartedAt, p.UpdatedAt, p.Done = at, at, append(p.Done, "lesson")
				return p, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
	witnesses = write(t, "witnesses.yaml", "witnesses:\n  - name: audit\n    url: https://witness.example/\n    key: "+public+"\n")
	return folder, "sqlite:" + filepath.Join(folder, "kokoroe.db"), witnesses
}

// digests reads what a store keeps.
func digests(t *testing.T, setting string) []store.Digest {
	t.Helper()
	s, err := app.OpenStore(t.Context(), setting, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	list, err := store.Digests(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// moved moves and sees that nothing has changed: by the command's own word, by
// the digests, and by a verification of the new store.
func moved(t *testing.T, folder, from, to, witnesses string) (stdout string) {
	t.Helper()
	stdout = wantExit(t, 0, "The same: ", "move", "--data", folder, "--from", from, "--to", to, "--witnesses", witnesses)
	if strings.Contains(stdout, "DIFFERS") {
		t.Errorf("said:\n%s", stdout)
	}
	want := digests(t, from)
	for i, d := range digests(t, to) {
		if d != want[i] {
			t.Errorf("%s: %+v, want %+v", d.Sort, d, want[i])
		}
		if d.N == 0 {
			t.Errorf("nothing of %s was there to move", d.Sort)
		}
	}
	verified := wantExit(t, 0, "304 entries (302 records, 2 erased)", "verify", "--data", folder, "--store", to, "--witnesses", witnesses)
	if !strings.Contains(verified, " 1 cosignatures") || !strings.Contains(verified, " 0 disagreements") {
		t.Errorf("verified: %s", verified)
	}
	return stdout
}

// refusedMove moves to a store that is not empty, or from one that is, and sees
// that both stay as they are.
func refusedMove(t *testing.T, folder, from, to, says string) {
	t.Helper()
	before := digests(t, to)
	wantExit(t, exitRefused, says, "move", "--data", folder, "--from", from, "--to", to)
	for i, d := range digests(t, to) {
		if d != before[i] {
			t.Errorf("%s was touched", d.Sort)
		}
	}
}

func TestMove(t *testing.T) {
	folder, from, witnesses := lived(t)
	path := filepath.Join(t.TempDir(), "new.db")
	to := "sqlite:" + path
	stdout := moved(t, folder, from, to, witnesses)
	for _, says := range []string{`(?m)^entry +304 +304 +[0-9a-f]{16} +same$`, `(?m)^person +2 +2 `, `(?m)^attempt +1 +1 `,
		`(?m)^cosignature +1 +1 `, `(?m)^erased +2 +2 +same$`, `root from ([0-9a-f]{64})\nroot to   `} {
		if !regexp.MustCompile(says).MatchString(stdout) {
			t.Errorf("want %s:\n%s", says, stdout)
		}
	}
	// Nobody is signed in there, and the log goes on from where it was.
	s, err := app.OpenStore(t.Context(), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), "session"); err == nil {
		t.Error("somebody is still signed in")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refusedMove(t, folder, from, to, "must be empty")
	refusedMove(t, folder, from, from, "must be empty")
	if err := os.Rename(path, filepath.Join(folder, "kokoroe.db")); err != nil {
		t.Fatal(err)
	}
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "3", 300, 2)
		roster, err := in.Rosters.Current(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := roster.PersonByNumber("3"); !ok || p.Name != "見本　三郎" {
			t.Errorf("person %+v", p)
		}
	})
	wantExit(t, 0, "306 entries", "verify", "--data", folder)
}

func TestMoveByMongoDBAndBack(t *testing.T) {
	between := "file:" + write(t, "store", engine.Database(t))
	folder, from, witnesses := lived(t)
	moved(t, folder, from, between, witnesses)
	refusedMove(t, folder, from, between, "must be empty")
	back := "sqlite:" + filepath.Join(t.TempDir(), "back.db")
	moved(t, folder, between, back, witnesses)
	want := digests(t, from)
	for i, d := range digests(t, back) {
		if d != want[i] {
			t.Errorf("%s did not come back as it was", d.Sort)
		}
	}
}

func TestMovesThatAreRefused(t *testing.T) {
	folder := city(t)
	from, to := "sqlite:"+filepath.Join(folder, "kokoroe.db"), "sqlite:"+filepath.Join(t.TempDir(), "new.db")
	none := filepath.Join(t.TempDir(), "none.db")
	move := func(code int, says, from, to string) {
		t.Helper()
		wantExit(t, code, says, "move", "--data", folder, "--from", from, "--to", to)
	}
	move(exitRefused, "holds nothing", "sqlite:"+none, to)
	if _, err := os.Stat(none); err == nil {
		t.Error("what was to be moved from was made")
	}
	move(exitRefused, "want sqlite:PATH", "mongo://127.0.0.1/kokoroe", to)
	move(exitRefused, "want sqlite:PATH", from, "postgres://127.0.0.1/kokoroe")
	move(exitFailed, "does not answer", from, "mongodb://portal:hunter2@127.0.0.1:1/kokoroe?serverSelectionTimeoutMS=300")
	move(exitRefused, "not a database of this program", from, "sqlite:"+write(t, "text", "not a database"))
	wantExit(t, exitUsage, "--to", "move", "--data", folder, "--from", from)
	wantExit(t, exitFailed, "no signing key", "move", "--data", t.TempDir(), "--from", from, "--to", to)
	if _, err := os.Stat(strings.TrimPrefix(to, "sqlite:")); err == nil {
		t.Error("what was to be moved to was made")
	}
	empty := "sqlite:" + write(t, "empty.db", "")
	refusedMove(t, folder, empty, to, "holds nothing")

	// A log that has lost what was signed is not carried on as if nothing were.
	backup := filepath.Join(t.TempDir(), "backup.db")
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "3", 0, 3)
		wantExit(t, 0, "written", "backup", "--data", folder, backup)
		acknowledge(t, in, "3", 3, 1)
	})
	refusedMove(t, folder, "sqlite:"+backup, to, "does not fit together")
	move(0, "The same: 4 entries", from, to)
}
