package edition_test

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kokoroe/app/edition"
	"kokoroe/app/fault"
)

var at = time.Date(2026, 11, 22, 1, 2, 3, 4_000_000, time.UTC)

func sample() edition.Bundle {
	return edition.Bundle{
		Content: edition.Files{
			"glossary.yaml": []byte("- {id: x}\n"), "policies/basic-policy/1.ja.md": []byte("# 方針\n"), "policies/basic-policy/1.en.md": []byte("# Policy\n"),
			"courses/年次/empty.md": nil,
		},
		Registers: edition.Files{"roles.yaml": []byte("roles: {}\n")},
	}
}

func pack(t *testing.T, b edition.Bundle) []byte {
	t.Helper()
	packed, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func wantInvalid(t *testing.T, err error, message string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), message) {
		t.Errorf("%v, want an invalid %s", err, message)
	}
}

// What is packed today must be what was packed yesterday: the digest is how
// instances tell editions apart.
func TestTheSameFilesMakeTheSameBytes(t *testing.T) {
	b := sample()
	packed := pack(t, b)
	for range 20 {
		again := edition.Bundle{Content: maps.Clone(b.Content), Registers: maps.Clone(b.Registers)}
		if !bytes.Equal(pack(t, again), packed) {
			t.Fatal("the same files made other bytes")
		}
	}
	// sha256sum of what sha256sum prints of the four files.
	const want = "sha256:9c7af39bdad2da77148ba3342e65af493021e71d2d6d3a054afd0581c6c065a8"
	if got := b.Content.Digest(); got != want {
		t.Errorf("the content's digest is %s, want %s", got, want)
	}
}

func TestADigestTellsFilesApart(t *testing.T) {
	digests := map[string]string{}
	for name, files := range map[string]edition.Files{
		"none": nil, "one": {"a": []byte("x")}, "other bytes": {"a": []byte("y")}, "other path": {"b": []byte("x")},
		"two": {"a": []byte("x"), "b": nil}, "an empty one": {"a": nil},
	} {
		if other := digests[files.Digest()]; other != "" {
			t.Errorf("%s and %s have one digest", name, other)
		}
		digests[files.Digest()] = name
	}
	if (edition.Files{}).Digest() != edition.Files(nil).Digest() {
		t.Error("no files are not no files")
	}
}

