package social

import (
	"io/fs"
	"net/url"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
)

// AccountID names an account for ever.
type AccountID string

// Role is what a custodian is to an account.
type Role string

// The roles (責任者, 副責任者, 担当者).
const (
	Owner    Role = "owner"
	Deputy   Role = "deputy"
	Operator Role = "operator"
)

// Account is one official account at one service.
type Account struct {
	ID         AccountID
	Service    string // X, LINE, YouTube, …
	Handle     string
	URL        string
	Title      document.Text
	Department string // path, as in the roster
	Custodians []Custodian
}

// Custodian is a person with a role for an account, by the roster's number.
type Custodian struct {
	Number string
	Role   Role
	Since  calendar.Date
}

// With returns the custodians in a role.
func (a Account) With(role Role) []Custodian {
	var out []Custodian
	for _, c := range a.Custodians {
		if c.Role == role {
			out = append(out, c)
		}
	}
	return out
}

// Register is all accounts, as loaded. It never changes.
type Register struct{ Accounts []Account }

// Account returns the account with the ID.
func (r *Register) Account(id AccountID) (Account, bool) {
	i := slices.IndexFunc(r.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return r.Accounts[i], true
}

type custodianRow struct {
	Lines  document.Lines `yaml:"-"`
	Number string         `yaml:"number"`
	Since  string         `yaml:"since"`
}

type accountRow struct {
	Lines      document.Lines `yaml:"-"`
	ID         string         `yaml:"id"`
	Service    string         `yaml:"service"`
	Handle     string         `yaml:"handle"`
	URL        string         `yaml:"url"`
	Title      document.Text  `yaml:"title"`
	Department string         `yaml:"department"`
	Owner      *custodianRow  `yaml:"owner"`
	Deputy     *custodianRow  `yaml:"deputy"`
	Operators  []custodianRow `yaml:"operators"`
}

// LoadRegister reads accounts.yaml. An account without an owner or a deputy is
// no problem of the file: the register exists to show that gap.
func LoadRegister(fsys fs.FS, name string) (*Register, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, document.Problems{{File: name, Message: "cannot be read"}}
	}
	var file struct {
		Accounts []accountRow `yaml:"accounts"`
	}
	if problems := document.Decode(name, src, &file); len(problems) > 0 {
		return nil, problems
	}
	var problems document.Problems
	r := &Register{}
	for _, row := range file.Accounts {
		if _, twice := r.Account(AccountID(row.ID)); row.ID == "" || twice {
			problems.Add(name, row.Lines.Of("id"), "an account wants an id of its own, not %q", row.ID)
		}
		if row.Service == "" || row.Handle == "" {
			problems.Add(name, row.Lines.Start, "an account wants service and handle")
		}
		if u, err := url.Parse(row.URL); err != nil || u.Scheme != "https" || u.Host == "" {
			problems.Add(name, row.Lines.Of("url"), "url wants an https address")
		}
		problems = append(problems, row.Title.Require(name, row.Lines.Of("title"), "title", document.Japanese)...)
		a := Account{ID: AccountID(row.ID), Service: row.Service, Handle: row.Handle, URL: row.URL, Title: row.Title, Department: row.Department}
		add := func(role Role, c custodianRow) {
			since, err := calendar.ParseDate(c.Since)
			if err != nil || c.Number == "" {
				problems.Add(name, c.Lines.Start, "a custodian wants number and since")
			}
			a.Custodians = append(a.Custodians, Custodian{Number: c.Number, Role: role, Since: since})
		}
		if row.Owner != nil {
			add(Owner, *row.Owner)
		}
		if row.Deputy != nil {
			add(Deputy, *row.Deputy)
		}
		for _, c := range row.Operators {
			add(Operator, c)
		}
		r.Accounts = append(r.Accounts, a)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return r, nil
}
