package web

import (
	"kokoroe/app/document"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

// glossaryPage is the terms of the policy's definitions.
type glossaryPage struct {
	*view.Page
	Terms []glossaryTerm
}

type glossaryTerm struct {
	ID, Term, Definition string
	Original, Reading    string // in Japanese; Original only beside a translation
	Clause               string
	Href                 string // of the clause
}

// glossary explains the terms that the policy defines.
func (s *Server) glossary(x *exchange) error {
	lang := string(x.Tag())
	page := glossaryPage{Page: s.titled(x, x.T("glossary.title"))}
	for _, t := range s.cfg.Glossary() {
		term := glossaryTerm{
			ID: t.ID, Term: t.Term.In(lang), Definition: t.Definition.In(lang), Reading: t.Reading,
			Clause: t.Clause, Href: s.clausePath(x, t.Clause),
		}
		if original := t.Term.In(document.Japanese); original != term.Term {
			term.Original = original
		}
		page.Terms = append(page.Terms, term)
	}
	return s.render(x, "glossary/list", page)
}

// clausePath is where the clause is read, "" where the visitor may not.
func (s *Server) clausePath(x *exchange, clause string) string {
	for _, p := range s.cfg.Policy.Catalogue().Policies() {
		if v, ok := p.InForce(s.today()); p.Clauses && ok && mayRead(x, p) && hasClause(v, clause) {
			return policyPath(p.ID) + "#clause-" + clause
		}
	}
	return ""
}

func hasClause(v policy.Version, clause string) bool {
	for _, c := range v.In(document.Japanese).Clauses {
		if c == clause {
			return true
		}
	}
	return false
}
