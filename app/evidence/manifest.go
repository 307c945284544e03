package evidence

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// ManifestFile is the name of the file that lists an exported log's others.
	ManifestFile = "manifest.json"

	manifestFormat = "kokoroe-log-export/v1"
	maxLine        = 4096    // bytes of a line of the manifest
	maxKeys        = 1 << 10 // of a list in the manifest, files apart
)

// Manifest says what an exported log is of.
type Manifest struct {
	Origin       string
	Size         int64
	Root         tlog.Hash
	Program      string   // version of the program that exported
	Keys         []string // verifier keys of log and witnesses, for who has no trust policy; they prove nothing
	Records      bool     // whether records and texts are there
	Erased       int64    // entries without a record
	MissingTexts []string // digests of texts that the exporting store had no more
}

// exportedFile is a line of the manifest's files.
type exportedFile struct {
	path   string // with slashes
	size   int64
	sha256 [32]byte
}

// before reports whether a path stands before another in a manifest: in the
// order in which a folder is walked.
func before(a, b string) bool {
	return strings.ReplaceAll(a, "/", "\x00") < strings.ReplaceAll(b, "/", "\x00")
}

// writeManifest writes one member, and one file, a line.
func writeManifest(w io.Writer, m Manifest, files []exportedFile) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "{\n")
	for _, member := range []struct {
		name  string
		value any
	}{
		{"format", manifestFormat}, {"origin", m.Origin}, {"size", m.Size}, {"root", base64.StdEncoding.EncodeToString(m.Root[:])},
		{"program", m.Program}, {"records", m.Records}, {"erased", m.Erased},
	} {
		v, err := json.Marshal(member.value)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, " %q: %s,\n", member.name, v)
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"keys", m.Keys}, {"missing_texts", m.MissingTexts}} {
		fmt.Fprintf(b, " %q: [", list.name)
		for i, v := range list.values {
			text, err := json.Marshal(v)
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "%s\n  %s", comma(i), text)
		}
		fmt.Fprint(b, "],\n")
	}
	fmt.Fprint(b, " \"files\": [")
	for i, f := range files {
		fmt.Fprintf(b, "%s\n  {\"path\": %q, \"size\": %d, \"sha256\": \"%x\"}", comma(i), f.path, f.size, f.sha256)
	}
	fmt.Fprint(b, "\n ]\n}\n")
	return b.Flush()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// readManifest reads a manifest without holding its files in memory: file is
// told of each, in the manifest's order. Members may stand in any order; none is
// unknown, missing or there twice.
func readManifest(r io.Reader, file func(exportedFile) error) (Manifest, error) {
	p := manifestParser{dec: json.NewDecoder(&shortLines{r: r}), file: file}
	var m Manifest
	var format, root string
	seen := map[string]bool{}
	p.object(func(name string) {
		if seen[name] {
			p.fail("has %q twice", name)
		}
		seen[name] = true
		switch name {
		case "format":
			format = p.text()
		case "origin":
			m.Origin = p.text()
		case "size":
			m.Size = p.number()
		case "root":
			root = p.text()
		case "program":
			m.Program = p.text()
		case "records":
			m.Records = p.boolean()
		case "erased":
			m.Erased = p.number()
		case "keys":
			m.Keys = p.texts()
		case "missing_texts":
			m.MissingTexts = p.texts()
		case "files":
			p.files()
		default:
			p.fail("has an unknown member %q", name)
		}
	})
	if _, err := p.dec.Token(); p.err == nil && !errors.Is(err, io.EOF) {
		p.fail("goes on behind its end")
	}
	var err error
	if m.Root, err = parseHash(root); err != nil {
		p.fail("has a malformed root")
	}
	if format != manifestFormat {
		p.fail("is of another format, %.40q", format)
	}
	if len(seen) != 10 {
		p.fail("has too few members")
	}
	return m, p.err
}

// manifestParser reads token by token. After the first error it reads no more.
type manifestParser struct {
	dec  *json.Decoder
	file func(exportedFile) error
	err  error
}

func (p *manifestParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("manifest "+format, args...)
	}
}

func (p *manifestParser) token() json.Token {
	if p.err != nil {
		return nil
	}
	t, err := p.dec.Token()
	if err != nil {
		p.fail("is not JSON: %w", err)
	}
	return t
}

func (p *manifestParser) delim(want json.Delim) {
	if t := p.token(); t != want {
		p.fail("has something else where a %v should be", want)
	}
}

func (p *manifestParser) object(member func(name string)) {
	for p.delim('{'); p.err == nil && p.dec.More(); {
		member(p.text())
	}
	p.delim('}')
}

func (p *manifestParser) list(element func()) {
	for p.delim('['); p.err == nil && p.dec.More(); {
		element()
	}
	p.delim(']')
}

// maxManifestText is the size in bytes of one text of a manifest: written with
// escapes it still fits a line.
const maxManifestText = 512

// text reads a text. Where U+FFFD stands a character was lost on the way, and
// the decoder writes it for bytes that are no text.
func (p *manifestParser) text() string {
	s, ok := p.token().(string)
	if !ok || len(s) > maxManifestText || strings.ContainsRune(s, utf8.RuneError) {
		p.fail("has something else where a text of at most %d bytes should be", maxManifestText)
	}
	return s
}

func (p *manifestParser) boolean() bool {
	b, ok := p.token().(bool)
	if !ok {
		p.fail("has something else where true or false should be")
	}
	return b
}

func (p *manifestParser) number() int64 {
	p.dec.UseNumber()
	n, ok := p.token().(json.Number)
	v, err := parseNumber(n.String())
	if !ok || err != nil {
		p.fail("has something else where a number should be")
	}
	return v
}

func (p *manifestParser) texts() (out []string) {
	p.list(func() {
		if out = append(out, p.text()); len(out) > maxKeys {
			p.fail("has a list of more than %d", maxKeys)
		}
	})
	return out
}

func (p *manifestParser) files() {
	last := ""
	p.list(func() {
		var f exportedFile
		var sum string
		seen := map[string]bool{}
		p.object(func(name string) {
			switch name {
			case "path":
				f.path = p.text()
			case "size":
				f.size = p.number()
			case "sha256":
				sum = p.text()
			default:
				p.fail("has a file with an unknown member %q", name)
			}
			if seen[name] {
				p.fail("has a file with %q twice", name)
			}
			seen[name] = true
		})
		b, err := hex.DecodeString(sum)
		if err != nil || len(b) != 32 || hex.EncodeToString(b) != sum || len(seen) != 3 {
			p.fail("has a malformed file %.80q", f.path)
		}
		if f.path == ManifestFile || f.path == "." || !isExportPath(f.path) || !before(last, f.path) {
			p.fail("has a file out of order or place, %.80q", f.path)
		}
		last = f.path
		copy(f.sha256[:], b)
		if p.err == nil {
			p.err = p.file(f)
		}
	})
}

// isExportPath reports whether an export could have a file of that path: lower
// case, digits and little else, so that it is the same on every system.
func isExportPath(path string) bool {
	return fs.ValidPath(path) && strings.Trim(path, "abcdefghijklmnopqrstuvwxyz0123456789/.-_") == ""
}

// shortLines reads text of lines that are not too long, so that no token of it
// fills the memory.
type shortLines struct {
	r    io.Reader
	line int
}

var errLongLine = fmt.Errorf("a line has more than %d bytes", maxLine)

func (s *shortLines) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	for _, c := range b[:n] {
		if s.line++; c == '\n' {
			s.line = 0
		}
		if s.line > maxLine {
			return 0, errLongLine
		}
	}
	return n, err
}
