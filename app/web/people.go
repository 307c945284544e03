package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/report"
	"kokoroe/app/web/view"
)

func (s *Server) mountPeople() {
	s.get("/people/:person", s.personSheet)
	s.post("/people/:person/exemptions", s.exempt)
}

// personPath is where a person is shown.
func personPath(id directory.PersonID) string { return "/people/" + url.PathEscape(string(id)) }

// personPage is one person: dates and states, no score and no answer.
type personPage struct {
	*view.Page
	Name, Kana  string
	Facts       []view.SummaryRow
	Stays       []stay
	Leaves      []calendar.Period
	Duties      []personDuty
	Reminders   []ownReminder
	Exemption   *view.Form // nil when the reader may not give one
	Exemptible  []view.Option
	ExemptTo    string
	MayNotExemp string // why there is nothing to exempt
}

type stay struct {
	Department string
	calendar.Period
}

// personDuty is one requirement as it is asked of the person.
type personDuty struct {
	Title string
	State duty.State
	Items []dutyLine
}

// dutyLine is one item with everything that can be said about it.
type dutyLine struct {
	itemLine
	Open       bool
	AssignedOn calendar.Date
	Why        string // through which fact
	WhyDue     string // how the date came about
	Record     int64  // position of the record that fulfils it; -1 for none
	RecordAt   time.Time
	OnBehalf   string // who acted, when it was not the person
	Exemption  *exemptionLine
	Declined   *exemptionLine
	Ended      calendar.Date
}

// exemptionLine is who excused, or refused, when and why.
type exemptionLine struct {
	By, Reason string
	At         time.Time
	Record     int64
}

// personSheet shows one person.
func (s *Server) personSheet(x *exchange) error {
	p, err := s.reachedPerson(x, directory.PersonID(x.param("person")))
	if err != nil {
		return err
	}
	page, err := s.personPage(x, p, nil)
	if err != nil {
		return err
	}
	if line := page.exempted(x.query("exempted")); line != nil {
		page.Flash = &view.Notice{Kind: "success", Heading: x.T("person.exempt.done"), Text: x.T("person.exempt.record", "Record", line.Record)}
	}
	s.security(x, "person opened", "subject", string(p.ID))
	return s.render(x, "people/show", page)
}

// exempted returns the exemption whose record stands at the position.
func (p *personPage) exempted(position string) *exemptionLine {
	for i := range p.Duties {
		for j := range p.Duties[i].Items {
			if e := p.Duties[i].Items[j].Exemption; e != nil && position == strconv.FormatInt(e.Record, 10) {
				return e
			}
		}
	}
	return nil
}

// personPage gathers what is known of a person. typed is what the form for an
// exemption came with; nil for an empty one.
func (s *Server) personPage(x *exchange, p directory.Person, typed url.Values) (*personPage, error) {
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return nil, err
	}
	today := s.today()
	rows, err := s.cfg.Report.Person(x.ctx, p.ID, today)
	if err != nil {
		return nil, err
	}
	department := p.MembershipOn(today).Department
	crumbs := s.departmentCrumbs(x, roster, department)
	crumbs = append(crumbs, view.Link{Href: departmentPath(department), Label: crumbName(roster, department)})
	page := &personPage{
		Page: s.titled(x, p.Name, crumbs...), Name: p.Name, Kana: p.Kana, Leaves: p.Leaves, ExemptTo: personPath(p.ID) + "/exemptions",
	}
	page.Facts = s.personFacts(x, page.Page, roster, p)
	for _, m := range slices.Backward(p.Memberships) {
		page.Stays = append(page.Stays, stay{Department: pathName(roster.Path(m.Department)), Period: m.Period})
	}
	for i := range rows {
		page.Duties = append(page.Duties, s.personDuty(x, roster, &rows[i]))
	}
	if page.Reminders, err = s.remindersOf(x, page.Page, p.ID); err != nil {
		return nil, err
	}
	if !x.has(identity.HR) {
		return page, nil
	}
	page.Exemptible = s.exemptible(x, rows)
	switch {
	case p.ID == x.person():
		page.MayNotExemp = x.T("duty.exempt.oneself")
	case len(page.Exemptible) == 0:
		page.MayNotExemp = x.T("person.exempt.nothing")
	default:
		page.Exemption = view.NewForm(page.Page, typed)
	}
	return page, nil
}

func (s *Server) personFacts(x *exchange, page *view.Page, roster *directory.Roster, p directory.Person) []view.SummaryRow {
	today := s.today()
	facts := []view.SummaryRow{
		{Term: x.T("department.column.number"), Text: p.Number},
		{Term: x.T("department.column.department"), Text: pathName(roster.Path(p.MembershipOn(today).Department))},
		{Term: x.T("department.column.employment"), Text: x.T("person.employment." + string(p.Employment))},
	}
	if p.Post != "" {
		facts = append(facts, view.SummaryRow{Term: x.T("department.column.post"), Text: p.Post})
	}
	if p.Mail != "" {
		facts = append(facts, view.SummaryRow{Term: x.T("common.contact.mail"), Text: p.Mail})
	}
	facts = append(facts, view.SummaryRow{Term: x.T("person.joined"), Text: x.Date(p.JoinedOn)})
	if !p.LeftOn.IsZero() {
		facts = append(facts, view.SummaryRow{Term: x.T("person.left"), Text: x.Date(p.LeftOn)})
	}
	if p.OnLeave(today) {
		paused := page.Chip("paused", x.T("person.on_leave"))
		facts = append(facts, view.SummaryRow{Term: x.T("person.now"), Status: &paused})
	}
	return facts
}

