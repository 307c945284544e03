package web

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
	"kokoroe/app/web/view"
)

// drawnEntry is one entry of a sample and what the full check of it found.
type drawnEntry struct {
	Place   int64 // in the population
	Seq     int64
	Entry   evidence.Entry
	Outcome evidence.Outcome // of everything together
	Failed  []string         // steps that failed, words of message IDs
}

// examineSample checks every entry as its own page does.
func (s *Server) examineSample(x *exchange, plan samplePlan, places []int64) ([]drawnEntry, error) {
	genuine := map[string]bool{} // by digest: many were shown the same text
	drawn := make([]drawnEntry, len(places))
	for i, place := range places {
		d := drawnEntry{Place: place, Seq: plan.seq(place), Outcome: evidence.Passed}
		report, err := s.cfg.Log.Check(x.ctx, d.Seq)
		switch {
		case fault.Is(err, fault.NotFound):
			d.fail("missing")
		case err != nil:
			return nil, err
		default:
			d.Entry = report.Entry
			err = s.examine(x, &d, report, genuine)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		drawn[i] = d
	}
	return drawn, nil
}

func (d *drawnEntry) fail(step string) {
	d.Outcome, d.Failed = evidence.Failed, append(d.Failed, step)
}

// examine takes the findings together: the worst of them counts.
func (s *Server) examine(x *exchange, d *drawnEntry, report evidence.Report, genuine map[string]bool) error {
	for _, f := range report.Findings {
		switch {
		case f.Outcome == evidence.Failed:
			d.fail(steps[f.Step])
			s.security(x, "record does not verify", "seq", d.Seq, "step", steps[f.Step], "cause", f.Err.Error())
		case f.Outcome != evidence.Passed && d.Outcome == evidence.Passed:
			d.Outcome = f.Outcome
		}
	}
	if isErased(report.Entry) {
		_, ok, err := s.erasureOf(x, d.Seq)
		if err == nil && !ok {
			d.fail("erasure")
		}
		return err
	}
	record, err := evidence.ParseRecord(report.Entry.Record)
	if err != nil {
		return nil //nolint:nilerr // the report, taken over above, names this failure as one of its steps
	}
	for _, digest := range []string{record.Shown.Text, record.Shown.Declaration} {
		ok, err := s.isGenuine(x, digest, genuine)
		if err != nil {
			return err
		}
		if !ok {
			d.fail("texts")
			return nil
		}
	}
	return nil
}

// isGenuine reports whether the text with the digest is kept as it was; known
// remembers.
func (s *Server) isGenuine(x *exchange, digest string, known map[string]bool) (bool, error) {
	if ok, asked := known[digest]; asked || digest == "" {
		return ok || digest == "", nil
	}
	text, err := s.keptText(x, digest)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	known[digest] = err == nil && text.Genuine()
	return known[digest], nil
}

// outcomeWords are the outcome of everything in words, and the state whose look
// it borrows.
func (d drawnEntry) outcomeWords() [2]string { return outcomes[d.Outcome] }

// trouble names the steps that failed.
func (d drawnEntry) trouble(x *exchange) string {
	var words []string
	for _, step := range d.Failed {
		words = append(words, x.T("audit.step."+step))
	}
	return strings.Join(words, x.T("sampling.and"))
}

func (s *Server) sampleTable(x *exchange, p *view.Page, drawn []drawnEntry) *view.Table {
	t := view.Table{
		Caption: x.T("sampling.caption"),
		Heads: []view.Head{
			{Text: x.T("sampling.head.draw"), Numeric: true}, {Text: x.T("audit.head.seq"), Numeric: true}, {Text: x.T("sampling.head.outcome")},
			{Text: x.T("audit.head.at")}, {Text: x.T("audit.head.person")}, {Text: x.T("audit.head.deed")},
			{Text: x.T("audit.head.item")}, {Text: x.T("audit.head.scope")},
		},
	}
	for i, d := range drawn {
		words := d.outcomeWords()
		status := p.Chip(words[1], x.T("audit.outcome."+words[0]))
		row := []view.Cell{{Text: strconv.Itoa(i + 1), Numeric: true}}
		cells := s.auditCells(x, p, d.Entry)
		if len(d.Failed) > 0 && d.Failed[0] == "missing" {
			cells = []view.Cell{{Text: strconv.FormatInt(d.Seq, 10), Numeric: true}, {}, {}, {}, {}, {}}
		}
		row = append(row, cells[0], view.Cell{Status: &status, Text: d.trouble(x)})
		t.Rows = append(t.Rows, append(row, cells[1:]...))
	}
	return &t
}

// sampleExports lead to the sample as a file.
func sampleExports(x *exchange, typed url.Values) []exportLink {
	href := func(kind, encoding string) string {
		q := url.Values{}
		for _, name := range sampleFields {
			if v := typed.Get(name); v != "" {
				q.Set(name, v)
			}
		}
		if encoding != "" {
			q.Set("encoding", encoding)
		}
		return "/audit/sample" + kind + "?" + q.Encode()
	}
	return []exportLink{
		{href(".xlsx", ""), x.T("department.export.xlsx")},
		{href(".csv", ""), x.T("department.export.csv")},
		{href(".csv", "cp932"), x.T("department.export.cp932")},
	}
}

// sampleFile draws the sample that the address asks for, as a table, and names
// its file. Every row says what it was drawn with: a row that is copied into a
// working paper still does.
func (s *Server) sampleFile(x *exchange) (t spreadsheet.Table, name string, err error) {
	plan, drawn, err := s.drawSample(x, x.asked(sampleFields...))
	if err != nil {
		return t, "", err
	}
	for _, column := range []struct {
		word   string
		number bool
	}{
		{"sampling.head.draw", true}, {"audit.head.seq", true}, {"sampling.head.outcome", false}, {"sampling.head.trouble", false}, {"audit.head.at", false},
		{"sampling.head.number", false}, {"sampling.head.name", false}, {"audit.head.deed", false}, {"audit.head.item", false}, {"audit.head.scope", false},
		{"sampling.row.seed", false}, {"sampling.row.population", true}, {"sampling.head.size", true}, {"checkpoints.head.root", false},
	} {
		t.Columns = append(t.Columns, spreadsheet.Column{Name: x.T(column.word), Number: column.number})
	}
	for i, d := range drawn {
		t.Rows = append(t.Rows, spreadsheet.Row{Cells: append(s.sampleCells(x, i, d),
			plan.seed, strconv.FormatInt(plan.population, 10), strconv.FormatInt(plan.checkpoint.Size, 10), rootText(plan.checkpoint))})
	}
	return t, fileName(x.T("sampling.file", "Size", plan.checkpoint.Size, "N", plan.n, "Date", s.today().String())), nil
}

func (s *Server) sampleCells(x *exchange, i int, d drawnEntry) []string {
	cells := []string{strconv.Itoa(i + 1), strconv.FormatInt(d.Seq, 10), x.T("audit.outcome." + d.outcomeWords()[0]), d.trouble(x)}
	if d.Entry.Leaf == nil {
		return append(cells, "", "", "", "", "", "")
	}
	var number, name string
	if person, ok := s.personOf(x, d.Entry.Subject); ok {
		number, name = person.Number, person.Name
	}
	return append(cells, x.TimeISO(d.Entry.At), number, name, kindWord(x, d.Entry.Kind), s.deedOf(x, d.Entry).Item, s.scopeWord(x, d.Entry.Scope))
}

func (s *Server) auditSampleCSV(x *exchange) error {
	encoding, charset, err := csvEncoding(x)
	if err != nil {
		return err
	}
	t, name, err := s.sampleFile(x)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	replaced, err := spreadsheet.WriteCSV(&file, t, encoding)
	if err != nil {
		return err
	}
	x.attach(name+".csv", "text/csv; charset="+charset)
	x.c.Set("X-Replaced-Characters", strconv.Itoa(replaced))
	return x.c.Send(file.Bytes())
}

func (s *Server) auditSampleXLSX(x *exchange) error {
	t, name, err := s.sampleFile(x)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := spreadsheet.WriteXLSX(&file, x.T("sampling.sheet"), t); err != nil {
		return err
	}
	x.attach(name+".xlsx", xlsxType)
	return x.c.Send(file.Bytes())
}
