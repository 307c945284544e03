package web

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/identity"
	"kokoroe/app/report"
	"kokoroe/app/web/view"
)

func (s *Server) mountDepartments() {
	s.get("/departments", s.departments)
	s.get("/departments/:department", s.department)
	s.get("/departments/:department/people", s.peopleOf)
	s.mountPeople()
	s.mountExports()
}

// everywhere stands in an address for all that the reader reaches.
const everywhere = "all"

// departmentPath is where a department is shown.
func departmentPath(id directory.DepartmentID) string {
	return "/departments/" + url.PathEscape(string(id))
}

// peoplePath is where the people of a department are listed; department is as the
// address has it.
func peoplePath(department string) string {
	return "/departments/" + url.PathEscape(department) + "/people"
}

// scope returns the department that a request is about, "" for the whole city,
// and what it is called. What is not reached does not exist: NotFound.
func (s *Server) scope(x *exchange, id string) (directory.DepartmentID, string, error) {
	department, err := directory.DepartmentID(id), error(nil)
	if id == "" || id == everywhere {
		if department, err = s.reach(x); err != nil {
			return "", "", err
		}
		if department == "" {
			return "", x.T("department.whole"), nil
		}
	}
	if _, err = s.reached(x, department); err != nil {
		return "", "", err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return "", "", err
	}
	return department, pathName(roster.Path(department)), nil
}

// counted is what every page with numbers says about them.
type counted struct {
	Cycle   calendar.Cycle
	Day     calendar.Date // 基準日
	AsOf    time.Time
	Exports []exportLink
}

// departmentsPage is completion in all that the reader reaches, as a tree.
type departmentsPage struct {
	*view.Page
	counted
	Scope    string
	Whole    bool
	Levels   tabs
	Sections []completionSection
	Next     string // the next departments; empty at the end
}

// completionSection is one requirement: employees, contractors and account
// owners are never added up.
type completionSection struct {
	ID    duty.RequirementID
	Title string
	Total figure
	Rows  []completionRow
}

// completionRow is one department in a table.
type completionRow struct {
	Name       string
	Href       string
	Depth      int
	OutOfScope bool
	figure
}

// The levels of the tree that a table shows, counted from its top.
const (
	fewestLevels = 1
	usualLevels  = 2 // 部 and 課
	mostLevels   = 3
)

// A page lists so many rows of departments, in the tables of all requirements
// together, and so many of each table in any case.
const (
	rowsOfTables = 240
	rowsOfTable  = 20
)

// departments shows the tree.
func (s *Server) departments(x *exchange) error {
	top, name, err := s.scope(x, everywhere)
	if err != nil {
		return err
	}
	levels := levelsOf(x.query("levels"), top != "")
	completion, err := s.cfg.Report.Completion(x.ctx, report.Part{
		Root: top, Levels: levels, After: directory.DepartmentID(x.query("after")),
		Limit: max(rowsOfTables/max(len(s.cfg.Ledger.Requirements()), 1), rowsOfTable),
	}, s.today())
	if err != nil {
		return err
	}
	page := departmentsPage{
		Page: s.titled(x, x.T("department.title")), counted: s.counted(x, completion.Day, completion.AsOf, "completion", report.Filter{Department: top}),
		Scope: name, Whole: top == "", Levels: levelTabs(x, levels, completion.Deep),
	}
	page.Wide = true
	page.Printed = x.T("department.printed", "At", completion.AsOf, "Scope", name)
	if completion.Next != "" {
		page.Next = "/departments?" + url.Values{"levels": {strconv.Itoa(levels)}, "after": {string(completion.Next)}}.Encode()
	}
	for i, req := range completion.Requirements {
		if section := s.completionSection(x, completion, i, req, top); section.Total.Any() {
			page.Sections = append(page.Sections, section)
		}
	}
	return s.render(x, "departments/list", page)
}

