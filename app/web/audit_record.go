package web

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

// auditRecordPage is one record with everything that can be checked about it.
type auditRecordPage struct {
	*view.Page
	Seq       int64
	OK        bool
	Pending   bool        // not signed yet: all else holds
	Stamp     view.Status // what sort of record it is
	Rows      []view.SummaryRow
	Technical []view.SummaryRow
	Findings  []finding
	Canonical string // the record's bytes, indented for reading
	Readable  bool   // the bytes are a record
	Shown     shownTexts
	Check     []view.SummaryRow // figures of the proof
	File      string
	Paper     string // path of the PDF
}

// finding is one step of the check in words.
type finding struct {
	Step, Text string
	Status     view.Status
}

// steps are the words of evidence.Step in message IDs.
var steps = map[evidence.Step]string{
	evidence.StepRecord: "record", evidence.StepTree: "tree",
	evidence.StepInclusion: "inclusion", evidence.StepCheckpoint: "checkpoint", evidence.StepWitness: "witness",
}

// outcomes are the words of evidence.Outcome in message IDs, and the states
// whose look they borrow.
var outcomes = map[evidence.Outcome][2]string{
	evidence.Failed: {"failed", "error"}, evidence.Passed: {"passed", "ok"},
	evidence.Erased: {"erased", "ended"}, evidence.Pending: {"pending", "waiting"},
}

// auditRecord checks a record in the store itself and tells what was found.
func (s *Server) auditRecord(x *exchange) error {
	seq := x.number("seq")
	report, err := s.cfg.Log.Check(x.ctx, seq)
	if err != nil {
		return err
	}
	e := report.Entry
	s.security(x, "record opened", "seq", seq, "subject", e.Subject)
	if isErased(e) {
		return s.auditErased(x, report)
	}
	page := auditRecordPage{
		Page: s.titled(x, x.T("audit.record.title", "Seq", seq), view.Link{Href: "/audit", Label: x.T("audit.title")}),
		Seq:  seq, Canonical: indented(e.Record),
		File: recordPathStart + strconv.FormatInt(seq, 10) + "/file", Paper: recordPathStart + strconv.FormatInt(seq, 10) + "/pdf",
	}
	d := s.deedOf(x, e)
	page.Stamp = deedTag(page.Page, d.Sort)
	record, err := evidence.ParseRecord(e.Record)
	if page.Readable = err == nil; page.Readable {
		page.Rows, page.Technical = s.receiptRows(x, page.Page, e, record, d), s.technicalRows(x, e, record)
		if page.Shown, err = s.shownTexts(x, record.Shown, s.keptText); err != nil {
			return err
		}
	}
	s.judge(x, &page, report)
	page.Check = s.proofRows(x, page.Page, report)
	return s.render(x, "audit/record", page)
}

// judge puts the findings into words.
func (s *Server) judge(x *exchange, page *auditRecordPage, report evidence.Report) {
	page.Findings, page.OK, page.Pending = s.findings(x, page.Page, report)
	if page.Shown.Text == nil && page.Shown.Declaration == nil {
		return
	}
	outcome := evidence.Passed
	for _, text := range []*exactText{page.Shown.Text, page.Shown.Declaration} {
		if text != nil && !text.Genuine() {
			outcome, page.OK = evidence.Failed, false
			s.security(x, "a text that was shown is not genuine", "seq", page.Seq, "digest", text.Digest)
		}
	}
	page.Findings = append(page.Findings, stepFinding(page.Page, "texts", outcome))
}

// findings are the steps of a check in words. What failed is logged with its
// cause: nobody but an operator can do anything about it.
func (s *Server) findings(x *exchange, p *view.Page, report evidence.Report) (list []finding, ok, pending bool) {
	for _, f := range report.Findings {
		list = append(list, stepFinding(p, steps[f.Step], f.Outcome))
		pending = pending || f.Outcome == evidence.Pending
		if f.Err != nil {
			s.security(x, "record does not verify", "seq", report.Entry.Seq, "step", steps[f.Step], "cause", f.Err.Error())
		}
	}
	return list, report.OK(), pending
}

