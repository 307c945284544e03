package web

import (
	"strings"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/duty"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

func (s *Server) mountTasks() {
	s.get("/tasks", s.tasks)
}

// tasksPage is what is asked of the reader, most urgent first.
type tasksPage struct {
	*view.Page
	Open, Total int
	Groups      []taskGroup
}

type taskGroup struct {
	Heading string
	Tasks   []view.Task
}

// tasks shows what is asked of the reader today.
func (s *Server) tasks(x *exchange) error {
	today := s.today()
	assignments, err := s.cfg.Ledger.Of(x.ctx, x.person(), today)
	if err != nil {
		return err
	}
	page := tasksPage{Page: s.titled(x, x.T("tasks.title"))}
	groups := []taskGroup{
		{Heading: x.T("tasks.group.overdue")}, {Heading: x.T("tasks.group.week")},
		{Heading: x.T("tasks.group.later")}, {Heading: x.T("tasks.group.done")},
	}
	for _, a := range assignments {
		state := a.StateOn(today)
		if state == duty.Withdrawn || state == duty.Superseded {
			continue
		}
		page.Total++
		if state.Open() {
			page.Open++
		}
		g := &groups[taskGroupOf(a, state, today)]
		g.Tasks = append(g.Tasks, s.task(x, a, state))
	}
	for _, g := range groups {
		if len(g.Tasks) > 0 {
			page.Groups = append(page.Groups, g)
		}
	}
	return s.render(x, "home/tasks", page)
}

// taskGroupOf sorts an assignment into overdue, this week, later, done.
func taskGroupOf(a duty.Assignment, state duty.State, today calendar.Date) int {
	switch {
	case state == duty.Overdue:
		return 0
	case !state.Open():
		return 3
	case !a.DueOn.IsZero() && today.DaysUntil(a.DueOn) <= 7:
		return 1
	default:
		return 2
	}
}

// task is the row of one assignment.
func (s *Server) task(x *exchange, a duty.Assignment, state duty.State) view.Task {
	t := view.Task{Href: itemPath(a.Item), DueOn: a.DueOn, State: state, Hint: s.why(x, a)}
	name := s.itemTitle(x, a.Item)
	switch a.Item.Sort() {
	case "course":
		t.Title = x.T("tasks.course", "Name", name)
		if c, ok := s.cfg.Learning.Catalogue().Course(learning.CourseID(a.Item.ID())); ok {
			t.Minutes = c.Minutes()
		}
	default:
		t.Title = x.T("tasks.policy", "Name", name)
	}
	if a.Fulfilment != nil {
		t.DoneOn = calendar.DateOf(a.Fulfilment.At)
	}
	return t
}

// itemPath is where an item is done.
func itemPath(item duty.Item) string {
	if item.Sort() == "course" {
		return "/courses/" + item.ID()
	}
	return "/policies/" + item.ID()
}

// itemTitle is what an item is called.
func (s *Server) itemTitle(x *exchange, item duty.Item) string {
	var title document.Text
	switch item.Sort() {
	case "course":
		if c, ok := s.cfg.Learning.Catalogue().Course(learning.CourseID(item.ID())); ok {
			title = c.Title
		}
	case "policy":
		if p, ok := s.cfg.Policy.Catalogue().Policy(policy.ID(item.ID())); ok {
			title = p.Title
		}
	}
	if title.IsZero() {
		return string(item)
	}
	return title.In(string(x.Tag()))
}

// why says in one line through which fact the reader has the assignment.
func (s *Server) why(x *exchange, a duty.Assignment) string {
	since := x.Date(a.Because.Since)
	switch a.Because.Rule {
	case duty.ByOwner:
		return x.T("tasks.because.owner", "Name", s.objectTitle(x, a.Because.Object), "Since", since)
	case duty.ByWorker:
		return x.T("tasks.because.worker", "Name", s.objectTitle(x, a.Because.Object), "Since", since)
	}
	if a.Because.Material > 0 {
		return x.T("tasks.because.version", "Version", a.Because.Material)
	}
	r, _ := s.cfg.Ledger.Requirement(a.Requirement)
	return x.T("tasks.because.kind", "Requirement", r.Title.In(string(x.Tag())))
}

// objectTitle is what an account, a contract or a department is called.
func (s *Server) objectTitle(x *exchange, object string) string {
	if id, ok := strings.CutPrefix(object, "department:"); ok {
		return s.departmentTitle(x, id, object)
	}
	lang := string(x.Tag())
	registers := s.cfg.Report.Registers
	for _, a := range registers.Accounts().Accounts {
		if object == "account:"+string(a.ID) {
			return a.Title.In(lang)
		}
	}
	for _, c := range registers.Contracts().Contracts {
		if object == "contract:"+string(c.ID) {
			return c.Title.In(lang)
		}
	}
	return object
}

// departmentTitle is what a department of today's roster is called, and else
// what it is called otherwise.
func (s *Server) departmentTitle(x *exchange, id, otherwise string) string {
	if id == everywhere {
		return x.T("department.whole")
	}
	if roster, err := s.cfg.Rosters.Current(x.ctx); err == nil {
		if path := roster.Path(directory.DepartmentID(id)); len(path) > 0 {
			return pathName(path)
		}
	}
	return otherwise
}
