package document

import (
	"bytes"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// ruby is a word with its reading: {漢字|かんじ}. In a table the bar is escaped,
// {漢字\|かんじ}, because a bare one would end the cell.
type ruby struct {
	ast.BaseInline
	base, reading []byte
}

var kindRuby = ast.NewNodeKind("Ruby")

func (*ruby) Kind() ast.NodeKind { return kindRuby }

func (r *ruby) Dump(source []byte, level int) {
	ast.DumpHelper(r, source, level, map[string]string{"Base": string(r.base), "Reading": string(r.reading)}, nil)
}

// A reading longer than this is not one; the braces stay as they are.
const maxRubyRunes = 64

type rubyParser struct{}

func (rubyParser) Trigger() []byte { return []byte{'{'} }

func (rubyParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	base, reading, length, ok := splitRuby(line)
	if !ok {
		return nil
	}
	block.Advance(length)
	return &ruby{base: bytes.Clone(base), reading: bytes.Clone(reading)}
}

// splitRuby reads ruby at the start of line and says how long it is.
func splitRuby(line []byte) (base, reading []byte, length int, ok bool) {
	if len(line) == 0 || line[0] != '{' {
		return nil, nil, 0, false
	}
	end := bytes.IndexByte(line, '}')
	if end < 0 {
		return nil, nil, 0, false
	}
	base, reading, found := bytes.Cut(line[1:end], []byte{'|'})
	if !found {
		return nil, nil, 0, false
	}
	base = bytes.TrimSuffix(base, []byte{'\\'})
	for _, part := range [][]byte{base, reading} {
		if len(bytes.TrimSpace(part)) == 0 || bytes.ContainsAny(part, "{|\\<>&\"`\n") || utf8.RuneCount(part) > maxRubyRunes {
			return nil, nil, 0, false
		}
	}
	return base, reading, end + 1, true
}

type rubyRenderer struct{}

func (rubyRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindRuby, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if r, ok := n.(*ruby); ok && entering {
			_, _ = w.WriteString("<ruby>")
			_, _ = w.Write(util.EscapeHTML(r.base))
			_, _ = w.WriteString("<rp>(</rp><rt>")
			_, _ = w.Write(util.EscapeHTML(r.reading))
			_, _ = w.WriteString("</rt><rp>)</rp></ruby>")
		}
		return ast.WalkSkipChildren, nil
	})
}
