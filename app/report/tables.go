package report

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/locale"
	"kokoroe/app/spreadsheet"
)

// Titles says what an item is called in the reader's language.
type Titles func(duty.Item) string

// CompletionTable returns the counts of the department and those below it, or
// of the whole city, as a table: a row for each requirement and department. A
// department's row includes those below it; the column of levels keeps a reader
// from adding them up twice.
func (s *Service) CompletionTable(ctx context.Context, p *locale.Printer, f Filter, day calendar.Date) (spreadsheet.Source, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return spreadsheet.Source{}, err
	}
	c, err := s.Completion(ctx, Part{Root: f.Department}, day)
	if err != nil {
		return spreadsheet.Source{}, err
	}
	asOf := c.AsOf.In(calendar.Tokyo).Format(time.DateTime)
	cells := func(title string, row Row, n duty.Count) spreadsheet.Row {
		return spreadsheet.Row{Cells: []string{
			title, roster.PathName(row.Department.ID), strconv.Itoa(len(roster.Path(row.Department.ID))),
			strconv.Itoa(n.Required), strconv.Itoa(n.Done), strconv.Itoa(n.Late), rate(p, n),
			strconv.Itoa(n.Overdue), strconv.Itoa(n.Open), strconv.Itoa(n.Exempt), strconv.Itoa(n.Paused),
			c.Day.String(), asOf,
		}}
	}
	return spreadsheet.Source{
		Columns: columns(p, "requirement", "department", "level#", "required#", "done#", "late#", "rate#",
			"overdue#", "open#", "exempt#", "paused#", "day", "as_of"),
		Rows: func(yield func(spreadsheet.Row, error) bool) {
			for i, req := range c.Requirements {
				if f.Requirement != "" && req.ID != f.Requirement {
					continue
				}
				title := req.Title.In(string(p.Tag()))
				for _, row := range c.Rows {
					if n := row.Counts[i]; n != (duty.Count{}) && !yield(cells(title, row, n), nil) {
						return
					}
				}
			}
		},
	}, nil
}

// rate is the percentage as a page shows it, without its sign; empty when
// nobody is asked.
func rate(p *locale.Printer, n duty.Count) string {
	if n.Required == 0 {
		return ""
	}
	return strings.TrimSuffix(p.Percent(n.Done, n.Required), "%")
}

// PeopleTable returns who stands how as a table: a row for each requirement of
// each person, read while it is written. It holds no score and no answer.
func (s *Service) PeopleTable(ctx context.Context, p *locale.Printer, f Filter, titles Titles, day calendar.Date) (spreadsheet.Source, error) {
	return s.tableOf(ctx, p, s.Everybody(ctx, f, day), titles, day)
}

// TableOf returns rows of People as a table.
func (s *Service) TableOf(ctx context.Context, p *locale.Printer, rows []PersonRow, titles Titles, day calendar.Date) (spreadsheet.Source, error) {
	return s.tableOf(ctx, p, func(yield func(PersonRow, error) bool) {
		for i := range rows {
			if !yield(rows[i], nil) {
				return
			}
		}
	}, titles, day)
}

func (s *Service) tableOf(ctx context.Context, p *locale.Printer, rows iter.Seq2[PersonRow, error], titles Titles, day calendar.Date) (spreadsheet.Source, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return spreadsheet.Source{}, err
	}
	paths := map[directory.DepartmentID]string{}
	cells := func(r *PersonRow) spreadsheet.Row {
		path, ok := paths[r.Department]
		if !ok {
			path = roster.PathName(r.Department)
			paths[r.Department] = path
		}
		req, _ := s.Ledger.Requirement(r.Requirement)
		return spreadsheet.Row{Cells: []string{
			r.Person.Number, r.Person.Name, r.Person.Kana, path, p.T("person.employment." + string(r.Person.Employment)), r.Person.Post,
			req.Title.In(string(p.Tag())), p.T("common.status." + string(r.State)), r.DueOn.String(), r.DoneOn.String(),
			itemsCell(p, r.Items, titles, day), day.String(),
		}}
	}
	return spreadsheet.Source{
		Columns: columns(p, "number", "name", "kana", "department", "employment", "post", "requirement", "state", "due", "done_on", "items", "day"),
		Rows: func(yield func(spreadsheet.Row, error) bool) {
			for row, err := range rows {
				if err != nil {
					yield(spreadsheet.Row{}, err)
					return
				}
				if !yield(cells(&row), nil) {
					return
				}
			}
		},
	}, nil
}

// itemsCell says how each item stands.
func itemsCell(p *locale.Printer, items []duty.Assignment, titles Titles, day calendar.Date) string {
	parts := make([]string, 0, len(items))
	for i := range items {
		a := &items[i]
		part := titles(a.Item) + ": " + p.T("common.status."+string(a.StateOn(day)))
		if a.Fulfilment != nil {
			part += " " + calendar.DateOf(a.Fulfilment.At).String()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " / ")
}

// columns returns columns headed department.column.<name>; a name with # is
// one of numbers.
func columns(p *locale.Printer, names ...string) []spreadsheet.Column {
	out := make([]spreadsheet.Column, len(names))
	for i, name := range names {
		name, number := strings.CutSuffix(name, "#")
		out[i] = spreadsheet.Column{Name: p.T("department.column." + name), Number: number}
	}
	return out
}
