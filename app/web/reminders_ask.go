package web

import (
	"crypto/rand"
	"net/url"
	"strconv"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/reminder"
	"kokoroe/app/report"
	"kokoroe/app/web/view"
)

// mostReminded is how many people can be reminded by hand at once. A whole city
// is reminded by the daily round.
const mostReminded = 1000

// askPage asks whether the people of a list are to be reminded, and says what
// would come of it.
type askPage struct {
	*view.Page
	Scope       string
	Requirement string
	Group       report.Group
	Total       int  // people on the list
	TooMany     bool // more than can be reminded at once
	Outlook     reminder.Outlook
	Later       bool        // not now, but at Outlook.At
	Put         []askedSort // those for whom a reminder would be put in
	Already     *askedSort  // those who have one; nil for nobody
	Fields      []field
	SendTo      string
	Back        string // the list
}

// askedSort are the people of whom the same would come.
type askedSort struct {
	Heading, Text string
	Names         []string
	More          int // who are not named here
}

// field is a hidden field of a form.
type field struct{ Name, Value string }

// namesOfSort is how many names of a sort the page shows.
const namesOfSort = 40

// remindable are the groups of people who can be reminded: those who are not done.
func remindable(g report.Group) bool { return g == report.GroupOpen || g == report.GroupOver }

// remindersPath is where the people of a department are reminded; department is
// as the address has it.
func remindersPath(department string) string {
	return "/departments/" + url.PathEscape(department) + "/reminders"
}

// wanted is whom a form is about: the list that the reader came from, as it is now.
type wanted struct {
	department directory.DepartmentID
	scope      string // in words
	filter     report.Filter
	people     []directory.PersonID // at most one more than mostReminded
}

// wanted reads whom the reader wants reminded. What is not reached does not exist,
// nor does a list of people who are done: NotFound.
func (s *Server) wanted(x *exchange, value func(string) string) (wanted, error) {
	id, name, err := s.scope(x, x.param("department"))
	if err != nil {
		return wanted{}, err
	}
	w := wanted{department: id, scope: name, filter: report.Filter{
		Department: id, Requirement: duty.RequirementID(value("requirement")), Group: report.Group(value("group")),
	}}
	if _, ok := s.cfg.Ledger.Requirement(w.filter.Requirement); !ok || !remindable(w.filter.Group) {
		return wanted{}, fault.NotFoundf("nobody to remind in %q, %q", w.filter.Requirement, w.filter.Group)
	}
	for row, err := range s.cfg.Report.Everybody(x.ctx, w.filter, s.today()) {
		if err != nil {
			return wanted{}, err
		}
		if w.people = append(w.people, row.Person.ID); len(w.people) > mostReminded {
			break
		}
	}
	return w, nil
}

// back is the list that the reader came from.
func (w wanted) back(department string) string {
	return peoplePath(department) + "?" + w.query().Encode()
}

func (w wanted) query() url.Values {
	return url.Values{"requirement": {string(w.filter.Requirement)}, "group": {string(w.filter.Group)}}
}

// askToRemind shows what would come of it when the people of a list are reminded,
// or what came of it. Without a list it leads to one.
func (s *Server) askToRemind(x *exchange) error {
	if x.query("requirement") == "" && x.query("group") == "" && x.query("record") == "" {
		if _, _, err := s.scope(x, x.param("department")); err != nil {
			return err
		}
		return x.seeOther(peoplePath(x.param("department")) + "?group=" + string(report.GroupOpen))
	}
	if record := x.query("record"); record != "" {
		return s.reminded(x, record)
	}
	w, err := s.wanted(x, x.query)
	if err != nil {
		return err
	}
	page, err := s.askPage(x, w)
	if err != nil {
		return err
	}
	return s.render(x, "reminders/ask", page)
}

func (s *Server) askPage(x *exchange, w wanted) (*askPage, error) {
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return nil, err
	}
	req, _ := s.cfg.Ledger.Requirement(w.filter.Requirement)
	at := x.param("department")
	page := &askPage{
		Page: s.titled(x, x.T("reminder.ask.title"), append(s.scopeCrumbs(x, roster, w.department),
			view.Link{Href: w.back(at), Label: x.T("department.people.title", "Scope", w.scope)})...),
		Scope: w.scope, Requirement: req.Title.In(string(x.Tag())), Group: w.filter.Group, Total: len(w.people), TooMany: len(w.people) > mostReminded,
		SendTo: remindersPath(at), Back: w.back(at),
	}
	if page.TooMany || len(w.people) == 0 {
		return page, nil
	}
	page.Outlook, err = s.cfg.Reminders.Outlook(x.ctx, x.actor(), reminder.Request{Department: w.department, People: w.people})
	if err != nil {
		return nil, err
	}
	page.Later = page.Outlook.At.After(s.cfg.Now())
	page.addSorts(x)
	page.Fields = []field{{"requirement", string(w.filter.Requirement)}, {"group", string(w.filter.Group)}, {"form", rand.Text()}}
	return page, nil
}

