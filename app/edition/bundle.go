package edition

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kokoroe/app/fault"
)

// The limits of a bundle. MongoDB holds 16 MiB in a document, and what one store
// refuses the other does.
const (
	MaxBundle = 15 << 20 // bytes of a packed bundle, and of all files together
	MaxFiles  = 10_000
	maxPath   = 255 // bytes
)

// A bundle is a zip archive of uncompressed files: first formatFile, which says
// how to read the rest, then every file under the name of its part, in the order
// of the paths' bytes. No entry has a time.
const (
	formatFile = "format"
	format     = "kokoroe.edition/v1\n"
	formats    = "kokoroe.edition/"
)

// Files are the files of one part, by path.
type Files map[string][]byte

// Digest names the files by what they are called and hold: it is the SHA-256,
// as "sha256:" and 64 hex digits, of what sha256sum prints of them in the order
// of their paths.
func (f Files) Digest() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(sum, "%x  %s\n", sha256.Sum256(f[name]), name)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// FS returns the files as a file system to read from. Invalid as Pack says.
func (f Files) FS() (fs.FS, error) {
	packed, err := Bundle{Content: f}.Pack()
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, err
	}
	return fs.Sub(archive, string(Content))
}

// Bundle is the files of both parts.
type Bundle struct{ Content, Registers Files }

// Files returns the files of a part.
func (b Bundle) Files(p Part) Files {
	if p == Content {
		return b.Content
	}
	return b.Registers
}

// With returns the bundle with other files in a part.
func (b Bundle) With(p Part, files Files) Bundle {
	if p == Content {
		b.Content = files
	} else {
		b.Registers = files
	}
	return b
}

// Pack returns the bundle as bytes: the same files make the same bytes. Invalid
// when a path is none, or there is more than a bundle may hold.
func (b Bundle) Pack() ([]byte, error) {
	if len(b.Content)+len(b.Registers) > MaxFiles {
		return nil, tooLarge(fmt.Sprintf("%d files", len(b.Content)+len(b.Registers)))
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	add := func(name string, data []byte) error {
		if packed.Len()+len(data) > MaxBundle {
			return tooLarge(name)
		}
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(data)
		}
		if err == nil {
			err = archive.Flush()
		}
		return err
	}
	if err := add(formatFile, []byte(format)); err != nil {
		return nil, err
	}
	for _, p := range Parts {
		files := b.Files(p)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if !isPath(name) {
				return nil, fault.Wrap(fmt.Errorf("%q is no path of a file", name), fault.Invalid, "edition.path")
			}
			if err := add(path.Join(string(p), name), files[name]); err != nil {
				return nil, err
			}
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if packed.Len() > MaxBundle {
		return nil, tooLarge("the list of files")
	}
	return packed.Bytes(), nil
}

func tooLarge(what string) error {
	return fault.Wrap(fmt.Errorf("content and registers hold more than %d files or %d MiB: %s", MaxFiles, MaxBundle>>20, what),
		fault.Invalid, "edition.too_large")
}

// isPath reports whether name is a path that every system has, below a folder.
func isPath(name string) bool {
	odd := func(r rune) bool { return r == '\\' || unicode.IsControl(r) }
	return fs.ValidPath(name) && name != "." && len(name) <= maxPath && utf8.ValidString(name) && !strings.ContainsFunc(name, odd)
}

// Unpack reads a packed bundle. Invalid when it is none, or of a format that a
// newer program writes. No more is read than the bundle says and may hold.
func Unpack(packed []byte) (Bundle, error) {
	b, err := unpack(packed)
	if err != nil {
		return Bundle{}, fault.Wrap(err, fault.Invalid, "edition.other_content")
	}
	return b, nil
}

func unpack(packed []byte) (Bundle, error) {
	if len(packed) > MaxBundle {
		return Bundle{}, errors.New("the bundle is too large")
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return Bundle{}, err
	}
	if len(archive.File) == 0 || len(archive.File) > MaxFiles+1 || archive.File[0].Name != formatFile {
		return Bundle{}, errors.New("the bundle does not say what format it has")
	}
	left := uint64(len(packed)) // files that lie over each other are more than that
	said, err := contents(archive.File[0], &left)
	switch {
	case err != nil:
		return Bundle{}, err
	case string(said) != format && strings.HasPrefix(string(said), formats):
		return Bundle{}, fmt.Errorf("the bundle is of the format %.40q, and this program knows %q: use the newer program", said, format)
	case string(said) != format:
		return Bundle{}, errors.New("the bundle is of an unknown format")
	}
	b := Bundle{Content: Files{}, Registers: Files{}}
	last := ""
	for _, f := range archive.File[1:] {
		part, name, _ := strings.Cut(f.Name, "/")
		known := part == string(Content) || part == string(Registers)
		if !known || !isPath(name) || f.Name <= last {
			return Bundle{}, fmt.Errorf("the bundle holds %.80q, out of place", f.Name)
		}
		last = f.Name
		if b.Files(Part(part))[name], err = contents(f, &left); err != nil {
			return Bundle{}, err
		}
	}
	return b, nil
}

// contents reads a file of no more bytes than are left.
func contents(f *zip.File, left *uint64) ([]byte, error) {
	if f.Method != zip.Store || f.UncompressedSize64 != f.CompressedSize64 || f.UncompressedSize64 > *left {
		return nil, fmt.Errorf("%.80q is compressed, or too large", f.Name)
	}
	*left -= f.UncompressedSize64
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}
