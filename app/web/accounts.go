package web

import (
	"net/url"
	"slices"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/report"
	"kokoroe/app/social"
	"kokoroe/app/web/view"
)

func (s *Server) mountAccounts() {
	s.get("/accounts", s.accounts)
	s.get("/accounts/:account", s.account)
	s.get("/official-accounts", s.officialAccounts)
}

// accountPath is where an account is shown.
func accountPath(id social.AccountID) string { return "/accounts/" + url.PathEscape(string(id)) }

// accountsPage is the register: red before green.
type accountsPage struct {
	*view.Page
	AsOf       time.Time
	Own        bool // the reader's own accounts only
	Red, Green int
	Rows       []accountLine
	Next       string // the next accounts; empty at the end
}

// accountLine is one account with its light.
type accountLine struct {
	Href, Name, Service, Handle, URL, Department string
	Green                                        bool
	Light                                        view.Status
	Gaps                                         []gapLine
	Custodians                                   []custodianLine
}

// gapLine is a reason why an account is red, in words.
type gapLine struct {
	Text  string
	DueOn calendar.Date
}

// custodianLine is one custodian.
type custodianLine struct {
	Role, Name, Href, Department string
	Since                        calendar.Date
	Trouble                      string // left, moved, on leave; empty when in post
	Asked                        bool   // something is asked of this role
	Items                        []custodianItem
}

// custodianItem is what the account asks of a custodian; with a way to it when
// that is the reader.
type custodianItem struct {
	itemLine
	Open bool
	Href string
}