func stepFinding(p *view.Page, step string, outcome evidence.Outcome) finding {
	words := outcomes[outcome]
	text := "audit.step." + step + ".text"
	if outcome != evidence.Passed {
		text = "audit.step." + step + "." + words[0]
	}
	if !p.Has(text) {
		text = "audit.step." + step + ".text"
	}
	return finding{Step: p.T("audit.step." + step), Text: p.T(text), Status: p.Chip(words[1], p.T("audit.outcome."+words[0]))}
}

// technicalRows are what a receipt leaves out and an auditor may want.
func (s *Server) technicalRows(x *exchange, e evidence.Entry, r evidence.Record) []view.SummaryRow {
	return []view.SummaryRow{
		{Term: x.T("audit.row.kind"), Text: e.Kind},
		{Term: x.T("audit.row.object"), Text: e.Object},
		{Term: x.T("audit.row.key"), Text: e.Key},
		{Term: x.T("audit.row.issuer"), Text: r.Actor.SignIn.Issuer},
		{Term: x.T("audit.row.program"), Text: r.Program},
	}
}

// proofRows are the figures of the proof: what somebody compares who verifies
// the receipt on another machine.
func (s *Server) proofRows(x *exchange, p *view.Page, report evidence.Report) []view.SummaryRow {
	rows := []view.SummaryRow{{Term: x.T("audit.proof.checked_at"), Text: instant(p, s.cfg.Now())}}
	if len(report.Entry.Record) > 0 {
		rows = append(rows, view.SummaryRow{Term: x.T("audit.proof.digest"), Text: document.Digest(report.Entry.Record)})
	}
	if c := report.Checkpoint; c.Size > 0 {
		rows = append(rows,
			view.SummaryRow{Term: x.T("audit.proof.size"), Text: x.T("audit.proof.entries", "Size", c.Size)},
			view.SummaryRow{Term: x.T("audit.proof.signed_at"), Text: instant(p, c.At)},
			view.SummaryRow{Term: x.T("audit.proof.note"), Lines: strings.Split(strings.TrimSpace(string(c.Note)), "\n")},
		)
	}
	if len(report.Signers) > 0 {
		rows = append(rows, view.SummaryRow{Term: x.T("audit.proof.signers"), Text: strings.Join(report.Signers, ", ")})
	}
	if row, ok := s.witnessRow(x, p, report.Witnessed); ok {
		rows = append(rows, row)
	}
	return rows
}

// indented returns JSON for reading; bytes that are no JSON come as they are,
// without what is no text.
func indented(record []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, record, "", "  "); err != nil {
		return strings.ToValidUTF8(string(record), "\uFFFD")
	}
	return out.String()
}

// auditRecordFile sends the receipt of anybody's record.
func (s *Server) auditRecordFile(x *exchange) error {
	e, err := s.cfg.Records.Entry(x.ctx, x.number("seq"))
	if err != nil {
		return err
	}
	if e.Record == nil {
		return fault.NotFoundf("entry %d was erased", e.Seq)
	}
	s.security(x, "receipt taken", "seq", e.Seq, "subject", e.Subject)
	return s.sendReceipt(x, e)
}

// auditTextPage is one text that was shown, as kept.
type auditTextPage struct {
	*view.Page
	Name    string
	Version int
	Shown   exactText
	Lang    string // of the text; "" when it is not known
	Genuine bool
	Source  string
}

// auditText shows the exact text with that digest.
func (s *Server) auditText(x *exchange) error {
	text, err := s.keptText(x, x.param("digest"))
	if err != nil {
		return err
	}
	page := auditTextPage{
		Page:  s.titled(x, x.T("audit.text.title"), view.Link{Href: "/audit", Label: x.T("audit.title")}),
		Shown: text, Lang: text.Language, Genuine: text.Genuine(), Source: strings.ToValidUTF8(string(text.Source), "\uFFFD"),
		Name: x.T("audit.text.declaration"), Version: text.Version,
	}
	if text.Version > 0 {
		page.Name = string(text.Policy)
		if p, ok := s.cfg.Policy.Catalogue().Policy(text.Policy); ok {
			page.Name = p.Title.In(string(x.Tag()))
		}
	}
	return s.render(x, "audit/text", page)
}
