package web

import (
	"strings"

	"kokoroe/app/directory"
	"kokoroe/app/identity"
	"kokoroe/app/web/view"
)

// page returns the frame for a page of this exchange.
func (s *Server) page(x *exchange) *view.Page {
	p := s.cfg.View.Page(x.Tag())
	p.Today = s.today()
	p.CSRF = s.formToken(x)
	p.Path = string(x.c.Request().RequestURI())
	switch {
	case x.c.Method() != "GET":
		p.Path = "/"
	case strings.HasPrefix(x.c.Path(), "/sign-in/"):
		p.Path = "/sign-in" // the address that a provider sends back to holds the sign-in's secrets
	}
	if x.visitor == nil {
		return p
	}
	p.Person = &view.Person{Name: x.visitor.Person.Name, Department: s.departmentName(x)}
	p.Nav = s.nav(x, p)
	return p
}

// titled is page with the document's title.
func (s *Server) titled(x *exchange, title string, crumbs ...view.Link) *view.Page {
	p := s.page(x)
	p.Title, p.Crumbs = title, crumbs
	return p
}

func (s *Server) departmentName(x *exchange) string {
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return ""
	}
	return pathName(roster.Path(x.visitor.Person.MembershipOn(s.today()).Department))
}

// pathName is a department's path as people write it.
func pathName(path []directory.Department) string {
	names := make([]string, len(path))
	for i, d := range path {
		names[i] = d.Name
	}
	return strings.Join(names, " ")
}

// navigation is the main navigation: every entry that the permission table
// opens to the visitor is shown.
var navigation = []struct {
	route, label string
}{
	{"/tasks", "common.nav.tasks"},
	{"/record", "common.nav.record"},
	{"/policies", "common.nav.policies"},
	{"/departments", "common.nav.departments"},
	{"/accounts", "common.nav.accounts"},
	{"/contracts", "common.nav.contracts"},
	{"/audit", "common.nav.audit"},
	{"/evidence", "common.nav.evidence"},
}

func (s *Server) nav(x *exchange, p *view.Page) []view.NavItem {
	var items []view.NavItem
	for _, n := range navigation {
		relation, ok := identity.Allowed("GET", n.route, x.visitor.Roles)
		if !ok || relation == identity.OwnAccount && !s.isCustodian(x) {
			continue
		}
		path := x.c.Path()
		items = append(items, view.NavItem{
			Href: n.route, Label: p.T(n.label), Current: path == n.route || strings.HasPrefix(path, n.route+"/"),
		})
	}
	return items
}

// isCustodian reports whether the visitor has a role for any account.
func (s *Server) isCustodian(x *exchange) bool {
	for _, a := range s.cfg.Report.Registers.Accounts().Accounts {
		for _, c := range a.Custodians {
			if c.Number == x.visitor.Person.Number {
				return true
			}
		}
	}
	return false
}
