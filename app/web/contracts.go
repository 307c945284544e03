package web

import (
	"net/url"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/contract"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/report"
	"kokoroe/app/web/view"
)

func (s *Server) mountContracts() {
	s.get("/contracts", s.contracts)
	s.get("/contracts/:contract", s.contract)
}

func contractPath(id contract.ID) string { return "/contracts/" + url.PathEscape(string(id)) }

// pathText is a path of the registers as people write it.
func pathText(path string) string { return strings.ReplaceAll(path, directory.PathSeparator, " ") }

// contractsPage is the contracts that the reader reaches.
type contractsPage struct {
	*view.Page
	AsOf  time.Time
	Whole bool
	Scope string
	Rows  []contractLine
	Next  string // the next contracts; empty at the end
}

// contractLine is one contract.
type contractLine struct {
	Href, ID, Name, Supplier, Department string
	Chain                                []string // from the one that holds the contract with the city downwards
	Period                               calendar.Period
	Phase                                view.Status
	Signed, Of                           int // of those whose time has come
	Workers                              int
	Missing                              int // who has still to do something
	Light                                view.Status
	Bar                                  bar
}

// contracts lists contracts.
func (s *Server) contracts(x *exchange) error {
	top, name, err := s.scope(x, everywhere)
	if err != nil {
		return err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	page := contractsPage{Page: s.titled(x, x.T("contract.title")), AsOf: s.cfg.Now(), Whole: top == "", Scope: name}
	page.Printed = x.T("department.printed", "At", page.AsOf, "Scope", name)
	var within []contract.Contract
	for _, c := range s.cfg.Report.Registers.Contracts().Contracts {
		if contractWithin(roster, c, top) {
			within = append(within, c)
		}
	}
	within, page.Next = behind(x, within, registerOf, "/contracts", func(c contract.Contract) string { return string(c.ID) })
	for _, c := range within {
		row, err := s.cfg.Report.Contract(x.ctx, c.ID, s.today())
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, s.contractLine(x, page.Page, &row))
	}
	return s.render(x, "contracts/list", page)
}

// contractWithin reports whether the contract is one of the department top or
// below. A contract of a department that the roster does not know is seen only
// by those who see all.
func contractWithin(roster *directory.Roster, c contract.Contract, top directory.DepartmentID) bool {
	if top == "" {
		return true
	}
	d, ok := roster.DepartmentByPath(c.Department)
	return ok && roster.Within(d.ID, top)
}

func (s *Server) contractLine(x *exchange, page *view.Page, row *report.ContractRow) contractLine {
	c, today := row.Contract, s.today()
	line := contractLine{
		Href: contractPath(c.ID), ID: string(c.ID), Name: c.Title.In(string(x.Tag())), Department: pathText(c.Department),
		Period: c.Period, Workers: len(row.Workers),
	}
	for _, supplier := range row.Chain {
		line.Chain = append(line.Chain, supplierName(x, supplier))
	}
	if n := len(line.Chain); n > 0 {
		line.Supplier = line.Chain[n-1]
	}
	line.Signed, line.Of = row.Signed()
	count := duty.Count{Required: line.Of, Done: line.Signed}
	for i := range row.Workers {
		switch need := needOf(&row.Workers[i], today); need {
		case needNothing, needEnded:
		case needSignNow:
			count.Overdue++
			fallthrough
		default:
			line.Missing++
		}
	}
	line.Bar = barOf(count)
	line.Phase = phase(page, c.Period, today)
	line.Light = page.Chip("ok", x.T("contract.all_signed"))
	if line.Missing > 0 {
		line.Light = page.Chip("warning", x.T("contract.missing", "Count", line.Missing))
	}
	return line
}

// phase says whether a contract is before, in or after its time.
func phase(page *view.Page, p calendar.Period, today calendar.Date) view.Status {
	switch {
	case p.From.After(today):
		return page.Chip("waiting", page.T("contract.phase.before"))
	case !p.Holds(today):
		return page.Chip("ended", page.T("contract.phase.after"))
	}
	return page.Chip("in-progress", page.T("contract.phase.now"))
}

func supplierName(x *exchange, supplier contract.Supplier) string {
	if !strings.HasPrefix(x.Lang(), "ja") && supplier.NameEn != "" {
		return supplier.NameEn
	}
	return supplier.Name
}

