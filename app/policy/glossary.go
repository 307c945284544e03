package policy

import (
	"io/fs"

	"kokoroe/app/document"
)

// Term is a term of the policy's definitions, explained.
type Term struct {
	ID         string
	Clause     string
	Term       document.Text
	Reading    string // in kana
	Definition document.Text
}

// LoadGlossary reads glossary.yaml. Every clause that it names must be in the
// policies.
func LoadGlossary(fsys fs.FS, name string, c *Catalogue) ([]Term, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, document.Problems{{File: name, Message: "cannot be read"}}
	}
	var rows []struct {
		Lines      document.Lines `yaml:"-"`
		ID         string         `yaml:"id"`
		Clause     string         `yaml:"clause"`
		Term       document.Text  `yaml:"term"`
		Reading    string         `yaml:"reading"`
		Definition document.Text  `yaml:"definition"`
	}
	if problems := document.Decode(name, src, &rows); len(problems) > 0 {
		return nil, problems
	}
	var problems document.Problems
	clauses := map[string]bool{}
	for _, clause := range c.CoveredClauses() {
		clauses[clause] = true
	}
	seen := map[string]bool{}
	var out []Term
	for _, row := range rows {
		if row.ID == "" || seen[row.ID] {
			problems.Add(name, row.Lines.Of("id"), "a term wants an id of its own, not %q", row.ID)
		}
		seen[row.ID] = true
		if !clauses[row.Clause] {
			problems.Add(name, row.Lines.Of("clause"), "no policy has clause %q", row.Clause)
		}
		problems = append(problems, row.Term.Require(name, row.Lines.Of("term"), "term", c.languages...)...)
		problems = append(problems, row.Definition.Require(name, row.Lines.Of("definition"), "definition", c.languages...)...)
		out = append(out, Term{ID: row.ID, Clause: row.Clause, Term: row.Term, Reading: row.Reading, Definition: row.Definition})
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return out, nil
}
