package web

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

// samplePage draws a sample of the log with a published seed.
type samplePage struct {
	*view.Page
	auditForm
	MostSeed, MostSample int
	Nothing              bool // nothing is signed yet
	Drawn                bool
	Notice               view.Notice
	Rows                 []view.SummaryRow // what was drawn from, and how
	Table                *view.Table
	Exports              []exportLink
}

// samplePlan is a sample that can be drawn.
type samplePlan struct {
	checkpoint evidence.Checkpoint
	seed       string
	n          int
	query      evidence.Query // without a filter: only Before
	population int64
	seqs       []int64 // the population, when there is a filter
}

var sampleFields = []string{"n", "seed", "size", "kind", "item", "from", "until", "reason"}

// auditSample draws and checks a sample. It is logged with its reason.
func (s *Server) auditSample(x *exchange) error {
	page := samplePage{
		Page:     s.titled(x, x.T("sampling.title")),
		MostSeed: evidence.MaxSeed, MostSample: evidence.MaxSample,
	}
	page.Wide = true
	typed := x.asked(sampleFields...)
	page.auditForm = s.auditForm(x, page.Page, typed)
	if !x.c.Context().QueryArgs().Has("reason") {
		last, ok, err := s.chosenCheckpoint(x, "", nil)
		if page.Nothing = !ok; err != nil {
			return err
		}
		if ok && typed.Get("size") == "" {
			typed.Set("size", strconv.FormatInt(last.Size, 10))
		}
		return s.render(x, "audit/sample", page)
	}
	plan, drawn, err := s.drawSample(x, typed)
	if err != nil && !page.Form.Reject(err) {
		return err
	}
	if err != nil {
		x.c.Status(fiber.StatusUnprocessableEntity)
		return s.render(x, "audit/sample", page)
	}
	page.Drawn = true
	if len(drawn) > 0 {
		page.show(s, x, plan, drawn)
		page.Exports = sampleExports(x, typed)
	}
	return s.render(x, "audit/sample", page)
}

// drawSample reads the form, draws, and checks what was drawn; nothing when
// the population is empty. Invalid with fields.
func (s *Server) drawSample(x *exchange, typed url.Values) (samplePlan, []drawnEntry, error) {
	plan, err := s.samplePlan(x, typed)
	if err != nil || plan.population == 0 {
		return plan, nil, err
	}
	places, err := evidence.Sample(plan.seed, plan.population, plan.n)
	if err != nil {
		return plan, nil, fault.InvalidFields(fault.Field{Name: "n", MessageID: "sampling.n.many", Args: fault.Args{"Max": min(plan.population, evidence.MaxSample)}})
	}
	drawn, err := s.examineSample(x, plan, places)
	if err != nil {
		return plan, nil, err
	}
	var seqs []string
	for _, d := range drawn {
		seqs = append(seqs, strconv.FormatInt(d.Seq, 10))
	}
	s.security(x, "audit sample", "reason", typed.Get("reason"), "seed", plan.seed, "n", plan.n, "size", plan.checkpoint.Size, "kind", plan.query.Kind,
		"item", plan.query.Object, "from", typed.Get("from"), "until", typed.Get("until"), "population", plan.population, "seqs", strings.Join(seqs, " "))
	return plan, drawn, nil
}

func (s *Server) samplePlan(x *exchange, typed url.Values) (samplePlan, error) {
	var plan samplePlan
	var wrong complaints
	seed, err := evidence.NormalSeed(typed.Get("seed"))
	if err != nil {
		wrong.add("seed", "sampling.seed.wrong", fault.Args{"Max": evidence.MaxSeed})
	}
	n, ok := plainNumber(typed.Get("n"))
	if !ok || n < 1 || n > evidence.MaxSample {
		wrong.add("n", "sampling.n.wrong", fault.Args{"Max": evidence.MaxSample})
	}
	plan.n, plan.seed = int(n), seed
	if plan.checkpoint, ok, err = s.chosenCheckpoint(x, typed.Get("size"), &wrong); err != nil {
		return plan, err
	}
	if !ok {
		wrong.add("size", "checkpoints.size.none", nil)
	}
	plan.query = s.auditFilter(x, typed, &wrong)
	wrong.reason(typed.Get("reason"))
	if err := wrong.err(); err != nil {
		return plan, err
	}
	unfiltered := plan.query == evidence.Query{}
	plan.query.Before = plan.checkpoint.Size
	if plan.population = plan.checkpoint.Size; unfiltered {
		return plan, nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, surveyDeadline)
	defer cancel()
	plan.seqs, err = s.cfg.Records.EntrySeqs(ctx, plan.query)
	plan.population = int64(len(plan.seqs))
	return plan, err
}

// seq is the sequence of the entry at a place of the population.
func (plan samplePlan) seq(place int64) int64 {
	if plan.seqs == nil {
		return place
	}
	return plan.seqs[place]
}

// show puts a sample onto the page.
func (p *samplePage) show(s *Server, x *exchange, plan samplePlan, drawn []drawnEntry) {
	var good, erased, pending, bad int
	for _, d := range drawn {
		switch d.Outcome {
		case evidence.Passed:
			good++
		case evidence.Erased:
			erased++
		case evidence.Pending:
			pending++
		default:
			bad++
		}
	}
	p.Notice = view.Notice{Kind: "success", Heading: x.T("sampling.good.heading", "Count", len(drawn)), Text: x.T("sampling.good.text")}
	if erased > 0 {
		p.Notice.Text = x.T("sampling.good.erased", "Good", good, "Erased", erased)
	}
	if pending > 0 {
		p.Notice = view.Notice{Kind: "info", Heading: x.T("audit.pending.heading"), Text: x.T("audit.pending.text")}
	}
	if bad > 0 {
		p.Notice = view.Notice{Kind: "error", Heading: x.T("sampling.bad.heading", "Count", bad), Text: x.T("sampling.bad.text")}
	}
	c := plan.checkpoint
	p.Rows = []view.SummaryRow{
		{Term: x.T("sampling.row.seed"), Text: plan.seed},
		{Term: x.T("sampling.row.checkpoint"), Lines: append([]string{x.T("sampling.signed", "At", instant(p.Page, c.At))}, strings.Split(strings.TrimSpace(string(c.Note)), "\n")...)},
		{Term: x.T("sampling.row.population"), Text: recordsWord(x, plan.population)},
		{Term: x.T("sampling.row.filter"), Lines: s.filterWords(x, plan)},
		{Term: x.T("sampling.row.n"), Text: recordsWord(x, int64(plan.n))},
		{Term: x.T("audit.proof.checked_at"), Text: instant(p.Page, s.cfg.Now())},
	}
	p.Table = s.sampleTable(x, p.Page, drawn)
}

// filterWords say what the population is restricted to.
func (s *Server) filterWords(x *exchange, plan samplePlan) []string {
	if plan.seqs == nil {
		return []string{x.T("sampling.filter.none")}
	}
	var words []string
	if kind := plan.query.Kind; kind != "" {
		words = append(words, x.T("sampling.filter.kind", "Kind", kindWord(x, kind)))
	}
	if object := plan.query.Object; object != "" {
		words = append(words, x.T("sampling.filter.item", "Item", s.populationItem(x, object)))
	}
	if from := plan.query.From; !from.IsZero() {
		words = append(words, x.T("sampling.filter.from", "At", from))
	}
	if until := plan.query.Until; !until.IsZero() {
		words = append(words, x.T("sampling.filter.until", "At", until))
	}
	return words
}
