package web

import (
	"net/url"
	"strconv"

	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/report"
)

// figure is a count whose every number leads to the names behind it.
type figure struct {
	Count   duty.Count
	Percent string
	Bar     bar
	prefix  string // of the links
}

func figureOf(x *exchange, n duty.Count, department directory.DepartmentID, req duty.RequirementID) figure {
	id := string(department)
	if id == "" {
		id = everywhere
	}
	return figure{
		Count: n, Percent: x.Percent(n.Done, n.Required), Bar: barOf(n),
		prefix: peoplePath(id) + "?requirement=" + url.QueryEscape(string(req)),
	}
}

// Any reports whether the count is about anybody.
func (f figure) Any() bool { return f.Count != duty.Count{} }

// Link is where the names of a group are.
func (f figure) Link(g report.Group) string {
	if g == report.Everybody {
		return f.prefix
	}
	return f.prefix + "&group=" + url.QueryEscape(string(g))
}

// Cell is one number of the figure with its way to the names.
func (f figure) Cell(group string) cell {
	g := report.Group(group)
	n := g.Of(f.Count)
	c := cell{Number: n}
	if n > 0 {
		c.Href = f.Link(g)
	}
	return c
}

// cell is a number; one that is 0 leads nowhere.
type cell struct {
	Number int
	Href   string
}

// bar is a bar of 100 units: done, then overdue; the rest is open. Its parts
// are strings because they stand in attributes of SVG as they are.
type bar struct {
	Done, OverdueAt, Overdue string
	HasOverdue               bool
}

func barOf(n duty.Count) bar {
	if n.Required == 0 {
		return bar{Done: "0", OverdueAt: "0", Overdue: "0"}
	}
	part := func(of int) float64 { return 100 * float64(of) / float64(n.Required) }
	units := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	return bar{Done: units(part(n.Done)), OverdueAt: units(100 - part(n.Overdue)), Overdue: units(part(n.Overdue)), HasOverdue: n.Overdue > 0}
}

// tabs are links between views of the same thing.
type tabs struct {
	Label string
	Tabs  []tab
}

type tab struct {
	Href, Label string
	Number      int
	Counted     bool // Number is shown
	Current     bool
}