func TestABundleComesBackWhole(t *testing.T) {
	e, err := edition.New(3, sample(), "1.2", at.Add(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.Content["courses/年次/empty.md"] = []byte{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if e.Number != 3 || e.Program != "1.2" || !e.PublishedAt.Equal(at) || e.Digest(edition.Registers) != want.Registers.Digest() {
		t.Errorf("%+v", e)
	}
	folder, err := got.Content.FS()
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(folder, slices.Collect(maps.Keys(want.Content))...); err != nil {
		t.Error(err)
	}
	none, err := edition.Files(nil).FS()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(none, "roles.yaml"); err == nil {
		t.Error("a file that is not there is")
	}
	e.Registers = e.Content
	_, err = e.Open()
	wantInvalid(t, err, "edition.other_content")
}

func TestPackRefuses(t *testing.T) {
	many := edition.Files{}
	for i := range edition.MaxFiles + 1 {
		many[fmt.Sprint(i)] = nil
	}
	for name, c := range map[string]struct {
		files   edition.Files
		message string
	}{
		"a path out of the folder": {edition.Files{"../x": nil}, "edition.path"},
		"an absolute path":         {edition.Files{"/etc/passwd": nil}, "edition.path"},
		"the folder itself":        {edition.Files{".": nil}, "edition.path"},
		"an empty path":            {edition.Files{"": nil}, "edition.path"},
		"a path with a dot":        {edition.Files{"a/./b": nil}, "edition.path"},
		"a folder":                 {edition.Files{"a/": nil}, "edition.path"},
		"a backslash":              {edition.Files{`a\b`: nil}, "edition.path"},
		"a line break":             {edition.Files{"a\nb": nil}, "edition.path"},
		"no text":                  {edition.Files{"a\xff": nil}, "edition.path"},
		"a very long path":         {edition.Files{strings.Repeat("x", 256): nil}, "edition.path"},
		"too many files":           {many, "edition.too_large"},
		"too many bytes":           {edition.Files{"a": make([]byte, edition.MaxBundle)}, "edition.too_large"},
		"too many together":        {edition.Files{"a": make([]byte, edition.MaxBundle/2), "b": make([]byte, edition.MaxBundle/2)}, "edition.too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edition.Bundle{Content: c.files}.Pack()
			wantInvalid(t, err, c.message)
			_, err = edition.Bundle{Registers: c.files}.Pack()
			wantInvalid(t, err, c.message)
		})
	}
	most := edition.Bundle{Content: edition.Files{"a": make([]byte, edition.MaxBundle-4096)}}
	if _, err := edition.Unpack(pack(t, most)); err != nil {
		t.Errorf("what can be packed cannot be read: %v", err)
	}
}

// zipped makes an archive as somebody else could.
func zipped(t testing.TB, method uint16, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const v1 = "kokoroe.edition/v1\n"

func TestUnpackRefuses(t *testing.T) {
	whole := zipped(t, zip.Store, "format", v1, "content/a", "the text of a file")
	if _, err := edition.Unpack(whole); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Replace(whole, []byte("the text"), []byte("The text"), 1)
	for name, c := range map[string]struct {
		packed  []byte
		message string
	}{
		"nothing":                  {nil, "zip"},
		"no archive":               {[]byte("hello"), "zip"},
		"an empty archive":         {zipped(t, zip.Store), "format"},
		"half of one":              {whole[:len(whole)/2], "zip"},
		"a byte that was changed":  {flipped, "checksum"},
		"a newer format":           {zipped(t, zip.Store, "format", "kokoroe.edition/v2\n"), "newer program"},
		"another's format":         {zipped(t, zip.Store, "format", "word\n"), "unknown format"},
		"the format behind a file": {zipped(t, zip.Store, "content/a", "x", "format", v1), "format"},
		"another part":             {zipped(t, zip.Store, "format", v1, "secrets/a", "x"), "out of place"},
		"a file of no part":        {zipped(t, zip.Store, "format", v1, "content", "x"), "out of place"},
		"a path out of the part":   {zipped(t, zip.Store, "format", v1, "content/../a", "x"), "out of place"},
		"a folder":                 {zipped(t, zip.Store, "format", v1, "content/a/", ""), "out of place"},
		"a file twice":             {zipped(t, zip.Store, "format", v1, "content/a", "x", "content/a", "y"), "out of place"},
		"files out of order":       {zipped(t, zip.Store, "format", v1, "content/b", "x", "content/a", "y"), "out of place"},
		"compressed files":         {zipped(t, zip.Deflate, "format", v1), "compressed"},
		"a compressed bomb":        {zipped(t, zip.Deflate, "format", v1, "content/a", strings.Repeat("0", 1<<20)), "compressed"},
		"more than may be":         {make([]byte, edition.MaxBundle+1), "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edition.Unpack(c.packed)
			wantInvalid(t, err, "edition.other_content")
			if err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("%v, want %q in it", err, c.message)
			}
		})
	}
}

func TestRead(t *testing.T) {
	folder := fstest.MapFS{
		"policies/a/1.ja.md": {Data: []byte("a")}, "glossary.yaml": {Data: []byte("g")}, "sample/roster.csv": {Data: []byte("names of people")},
		"policies/pipe": {Mode: fs.ModeNamedPipe},
	}
	got, err := edition.Read(folder, "policies", "glossary.yaml", "retention.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(edition.Files{"policies/a/1.ja.md": []byte("a"), "glossary.yaml": []byte("g")}, got); diff != "" {
		t.Error(diff)
	}
	folder["policies/large"] = &fstest.MapFile{Data: make([]byte, edition.MaxBundle)}
	_, err = edition.Read(folder, "policies")
	wantInvalid(t, err, "edition.too_large")
}

func TestReadFollowsALinkToAFile(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "..data"), []byte("roles: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..data", filepath.Join(folder, "roles.yaml")); err != nil {
		t.Fatal(err)
	}
	got, err := edition.Read(os.DirFS(folder), "roles.yaml")
	if err != nil || string(got["roles.yaml"]) != "roles: {}\n" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestChanges(t *testing.T) {
	before, after := sample(), sample()
	if list := edition.Changes(before, after); len(list) != 0 {
		t.Errorf("of nothing: %v", list)
	}
	delete(after.Content, "glossary.yaml")
	after.Content["policies/basic-policy/2.ja.md"] = []byte("new")
	after.Content["policies/basic-policy/1.ja.md"] = []byte("other")
	after.Registers["accounts.yaml"] = nil
	want := []edition.Change{
		{Part: edition.Content, Path: "glossary.yaml", Sort: edition.Removed},
		{Part: edition.Content, Path: "policies/basic-policy/1.ja.md", Sort: edition.Changed},
		{Part: edition.Content, Path: "policies/basic-policy/2.ja.md", Sort: edition.Added},
		{Part: edition.Registers, Path: "accounts.yaml", Sort: edition.Added},
	}
	if diff := cmp.Diff(want, edition.Changes(before, after)); diff != "" {
		t.Error(diff)
	}
}

// TestAnyFiles packs whatever paths and bytes, and reads them back.
func TestAnyFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.MapOfN(rapid.StringMatching(`[a-zあ-ん0-9._-]{1,8}(/[a-z]{1,8}){0,2}`), rapid.SliceOf(rapid.Byte()), 0, 8)
		b := edition.Bundle{Content: files.Draw(t, "content"), Registers: files.Draw(t, "registers")}
		packed, err := b.Pack()
		if err != nil { // "." and ".." are no files
			return
		}
		got, err := edition.Unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		if got.Content.Digest() != b.Content.Digest() || got.Registers.Digest() != b.Registers.Digest() {
			t.Errorf("packed %v, read %v", b, got)
		}
	})
}

// FuzzUnpack: whatever the bytes are, reading them ends, and what is read is a
// bundle that can be packed.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add(zipped(f, zip.Store, "format", v1, "content/a", "x", "registers/roles.yaml", "y"))
	f.Add(zipped(f, zip.Deflate, "format", v1, "content/a", "x"))
	f.Add(zipped(f, zip.Store, "format", "kokoroe.edition/v2\n"))
	odd, err := hex.DecodeString("504b0506000000000000000000000000000000000000")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(odd)
	f.Fuzz(func(t *testing.T, packed []byte) {
		b, err := edition.Unpack(packed)
		if err != nil {
			wantInvalid(t, err, "edition.other_content")
			return
		}
		again, err := b.Pack()
		if err != nil {
			t.Fatalf("read what cannot be packed: %v", err)
		}
		c, err := edition.Unpack(again)
		if err != nil || c.Content.Digest() != b.Content.Digest() || c.Registers.Digest() != b.Registers.Digest() {
			t.Errorf("%v after %v (%v)", c, b, err)
		}
	})
}
