// Package pdftest owns a reader of PDFs, for tests alone: it knows as much of
// ISO 32000-1 as files of package pdf use, and complains about what it does not
// know.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// Reader reads a PDF from its end, as ISO 32000-1 has it: by the
// cross-reference tables, newest first, and by what each object points to.
type Reader struct {
	t       testing.TB
	file    []byte
	objects map[int]int // offset by number
	Trailer string      // the newest
}

// Words are what is drawn at one place.
type Words struct {
	Page       int
	X, Y, Size float64 // in points; Y from the foot of the page
	Font       int
	Text       string
}

// Open finds all objects of a file.
func Open(t testing.TB, file []byte) *Reader {
	t.Helper()
	r := &Reader{t: t, file: file, objects: map[int]int{}}
	if !bytes.HasPrefix(file, []byte("%PDF-1.")) || !bytes.HasSuffix(file, []byte("%%EOF\n")) {
		t.Fatal("not a PDF from its first to its last line")
	}
	at := Number(t, `startxref\n(\d+)\n%%EOF\n$`, string(file[len(file)-40:]))
	for section := 0; ; section++ {
		trailer := r.section(at)
		if section == 0 {
			r.Trailer = trailer
		}
		if !strings.Contains(trailer, "/Prev") {
			return r
		}
		at = Number(t, `/Prev (\d+)`, trailer)
	}
}

var xrefEntry = regexp.MustCompile(`^(\d{10}) (\d{5}) ([nf]) \n`)

// section reads one table and returns its trailer.
func (r *Reader) section(at int) string {
	r.t.Helper()
	rest, ok := strings.CutPrefix(string(r.file[at:]), "xref\n")
	if !ok {
		r.t.Fatalf("no table at %d", at)
	}
	for !strings.HasPrefix(rest, "trailer") {
		line, after, _ := strings.Cut(rest, "\n")
		first, count := Number(r.t, `^(\d+) \d+$`, line), Number(r.t, `^\d+ (\d+)$`, line)
		rest = after
		for i := range count {
			m := xrefEntry.FindStringSubmatch(rest[:20])
			if m == nil {
				r.t.Fatalf("a line of the table reads %q", rest[:20])
			}
			rest = rest[20:]
			offset, _ := strconv.Atoi(m[1])
			if _, newer := r.objects[first+i]; !newer && m[3] == "n" {
				r.objects[first+i] = offset
			}
		}
	}
	trailer, _, _ := strings.Cut(rest, "startxref")
	return trailer
}

// Number is what the pattern has in its parentheses.
func Number(t testing.TB, pattern, in string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(in)
	if m == nil {
		t.Fatalf("nothing like %s in %.200q", pattern, in)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Object returns what stands between obj and the end of its dictionary, and the
// stream behind it.
func (r *Reader) Object(n int) (dict string, stream []byte) {
	r.t.Helper()
	at, ok := r.objects[n]
	if !ok {
		r.t.Fatalf("no object %d", n)
	}
	body, ok := bytes.CutPrefix(r.file[at:], []byte(strconv.Itoa(n)+" 0 obj\n"))
	if !ok {
		r.t.Fatalf("no object %d at %d", n, at)
	}
	end := bytes.Index(body, []byte("endobj"))
	if i := bytes.Index(body, []byte("stream\n")); i >= 0 && i < end {
		dict, body = string(body[:i]), body[i+len("stream\n"):]
		body = body[:Number(r.t, `/Length (\d+)`, dict)]
		if !strings.Contains(dict, "FlateDecode") {
			return dict, body
		}
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		if body, err = io.ReadAll(z); err != nil {
			r.t.Fatal(err)
		}
		return dict, body
	}
	return string(body[:end]), nil
}

var (
	reference = regexp.MustCompile(`(\d+) 0 R`)
	fontName  = regexp.MustCompile(`/F(\d+) (\d+) 0 R`)
	shown     = regexp.MustCompile(`BT\n([-\d.]+) ([-\d.]+) TD\n/F(\d+) ([\d.]+) Tf [\d.]+ Tc\n[^\[]*\[<([0-9A-F]*)>\] TJ\nET`)
	bfchar    = regexp.MustCompile(`(?m)^<([0-9A-F]{4})> <([0-9A-F]+)>$`)
)

// Words returns everything that is drawn, page by page, as the maps to text
// tell it, and the number of pages.
func (r *Reader) Words() (all []Words, pages int) {
	r.t.Helper()
	catalog, _ := r.Object(Number(r.t, `/Root (\d+) 0 R`, r.Trailer))
	tree, _ := r.Object(Number(r.t, `/Pages (\d+) 0 R`, catalog))
	kids := reference.FindAllStringSubmatch(tree[strings.Index(tree, "/Kids"):], -1)
	for page, kid := range kids {
		n, _ := strconv.Atoi(kid[1])
		dict, _ := r.Object(n)
		resources, _ := r.Object(Number(r.t, `/Resources (\d+) 0 R`, dict))
		maps := map[string]map[string]string{}
		for _, f := range fontName.FindAllStringSubmatch(resources, -1) {
			maps[f[1]] = r.textMap(f[2])
		}
		_, content := r.Object(Number(r.t, `/Contents\s+(\d+) 0 R`, dict))
		drawn := shown.FindAllSubmatch(content, -1)
		if n := bytes.Count(content, []byte(" TJ")); n != len(drawn) {
			r.t.Fatalf("page %d draws %d times, %d were understood", page+1, n, len(drawn))
		}
		for _, d := range drawn {
			w := Words{Page: page + 1, Text: r.decode(string(d[5]), maps[string(d[3])])}
			for i, to := range []*float64{&w.X, &w.Y, nil, &w.Size} {
				if to != nil {
					*to, _ = strconv.ParseFloat(string(d[i+1]), 64)
				}
			}
			w.Font, _ = strconv.Atoi(string(d[3]))
			all = append(all, w)
		}
	}
	return all, len(kids)
}

func (r *Reader) textMap(font string) map[string]string {
	r.t.Helper()
	n, _ := strconv.Atoi(font)
	dict, _ := r.Object(n)
	_, cmap := r.Object(Number(r.t, `/ToUnicode (\d+) 0 R`, dict))
	m := map[string]string{}
	for _, c := range bfchar.FindAllStringSubmatch(string(cmap), -1) {
		raw, err := hex.DecodeString(c[2])
		if err != nil || len(raw)%2 != 0 {
			r.t.Fatalf("glyph %s maps to %s", c[1], c[2])
		}
		var units []uint16
		for i := 0; i < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		m[c[1]] = string(utf16.Decode(units))
	}
	return m
}

func (r *Reader) decode(glyphs string, m map[string]string) string {
	var b strings.Builder
	for ; len(glyphs) >= 4; glyphs = glyphs[4:] {
		text, ok := m[glyphs[:4]]
		if !ok || glyphs[:4] == "0000" {
			r.t.Fatalf("glyph %s is no character", glyphs[:4])
		}
		b.WriteString(text)
	}
	return b.String()
}
