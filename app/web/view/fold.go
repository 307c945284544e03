package view

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"text/template/parse"

	"kokoroe/app/locale"
)

// Most of a page is the same words every time. fold writes them into the
// template once, at start: what is left to do for a request is what differs.
// A page takes a third of the time so.
//
// Only calls with nothing but constants are folded: {{.T "id"}} in text or in a
// quoted attribute, {{icon "name"}}, {{static "name"}}, and (.T "id") as an
// argument; and {{template "fixed-…" .}}, which is the same on every page. A
// message that does not exist stays a call, and is counted.
type folder struct {
	printer *locale.Printer
	fixed   func(name string) (string, error)
	icon    func(string) (template.HTML, error)
	static  func(string) (string, error)
	failed  error
}

// fixedPrefix begins the names of templates that are the same on every page of
// a language.
const fixedPrefix = "fixed-"

// inLanguage returns the template root of a page with everything that it
// reaches, folded in the language of bare, a page with nobody signed in.
func inLanguage(page *template.Template, root string, bare *Page, funcs template.FuncMap) (*template.Template, error) {
	f := folder{
		printer: bare.Printer,
		icon:    funcs["icon"].(func(string) (template.HTML, error)),
		static:  funcs["static"].(func(string) (string, error)),
	}
	f.fixed = func(name string) (string, error) { return fixed(page, name, bare, funcs) }
	folded := template.New("page").Option("missingkey=error").Funcs(funcs)
	todo, seen := []string{root}, map[string]bool{root: true}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		t := page.Lookup(name)
		if t == nil || t.Tree == nil {
			return nil, fmt.Errorf("no template %q", name)
		}
		tree := t.Tree.Copy()
		f.list(tree.Root)
		if _, err := folded.AddParseTree(name, tree); err != nil {
			return nil, err
		}
		for _, next := range called(tree.Root) {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return folded.Lookup(root), f.failed
}

// fixed renders a template of the frame for all pages of a language.
func fixed(page *template.Template, name string, bare *Page, funcs template.FuncMap) (string, error) {
	t, err := inLanguage(page, name, bare, funcs)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, bare)
	return b.String(), err
}

func (f *folder) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	var out []parse.Node
	for _, node := range list.Nodes {
		f.inside(node)
		if text, ok := f.constant(node); ok {
			node = &parse.TextNode{NodeType: parse.NodeText, Pos: node.Position(), Text: []byte(text)}
		}
		text, isText := node.(*parse.TextNode)
		if isText && len(out) > 0 {
			if before, ok := out[len(out)-1].(*parse.TextNode); ok {
				before.Text = append(before.Text, text.Text...)
				continue
			}
		}
		out = append(out, node)
	}
	list.Nodes = out
}

// inside folds what a node holds.
func (f *folder) inside(node parse.Node) {
	switch n := node.(type) {
	case *parse.IfNode:
		f.branch(&n.BranchNode)
	case *parse.RangeNode:
		f.branch(&n.BranchNode)
	case *parse.WithNode:
		f.branch(&n.BranchNode)
	case *parse.ActionNode:
		f.arguments(n.Pipe)
	case *parse.TemplateNode:
		f.arguments(n.Pipe)
	}
}

func (f *folder) branch(n *parse.BranchNode) {
	f.arguments(n.Pipe)
	f.list(n.List)
	f.list(n.ElseList)
}

// constant returns the markup of a node that is the same for every request.
func (f *folder) constant(node parse.Node) (string, bool) {
	switch n := node.(type) {
	case *parse.ActionNode:
		return f.action(n)
	case *parse.TemplateNode:
		if strings.HasPrefix(n.Name, fixedPrefix) {
			markup, err := f.fixed(n.Name)
			f.fail(n, err)
			return markup, true
		}
	}
	return "", false
}

// action returns the markup of an action that is one constant call.
func (f *folder) action(n *parse.ActionNode) (string, bool) {
	name, argument, ok := constantCall(n.Pipe)
	if !ok {
		return "", false
	}
	switch name {
	case "T":
		if f.printer.Plain(argument) {
			return html.EscapeString(f.printer.T(argument)), true
		}
	case "icon":
		markup, err := f.icon(argument)
		f.fail(n, err)
		return string(markup), true
	case "static":
		address, err := f.static(argument)
		f.fail(n, err)
		return html.EscapeString(address), true
	}
	return "", false
}

func (f *folder) fail(n parse.Node, err error) {
	if err != nil && f.failed == nil {
		f.failed = fmt.Errorf("%s: %w", n, err)
	}
}

// arguments replaces (.T "id") among the arguments of calls by its text.
func (f *folder) arguments(pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for _, command := range pipe.Cmds {
		for i, argument := range command.Args {
			inner, ok := argument.(*parse.PipeNode)
			if !ok {
				continue
			}
			f.arguments(inner)
			if name, id, ok := constantCall(inner); ok && name == "T" && f.printer.Plain(id) {
				text := f.printer.T(id)
				command.Args[i] = &parse.StringNode{NodeType: parse.NodeString, Pos: inner.Pos, Quoted: fmt.Sprintf("%q", text), Text: text}
			}
		}
	}
}

// constantCall recognises .T "x", $.T "x", icon "x", static "x" and the like: a
// name and one string.
func constantCall(pipe *parse.PipeNode) (name, argument string, ok bool) {
	if pipe == nil || len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 2 {
		return "", "", false
	}
	constant, ok := pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !ok {
		return "", "", false
	}
	switch n := pipe.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		name = strings.Join(n.Ident, ".")
	case *parse.VariableNode: // $.T, $in.T
		name = strings.Join(n.Ident[1:], ".")
	case *parse.IdentifierNode:
		name = n.Ident
		if name == "T" {
			return "", "", false
		}
	}
	return name, constant.Text, name != ""
}

// called lists the templates that a list calls.
func called(list *parse.ListNode) []string {
	var names []string
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		var branch *parse.BranchNode
		switch n := node.(type) {
		case *parse.TemplateNode:
			names = append(names, n.Name)
		case *parse.IfNode:
			branch = &n.BranchNode
		case *parse.RangeNode:
			branch = &n.BranchNode
		case *parse.WithNode:
			branch = &n.BranchNode
		}
		if branch != nil {
			names = append(names, called(branch.List)...)
			names = append(names, called(branch.ElseList)...)
		}
	}
	return names
}
