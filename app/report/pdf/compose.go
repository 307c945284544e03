package pdf

import (
	"fmt"
	"slices"
	"strings"
)

// Measures in points. A4 is 595.28 by 841.89.
const (
	pageWidth, pageHeight = 595.28, 841.89
	left, right           = 51.0, pageWidth - 51.0
	top, bottom           = 48.0, pageHeight - 62.0
	footLine              = pageHeight - 50.0
	footSize              = 8.0
	codeSide              = 92.0 // of the QR code with its quiet zone
	codeLeft              = right - codeSide
	termWidth             = 112.0
	frameIndent           = 10.0
)

// run is words at one place of a line.
type run struct {
	x, size float64
	bold    bool
	text    string
}

// line is one line of a page.
type line struct {
	height float64
	runs   []run
	rule   bool // a thin rule above it
	framed bool // a thick rule at its left
	keep   bool // not the last of a page
}

// page is the lines that a page holds.
type page []line

// composer makes lines of words at a scale; 1 is the usual size.
type composer struct {
	t     *fonts
	scale float64
	lines []line
}

// scales are tried in turn until the first page holds what it has to.
var scales = []float64{1, 0.94, 0.88, 0.82}

// compose parts a sheet into pages.
func compose(t *fonts, s Sheet) []page {
	if lacking := lackingOf(t, s); lacking != "" {
		s.Sections = append(slices.Clone(s.Sections), Section{Heading: s.LackingTitle, Lines: []string{s.Lacking(lacking)}})
	}
	first, moved := composeFirst(t, s)
	pages := paginate(first)
	for _, section := range append(moved, s.Appendices...) {
		c := composer{t: t, scale: 1}
		c.section(section)
		pages = append(pages, paginate(c.lines)...)
	}
	return pages
}

// composeFirst returns the lines of the first page, and the sections that had
// to move. When nothing helps, the lines are more than a page holds.
func composeFirst(t *fonts, s Sheet) (lines []line, moved []Section) {
	sections := slices.Clone(s.Sections)
	for i := len(sections); ; i-- {
		for _, scale := range scales {
			c := composer{t: t, scale: scale}
			c.head(s)
			for _, section := range sections {
				c.section(section)
			}
			if lines = c.lines; height(lines) <= bottom-top {
				return lines, moved
			}
		}
		// The longest that may move does.
		longest := -1
		for j, section := range sections {
			if section.Later != "" && (longest < 0 || size(section) > size(sections[longest])) {
				longest = j
			}
		}
		if longest < 0 || i < 0 {
			return lines, moved
		}
		away := sections[longest]
		away.Later = ""
		moved = append(moved, away)
		sections[longest] = Section{Heading: away.Heading, Lines: []string{sections[longest].Later}}
	}
}

func size(s Section) int { return len(strings.Join(s.Lines, "\n")) }

func height(lines []line) float64 {
	h := 0.0
	for _, l := range lines {
		h += l.height
	}
	return h
}

// head is what stands beside the code.
func (c *composer) head(s Sheet) {
	wide := right - left
	if s.Link != "" {
		wide = codeLeft - left - 14
	}
	c.paragraph(left, wide, 9.5, false, s.Over)
	c.space(4)
	c.paragraph(left, wide, 17, true, s.Title)
	c.space(4)
	c.paragraph(left, wide, 9.5, false, s.Lead)
	beside := height(c.lines)
	if s.Link != "" {
		label := composer{t: c.t, scale: c.scale}
		label.paragraph(codeLeft, codeSide, 7.5, false, s.LinkLabel)
		c.space(max(0, codeSide+height(label.lines)+4-beside))
	}
	c.space(6)
}

