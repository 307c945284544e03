package web

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/web/view"
)

// populationPage counts the whole log as of a checkpoint.
type populationPage struct {
	*view.Page
	auditForm
	Checkpoint evidence.Checkpoint
	Rows       []view.SummaryRow
	Sum        string // in words: what was counted, and the checkpoint's size
	Agrees     bool   // every table's sum is the checkpoint's size
	Tables     []view.Table
	SampleHref string
}

// surveyDeadline is how long a look at the whole log may take: a store that counts
// a million records one by one takes longer than a page has.
const surveyDeadline = time.Minute

// tally counts the entries of one sort.
type tally struct {
	kept, erased int64
	first        string // the larger, the earlier in its table, before all else
}

func (t tally) all() int64 { return t.kept + t.erased }

// auditPopulation counts all entries of a checkpoint by kind, item and year.
func (s *Server) auditPopulation(x *exchange) error {
	page := populationPage{Page: s.titled(x, x.T("population.title"))}
	page.Wide = true
	typed := x.asked("size")
	page.auditForm = s.auditForm(x, page.Page, typed)
	var wrong complaints
	checkpoint, ok, err := s.chosenCheckpoint(x, typed.Get("size"), &wrong)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		page.Form.Reject(wrong.err())
		x.c.Status(fiber.StatusUnprocessableEntity)
		return s.render(x, "audit/population", page)
	}
	if !ok {
		return s.render(x, "audit/population", page)
	}
	ctx, cancel := context.WithTimeout(s.ctx, surveyDeadline)
	defer cancel()
	counts, err := s.cfg.Records.CountEntries(ctx, evidence.Query{Before: checkpoint.Size})
	if err != nil {
		return err
	}
	page.Checkpoint = checkpoint
	page.Rows = s.signedRows(x, page.Page, checkpoint, nil)[:2]
	page.Rows = append(page.Rows, view.SummaryRow{Term: x.T("audit.proof.signed_at"), Text: instant(page.Page, checkpoint.At)})
	page.count(s, x, counts)
	page.SampleHref = "/audit/sample?" + url.Values{"size": {typed.Get("size")}}.Encode()
	return s.render(x, "audit/population", page)
}

// count makes the tables, and adds each of them up: a column that was counted
// wrong would show.
func (p *populationPage) count(s *Server, x *exchange, counts []evidence.Count) {
	p.Agrees = true
	for _, by := range []struct {
		word string
		of   func(evidence.Count) string
	}{
		{"kind", func(c evidence.Count) string { return kindWord(x, c.Kind) }},
		{"item", func(c evidence.Count) string { return s.populationItem(x, c.Object) }},
		{"year", func(c evidence.Count) string { return s.populationYear(x, c.Scope) }},
	} {
		groups := map[string]tally{}
		var total tally
		for _, c := range counts {
			name := by.of(c)
			g := groups[name]
			if cycle, ok := cycleOf(c.Scope); ok && by.word == "year" {
				g.first = string(cycle) // years before contracts, the newest first
			}
			if c.Erased {
				g.erased, total.erased = g.erased+c.Entries, total.erased+c.Entries
			} else {
				g.kept, total.kept = g.kept+c.Entries, total.kept+c.Entries
			}
			groups[name] = g
		}
		p.Sum = x.T("population.sum.text", "Count", x.Number(int(total.all())), "Size", x.Number(int(p.Checkpoint.Size)), "Erased", x.Number(int(total.erased)))
		p.Agrees = p.Agrees && total.all() == p.Checkpoint.Size
		p.Tables = append(p.Tables, populationTable(x, by.word, groups, total))
	}
}

func populationTable(x *exchange, word string, groups map[string]tally, total tally) view.Table {
	t := view.Table{
		Caption: x.T("population.by." + word),
		Heads: []view.Head{
			{Text: x.T("population.head." + word)}, {Text: x.T("population.head.kept"), Numeric: true},
			{Text: x.T("population.head.erased"), Numeric: true}, {Text: x.T("population.head.all"), Numeric: true},
		},
	}
	row := func(name string, n tally) []view.Cell {
		number := func(n int64) view.Cell { return view.Cell{Text: x.Number(int(n)), Numeric: true} }
		return []view.Cell{{Text: name}, number(n.kept), number(n.erased), number(n.all())}
	}
	names := slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		return cmp.Or(strings.Compare(groups[b].first, groups[a].first), cmp.Compare(groups[b].all(), groups[a].all()), strings.Compare(a, b))
	})
	for _, name := range names {
		t.Rows = append(t.Rows, row(name, groups[name]))
	}
	t.Foot = row(x.T("population.total"), total)
	return t
}

// populationItem is what records are about: each erasure is about an entry of
// its own, and all of them are one line.
func (s *Server) populationItem(x *exchange, object string) string {
	switch {
	case strings.HasPrefix(object, erasedObject):
		return x.T("population.item.erasures")
	case object == "":
		return x.T("population.item.none")
	}
	if title := s.itemTitle(x, duty.Item(object)); title != object {
		return title
	}
	return s.objectTitle(x, object)
}

func (s *Server) populationYear(x *exchange, scope string) string {
	if scope == "" {
		return x.T("population.year.none")
	}
	return s.scopeWord(x, scope)
}
