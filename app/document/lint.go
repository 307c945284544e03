package document

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Lint reports what Render would leave out or the page could not carry: raw
// HTML, images, links to elsewhere, a heading of level 1 (the page has its
// own), headings whose IDs are malformed or come twice. firstLine is the line
// of the file that source begins at.
func Lint(file string, source []byte, firstLine int) Problems {
	if ps := Check(file, source); len(ps) > 0 {
		return ps
	}
	l := linter{file: file, source: source, firstLine: firstLine, seen: map[string]bool{}}
	plain := parseMarkdown(source, Options{keepHTML: true})
	for _, n := range allNodes(plain) {
		l.node(n)
	}
	return l.problems.Sorted()
}

type linter struct {
	file      string
	source    []byte
	firstLine int
	seen      map[string]bool
	problems  Problems
}

func (l *linter) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.HTMLBlock, *ast.RawHTML:
		l.add(n, "raw HTML is not shown: write Markdown, and < as &lt;")
	case *ast.Image:
		l.add(n, "images are not shown")
	case *ast.Link:
		if !safeURL.Match(n.Destination) {
			l.add(n, "a link may lead to https, mailto or this site only")
		}
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkURL && !safeURL.Match(n.URL(l.source)) {
			l.add(n, "a link may lead to https, mailto or this site only")
		}
	case *ast.Heading:
		l.heading(n)
	}
}

func (l *linter) heading(h *ast.Heading) {
	heading, id := inlineText(h, l.source), idOf(h)
	if h.Level == 1 {
		l.add(h, "headings start at level 2 (##)")
	}
	if heading == "" {
		l.add(h, "a heading has no text")
	}
	if strings.Contains(heading, "{#") {
		l.add(h, "the heading's ID is malformed: want {#2-5} at its end")
	}
	if id != "" && l.seen[id] {
		l.add(h, "the heading's ID "+id+" comes twice")
	}
	if id != "" && h.Parent().Kind() != ast.KindDocument {
		l.add(h, "a heading with an ID cannot stand in a quotation or a list")
	}
	l.seen[id] = true
}

func (l *linter) add(n ast.Node, message string) {
	at := -1
	for ; n != nil && at < 0; n = n.Parent() {
		if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			at = n.Lines().At(0).Start
		} else if n.Type() == ast.TypeInline {
			at = n.Pos()
		}
	}
	line := l.firstLine
	if at > 0 {
		line += bytes.Count(l.source[:at], []byte{'\n'})
	}
	l.problems.Add(l.file, line, "%s", message)
}
