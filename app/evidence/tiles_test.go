package evidence_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// shownTexts is what the store of texts answers.
func shownTexts(_ context.Context, digest256 string) ([]byte, error) {
	for _, text := range []string{shownText, shownDeclaration} {
		if digest(text) == digest256 {
			return []byte(text), nil
		}
	}
	return nil, fault.NotFoundf("text %s", digest256)
}

// exportedConfig exports the store with its last checkpoint, cosigned by two.
func exportedConfig(t testing.TB, m *memory) evidence.ExportConfig {
	t.Helper()
	c, err := m.LastCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Note = cosignedBy(t, c.Note, fixedWitness(t, "audit.city.example/w"), fixedWitness(t, "tlog.univ.example"))
	return evidence.ExportConfig{Store: m, Origin: origin, Program: "1.0.0", Keys: []string{fixedKey(t).Public},
		Checkpoint: c, Next: m.CheckpointCovering, Text: shownTexts}
}

func exported(t testing.TB, c evidence.ExportConfig) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	if _, err := evidence.Export(t.Context(), c, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// loggedErased is the golden log with an entry erased, and a second checkpoint.
func loggedErased(t testing.TB) *memory {
	t.Helper()
	m, l := goldenLog(t)
	if _, err := l.Erase(t.Context(), evidence.Actor{ID: "p-office"}, 1, evidence.GroundRequest, "asked for"); err != nil {
		t.Fatal(err)
	}
	sign(t, l)
	return m
}

// large is a log of n entries, written past the log itself.
func large(t testing.TB, n int) *memory {
	t.Helper()
	m := newMemory()
	c := config(t, m)
	c.Random, c.Program = &counter{}, "1.0.0"
	l := open(t, c)
	for from := 0; from < n; from += 100 {
		add(t, l, from, min(n, from+100))
		sign(t, l)
	}
	return m
}

func TestExportVerifies(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 600} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir := exported(t, exportedConfig(t, large(t, n)))
			r, err := evidence.VerifyExport(t.Context(), os.DirFS(dir), policyOf(t))
			if err != nil || r.Found != 0 || r.Records != int64(n) || r.Size != int64(n) || len(r.Witnesses) != 2 || r.Checkpoints != int64((n+99)/100) {
				t.Errorf("%+v, %v", r, err)
			}
			hold(t, dir)
		})
	}
}

// hold compares the tiles with what the library makes of the same leaves.
func hold(t *testing.T, dir string) {
	t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	size := int64(0)
	err := filepath.WalkDir(filepath.Join(dir, "tile", "entries"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for ; err == nil && len(b) > 0; b = b[34:] {
			if b[0] != 0 || b[1] != 32 {
				return fmt.Errorf("length %v", b[:2])
			}
			hashes, err := tlog.StoredHashes(size, b[2:34], read)
			if err != nil {
				return err
			}
			stored = append(stored, hashes...)
			size++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		want, err := tlog.ReadTileData(tile, read)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs: %v", tile.Path(), err)
		}
	}
}

func TestExportOfAnErasedEntry(t *testing.T) {
	dir := exported(t, exportedConfig(t, loggedErased(t)))
	r, err := evidence.VerifyExport(t.Context(), os.DirFS(dir), policyOf(t))
	if err != nil || r.Found != 0 || r.Size != 8 || r.Records != 7 || r.Erased != 1 || r.Checkpoints != 2 || r.Manifest.Erased != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "records", "000.p", "8"))
	if err != nil || !strings.Contains(string(b), "\n{\"seq\":1,\"erased\":true}\n") {
		t.Errorf("%s, %v", b, err)
	}
}

func TestExportWithoutRecords(t *testing.T) {
	c := exportedConfig(t, loggedErased(t))
	c.Text = nil
	dir := exported(t, c)
	r, err := evidence.VerifyExport(t.Context(), os.DirFS(dir), policyOf(t))
	if err != nil || r.Found != 0 || r.Size != 8 || r.Records != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, folder := range []string{"records", "texts"} {
		if _, err := os.Stat(filepath.Join(dir, folder)); err == nil {
			t.Errorf("%s is there", folder)
		}
	}
}

func TestExportSaysWhichTextsAreGone(t *testing.T) {
	c := exportedConfig(t, loggedErased(t))
	c.Text = func(ctx context.Context, d string) ([]byte, error) {
		if d == digest(shownText) {
			return nil, fault.NotFoundf("a text")
		}
		return shownTexts(ctx, d)
	}
	r, err := evidence.VerifyExport(t.Context(), os.DirFS(exported(t, c)), policyOf(t))
	if err != nil || r.Found != 0 || len(r.Manifest.MissingTexts) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A refused export leaves nothing behind.
func TestExportIsAllOrNothing(t *testing.T) {
	m := loggedErased(t)
	c := exportedConfig(t, m)
	parent := t.TempDir()
	dir := filepath.Join(parent, "log")
	empty := func(t *testing.T) {
		t.Helper()
		if entries, err := os.ReadDir(parent); err != nil || len(entries) != 0 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	}
	cases := []struct {
		name, message string
		change        func(m *memory, c *evidence.ExportConfig)
	}{
		{"a salt", "evidence.log_damaged", func(m *memory, _ *evidence.ExportConfig) { m.entries[5].Salt[0] ^= 1 }},
		{"a hash", "evidence.log_damaged", func(m *memory, _ *evidence.ExportConfig) { m.entries[5].Hashes[0] ^= 1 }},
		{"an entry", "evidence.log_damaged", func(m *memory, _ *evidence.ExportConfig) { m.entries[5], m.entries[6] = m.entries[6], m.entries[5] }},
		{"the end", "evidence.store_went_back", func(m *memory, _ *evidence.ExportConfig) { m.entries = m.entries[:7] }},
		{"the root", "evidence.store_went_back", func(_ *memory, c *evidence.ExportConfig) { c.Checkpoint.Root = make([]byte, 32) }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			m, c := m.backup(), c
			c.Store = m
			tc.change(m, &c)
			_, err := evidence.Export(t.Context(), c, dir)
			wantFault(t, err, fault.Unavailable, tc.message)
			empty(t)
		})
	}
	if err := os.WriteFile(dir, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := evidence.Export(t.Context(), c, dir)
	wantFault(t, err, fault.Invalid, "export.exists")
}

// folderOf reads an exported log into memory, where it can be changed.
func folderOf(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		out[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// resealed writes the manifest anew, as somebody would who wants to hide what
// was changed.
func resealed(t testing.TB, folder fstest.MapFS) {
	t.Helper()
	m := folder[evidence.ManifestFile]
	b, err := evidence.Resealed(m.Data, folder)
	if err != nil {
		t.Fatal(err)
	}
	folder[evidence.ManifestFile] = &fstest.MapFile{Data: b}
}
