package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// textMap is the object that says which characters a font's glyphs are
// (ISO 32000-1, 9.10.3): with it, what is drawn can be searched, copied and read
// aloud.
type textMap struct {
	object int // its number
	face   *face
	used   map[rune]bool
}

// amend appends what the library has no way to say, as an incremental update
// (ISO 32000-1, 7.5.6): the language, the title in the window, the document's
// information, an identifier, and maps to text that know characters beyond
// U+FFFF too.
func amend(file []byte, s Sheet, maps []textMap) []byte {
	u := update{file: file, next: objects(file)}
	u.object(1, "<< /Type /Catalog /Pages 2 0 R /Lang "+textString(s.Language)+" /ViewerPreferences << /DisplayDocTitle true >> >>")
	for _, m := range maps {
		content := m.cmap()
		u.object(m.object, fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	}
	info := u.next
	date := s.At.UTC().Format("20060102150405Z")
	u.object(info, "<< /Title "+textString(s.Title)+" /Author "+textString(s.Over)+" /Creator (Kokoroe) /CreationDate (D:"+date+") /ModDate (D:"+date+") >>")
	return u.finish(info)
}

type update struct {
	file    []byte
	next    int // the first free number
	offsets []placed
}

type placed struct{ number, offset int }

func (u *update) object(number int, content string) {
	u.offsets = append(u.offsets, placed{number, len(u.file)})
	u.file = fmt.Appendf(u.file, "%d 0 obj\n%s\nendobj\n", number, content)
	u.next = max(u.next, number+1)
}

func (u *update) finish(info int) []byte {
	previous := lastNumber(u.file, "startxref\n")
	sum := sha256.Sum256(u.file)
	at := len(u.file)
	u.file = append(u.file, "xref\n"...)
	slices.SortFunc(u.offsets, func(a, b placed) int { return a.number - b.number })
	for _, o := range u.offsets {
		u.file = fmt.Appendf(u.file, "%d 1\n%010d 00000 n \n", o.number, o.offset)
	}
	u.file = fmt.Appendf(u.file, "trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R /Prev %d /ID [<%x> <%x>] >>\nstartxref\n%d\n%%%%EOF\n",
		u.next, info, previous, sum[:16], sum[:16], at)
	return u.file
}

// objects is the number that the file's next object has.
func objects(file []byte) int { return lastNumber(file, "/Size ") }

// lastNumber reads the number behind the last mark; 0 when there is none.
func lastNumber(file []byte, mark string) int {
	n := 0
	if i := bytes.LastIndex(file, []byte(mark)); i >= 0 {
		_, _ = fmt.Sscanf(string(file[i+len(mark):min(i+len(mark)+12, len(file))]), "%d", &n)
	}
	return n
}

// cmap maps glyphs to UTF-16. Of characters that share a glyph, and so look the
// same, the first stands for all.
func (m textMap) cmap() string {
	runes := make([]rune, 0, len(m.used))
	for r := range m.used {
		runes = append(runes, r)
	}
	slices.Sort(runes)
	var lines []string
	seen := map[uint]bool{}
	for _, r := range runes {
		if g, ok := m.face.glyph(r); ok && !seen[g] {
			seen[g] = true
			lines = append(lines, fmt.Sprintf("<%04X> <%s>\n", g, utf16Hex(string(r))))
		}
	}
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for part := range slices.Chunk(lines, 100) { // no more in one block
		fmt.Fprintf(&b, "%d beginbfchar\n%sendbfchar\n", len(part), strings.Join(part, ""))
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend")
	return b.String()
}

// textString is a text of the document's own (ISO 32000-1, 7.9.2.2).
func textString(s string) string { return "<FEFF" + utf16Hex(s) + ">" }

func utf16Hex(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}
