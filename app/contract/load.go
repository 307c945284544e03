package contract

import (
	"fmt"
	"io/fs"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
)

// file is the shape of suppliers.yaml.
type file struct {
	Suppliers []struct {
		Lines  document.Lines `yaml:"-"`
		ID     string         `yaml:"id"`
		Name   string         `yaml:"name"`
		NameEn string         `yaml:"name_en"`
		Parent string         `yaml:"parent"`
	} `yaml:"suppliers"`
	Contracts []contractRow `yaml:"contracts"`
}

type contractRow struct {
	Lines       document.Lines `yaml:"-"`
	ID          string         `yaml:"id"`
	Supplier    string         `yaml:"supplier"`
	Title       document.Text  `yaml:"title"`
	Department  string         `yaml:"department"`
	From        string         `yaml:"from"`
	Until       string         `yaml:"until"`
	Obligations []string       `yaml:"obligations"`
	Workers     []struct {
		Lines  document.Lines `yaml:"-"`
		Number string         `yaml:"number"`
		From   string         `yaml:"from"`
		Until  string         `yaml:"until"`
	} `yaml:"workers"`
}

// LoadRegister reads suppliers.yaml; known reports whether there is a policy
// with an ID. All problems are reported together.
func LoadRegister(fsys fs.FS, name string, known func(policy string) bool) (*Register, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, document.Problems{{File: name, Message: "cannot be read"}}
	}
	var f file
	if problems := document.Decode(name, src, &f); len(problems) > 0 {
		return nil, problems
	}
	l := loader{name: name, known: known, register: &Register{}}
	for _, row := range f.Suppliers {
		if row.ID == "" || row.Name == "" {
			l.problems.Add(name, row.Lines.Start, "a supplier wants id and name")
		}
		if l.supplies(row.ID) {
			l.problems.Add(name, row.Lines.Of("id"), "there is another supplier %q", row.ID)
		}
		l.register.Suppliers = append(l.register.Suppliers, Supplier{
			ID: SupplierID(row.ID), Name: row.Name, NameEn: row.NameEn, Parent: SupplierID(row.Parent)})
	}
	for i, s := range l.register.Suppliers {
		lines := f.Suppliers[i].Lines
		if s.Parent != "" && !l.supplies(string(s.Parent)) {
			l.problems.Add(name, lines.Of("parent"), "there is no supplier %q", s.Parent)
		} else if len(l.register.Chain(s.ID)) > len(l.register.Suppliers) {
			l.problems.Add(name, lines.Of("parent"), "the chain of suppliers goes in a circle")
		}
	}
	for _, row := range f.Contracts {
		l.contract(row)
	}
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return l.register, nil
}

type loader struct {
	name     string
	known    func(policy string) bool
	register *Register
	problems document.Problems
}

func (l *loader) supplies(id string) bool {
	return slices.ContainsFunc(l.register.Suppliers, func(s Supplier) bool { return string(s.ID) == id })
}

func (l *loader) contract(row contractRow) {
	if _, twice := l.register.Contract(ID(row.ID)); row.ID == "" || twice {
		l.problems.Add(l.name, row.Lines.Of("id"), "a contract wants an id of its own, not %q", row.ID)
	}
	if !l.supplies(row.Supplier) {
		l.problems.Add(l.name, row.Lines.Of("supplier"), "there is no supplier %q", row.Supplier)
	}
	l.problems = append(l.problems, row.Title.Require(l.name, row.Lines.Of("title"), "title", document.Japanese)...)
	for _, policy := range row.Obligations {
		if !l.known(policy) {
			l.problems.Add(l.name, row.Lines.Of("obligations"), "there is no policy %q", policy)
		}
	}
	c := Contract{ID: ID(row.ID), Supplier: SupplierID(row.Supplier), Title: row.Title, Department: row.Department, Obligations: row.Obligations}
	c.Period = l.period(row.Lines, row.From, row.Until)
	if c.Period.From.IsZero() {
		l.problems.Add(l.name, row.Lines.Start, "a contract wants the day that it begins")
	}
	for _, w := range row.Workers {
		if w.Number == "" {
			l.problems.Add(l.name, w.Lines.Start, "a worker wants the number in the roster")
		}
		p := l.period(w.Lines, w.From, w.Until)
		if p.From.IsZero() {
			p.From = c.Period.From
		}
		if p.Until.IsZero() || !c.Period.Until.IsZero() && p.Until.After(c.Period.Until) {
			p.Until = c.Period.Until
		}
		c.Workers = append(c.Workers, Worker{Number: w.Number, Period: p})
	}
	l.register.Contracts = append(l.register.Contracts, c)
}

func (l *loader) period(lines document.Lines, from, until string) calendar.Period {
	day := func(key, s string) calendar.Date {
		d, err := calendar.ParseDate(s)
		if err != nil {
			l.problems.Add(l.name, lines.Of(key), "%s: %v", key, err)
		}
		return d
	}
	p := calendar.Period{From: day("from", from), Until: day("until", until)}
	if !p.Until.IsZero() && p.Until.Before(p.From) {
		l.problems.Add(l.name, lines.Of("until"), "%s", fmt.Sprintf("until %s is before from %s", p.Until, p.From))
	}
	return p
}