// accounts shows the register, and to a custodian the own part of it.
func (s *Server) accounts(x *exchange) error {
	number, err := s.custodianNumber(x)
	if err != nil {
		return err
	}
	rows, err := s.cfg.Report.Accounts(x.ctx, number, s.today())
	if err != nil {
		return err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	if number != "" && len(rows) == 0 {
		return fault.NotFoundf("%s is custodian of no account", x.person())
	}
	page := accountsPage{Page: s.titled(x, x.T("account.title")), AsOf: s.cfg.Now(), Own: number != ""}
	slices.SortStableFunc(rows, func(a, b report.AccountRow) int { return rank(a.Green()) - rank(b.Green()) })
	for i := range rows {
		if rows[i].Green() {
			page.Green++
		} else {
			page.Red++
		}
	}
	rows, page.Next = behind(x, rows, registerOf, "/accounts", accountKey)
	for i := range rows {
		page.Rows = append(page.Rows, s.accountLine(x, page.Page, roster, &rows[i]))
	}
	page.Printed = x.T("account.printed", "At", page.AsOf)
	return s.render(x, "accounts/list", page)
}

// accountKey names an account and its light. When that has changed meanwhile, the
// list begins again rather than leave out those between.
func accountKey(r report.AccountRow) string {
	if r.Green() {
		return "green/" + string(r.Account.ID)
	}
	return "red/" + string(r.Account.ID)
}

func rank(green bool) int {
	if green {
		return 1
	}
	return 0
}

// custodianNumber returns the number of a visitor who sees only the accounts
// that they are custodian of, and "" for one who sees all.
func (s *Server) custodianNumber(x *exchange) (string, error) {
	switch x.relation {
	case identity.All:
		return "", nil
	case identity.OwnAccount:
		return x.visitor.Person.Number, nil
	}
	return "", fault.NotFoundf("%s reaches no account", x.person())
}

func (s *Server) accountLine(x *exchange, page *view.Page, roster *directory.Roster, row *report.AccountRow) accountLine {
	a := row.Account
	line := accountLine{
		Href: accountPath(a.ID), Name: a.Title.In(string(x.Tag())), Service: a.Service, Handle: a.Handle, URL: a.URL,
		Department: pathText(a.Department), Green: row.Green(),
	}
	line.Light = page.Chip("error", x.T("account.red"))
	if line.Green {
		line.Light = page.Chip("ok", x.T("account.green"))
	}
	for _, g := range row.Gaps {
		line.Gaps = append(line.Gaps, gapLine{
			Text:  x.T("account.gap."+string(g.Gap), "Role", x.T("account.role."+string(g.Role)), "Name", g.Name, "Since", g.Since),
			DueOn: g.DueOn,
		})
	}
	for i := range row.Custodians {
		line.Custodians = append(line.Custodians, s.custodianLine(x, roster, &row.Custodians[i]))
	}
	return line
}

func (s *Server) custodianLine(x *exchange, roster *directory.Roster, c *report.CustodianRow) custodianLine {
	today := s.today()
	line := custodianLine{Role: x.T("account.role." + string(c.Role)), Name: c.Person.Name, Since: c.Since, Asked: c.Role != social.Operator}
	if c.Person.ID == "" {
		line.Name, line.Trouble = c.Number, x.T("account.custodian.unknown")
		return line
	}
	line.Department = pathName(roster.Path(c.Person.MembershipOn(today).Department))
	if s.mayOpen(x, roster, c.Person) {
		line.Href = personPath(c.Person.ID)
	}
	switch {
	case !c.InPost:
		line.Trouble = x.T("account.custodian.left", "On", c.Person.LeftOn)
	case c.Moved:
		line.Trouble = x.T("account.custodian.moved")
	case c.Person.OnLeave(today):
		line.Trouble = x.T("account.custodian.away")
	}
	if !line.Asked {
		return line
	}
	for i := range c.Items {
		if c.Items[i].Superseded {
			continue
		}
		item := custodianItem{itemLine: s.itemLine(x, &c.Items[i])}
		item.Open = item.State.Open()
		if c.Person.ID == x.person() {
			item.Href = itemPath(c.Items[i].Item)
		}
		line.Items = append(line.Items, item)
	}
	return line
}

// accountPage is one account.
type accountPage struct {
	*view.Page
	AsOf time.Time
	accountLine
	Yours []view.Task // what is asked of the reader for it
}

func (s *Server) account(x *exchange) error {
	number, err := s.custodianNumber(x)
	if err != nil {
		return err
	}
	row, err := s.cfg.Report.Account(x.ctx, social.AccountID(x.param("account")), s.today())
	if err != nil {
		return err
	}
	if number != "" && !row.Has(number) {
		return fault.NotFoundf("%s is no custodian of %s", x.person(), row.Account.ID)
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return err
	}
	page := accountPage{AsOf: s.cfg.Now()}
	page.Page = s.titled(x, row.Account.Title.In(string(x.Tag())), view.Link{Href: "/accounts", Label: x.T("account.title")})
	page.accountLine = s.accountLine(x, page.Page, roster, &row)
	page.Printed = x.T("account.printed", "At", page.AsOf)
	for i := range row.Custodians {
		if c := &row.Custodians[i]; c.Person.ID == x.person() && c.Role != social.Operator {
			page.Yours = s.openTasks(x, c.Items)
		}
	}
	return s.render(x, "accounts/show", page)
}

// openTasks are the rows of what is still open.
func (s *Server) openTasks(x *exchange, assignments []duty.Assignment) []view.Task {
	var out []view.Task
	for _, a := range assignments {
		if state := a.StateOn(s.today()); state.Open() {
			out = append(out, s.task(x, a, state))
		}
	}
	return out
}

// officialPage is for everybody who wonders whether an account is the city's.
// It names no person.
type officialPage struct {
	*view.Page
	Day  calendar.Date
	Rows []officialLine
	Next string // the next accounts; empty at the end
}

type officialLine struct{ Name, Service, Handle, URL string }

func (s *Server) officialAccounts(x *exchange) error {
	page := officialPage{Page: s.titled(x, x.T("account.official.title")), Day: s.today()}
	accounts, next := behind(x, s.cfg.Report.Registers.Accounts().Accounts, officialOf, "/official-accounts",
		func(a social.Account) string { return string(a.ID) })
	page.Next = next
	for _, a := range accounts {
		page.Rows = append(page.Rows, officialLine{Name: a.Title.In(string(x.Tag())), Service: a.Service, Handle: a.Handle, URL: a.URL})
	}
	return s.render(x, "accounts/official", page)
}
