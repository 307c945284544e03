package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store/sqlite"
)

// foreign makes a database by other means.
func foreign(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name, message string
		kind          fault.Kind
		make          func(t *testing.T, path string)
	}{
		{"a database of another program", "store.foreign", fault.Invalid, func(t *testing.T, path string) {
			foreign(t, path, "CREATE TABLE album (title TEXT)")
		}},
		{"a database in WAL mode of another program", "store.foreign", fault.Invalid, func(t *testing.T, path string) {
			foreign(t, path, "PRAGMA journal_mode = WAL", "CREATE TABLE album (title TEXT)")
		}},
		{"a text", "store.foreign", fault.Invalid, func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("これはデータベースではない。", 500)))
		}},
		{"a short text", "store.foreign", fault.Invalid, func(t *testing.T, path string) { write(t, path, []byte("x")) }},
		{"a database of a newer program", "store.newer", fault.Invalid, func(t *testing.T, path string) {
			s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			check(t, s.Close())
			foreign(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		}},
		{"a folder", "error.unavailable", fault.Unavailable, func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file in no folder", "error.unavailable", fault.Unavailable, func(*testing.T, string) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := file(t)
			if c.name == "a file in no folder" {
				path = filepath.Join(path, "nowhere", "kokoroe.db")
			}
			c.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
			if !fault.Is(err, c.kind) {
				t.Fatalf("%v, want %v", err, c.kind)
			}
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("%q does not say %s", err, c.message)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a sentence: %q", err)
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(before, now) {
				t.Error("the file was changed")
			}
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenTakes(t *testing.T) {
	t.Run("an empty file", func(t *testing.T) {
		path := file(t)
		write(t, path, nil)
		check(t, open(t, path).Ping(t.Context()))
	})
	t.Run("a database that was only begun", func(t *testing.T) {
		path := file(t)
		foreign(t, path, "PRAGMA journal_mode = WAL", fmt.Sprint("PRAGMA application_id = ", 0x4b6b7265))
		check(t, open(t, path).Ping(t.Context()))
	})
	for _, name := range []string{"with space.db", "心得 令和8年.db", "a?mode=memory&x=#y%20z.db", "semi;colon'quote\".db", "%00.db"} {
		t.Run("the name "+name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			s := open(t, path)
			check(t, s.KeepText(t.Context(), "d", []byte("x")))
			check(t, s.Close())
			if info, err := os.Stat(path); err != nil || info.Size() == 0 {
				t.Fatalf("no such file: %v", err)
			}
			_, err := open(t, path).KeptText(t.Context(), "d")
			check(t, err)
		})
	}
}

func TestSettings(t *testing.T) {
	s := open(t, file(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "trusted_schema": "0",
		"integrity_check": "ok", "application_id": fmt.Sprint(0x4b6b7265),
	} {
		if got, err := s.Written("PRAGMA " + pragma); err != nil || got != want {
			t.Errorf("the writer has %s = %q (%v), want %s", pragma, got, err, want)
		}
	}
	for range 8 {
		if _, err := s.Answer("INSERT INTO kept_text (digest) VALUES ('x') RETURNING digest"); err == nil {
			t.Error("a reader could write")
		}
	}
	tables, err := s.Answer("SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'")
	if err != nil || len(tables) != 0 {
		t.Errorf("tables that are not strict: %v (%v)", tables, err)
	}
}

func TestTheFilesAreForThisUserAlone(t *testing.T) {
	path := file(t)
	s := open(t, path)
	check(t, s.KeepText(t.Context(), "d", []byte("x")))
	check(t, s.Backup(t.Context(), path+".copy"))
	for _, suffix := range []string{"", "-wal", "-shm", ".copy"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", info.Name(), info.Mode())
		}
	}
}

func TestTheLogStays(t *testing.T) {
	s := open(t, file(t))
	check(t, s.AppendEntries(t.Context(), []evidence.Entry{benchEntry(0)}))
	check(t, s.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: 1}))
	check(t, s.SaveCosignature(t.Context(), evidence.Cosignature{Size: 1, Witness: "w"}))
	for _, query := range []string{
		"UPDATE entry SET kind = 'x'", "UPDATE entry SET record = NULL WHERE seq = 0", "DELETE FROM entry", "DELETE FROM entry WHERE seq = 0",
		"UPDATE checkpoint SET at = 0", "DELETE FROM checkpoint", "UPDATE cosignature SET line = ''", "DELETE FROM cosignature",
	} {
		if err := s.Write(query); err == nil || !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "final") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if n, err := s.LogSize(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
}

func TestBackup(t *testing.T) {
	s := open(t, file(t))
	check(t, s.AppendEntries(t.Context(), []evidence.Entry{benchEntry(0), benchEntry(1)}))
	_, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: []directory.Person{{ID: "p", Number: "1"}}})
	check(t, err)
	copied := filepath.Join(t.TempDir(), "控え.db")
	check(t, s.Backup(t.Context(), copied))
	if err := s.Backup(t.Context(), copied); !fault.Is(err, fault.Conflict) {
		t.Errorf("writing over a copy: %v", err)
	}
	other := open(t, copied)
	if n, err := other.LogSize(t.Context()); n != 2 || err != nil {
		t.Errorf("the copy has %d entries (%v)", n, err)
	}
	check(t, other.AppendEntries(t.Context(), []evidence.Entry{benchEntry(2)}))
	if n, _ := s.LogSize(t.Context()); n != 2 {
		t.Error("the copy is not a copy")
	}
}

// TestEditionsFromBeforeThatSayNotWhoDecidedThem opens a database of schema 6.
func TestEditionsFromBeforeThatSayNotWhoDecidedThem(t *testing.T) {
	path := file(t)
	check(t, open(t, path).Close())
	foreign(t, path, "ALTER TABLE edition DROP COLUMN published_by", "DELETE FROM goose_db_version WHERE version_id > 6",
		"INSERT INTO edition (number, content, registers, program, published_at, bundle) VALUES (3, 'c', 'r', '1.0', 7, x'01')")
	s := open(t, path)
	want := edition.Edition{Number: 3, Content: "c", Registers: "r", Program: "1.0", PublishedAt: time.UnixMilli(7).UTC(), Bundle: []byte{1}}
	if e, err := s.EditionInForce(t.Context()); err != nil || !reflect.DeepEqual(e, want) {
		t.Errorf("%+v, %v", e, err)
	}
	want.Number, want.By = 4, "operator"
	check(t, s.PublishEdition(t.Context(), want))
	if e, err := s.EditionInForce(t.Context()); err != nil || !reflect.DeepEqual(e, want) {
		t.Errorf("%+v, %v", e, err)
	}
}
