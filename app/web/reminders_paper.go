package web

import (
	"net/url"
	"slices"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/notify"
	"kokoroe/app/web/view"
)

// paperPage is the list of people whom no mail reached, to be printed and handed
// over: a sheet for each department.
type paperPage struct {
	*view.Page
	Day    calendar.Date
	Scope  string
	AsOf   time.Time
	Portal string // where to sign in
	Sheets []paperSheet
	Gone   int         // people left out: nothing is asked of them any more
	Below  []view.Link // departments to choose from when there are too many; else nil
	Back   string      // the day
}

// paperSheet is one department's.
type paperSheet struct {
	ID, Department string
	Lines          []paperLine
}

// paperLine is one person, with what is asked as of now.
type paperLine struct {
	Number, Name string
	Items        []itemLine
}

// unreached reports whether a message reached nobody, so that the person has to be
// told in another way.
func unreached(m notify.Message) bool {
	return m.State == notify.Refused || m.State == notify.Withheld && (m.Reason == notify.NoAddress || m.Reason == notify.NoMail)
}

// paper shows the list.
func (s *Server) paper(x *exchange) error {
	r, err := s.roundScope(x)
	if err != nil {
		return err
	}
	t, err := s.told(x, r, "")
	if err != nil {
		return err
	}
	page := paperPage{
		Page: s.titled(x, x.T("reminder.paper.title"), append(s.roundCrumbs(x), view.Link{Href: r.address("", url.Values{}), Label: x.T("reminder.day.title", "On", r.day)})...),
		Day:  r.day, Scope: r.name, AsOf: s.cfg.Now(), Portal: s.origin, Back: r.address("", url.Values{}),
	}
	page.Wide = true
	page.Printed = x.T("reminder.printed", "At", page.AsOf, "Scope", r.name)
	if t.tooMany {
		page.Below = s.departmentsBelow(r, "/paper")
	}
	for _, m := range t.messages {
		if !unreached(m) {
			continue
		}
		if err := s.addToPaper(x, &page, r, m); err != nil {
			return err
		}
	}
	s.security(x, "reminders on paper", "day", r.day.String(), "department", string(r.department))
	return s.render(x, "reminders/paper", page)
}

// addToPaper adds a person to the sheet of the department, which is the last one
// or new. Who is not at work, or of whom nothing is asked, is left out.
func (s *Server) addToPaper(x *exchange, page *paperPage, r roundScope, m notify.Message) error {
	today := s.today()
	p, ok := r.roster.Person(m.Person)
	if !ok || !p.ActiveOn(today) || p.OnLeave(today) {
		page.Gone++
		return nil
	}
	items, err := s.openItems(x, p.ID)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		page.Gone++
		return nil
	}
	id := string(p.MembershipOn(today).Department)
	if n := len(page.Sheets); n == 0 || page.Sheets[n-1].ID != id {
		page.Sheets = append(page.Sheets, paperSheet{ID: id, Department: pathName(r.roster.Path(directory.DepartmentID(id)))})
	}
	sheet := &page.Sheets[len(page.Sheets)-1]
	sheet.Lines = append(sheet.Lines, paperLine{Number: p.Number, Name: p.Name, Items: items})
	return nil
}

// openItems lists what is asked of somebody now, what is due first at the top.
func (s *Server) openItems(x *exchange, id directory.PersonID) ([]itemLine, error) {
	open, err := s.cfg.Ledger.Open(x.ctx, id, s.today())
	if err != nil {
		return nil, err
	}
	var items []itemLine
	for i := range open {
		// What two contracts ask for is one line.
		if item := s.itemLine(x, &open[i]); !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items, nil
}
