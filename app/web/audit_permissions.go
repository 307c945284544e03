package web

import (
	"slices"
	"strings"

	"kokoroe/app/identity"
	"kokoroe/app/web/view"
)

// permissionsPage is the permission table, as the program uses it.
type permissionsPage struct {
	*view.Page
	Tools  tabs // of an auditor
	Roles  []string
	Tables []view.Table
}

// permissionGroups are the first parts of routes that belong together, in the
// order of the page; what is in none of them comes last.
var permissionGroups = []struct {
	word   string
	starts []string
}{
	{"own", []string{"tasks", "record", "receipts"}},
	{"policies", []string{"policies", "glossary"}},
	{"courses", []string{"courses"}},
	{"departments", []string{"departments", "people", "exports", "imports"}},
	{"registers", []string{"accounts", "official-accounts", "contracts"}},
	{"audit", []string{"audit", "evidence", "permissions", "verify"}},
}

const otherPermissions = "other"

// permissions renders the table that decides who may ask for what.
func (s *Server) permissions(x *exchange) error {
	page := permissionsPage{Page: s.titled(x, x.T("audit.permissions.title"))}
	page.Wide = true
	if x.has(identity.Auditor) {
		page.Crumbs = []view.Link{{Href: "/audit", Label: x.T("audit.title")}}
		page.Tools = s.auditTabs(x)
	}
	for _, r := range identity.Roles() {
		page.Roles = append(page.Roles, x.T("audit.role."+string(r)))
	}
	rows := map[string][][]view.Cell{}
	for _, rule := range identity.Rules() {
		group := permissionGroup(rule.Route)
		rows[group] = append(rows[group], permissionRow(x, rule))
	}
	for _, g := range permissionGroups {
		page.add(g.word, rows[g.word])
	}
	page.add(otherPermissions, rows[otherPermissions])
	return s.render(x, "audit/permissions", page)
}

func (p *permissionsPage) add(group string, rows [][]view.Cell) {
	if len(rows) == 0 {
		return
	}
	t := view.Table{Caption: p.T("audit.permissions.group." + group), Heads: []view.Head{{Text: p.T("audit.permissions.route")}}, Rows: rows}
	for _, role := range p.Roles {
		t.Heads = append(t.Heads, view.Head{Text: role})
	}
	p.Tables = append(p.Tables, t)
}

func permissionGroup(route string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(route, "/"), "/")
	for _, g := range permissionGroups {
		if slices.Contains(g.starts, first) {
			return g.word
		}
	}
	return otherPermissions
}

func permissionRow(x *exchange, rule identity.Rule) []view.Cell {
	verb := x.T("audit.permissions.read")
	if rule.Method != "GET" {
		verb = x.T("audit.permissions.write")
	}
	row := []view.Cell{{Text: verb + " " + rule.Route}}
	for _, role := range identity.Roles() {
		relation := rule.Allow[role]
		switch {
		case rule.Public:
			row = append(row, view.Cell{Text: x.T("audit.relation.public")})
		case relation == identity.Nothing:
			row = append(row, view.Cell{Text: x.T("calendar.none")})
		default:
			row = append(row, view.Cell{Text: x.T("audit.relation." + relation.String())})
		}
	}
	return row
}
