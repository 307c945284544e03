package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
)

// A roster of three, invented, of whom one has left.
const threePeople = "職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日\n" +
	"1,見本　一郎,ミホン　イチロウ,a@example.jp,正職員,総務部/情報政策課,課長,2010-04-01,\n" +
	"2,見本　花子,ミホン　ハナコ,b@example.jp,正職員,総務部/情報政策課,主査,2015-04-01,2025-03-31\n" +
	"3,見本　三郎,ミホン　サブロウ,c@example.jp,正職員,総務部/情報政策課,主事,2020-04-01,\n"

// city is a data folder with a key and three people.
func city(t *testing.T) (folder string) {
	t.Helper()
	folder = withKey(t)
	roster := write(t, "roster.csv", threePeople)
	if code, out, stderr := command(t, "import", "roster", roster, "--data", folder, "--new-departments", "--confirm-leavers"); code != 0 {
		t.Fatalf("import: exit %d: %s%s", code, out, stderr)
	}
	return folder
}

// with opens what is kept in the folder, as a portal does, while f runs.
func with(t *testing.T, folder string, f func(*app.Installation)) {
	t.Helper()
	in, err := app.OpenInstallation(context.Background(), app.Config{
		Store: "sqlite:" + filepath.Join(folder, "kokoroe.db"), State: folder, Version: "test", Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := in.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	f(in)
}

// acknowledge appends n statements about the person with the number.
func acknowledge(t *testing.T, in *app.Installation, number string, from, n int) {
	t.Helper()
	roster, err := in.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, ok := roster.PersonByNumber(number)
	if !ok {
		t.Fatalf("nobody has number %s", number)
	}
	for i := from; i < from+n; i++ {
		_, err := in.Log.Append(t.Context(), evidence.Statement{
			Kind: "policy.acknowledged/v1", Key: fmt.Sprintf("test/%s/%d", number, i), Actor: evidence.Actor{ID: string(p.ID)},
			Subject: string(p.ID), Object: "policy:basic-policy", Scope: "2026", Body: map[string]any{"version": 1},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func wantExit(t *testing.T, want int, says string, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := command(t, args...)
	if code != want || !strings.Contains(stdout+stderr, says) {
		t.Fatalf("%s: exit %d, want %d and %q:\n%s%s", strings.Join(args, " "), code, want, says, stdout, stderr)
	}
	return stdout
}

func TestKeysAreMadeOnce(t *testing.T) {
	folder := withKey(t)
	wantExit(t, exitFailed, "file already exists", "keys", "new", "--data", folder, "--origin", "other.example/1")
	public := strings.TrimSpace(wantExit(t, 0, "city.example/kokoroe/1+", "keys", "show", "--data", folder))
	if _, err := note.NewVerifier(public); err != nil {
		t.Errorf("%q: %v", public, err)
	}
	if err := os.Chmod(filepath.Join(folder, "log.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	wantExit(t, exitFailed, "may be read by others", "verify", "--data", folder)
	wantExit(t, exitFailed, "signing key", "verify", "--data", t.TempDir())
}

func TestReceiptsOutliveTheirKey(t *testing.T) {
	folder := city(t)
	var receipt evidence.Receipt
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "3", 0, 3)
		if _, err := in.Log.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if receipt, err = in.Log.Receipt(t.Context(), 1, nil, nil); err != nil {
			t.Fatal(err)
		}
	})
	former := strings.TrimSpace(wantExit(t, 0, "", "keys", "show", "--data", folder))
	wantExit(t, 0, "city.example/kokoroe/1+", "keys", "renew", "--data", folder)
	all := strings.Fields(wantExit(t, 0, former, "keys", "show", "--data", folder))
	if len(all) != 2 || all[0] != former {
		t.Fatalf("keys %q", all)
	}
	with(t, folder, func(in *app.Installation) {
		if _, err := receipt.Verify(in.Keys.Verifiers()); err != nil {
			t.Errorf("the receipt of the former key: %v", err)
		}
		acknowledge(t, in, "3", 3, 1)
		if _, err := in.Log.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Who trusts the former key alone finds the new one in a record that it
		// signed.
		e, err := in.Store.EntryByKey(t.Context(), "evidence.key_renewed/"+all[1])
		if err != nil {
			t.Fatal(err)
		}
		old, err := note.NewVerifier(former)
		if err != nil {
			t.Fatal(err)
		}
		handover, err := in.Log.Receipt(t.Context(), e.Seq, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := handover.Verify(note.VerifierList(old)); err != nil {
			t.Errorf("the hand-over is not signed by the former key: %v", err)
		}
		fresh, err := in.Log.Receipt(t.Context(), e.Seq+1, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fresh.Verify(note.VerifierList(old)); err == nil {
			t.Error("the former key signs on")
		}
	})
	wantExit(t, 0, "5 entries (5 records, 0 erased)", "verify", "--data", folder)
}

func TestBackupRestoreAndBeginningAnew(t *testing.T) {
	folder := city(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "3", 0, 3)
		// The portal runs while it is backed up.
		wantExit(t, 0, "written", "backup", "--data", folder, backup)
		acknowledge(t, in, "3", 3, 4)
		wantExit(t, exitFailed, "is in use", "restore", "--data", folder, backup)
	})
	wantExit(t, exitFailed, "is there already", "backup", "--data", folder, backup)
	wantExit(t, 0, "7 entries", "verify", "--data", folder)
	wantExit(t, exitFailed, "nothing is wrong", "begin-anew", "--data", folder, "--by", "1", "--reason", "x")

	out := wantExit(t, exitRefused, "There are two ways out", "restore", "--data", folder, backup)
	if !strings.Contains(out, "holds 3 entries, and 7 were signed") {
		t.Errorf("said:\n%s", out)
	}
	with(t, folder, func(in *app.Installation) {
		if _, err := in.Log.Append(t.Context(), evidence.Statement{Kind: "test.done/v1", Key: "x", Actor: evidence.Actor{ID: "p"}}); err == nil {
			t.Error("a log that lost records takes new ones")
		}
	})
	wantExit(t, exitDiffers, "head 7: size", "verify", "--data", folder)

	wantExit(t, exitFailed, "nobody", "begin-anew", "--data", folder, "--by", "99", "--reason", "x")
	wantExit(t, 0, "city.example/kokoroe/2", "begin-anew", "--data", folder, "--by", "1", "--reason", "the disk broke")
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "3", 3, 2)
		e, err := in.Store.EntryByKey(t.Context(), "evidence.begun_anew/city.example/kokoroe/2")
		if err != nil {
			t.Fatal(err)
		}
		var body app.BegunAnew
		if err := e.Body(&body); err != nil || body.Signed != 7 || body.Held != 3 || body.Former != "city.example/kokoroe/1" || body.Reason != "the disk broke" {
			t.Errorf("body %+v, %v", body, err)
		}
	})
	wantExit(t, 0, "kokoroe/2: 6 entries", "verify", "--data", folder)

	// The first way out: the former database is still there.
	former, err := filepath.Glob(filepath.Join(folder, "kokoroe.db.before-*"))
	if err != nil || len(former) != 1 {
		t.Fatalf("%v, %v", former, err)
	}
	for name, text := range map[string]string{"empty": "", "text": "not a database", "cut": "SQLite format 3\x00"} {
		wantExit(t, exitRefused, "not a database of this program", "restore", "--data", folder, write(t, name, text))
	}
}

// putAway is a context that ends as soon as the former log's checkpoint is put away.
type putAway struct {
	context.Context
	folder string
}

func (p putAway) Err() error {
	if there, _ := filepath.Glob(filepath.Join(p.folder, "checkpoint.lost-*")); len(there) > 0 {
		return context.Canceled
	}
	return p.Context.Err()
}

func (p putAway) Done() <-chan struct{} {
	ended := make(chan struct{})
	if p.Err() != nil {
		close(ended)
	}
	return ended
}

// TestBeginningAnewThatIsCutOffHasItsRecord: whoever opens the log next makes it,
// with what was decided, by whom and when.
func TestBeginningAnewThatIsCutOffHasItsRecord(t *testing.T) {
	folder := city(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	with(t, folder, func(in *app.Installation) { acknowledge(t, in, "3", 0, 3) })
	wantExit(t, 0, "written", "backup", "--data", folder, backup)
	with(t, folder, func(in *app.Installation) { acknowledge(t, in, "3", 3, 4) })
	wantExit(t, exitRefused, "There are two ways out", "restore", "--data", folder, backup)
	waits := filepath.Join(folder, "begun-anew")
	if err := os.WriteFile(waits, []byte(`{"origin":"city.exa`), 0o600); err != nil { // of one that was cut off earlier
		t.Fatal(err)
	}

	decided := time.Date(2026, time.November, 22, 1, 2, 3, 0, time.UTC)
	cfg := app.Config{Store: "sqlite:" + filepath.Join(folder, "kokoroe.db"), State: folder, Now: func() time.Time { return decided }}
	if _, err := app.BeginAnew(putAway{t.Context(), folder}, cfg, "1", "the disk broke"); !errors.Is(err, context.Canceled) {
		t.Fatalf("it was not cut off: %v", err)
	}
	for range 2 {
		with(t, folder, func(in *app.Installation) {
			e, err := in.Store.EntryByKey(t.Context(), "evidence.begun_anew/city.example/kokoroe/2")
			if err != nil {
				t.Fatal(err)
			}
			var body app.BegunAnew
			if err := e.Body(&body); err != nil || e.Seq != 3 || !e.At.Equal(decided) || body.Signed != 7 || body.Held != 3 || body.Reason != "the disk broke" {
				t.Errorf("entry %d at %s, body %+v, %v", e.Seq, e.At, body, err)
			}
			if p, err := in.Rosters.Current(t.Context()); err != nil {
				t.Error(err)
			} else if one, _ := p.PersonByNumber("1"); e.Actor != string(one.ID) {
				t.Errorf("decided by %s", e.Actor)
			}
			if size, err := in.Store.LogSize(t.Context()); err != nil || size != 4 {
				t.Errorf("%d records (%v)", size, err)
			}
		})
		if _, err := os.Stat(waits); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it waits on: %v", err)
		}
	}
	wantExit(t, exitFailed, "nothing is wrong", "begin-anew", "--data", folder, "--by", "1", "--reason", "x")
}

func TestRestoringTheNewestStateGoesOn(t *testing.T) {
	folder := city(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	with(t, folder, func(in *app.Installation) { acknowledge(t, in, "3", 0, 5) })
	wantExit(t, 0, "written", "backup", "--data", folder, backup)
	wantExit(t, 0, "5 entries", "restore", "--data", folder, backup)
	wantExit(t, 0, "5 entries", "verify", "--data", folder)
	if err := os.Remove(filepath.Join(folder, "kokoroe.db")); err != nil {
		t.Fatal(err)
	}
	wantExit(t, 0, "5 entries", "restore", "--data", folder, backup)
	with(t, folder, func(in *app.Installation) { acknowledge(t, in, "3", 5, 1) })
	wantExit(t, 0, "6 entries", "verify", "--data", folder)
}

func TestErase(t *testing.T) {
	folder := city(t)
	var gone directory.PersonID
	with(t, folder, func(in *app.Installation) {
		acknowledge(t, in, "2", 0, 3)
		acknowledge(t, in, "3", 0, 2)
		roster, err := in.Rosters.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, _ := roster.PersonByNumber("2")
		gone = p.ID
	})
	erase := func(want int, says, person, by string) {
		t.Helper()
		wantExit(t, want, says, "erase", "--data", folder, "--person", person, "--by", by, "--reason", "the person asked for it")
	}
	erase(exitFailed, "has not left", "3", "1")
	erase(exitFailed, "nobody", "2", "99")
	erase(exitFailed, "nobody", "99", "1")
	erase(0, "3 records erased", "2", "1")
	erase(exitFailed, "nobody", "2", "1")

	var x evidence.Examination
	if err := json.Unmarshal([]byte(wantExit(t, 0, "", "verify", "--json", "--data", folder)), &x); err != nil {
		t.Fatal(err)
	}
	if x.Size != 8 || x.Erased != 3 || x.Records != 5 || x.Found != 0 {
		t.Errorf("examined %+v", x)
	}
	if erasures := (evidence.Tally{Kept: 3}); x.Population == nil || x.Population.Kinds[evidence.KindErased] != erasures || x.Population.Objects["entry:"] != erasures {
		t.Errorf("counted %+v", x.Population)
	}
	wantNothingOf(t, folder, string(gone), "花子", "ハナコ", "b@example.jp")
}

// wantNothingOf looks through every byte of a folder.
func wantNothingOf(t *testing.T, folder string, words ...string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if strings.Contains(string(content), w) {
				t.Errorf("%s still holds %q", f.Name(), w)
			}
		}
	}
}

func TestRetention(t *testing.T) {
	folder := city(t)
	with(t, folder, func(in *app.Installation) {
		for i, at := range []time.Time{
			time.Date(2010, 5, 1, 0, 0, 0, 0, time.UTC), time.Now(),
		} {
			_, err := in.Log.Append(t.Context(), evidence.Statement{
				Kind: "course.passed/v1", Key: fmt.Sprint(i), Actor: evidence.Actor{ID: "p-unknown"}, Subject: "p-unknown", Object: "course:annual", Scope: "2010", At: at,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	wantExit(t, 0, "1 to be erased [0]", "retention", "--dry-run", "--data", folder)
	wantExit(t, 0, "course.passed/v1: kept for 5 years since leaving", "retention", "--data", folder)
	wantExit(t, 0, "0 to be erased", "retention", "--dry-run", "--data", folder)
	with(t, folder, func(in *app.Installation) {
		e, err := in.Store.EntryByKey(t.Context(), evidence.ErasedKey(0))
		if err != nil {
			t.Fatal(err)
		}
		var body evidence.Erasure
		if err := e.Body(&body); err != nil || body.Ground != evidence.GroundRetention {
			t.Errorf("body %+v, %v", body, err)
		}
	})
}
