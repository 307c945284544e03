package document

import (
	"bytes"
	"regexp"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown is GitHub's Markdown without task lists (their boxes are form
// fields), with ruby. It is safe for concurrent use.
//
// Line breaks between Japanese characters are joined by the transformer and
// not by goldmark's CJK extension, which drops every line break before
// emphasis or a link, between English words too.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
	goldmark.WithParserOptions(
		parser.WithInlineParsers(util.Prioritized(rubyParser{}, 150)),
		parser.WithASTTransformers(util.Prioritized(transformer{}, 1000)),
	),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(
		util.Prioritized(rubyRenderer{}, 500),
		util.Prioritized(tableFrameRenderer{}, 500),
	)),
)

var optionsKey = parser.NewContextKey()

// parseMarkdown returns the tree, transformed as the options ask.
func parseMarkdown(source []byte, o Options) ast.Node {
	pc := parser.NewContext()
	pc.Set(optionsKey, o)
	return markdown.Parser().Parse(text.NewReader(source), parser.WithContext(pc))
}

// transformer makes of the plain tree what this program means by Markdown.
type transformer struct{}

func (transformer) Transform(doc *ast.Document, reader text.Reader, pc parser.Context) {
	o, _ := pc.Get(optionsKey).(Options)
	source := reader.Source()
	taken := map[string]bool{}
	for _, n := range allNodes(doc) { // a list, because the tree changes on the way
		switch n := n.(type) {
		case *ast.Heading:
			takeHeadingID(n, source, o, taken)
			n.Level = min(n.Level+o.Deeper, 6)
		case *ast.Text:
			joinLines(n, source)
		case *ast.Link:
			markForeign(n, n.Destination)
		case *ast.AutoLink:
			markForeign(n, n.URL(source))
		case *table.Table:
			frameTable(n)
		case *table.TableCell:
			describeCell(n)
		case *ast.HTMLBlock, *ast.RawHTML:
			if !o.keepHTML {
				n.Parent().RemoveChild(n.Parent(), n)
			}
		case *ruby:
			if o.NoRuby {
				n.Parent().ReplaceChild(n.Parent(), n, ast.NewString(n.base))
			}
		}
	}
}

func allNodes(root ast.Node) []ast.Node {
	var nodes []ast.Node
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			nodes = append(nodes, n)
		}
		return ast.WalkContinue, nil
	})
	return nodes
}

var headingID = regexp.MustCompile(`(?s)^(.*?)[ \t]*\{#([0-9A-Za-z]+(?:-[0-9A-Za-z]+)*)\}$`)

// rawID is where the ID stands for Sections, without the prefix.
const rawID = "clause"

// takeHeadingID turns the {#2-5} at a heading's end into its ID. An ID that
// came before stays with the first heading.
func takeHeadingID(h *ast.Heading, source []byte, o Options, taken map[string]bool) {
	last, ok := h.LastChild().(*ast.Text)
	if !ok {
		return
	}
	found := headingID.FindSubmatchIndex(last.Value(source))
	if found == nil {
		return
	}
	value := last.Value(source)
	id := string(value[found[4]:found[5]])
	if brace := found[4] - len("{#"); brace > 0 && value[brace-1] == '\\' {
		return
	}
	last.Segment = last.Segment.WithStop(last.Segment.Start + found[3])
	if found[3] == 0 {
		h.RemoveChild(h, last)
		if before, ok := h.LastChild().(*ast.Text); ok {
			before.Segment = before.Segment.TrimRightSpace(source)
		}
	}
	h.SetAttributeString(rawID, id)
	if !taken[id] {
		taken[id] = true
		h.SetAttributeString("id", []byte(o.prefix()+id))
	}
}

// idOf returns the ID that takeHeadingID found.
func idOf(h *ast.Heading) string {
	v, _ := h.AttributeString(rawID)
	id, _ := v.(string)
	return id
}

// joinLines removes a line break between two Japanese characters, where it
// would become a visible space.
func joinLines(n *ast.Text, source []byte) {
	if !n.SoftLineBreak() {
		return
	}
	before, _ := utf8.DecodeLastRune(visible(n, source))
	if len(visible(n, source)) == 0 {
		before, _ = utf8.DecodeLastRune(visible(lastLeaf(n.PreviousSibling()), source))
	}
	after, _ := utf8.DecodeRune(visible(nextLeaf(n), source))
	if isWide(before) && isWide(after) {
		n.SetSoftLineBreak(false)
	}
}

// isWide reports whether r is written without spaces between words.
func isWide(r rune) bool {
	return util.IsEastAsianWideRune(r) || (r >= 0x3000 && r <= 0x303F) || (r >= 0xFF01 && r <= 0xFF60)
}

// visible returns the text of a leaf.
func visible(n ast.Node, source []byte) []byte {
	switch n := n.(type) {
	case *ast.Text:
		return n.Value(source)
	case *ast.String:
		return n.Value
	case *ruby:
		return n.base
	case *ast.AutoLink:
		return n.Label(source)
	}
	return nil
}

func nextLeaf(n ast.Node) ast.Node {
	for n != nil && n.NextSibling() == nil && n.Type() == ast.TypeInline {
		n = n.Parent()
	}
	if n == nil || n.Type() != ast.TypeInline {
		return nil
	}
	for n = n.NextSibling(); n.FirstChild() != nil; {
		n = n.FirstChild()
	}
	return n
}

func lastLeaf(n ast.Node) ast.Node {
	for n != nil && n.LastChild() != nil {
		n = n.LastChild()
	}
	return n
}

// markForeign keeps a page that the link opens from reaching back to ours.
func markForeign(n ast.Node, url []byte) {
	if bytes.HasPrefix(url, []byte("https://")) {
		n.SetAttributeString("rel", []byte("noopener noreferrer"))
	}
}

// describeCell says what a heading cell heads, and aligns by class: the
// content security policy drops style attributes.
func describeCell(c *table.TableCell) {
	if c.Parent().Kind() == table.KindTableHeader {
		c.SetAttributeString("scope", []byte("col"))
	}
	if c.Alignment == table.AlignRight || c.Alignment == table.AlignCenter {
		c.SetAttributeString("class", []byte("align-"+c.Alignment.String()))
	}
	c.Alignment = table.AlignNone
}

// tableFrame is a box that a wide table can be scrolled in, by keyboard too.
type tableFrame struct{ ast.BaseBlock }

var kindTableFrame = ast.NewNodeKind("TableFrame")

func (*tableFrame) Kind() ast.NodeKind { return kindTableFrame }

func (f *tableFrame) Dump(source []byte, level int) { ast.DumpHelper(f, source, level, nil, nil) }

func frameTable(t *table.Table) {
	frame := &tableFrame{}
	t.Parent().ReplaceChild(t.Parent(), t, frame)
	frame.AppendChild(frame, t)
}

type tableFrameRenderer struct{}

func (tableFrameRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindTableFrame, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString("<div class=\"table-frame\" tabindex=\"0\">\n")
		} else {
			_, _ = w.WriteString("</div>\n")
		}
		return ast.WalkContinue, nil
	})
}