func (s *Server) counted(x *exchange, day calendar.Date, asOf time.Time, table string, f report.Filter) counted {
	return counted{Cycle: s.cfg.Ledger.Cycle(day), Day: day, AsOf: asOf, Exports: exportLinks(x, table, f)}
}

// levelsOf reads how deep the tree is to be shown; a head sees everything.
func levelsOf(query string, all bool) int {
	switch query {
	case "1":
		return fewestLevels
	case "2":
		return usualLevels
	case "3":
		return mostLevels
	}
	if all {
		return mostLevels
	}
	return usualLevels
}

func levelTabs(x *exchange, levels int, choice bool) tabs {
	t := tabs{Label: x.T("department.levels")}
	if !choice {
		return t
	}
	for i, query := range []string{"1", "2", "3"} {
		t.Tabs = append(t.Tabs, tab{Href: "/departments?levels=" + query, Label: x.T("department.levels." + query), Current: levels == i+1})
	}
	return t
}

func (s *Server) completionSection(x *exchange, c report.Completion, i int, req duty.Requirement, top directory.DepartmentID) completionSection {
	section := completionSection{ID: req.ID, Title: req.Title.In(string(x.Tag())), Total: figureOf(x, c.Totals[i], top, req.ID)}
	for _, row := range c.Rows {
		if n := row.Counts[i]; n != (duty.Count{}) || row.Department.OutOfScope && req.Audience.Rule == duty.ByKind {
			section.Rows = append(section.Rows, completionRow{
				Name: row.Department.Name, Href: departmentPath(row.Department.ID), Depth: row.Depth, OutOfScope: row.Department.OutOfScope,
				figure: figureOf(x, n, row.Department.ID, req.ID),
			})
		}
	}
	return section
}

// departmentPage is one department: how it stands, by name.
type departmentPage struct {
	*view.Page
	counted
	Name     string
	Above    string // the path above it
	Head     *contactPerson
	Sections []departmentSection
}

// contactPerson is whom to ask about a department.
type contactPerson struct {
	Name, Post, Department, Mail string
	OfAbove                      bool // the department has no head of its own
}

type departmentSection struct {
	completionSection
	department directory.DepartmentID
	Groups     []peopleGroup
}

// peopleGroup is a heading's worth of names.
type peopleGroup struct {
	Group   report.Group
	Heading string
	Count   int
	Lines   []personLine
	More    string // where all of them are; empty when these are all
}

// groupsShown are the groups that a department's page lists, worst first.
var groupsShown = []report.Group{report.GroupOver, report.GroupOpen, report.GroupPaused, report.GroupExempt, report.GroupDone}

// How many names of a group a department's page lists: those of a 課, and of what
// has so many people that most of them are looked for in the departments below.
const (
	namesShown = 40
	fewNames   = 8
	manyPeople = 200
)

// namesShownOf is how many names of a group the page of a department lists.
func namesShownOf(c report.Completion) int {
	for _, n := range c.Totals {
		if report.Everybody.Of(n) > manyPeople {
			return fewNames
		}
	}
	return namesShown
}