func (c *composer) section(s Section) {
	c.space(9)
	c.paragraph(left, right-left, 11.5, true, s.Heading)
	c.keepLast()
	c.space(3)
	c.keepLast()
	for _, row := range s.Rows {
		c.row(row)
	}
	indent := 0.0
	if s.Framed {
		indent = frameIndent
	}
	from := len(c.lines)
	for _, paragraph := range s.Lines {
		if paragraph == "" {
			c.space(7)
		}
		c.paragraph(left+indent, right-left-indent, 9.5, false, paragraph)
	}
	for i := range c.lines[from:] {
		c.lines[from+i].framed = s.Framed
	}
}

// row sets the term beside its lines; either may be the longer.
func (c *composer) row(r Row) {
	const size, gap = 9.0, 8.0
	terms := c.broken(r.Term, true, size, termWidth-gap)
	var texts []string
	for _, text := range r.Lines {
		texts = append(texts, c.broken(text, false, size, right-left-termWidth)...)
	}
	for i := range max(len(terms), len(texts)) {
		l := line{height: size * c.scale * 1.5, rule: i == 0, keep: i == 0 && len(texts) > 1}
		if i < len(terms) {
			l.runs = append(l.runs, run{left, size * c.scale, true, terms[i]})
		}
		if i < len(texts) {
			l.runs = append(l.runs, run{left + termWidth, size * c.scale, false, texts[i]})
		}
		c.lines = append(c.lines, l)
	}
	c.space(2.5)
}

func (c *composer) space(h float64) {
	if h > 0 {
		c.lines = append(c.lines, line{height: h * c.scale})
	}
}

func (c *composer) keepLast() { c.lines[len(c.lines)-1].keep = true }

// paragraph sets words over lines of a width; line ends in it are its own.
func (c *composer) paragraph(x, wide, size float64, bold bool, text string) {
	if text == "" {
		return
	}
	for _, words := range c.broken(text, bold, size, wide) {
		c.lines = append(c.lines, line{height: size * c.scale * 1.55, runs: []run{{x, size * c.scale, bold, words}}})
	}
}

// broken parts text into lines that fit.
func (c *composer) broken(text string, bold bool, size, wide float64) []string {
	f := c.t.face(bold)
	var out []string
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		width := func(r rune) float64 { return f.width(r, size*c.scale) }
		out = append(out, Break(f.drawn(part, func(rune) {}), width, wide)...)
	}
	return out
}

func (t *fonts) face(bold bool) *face {
	if bold {
		return t.bold
	}
	return t.regular
}

// paginate deals lines out to pages. Lines that must not be the last of a page
// go over to the next with what they belong to.
func paginate(lines []line) []page {
	var pages []page
	for len(lines) > 0 {
		n, used := 0, 0.0
		for n < len(lines) && used+lines[n].height <= bottom-top {
			used += lines[n].height
			n++
		}
		if n < len(lines) {
			for n > 1 && lines[n-1].keep {
				n--
			}
		}
		n = max(n, 1)
		pages = append(pages, lines[:n])
		for lines = lines[n:]; len(lines) > 0 && lines[0].runs == nil; {
			lines = lines[1:] // no page begins with space
		}
	}
	return pages
}

// lackingOf lists the characters of the sheet that the font lacks, by code
// point, each with the number of times that it is asked for.
func lackingOf(t *fonts, s Sheet) string {
	count := map[rune]int{}
	note := func(bold bool, texts ...string) {
		for _, text := range texts {
			for part := range strings.SplitSeq(text, "\n") {
				t.face(bold).drawn(part, func(r rune) { count[r]++ })
			}
		}
	}
	note(true, s.Title)
	note(false, s.Over, s.Lead, s.LinkLabel, s.Foot)
	for _, section := range append(slices.Clone(s.Sections), s.Appendices...) {
		note(true, section.Heading)
		note(false, section.Lines...)
		for _, row := range section.Rows {
			note(true, row.Term)
			note(false, row.Lines...)
		}
	}
	list := make([]string, 0, len(count))
	for r, n := range count {
		list = append(list, fmt.Sprintf("U+%04X ×%d", r, n))
	}
	slices.SortFunc(list, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	const most = 40
	if len(list) > most {
		list = append(list[:most], "…")
	}
	return strings.Join(list, ", ")
}
