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

// populationPage is how many records there are of what, as of a checkpoint.
type populationPage struct {
	*view.Page
	auditForm
	Checkpoint  evidence.Checkpoint
	Rows        []view.SummaryRow
	Wrong       []string // what does not fit, in sentences
	Notice      view.Notice
	Findings    bool // the last examination found disagreements
	Differences *view.Table
	Tables      []view.Table
	SampleHref  string
	CountHref   string // where every record of the store is counted; "" for here
}

// surveyDeadline is how long a look at the whole log may take: a store that counts
// a million records one by one takes longer than a page has.
const surveyDeadline = time.Minute

// auditPopulation shows the population of a checkpoint: what the night's
// examination counted and what came in since, or, when that is asked for, all
// that the store holds, beside it.
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
	page.Checkpoint = checkpoint
	page.Rows = s.signedRows(x, page.Page, checkpoint, nil)[:2]
	page.Rows = append(page.Rows, view.SummaryRow{Term: x.T("audit.proof.signed_at"), Text: instant(page.Page, checkpoint.At)})
	query := url.Values{"size": {typed.Get("size")}}
	page.SampleHref = "/audit/sample?" + query.Encode()
	verified, err := s.verifiedPopulation(ctx, x, checkpoint)
	if err != nil {
		return err
	}
	page.tell(s, x, verified)
	if x.query("count") == "now" || !verified.any {
		err = page.countNow(ctx, s, x, verified)
	} else {
		query.Set("count", "now")
		page.CountHref = "/audit/population?" + query.Encode()
		page.show(s, x, verified)
	}
	if err != nil {
		return err
	}
	return s.render(x, "audit/population", page)
}

// show makes a page of what was verified, if the checkpoint is covered.
func (p *populationPage) show(s *Server, x *exchange, v verifiedPopulation) {
	if !v.covers {
		p.Notice = view.Notice{Kind: "info", Heading: x.T("population.uncovered"), Text: x.T("population.uncovered.text")}
		return
	}
	sum := p.count(s, x, v.population)
	p.Notice = view.Notice{Kind: "success", Heading: x.T("population.agrees"), Text: sum}
}

// countNow counts all that the store holds, and compares that with what was
// verified.
func (p *populationPage) countNow(ctx context.Context, s *Server, x *exchange, v verifiedPopulation) error {
	counted, err := evidence.CountPopulation(ctx, s.cfg.Records, p.Checkpoint.Size)
	if err != nil {
		return err
	}
	p.Rows = append(p.Rows, view.SummaryRow{Term: x.T("population.row.counted"), Text: instant(p.Page, s.cfg.Now())})
	sum := p.count(s, x, counted)
	switch {
	case v.covers:
		sum = x.T("population.same", "Sum", sum)
	case !v.any:
		sum = x.T("population.unverified", "Sum", sum)
	}
	p.Notice = view.Notice{Kind: "success", Heading: x.T("population.agrees"), Text: sum}
	if !v.covers {
		return nil
	}
	if p.Differences = s.populationDifferences(x, v.population, counted); p.Differences != nil {
		p.Wrong = append(p.Wrong, x.T("population.wrong.differs"))
	}
	return nil
}

// groupings are what a population is counted by, and the words for it.
func (s *Server) groupings(x *exchange, p evidence.Population) []grouping {
	return []grouping{
		{"kind", p.Kinds, func(kind string) string { return kindWord(x, kind) }},
		{"item", p.Objects, func(object string) string { return s.populationItem(x, object) }},
		{"year", p.Scopes, func(scope string) string { return s.populationYear(x, scope) }},
	}
}

type grouping struct {
	word string
	of   map[string]evidence.Tally
	name func(string) string
}

// group counts what has one name.
type group struct {
	evidence.Tally
	first string // the larger, the earlier in its table, before all else
}

func (g grouping) groups() map[string]group {
	groups := map[string]group{}
	for what, n := range g.of {
		name := g.name(what)
		one := groups[name]
		if cycle, ok := cycleOf(what); ok && g.word == "year" {
			one.first = string(cycle) // years before contracts, the newest first
		}
		one.Tally = one.Plus(n)
		groups[name] = one
	}
	return groups
}

// count makes the tables, and adds each of them up: a column that was counted
// wrong would show. It returns the sum in words.
func (p *populationPage) count(s *Server, x *exchange, counted evidence.Population) (sum string) {
	agrees := true
	for _, by := range s.groupings(x, counted) {
		var total evidence.Tally
		for _, n := range by.of {
			total = total.Plus(n)
		}
		sum = x.T("population.sum.text", "Count", x.Number(int(total.All())), "Size", x.Number(int(p.Checkpoint.Size)), "Erased", x.Number(int(total.Erased)))
		if agrees && total.All() != p.Checkpoint.Size {
			agrees = false
			p.Wrong = append(p.Wrong, sum)
		}
		p.Tables = append(p.Tables, populationTable(x, by.word, by.groups(), total))
	}
	return sum
}

func populationTable(x *exchange, word string, groups map[string]group, total evidence.Tally) view.Table {
	t := view.Table{
		Caption: x.T("population.by." + word),
		Heads: []view.Head{
			{Text: x.T("population.head." + word)}, {Text: x.T("population.head.kept"), Numeric: true},
			{Text: x.T("population.head.erased"), Numeric: true}, {Text: x.T("population.head.all"), Numeric: true},
		},
	}
	row := func(name string, n evidence.Tally) []view.Cell {
		return []view.Cell{{Text: name}, countCell(x, n.Kept), countCell(x, n.Erased), countCell(x, n.All())}
	}
	names := slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		return cmp.Or(strings.Compare(groups[b].first, groups[a].first), cmp.Compare(groups[b].All(), groups[a].All()), strings.Compare(a, b))
	})
	for _, name := range names {
		t.Rows = append(t.Rows, row(name, groups[name].Tally))
	}
	t.Foot = row(x.T("population.total"), total)
	return t
}

func countCell(x *exchange, n int64) view.Cell {
	return view.Cell{Text: x.Number(int(n)), Numeric: true}
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
