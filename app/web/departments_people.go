package web

import (
	"io"
	"net/url"
	"slices"
	"strings"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/report"
	"kokoroe/app/spreadsheet"
	"kokoroe/app/web/view"
)

// peoplePage is who stands how, by name.
type peoplePage struct {
	*view.Page
	counted
	Scope       string
	Requirement string
	Group       report.Group
	Kinds       tabs // requirements
	Groups      tabs // states
	Lines       []personLine
	Total       int    // in the group
	Asked       int    // in all groups
	Next        string // the next names; empty at the end
	Clear       string // without the filter
	Whole       bool   // these are all of the group
	Remind      string // where these people are reminded; empty where that makes no sense
	Replaced    int    // characters that CP932 lacks, in the rows of this page
}

// personLine is one person with one requirement.
type personLine struct {
	Number, Name, Href, Department, Employment string
	State                                      duty.State
	DueOn, DoneOn                              calendar.Date
	Open                                       bool
	Items                                      []itemLine
}

type itemLine struct {
	Title  string
	State  duty.State
	DueOn  calendar.Date
	DoneOn calendar.Date
}

// pageOf is how many people a page lists.
const pageOf = 100

// peopleOf lists the names behind a number.
func (s *Server) peopleOf(x *exchange) error {
	id, name, err := s.scope(x, x.param("department"))
	if err != nil {
		return err
	}
	filter, err := s.filterOf(x, id)
	if err != nil {
		return err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	req, ok := s.cfg.Ledger.Requirement(filter.Requirement)
	if !ok { // none named: the first that anybody here has
		req = s.cfg.Ledger.Requirements()[0]
		filter.Requirement = req.ID
	}
	today := s.today()
	count, err := s.cfg.Report.Count(x.ctx, filter, today)
	if err != nil {
		return err
	}
	after, err := cursorIn(x.query("after"))
	if err != nil {
		return err
	}
	lists, err := s.cfg.Report.People(x.ctx, today, after, pageOf+1, filter)
	if err != nil {
		return err
	}
	rows := lists[0]
	title := req.Title.In(string(x.Tag()))
	here := peoplePath(x.param("department"))
	page := peoplePage{
		Page: s.titled(x, x.T("department.people.title", "Scope", name), s.scopeCrumbs(x, roster, id)...), counted: s.counted(x, today, s.cfg.Now(), "people", filter),
		Scope: name, Requirement: title, Group: filter.Group, Total: filter.Group.Of(count), Asked: report.Everybody.Of(count),
		Clear: here + "?" + url.Values{"requirement": {string(req.ID)}}.Encode(),
	}
	page.Wide = true
	page.Printed = x.T("department.printed", "At", page.AsOf, "Scope", name)
	page.Kinds, page.Groups = s.kindTabs(x, here, filter), groupTabs(x, here, filter, count)
	if remindable(filter.Group) && s.cfg.Reminders.Ladder() != nil {
		page.Remind = remindersPath(x.param("department")) + "?" + url.Values{"requirement": {string(req.ID)}, "group": {string(filter.Group)}}.Encode()
	}
	if len(rows) > pageOf {
		rows = rows[:pageOf]
		page.Next = pathBehind(rows[pageOf-1].Cursor(), here, filter)
	}
	if page.Whole = len(rows) == page.Total; page.Whole {
		if page.Replaced, err = s.replacedIn(x, rows); err != nil {
			return err
		}
	}
	levels := len(roster.Path(id))
	for i := range rows {
		page.Lines = append(page.Lines, s.personLine(x, levels, roster, &rows[i]))
	}
	return s.render(x, "departments/people", page)
}

func crumbName(roster *directory.Roster, id directory.DepartmentID) string {
	d, _ := roster.Department(id)
	return d.Name
}

// filterOf reads requirement and group of the query. NotFound for one that
// does not exist.
func (s *Server) filterOf(x *exchange, department directory.DepartmentID) (report.Filter, error) {
	f := report.Filter{Department: department, Requirement: duty.RequirementID(x.query("requirement")), Group: report.Group(x.query("group"))}
	if _, ok := s.cfg.Ledger.Requirement(f.Requirement); f.Requirement != "" && !ok {
		return f, fault.NotFoundf("requirement %q", f.Requirement)
	}
	if !slices.Contains(report.Groups, f.Group) {
		return f, fault.NotFoundf("group %q", f.Group)
	}
	return f, nil
}

// cursorIn reads where a list goes on: a department and a number in it. Somebody
// who was done in the meantime leaves no gap and pushes nobody out. NotFound for
// what no page of ours leads to.
func cursorIn(query string) (duty.Cursor, error) {
	department, number, ok := strings.Cut(query, "/")
	if query != "" && !ok {
		return duty.Cursor{}, fault.NotFoundf("cursor %q", query)
	}
	return duty.Cursor{Department: directory.DepartmentID(department), Number: number}, nil
}

// pathBehind is where the list goes on behind a cursor.
func pathBehind(at duty.Cursor, here string, f report.Filter) string {
	query := url.Values{"requirement": {string(f.Requirement)}, "after": {string(at.Department) + "/" + at.Number}}
	if f.Group != report.Everybody {
		query.Set("group", string(f.Group))
	}
	return here + "?" + query.Encode()
}

// kindTabs lead from one requirement to another.
func (s *Server) kindTabs(x *exchange, here string, f report.Filter) tabs {
	t := tabs{Label: x.T("department.requirements")}
	for _, req := range s.cfg.Ledger.Requirements() {
		query := url.Values{"requirement": {string(req.ID)}}
		if f.Group != report.Everybody {
			query.Set("group", string(f.Group))
		}
		t.Tabs = append(t.Tabs, tab{Href: here + "?" + query.Encode(), Label: req.Title.In(string(x.Tag())), Current: req.ID == f.Requirement})
	}
	return t
}

// groupTabs lead from one group of states to another, with how many are in it.
func groupTabs(x *exchange, here string, f report.Filter, count duty.Count) tabs {
	t := tabs{Label: x.T("department.groups")}
	for _, g := range report.Groups {
		query := url.Values{"requirement": {string(f.Requirement)}}
		label := "department.group.everybody"
		if g != report.Everybody {
			query.Set("group", string(g))
			label = "department.group." + string(g)
		}
		t.Tabs = append(t.Tabs, tab{Href: here + "?" + query.Encode(), Label: x.T(label), Number: g.Of(count), Counted: true, Current: g == f.Group})
	}
	return t
}

// personLine is a row of People as a page shows it. The page is about the
// department that many levels down: above it every path is the same, and is
// left out.
func (s *Server) personLine(x *exchange, levels int, roster *directory.Roster, row *report.PersonRow) personLine {
	path := roster.Path(row.Department)
	line := personLine{
		Number: row.Person.Number, Name: row.Person.Name, Href: personPath(row.Person.ID),
		Department: pathName(path[max(0, min(levels, len(path)-1)):]), Employment: x.T("person.employment." + string(row.Person.Employment)),
		State: row.State, DueOn: row.DueOn, DoneOn: row.DoneOn, Open: row.State.Open(),
	}
	for i := range row.Items {
		a := &row.Items[i]
		if !a.Superseded {
			line.Items = append(line.Items, s.itemLine(x, a))
		}
	}
	return line
}

func (s *Server) itemLine(x *exchange, a *duty.Assignment) itemLine {
	item := itemLine{Title: s.itemTitle(x, a.Item), State: a.StateOn(s.today()), DueOn: a.DueOn}
	if a.Fulfilment != nil {
		item.DoneOn = calendar.DateOf(a.Fulfilment.At)
	}
	return item
}

// replacedIn returns how many characters the rows lose in CP932.
func (s *Server) replacedIn(x *exchange, rows []report.PersonRow) (int, error) {
	table, err := s.cfg.Report.TableOf(x.ctx, x.Printer, rows, s.titles(x), s.today())
	if err != nil {
		return 0, err
	}
	return table.WriteCSV(io.Discard, spreadsheet.CP932)
}

// titles says what items are called, and looks each up once.
func (s *Server) titles(x *exchange) report.Titles {
	known := map[duty.Item]string{}
	return func(item duty.Item) string {
		title, ok := known[item]
		if !ok {
			title = s.itemTitle(x, item)
			known[item] = title
		}
		return title
	}
}

// mayOpen reports whether the visitor may open a person's page.
func (s *Server) mayOpen(x *exchange, roster *directory.Roster, p directory.Person) bool {
	relation, _ := identity.Allowed("GET", "/people/:person", x.visitor.Roles)
	today := s.today()
	switch {
	case p.ID == "":
		return false
	case relation == identity.All:
		return true
	case relation == identity.Below:
		return roster.Within(p.MembershipOn(today).Department, x.visitor.Person.MembershipOn(today).Department)
	}
	return false
}