// addSorts names the people of the outlook, by what would come of it.
func (p *askPage) addSorts(x *exchange) {
	sort := func(word string, people []directory.Person) askedSort {
		s := askedSort{Heading: x.T("reminder.ask."+word, "Count", len(people)), Text: x.T("reminder.ask." + word + ".text")}
		for _, p := range people[:min(len(people), namesOfSort)] {
			s.Names = append(s.Names, x.T("record.person", "Name", p.Name, "Number", p.Number))
		}
		s.More = len(people) - len(s.Names)
		return s
	}
	for _, put := range []struct {
		word   string
		people []directory.Person
	}{{"mailed", p.Outlook.Mailed}, {"no_address", p.Outlook.NoAddress}, {"no_mail", p.Outlook.NoMail}} {
		if len(put.people) > 0 {
			p.Put = append(p.Put, sort(put.word, put.people))
		}
	}
	if len(p.Outlook.Already) > 0 {
		already := sort("already", p.Outlook.Already)
		p.Already = &already
	}
}

// remind has the people of a list reminded.
func (s *Server) remind(x *exchange) error {
	w, err := s.wanted(x, x.form)
	if err != nil {
		return err
	}
	at := x.param("department")
	if len(w.people) == 0 || len(w.people) > mostReminded { // since the page was shown; no people would be all of them
		return x.seeOther(remindersPath(at) + "?" + w.query().Encode())
	}
	answer, err := s.cfg.Reminders.Remind(x.ctx, x.actor(), reminder.Request{Department: w.department, People: w.people, Form: x.form("form")})
	if err != nil {
		return err
	}
	if answer.People == 0 {
		return x.seeOther(remindersPath(at) + "?" + w.query().Encode())
	}
	s.security(x, "reminded", "department", string(w.department), "record", answer.Seq, "put", answer.Put)
	query := w.query()
	query.Set("record", strconv.FormatInt(answer.Seq, 10))
	return x.seeOther(remindersPath(at) + "?" + query.Encode())
}

// remindedPage says what came of it.
type remindedPage struct {
	*view.Page
	Done   view.Done
	Rows   []view.SummaryRow
	Round  string // the day's messages to the department
	Paper  string // the list for people without mail; empty when there are none
	NoMail bool
	Later  bool
	Day    calendar.Date
	At     time.Time
	Back   string // the list
}

// reminded shows what came of a request of the reader's own, as its record says.
func (s *Server) reminded(x *exchange, record string) error {
	id, name, err := s.scope(x, x.param("department"))
	if err != nil {
		return err
	}
	seq, err := strconv.ParseInt(record, 10, 64)
	if err != nil || seq < 0 {
		return fault.NotFoundf("record %q", record)
	}
	e, err := s.cfg.Records.Entry(x.ctx, seq)
	if err != nil {
		return err
	}
	said, day, err := s.ownRequest(x, e, id)
	if err != nil {
		return err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	about := ""
	if id != "" {
		about = "?" + url.Values{"department": {string(id)}}.Encode()
	}
	at := x.param("department")
	page := remindedPage{
		Page: s.titled(x, x.T("reminder.asked.title"), s.scopeCrumbs(x, roster, id)...), Day: day, NoMail: s.cfg.Outbox == nil,
		Round: roundPath(day) + about, Back: peoplePath(at),
	}
	page.Done = view.Done{
		Heading: x.T("reminder.asked.heading", "Count", said.People), ReferenceLabel: x.T("reminder.asked.reference"), Reference: strconv.FormatInt(e.Seq, 10),
	}
	if query := (url.Values{"requirement": {x.query("requirement")}, "group": {x.query("group")}}); remindable(report.Group(query.Get("group"))) {
		page.Back += "?" + query.Encode()
	}
	people := func(word string, n int) {
		page.Rows = append(page.Rows, view.SummaryRow{Term: x.T("reminder.asked." + word), Text: x.T("department.people", "Count", n)})
	}
	page.Rows = append(page.Rows, view.SummaryRow{Term: x.T("reminder.asked.scope"), Text: name}, view.SummaryRow{Term: x.T("reminder.asked.day"), Text: x.Date(day)})
	if mailed := said.People - said.NoAddress; page.NoMail {
		people("no_mail", mailed)
	} else {
		people("mailed", mailed)
		page.Later = mailed > 0 && day.After(calendar.DateOf(e.At))
	}
	people("no_address", said.NoAddress)
	people("already", said.Already)
	if said.NoAddress > 0 || page.NoMail && said.People > 0 {
		page.Paper = roundPath(day) + "/paper" + about
	}
	return s.render(x, "reminders/asked", page)
}

// ownRequest reads the record of a request that the reader made for the
// department. Anything else does not exist.
func (s *Server) ownRequest(x *exchange, e evidence.Entry, department directory.DepartmentID) (duty.Reminded, calendar.Date, error) {
	var said duty.Reminded
	if department == "" {
		department = everywhere
	}
	if e.Kind != duty.KindReminded || e.Actor != string(x.person()) || e.Object != "department:"+string(department) || e.Record == nil {
		return said, calendar.Date{}, fault.NotFoundf("entry %d is no request of %s", e.Seq, x.person())
	}
	if err := e.Body(&said); err != nil {
		return said, calendar.Date{}, err
	}
	day, err := calendar.ParseDate(said.Day)
	return said, day, err
}