func (s *Server) personDuty(x *exchange, roster *directory.Roster, row *report.PersonRow) personDuty {
	req, _ := s.cfg.Ledger.Requirement(row.Requirement)
	d := personDuty{Title: req.Title.In(string(x.Tag())), State: row.State}
	for i := range row.Items {
		d.Items = append(d.Items, s.dutyLine(x, roster, &row.Items[i]))
	}
	return d
}

func (s *Server) dutyLine(x *exchange, roster *directory.Roster, a *duty.Assignment) dutyLine {
	line := dutyLine{
		itemLine: s.itemLine(x, a), AssignedOn: a.AssignedOn, Why: s.whyAsked(x, a), WhyDue: whyDue(x, a.Because), Record: -1, Ended: a.EndedOn,
	}
	line.Open = line.State.Open()
	if m := a.Fulfilment; m != nil {
		line.Record, line.RecordAt = m.Seq, m.At
		if m.By != string(a.Person) {
			line.OnBehalf = nameOf(roster, m.By)
		}
	}
	if m := a.Exemption; m != nil {
		line.Exemption = &exemptionLine{By: nameOf(roster, m.By), Reason: m.Reason, At: m.At, Record: m.Seq}
	}
	if m := a.Declined; m != nil {
		// What somebody could not agree to, and why, is between them and those
		// who keep the rules; the head sees that there is a question.
		line.Declined = &exemptionLine{By: nameOf(roster, m.By), At: m.At, Record: m.Seq}
		if x.relation == identity.All {
			line.Declined.Reason = m.Reason
		}
	}
	return line
}

func nameOf(roster *directory.Roster, id string) string {
	if p, ok := roster.Person(directory.PersonID(id)); ok {
		return p.Name
	}
	return id
}

// whyAsked says through which fact, since when, the item is asked of somebody.
func (s *Server) whyAsked(x *exchange, a *duty.Assignment) string {
	b := a.Because
	why := ""
	switch b.Rule {
	case duty.ByOwner:
		why = x.T("duty.because.owner", "Name", s.objectTitle(x, b.Object), "Since", b.Since)
	case duty.ByWorker:
		why = x.T("duty.because.worker", "Name", s.objectTitle(x, b.Object), "Since", b.Since)
	default:
		why = x.T("duty.because.kind", "Since", b.Since)
	}
	if b.Material > 0 {
		why += x.T("duty.because.version", "Version", b.Material)
	}
	return why
}

// whyDue says how a due date came about.
func whyDue(x *exchange, b duty.Because) string {
	return x.T("duty.due."+string(b.DueRule), "Days", b.DueDays)
}

// exemptible lists what the person may be excused from: what is still open.
func (s *Server) exemptible(x *exchange, rows []report.PersonRow) []view.Option {
	var out []view.Option
	for i := range rows {
		req, _ := s.cfg.Ledger.Requirement(rows[i].Requirement)
		for j := range rows[i].Items {
			a := &rows[i].Items[j]
			value := choiceOf(a.Requirement, a.Item)
			known := slices.ContainsFunc(out, func(o view.Option) bool { return o.Value == value })
			if state := a.StateOn(s.today()); known || !state.Open() && state != duty.Paused {
				continue
			}
			out = append(out, view.Option{Value: value, Label: s.itemTitle(x, a.Item), Hint: req.Title.In(string(x.Tag()))})
		}
	}
	return out
}

// choiceOf names an item of a requirement in a form.
func choiceOf(req duty.RequirementID, item duty.Item) string { return string(req) + " " + string(item) }

// exempt excuses a person from an item, with a reason.
func (s *Server) exempt(x *exchange) error {
	p, err := s.reachedPerson(x, directory.PersonID(x.param("person")))
	if err != nil {
		return err
	}
	typed := url.Values{"item": {x.form("item")}, "reason": {x.form("reason")}}
	page, err := s.personPage(x, p, typed)
	if err != nil {
		return err
	}
	if page.Exemption == nil {
		if p.ID == x.person() {
			return fault.New(fault.Conflict, "duty.exempt.oneself", nil)
		}
		return fault.New(fault.Conflict, "duty.exempt.done", nil)
	}
	req, item, _ := strings.Cut(typed.Get("item"), " ")
	if !slices.ContainsFunc(page.Exemptible, func(o view.Option) bool { return o.Value == typed.Get("item") }) {
		page.Exemption.Fail("item", x.T("person.exempt.item.missing"))
		if strings.TrimSpace(typed.Get("reason")) == "" {
			page.Exemption.Fail("reason", x.T("duty.reason.missing"))
		}
		return s.refuseExemption(x, page)
	}
	entry, err := s.cfg.Duties.Exempt(x.ctx, x.actor(), duty.Exemption{
		Person: p.ID, Requirement: duty.RequirementID(req), Item: duty.Item(item), Reason: typed.Get("reason"),
	})
	if page.Exemption.Reject(err) {
		return s.refuseExemption(x, page)
	}
	if err != nil {
		return err
	}
	s.security(x, "exempted", "subject", string(p.ID), "record", entry.Seq)
	return x.seeOther(personPath(p.ID) + "?exempted=" + strconv.FormatInt(entry.Seq, 10))
}

func (s *Server) refuseExemption(x *exchange, page *personPage) error {
	page.Failed = true
	x.c.Status(422)
	return s.render(x, "people/show", page)
}