// need is what a worker lacks before work starts. It is the ending of a
// message ID.
type need string

const (
	needNothing need = ""         // signed, or excused
	needRoster  need = "roster"   // the number is not in the roster: nobody to sign
	needStart   need = "start"    // the time has not come: signs on the first day
	needSign    need = "sign"     // has not signed everything
	needSignNow need = "sign_now" // and the date is past
	needAnswer  need = "answer"   // cannot agree, or asks
	needReturn  need = "return"   // is on leave, signs on return
	needEnded   need = "ended"    // works here no more
)

func needOf(w *report.WorkerRow, today calendar.Date) need {
	switch {
	case w.Person.ID == "":
		return needRoster
	case w.State.Done(), w.State == duty.Exempt:
		return needNothing
	case !w.Period.Until.IsZero() && w.Period.Until.Before(today), w.State == duty.Withdrawn, !w.Person.LeftOn.IsZero() && w.Person.LeftOn.Before(today):
		return needEnded
	case w.State == "":
		return needStart
	case w.State == duty.Overdue:
		return needSignNow
	case w.State == duty.Declined:
		return needAnswer
	case w.State == duty.Paused:
		return needReturn
	}
	return needSign
}

// contractPage is one contract.
type contractPage struct {
	*view.Page
	AsOf time.Time
	contractLine
	Obligations []view.Link
	Lines       []workerLine
	Lacking     []workerLine // whose signature is missing
	Head        *contactPerson
}

type workerLine struct {
	Number, Name, Href string
	Period             calendar.Period
	State              duty.State // empty before the time has come
	Need               string     // in words; empty when nothing is missing
	Ended              bool
	DueOn, DoneOn      calendar.Date
	Items              []itemLine
}

func (s *Server) contract(x *exchange) error {
	top, _, err := s.scope(x, everywhere)
	if err != nil {
		return err
	}
	row, err := s.cfg.Report.Contract(x.ctx, contract.ID(x.param("contract")), s.today())
	if err != nil {
		return err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	if !contractWithin(roster, row.Contract, top) {
		return fault.NotFoundf("contract %q is not within %q", row.Contract.ID, top)
	}
	page := contractPage{AsOf: s.cfg.Now()}
	page.Page = s.titled(x, row.Contract.Title.In(string(x.Tag())), view.Link{Href: "/contracts", Label: x.T("contract.title")})
	page.contractLine = s.contractLine(x, page.Page, &row)
	page.Printed = x.T("department.printed", "At", page.AsOf, "Scope", page.Department)
	for _, id := range row.Contract.Obligations {
		item := duty.PolicyItem(id)
		link := view.Link{Label: s.itemTitle(x, item)}
		if _, ok := identity.Allowed("GET", "/policies/:policy", x.visitor.Roles); ok {
			link.Href = itemPath(item)
		}
		page.Obligations = append(page.Obligations, link)
	}
	for i := range row.Workers {
		line := s.workerLine(x, roster, &row.Workers[i])
		page.Lines = append(page.Lines, line)
		if line.Need != "" && !line.Ended {
			page.Lacking = append(page.Lacking, line)
		}
	}
	if d, ok := roster.DepartmentByPath(row.Contract.Department); ok {
		page.Head = s.headOf(roster, d.ID)
	}
	return s.render(x, "contracts/show", page)
}

func (s *Server) workerLine(x *exchange, roster *directory.Roster, w *report.WorkerRow) workerLine {
	line := workerLine{Number: w.Number, Name: w.Person.Name, Period: w.Period, State: w.State}
	if need := needOf(w, s.today()); need != needNothing {
		line.Need, line.Ended = x.T("contract.need."+string(need), "From", w.Period.From), need == needEnded
	}
	if s.mayOpen(x, roster, w.Person) {
		line.Href = personPath(w.Person.ID)
	}
	for i := range w.Items {
		a := &w.Items[i]
		if a.Superseded {
			continue
		}
		item := s.itemLine(x, a)
		line.Items = append(line.Items, item)
		if item.State.Open() {
			line.DueOn = item.DueOn
		}
		line.DoneOn = calendar.Later(line.DoneOn, item.DoneOn)
	}
	if !w.State.Done() {
		line.DoneOn = calendar.Date{}
	}
	return line
}
