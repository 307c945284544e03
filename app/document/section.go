package document

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// Section is a stretch of a text under one heading. Joined in order, the
// Source of all sections is the whole text.
type Section struct {
	ID      string // of the heading, such as "2-5"; "" when it has none
	Level   int    // of the heading; 0 for what comes before the first
	Heading string // as plain text
	Line    int    // of the heading, counted from 1
	Source  []byte // heading and body
	Body    []byte // what follows the heading
}

// Sections divides a text at every heading that has an ID, and at headings
// without one that are not deeper than the section they end. Headings inside
// quotations and lists divide nothing.
func Sections(source []byte) []Section {
	var sections []Section
	current := Section{Line: 1}
	start, bodyStart := 0, 0
	end := func(at int) {
		current.Source, current.Body = source[start:at:at], source[bodyStart:at:at]
		if current.Level > 0 || len(bytes.TrimSpace(current.Source)) > 0 {
			sections = append(sections, current)
		}
	}
	for n := parseMarkdown(source, Options{}).FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok || h.Lines().Len() == 0 || (idOf(h) == "" && (current.Level == 0 || h.Level > current.Level)) {
			continue
		}
		from, to := headingSpan(h, source)
		end(from)
		if len(sections) > 0 { // else blank lines at the top stay with the first section
			start = from
		}
		bodyStart = to
		current = Section{ID: idOf(h), Level: h.Level, Heading: inlineText(h, source), Line: lineAt(source, from)}
	}
	end(len(source))
	return sections
}

// Heading is one heading of a text.
type Heading struct {
	ID    string
	Level int
	Text  string // without marks and readings
	Line  int    // counted from 1
}

// Headings returns every heading of a text in order.
func Headings(source []byte) []Heading {
	var headings []Heading
	for _, n := range allNodes(parseMarkdown(source, Options{})) {
		if h, ok := n.(*ast.Heading); ok && h.Lines().Len() > 0 {
			line := lineAt(source, h.Lines().At(0).Start)
			headings = append(headings, Heading{ID: idOf(h), Level: h.Level, Text: inlineText(h, source), Line: line})
		}
	}
	return headings
}

// headingSpan returns where the heading begins and where the line after it does.
func headingSpan(h *ast.Heading, source []byte) (from, to int) {
	first, last := h.Lines().At(0), h.Lines().At(h.Lines().Len()-1)
	from = bytes.LastIndexByte(source[:first.Start], '\n') + 1
	to = last.Stop
	if source[to-1] != '\n' { // a span may or may not hold its line's break
		to = nextLine(source, to)
	}
	if !bytes.ContainsRune(source[from:first.Start], '#') {
		to = nextLine(source, to) // past the underline
	}
	return from, to
}

// nextLine returns the start of the line after the one that at is in.
func nextLine(source []byte, at int) int {
	if i := bytes.IndexByte(source[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(source)
}

func lineAt(source []byte, at int) int { return bytes.Count(source[:at], []byte{'\n'}) + 1 }

// PlainText returns the words of a text without its marks: a block to a line,
// the cells of a table row with a tab between, no readings.
func PlainText(source []byte) string {
	var out strings.Builder
	for _, n := range allNodes(parseMarkdown(source, Options{})) {
		switch {
		case n.Kind() == table.KindTableCell:
			out.WriteString(inlineText(n, source))
			if n.NextSibling() != nil {
				out.WriteByte('\t')
			} else {
				out.WriteByte('\n')
			}
		case n.Kind() == ast.KindCodeBlock || n.Kind() == ast.KindFencedCodeBlock:
			out.Write(n.Lines().Value(source))
		case n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock || n.Kind() == ast.KindHeading:
			out.WriteString(inlineText(n, source))
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// inlineText returns the text of a block's inline content on one line.
func inlineText(block ast.Node, source []byte) string {
	var out bytes.Buffer
	for _, n := range allNodes(block) {
		value := visible(n, source)
		if t, ok := n.(*ast.Text); ok && !t.IsRaw() && n.Parent().Kind() != ast.KindCodeSpan {
			value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
		}
		out.Write(value)
		if t, ok := n.(*ast.Text); ok && (t.SoftLineBreak() || t.HardLineBreak()) {
			out.WriteByte(' ')
		}
	}
	return strings.TrimSpace(out.String())
}
