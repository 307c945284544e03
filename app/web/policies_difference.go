package web

import (
	"html/template"
	"strings"

	"kokoroe/app/document"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

// clauseChange is a clause that is not what it was.
type clauseChange struct {
	Heading string
	Kind    string // added, removed, changed
	Changes []view.Change
}

// clauseChanges tells how a text became another, clause by clause, in the words
// that readers see: the marks of the source are left out, and so is every
// clause that stayed.
func clauseChanges(before, after []byte) []clauseChange {
	old := document.Sections(before)
	used := make([]bool, len(old))
	var out []clauseChange
	for _, now := range document.Sections(after) {
		i := counterpart(old, used, now)
		if i < 0 {
			out = append(out, wholeClause("added", document.Added, now))
			continue
		}
		used[i] = true
		was := old[i]
		if string(was.Source) == string(now.Source) {
			continue
		}
		beforeText, afterText := document.PlainText(was.Body), document.PlainText(now.Body)
		if was.Heading != now.Heading { // else it stands above the difference anyway
			beforeText, afterText = document.PlainText(was.Source), document.PlainText(now.Source)
		}
		if beforeText == afterText {
			continue
		}
		c := clauseChange{Heading: now.Heading, Kind: "changed"}
		for _, d := range document.Diff(beforeText, afterText) {
			c.Changes = append(c.Changes, view.Change{Kind: string(d.Kind), Text: d.Text})
		}
		out = append(out, c)
	}
	for i, was := range old {
		if !used[i] {
			out = append(out, wholeClause("removed", document.Removed, was))
		}
	}
	return out
}

// counterpart finds the old clause with the same ID, or the same heading where
// there is no ID.
func counterpart(old []document.Section, used []bool, now document.Section) int {
	for i, was := range old {
		if !used[i] && was.ID == now.ID && (now.ID != "" || was.Heading == now.Heading) {
			return i
		}
	}
	return -1
}

func wholeClause(word string, kind document.ChangeKind, s document.Section) clauseChange {
	return clauseChange{Heading: s.Heading, Kind: word, Changes: []view.Change{{Kind: string(kind), Text: document.PlainText(s.Body)}}}
}

// wordingSeparator stands between a declaration and the label of its button in
// the bytes that are kept (policy.Wording.Bytes).
const wordingSeparator = "\n---\n"

// wordingOf reads kept bytes of a declaration. The language is known of those
// that are still in use.
func (s *Server) wordingOf(digest string, kept []byte) policy.Wording {
	for _, p := range s.cfg.Policy.Catalogue().Policies() {
		if p.Declaration == nil {
			continue
		}
		for _, language := range p.Declaration.Text.Languages() {
			if w := p.Declaration.In(language); w.Digest() == digest && document.Digest(kept) == digest {
				return w
			}
		}
	}
	return parseWording(kept)
}

// parseWording parts a declaration as it is kept into its text and the label of
// its button.
func parseWording(kept []byte) policy.Wording {
	i := strings.LastIndex(string(kept), wordingSeparator)
	if i < 0 {
		return policy.Wording{Text: string(kept)}
	}
	return policy.Wording{Text: string(kept[:i]), Button: strings.TrimSuffix(string(kept[i+len(wordingSeparator):]), "\n")}
}

// Lines are the declaration's lines.
func (t exactText) Lines() []string { return linesOf(t.Wording.Text) }

func linesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// HTML is the text as readers saw it; empty for a declaration, which is no
// Markdown, and for a text that is gone.
func (t exactText) HTML() (template.HTML, error) {
	if t.Version == 0 {
		return "", nil
	}
	if t.rendered != "" {
		return t.rendered, nil
	}
	return document.Render(t.Source, document.Options{})
}

// DeclarationLines are the lines of the declaration on the sheet.
func (p policyPage) DeclarationLines() []string { return linesOf(p.Declaration.Text) }