// department shows one department.
func (s *Server) department(x *exchange) error {
	d, err := s.reached(x, directory.DepartmentID(x.param("department")))
	if err != nil {
		return err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	completion, err := s.cfg.Report.Completion(x.ctx, report.Part{Root: d.ID, Levels: usualLevels}, s.today())
	if err != nil {
		return err
	}
	names, err := s.namesOf(x, completion, d.ID)
	if err != nil {
		return err
	}
	path := roster.Path(d.ID)
	page := departmentPage{
		Page: s.titled(x, d.Name, s.departmentCrumbs(x, roster, d.ID)...), Name: d.Name, Above: pathName(path[:len(path)-1]),
		counted: s.counted(x, completion.Day, completion.AsOf, "people", report.Filter{Department: d.ID}),
		Head:    s.headOf(roster, d.ID),
	}
	page.Wide = true
	page.Printed = x.T("department.printed", "At", completion.AsOf, "Scope", pathName(path))
	for i, req := range completion.Requirements {
		section := departmentSection{department: d.ID, completionSection: s.completionSection(x, completion, i, req, d.ID)}
		if !section.Total.Any() {
			continue
		}
		section.Rows = children(section.Rows)
		section.Groups = s.groupsOf(x, len(path), roster, names, &section)
		page.Sections = append(page.Sections, section)
	}
	return s.render(x, "departments/show", page)
}

// children are the rows below the first, which is the department itself.
func children(rows []completionRow) []completionRow {
	rows = slices.DeleteFunc(rows, func(r completionRow) bool { return r.Depth == 0 })
	for i := range rows {
		rows[i].Depth--
	}
	return rows
}

// namesOf returns the first names of each group of each requirement, asked for
// all at once.
func (s *Server) namesOf(x *exchange, c report.Completion, department directory.DepartmentID) (map[report.Filter][]report.PersonRow, error) {
	var filters []report.Filter
	for i, req := range c.Requirements {
		for _, g := range groupsShown {
			if g.Of(c.Totals[i]) > 0 {
				filters = append(filters, report.Filter{Department: department, Requirement: req.ID, Group: g})
			}
		}
	}
	lists, err := s.cfg.Report.People(x.ctx, c.Day, duty.Cursor{}, namesShownOf(c), filters...)
	if err != nil {
		return nil, err
	}
	names := make(map[report.Filter][]report.PersonRow, len(filters))
	for i, f := range filters {
		names[f] = lists[i]
	}
	return names, nil
}

// groupsOf lists the names behind a section's numbers. Departments are named
// from the one so many levels down.
func (s *Server) groupsOf(x *exchange, levels int, roster *directory.Roster, names map[report.Filter][]report.PersonRow, section *departmentSection) []peopleGroup {
	var out []peopleGroup
	for _, g := range groupsShown {
		group := peopleGroup{Group: g, Heading: x.T("department.group." + string(g)), Count: g.Of(section.Total.Count)}
		rows := names[report.Filter{Department: section.department, Requirement: section.ID, Group: g}]
		for i := range rows {
			group.Lines = append(group.Lines, s.personLine(x, levels, roster, &rows[i]))
		}
		if group.Count > len(rows) {
			group.More = section.Total.Link(g)
		}
		if len(group.Lines) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// headOf returns whom to ask: the department's head, else the nearest above.
func (s *Server) headOf(roster *directory.Roster, id directory.DepartmentID) *contactPerson {
	today := s.today()
	heads := report.Heads(roster, id, today)
	if len(heads) == 0 {
		return nil
	}
	p := heads[0]
	at := p.MembershipOn(today).Department
	return &contactPerson{Name: p.Name, Post: p.Post, Department: pathName(roster.Path(at)), Mail: p.Mail, OfAbove: at != id}
}

// departmentCrumbs is the way to a department, as far as the reader reaches.
func (s *Server) departmentCrumbs(x *exchange, roster *directory.Roster, id directory.DepartmentID) []view.Link {
	crumbs := []view.Link{{Href: "/departments", Label: x.T("department.title")}}
	top, err := s.reach(x)
	if err != nil {
		return crumbs
	}
	for _, d := range roster.Path(id) {
		if d.ID != id && (x.relation == identity.All || roster.Within(d.ID, top)) {
			crumbs = append(crumbs, view.Link{Href: departmentPath(d.ID), Label: d.Name})
		}
	}
	return crumbs
}

// scopeCrumbs is the way to a department, itself included.
func (s *Server) scopeCrumbs(x *exchange, roster *directory.Roster, id directory.DepartmentID) []view.Link {
	crumbs := s.departmentCrumbs(x, roster, id)
	if id != "" {
		crumbs = append(crumbs, view.Link{Href: departmentPath(id), Label: crumbName(roster, id)})
	}
	return crumbs
}
