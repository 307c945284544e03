package web

import (
	"fmt"
	"strconv"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/retention"
	"kokoroe/app/web/view"
)

const (
	erasedObject    = "entry:" // begins what an erasure is about
	groundMessageID = "erased.ground."
)

// isErased reports whether record and salt were taken away. One without the
// other is no erasure.
func isErased(e evidence.Entry) bool { return e.Record == nil && e.Salt == nil }

// erasure is the record that says why another one was erased.
type erasure struct {
	Report evidence.Report
	Body   evidence.Erasure
}

// erasureOf finds and checks the record of the erasure of entry seq. ok is
// false when there is none that verifies and is about this entry: then what is
// missing was not erased by procedure.
func (s *Server) erasureOf(x *exchange, seq int64) (_ erasure, ok bool, err error) {
	e, err := s.cfg.Records.EntryByKey(x.ctx, evidence.ErasedKey(seq))
	if fault.Is(err, fault.NotFound) {
		return erasure{}, false, nil
	}
	if err != nil {
		return erasure{}, false, err
	}
	report, err := s.cfg.Log.Check(x.ctx, e.Seq)
	if err != nil {
		return erasure{}, false, err
	}
	var body evidence.Erasure
	err = report.Entry.Body(&body)
	ok = err == nil && report.OK() && body.Seq == seq && e.Kind == evidence.KindErased && e.Object == erasedObject+strconv.FormatInt(seq, 10)
	return erasure{Report: report, Body: body}, ok, nil
}

// auditErasedPage is an entry whose record was erased.
type auditErasedPage struct {
	*view.Page
	Seq      int64
	OK       bool // the proof holds, and the erasure is on record
	Recorded bool // the erasure is on record
	Pending  bool
	Rows     []view.SummaryRow // what was erased
	Erasure  []view.SummaryRow // when, by whom, on what ground, for what reason
	Href     string            // of the erasure's own record
	Findings []finding
	Check    []view.SummaryRow
}

// auditErased tells what was erased and that all else still holds.
func (s *Server) auditErased(x *exchange, report evidence.Report) error {
	e := report.Entry
	page := auditErasedPage{
		Page: s.titled(x, x.T("audit.record.title", "Seq", e.Seq), view.Link{Href: "/audit", Label: x.T("audit.title")}), Seq: e.Seq,
	}
	d := s.deedOf(x, e)
	page.Rows = []view.SummaryRow{
		{Term: x.T("erased.row.kind"), Text: kindWord(x, e.Kind)},
		{Term: x.T("erased.row.item"), Text: d.Item},
		{Term: x.T("erased.row.at"), Text: instant(page.Page, e.At)},
		{Term: x.T("erased.row.scope"), Text: orDash(page.Page, s.scopeWord(x, e.Scope))},
	}
	found, ok, err := s.erasureOf(x, e.Seq)
	if err != nil {
		return err
	}
	page.Recorded = ok
	page.Findings, page.OK, page.Pending = s.findings(x, page.Page, report)
	page.OK = page.OK && ok
	outcome := evidence.Failed
	if ok {
		outcome = evidence.Passed
		by := found.Report.Entry
		page.Href = recordPathStart + strconv.FormatInt(by.Seq, 10)
		page.Erasure = []view.SummaryRow{
			{Term: x.T("erased.row.erased_at"), Text: instant(page.Page, by.At)},
			{Term: x.T("erased.row.actor"), Text: s.personWord(x, by.Actor)},
			{Term: x.T("erased.row.ground"), Text: orDash(page.Page, erasureGround(x, found.Body.Ground))},
			{Term: x.T("erased.row.reason"), Lines: linesOf(erasureReason(x, found.Body))},
		}
	} else {
		s.security(x, "a record is missing and no erasure is recorded", "seq", e.Seq)
	}
	page.Findings = append(page.Findings, stepFinding(page.Page, "erasure", outcome))
	page.Check = s.proofRows(x, page.Page, report)
	return s.render(x, "audit/erased", page)
}

// erasureGround is the ground of an erasure in words, where there are some.
func erasureGround(x *exchange, ground string) string {
	if x.Has(groundMessageID + ground) {
		return x.T(groundMessageID + ground)
	}
	return ground
}

// erasureReason is the reason as somebody gave it; what a rule of retention
// wrote is said in the reader's language.
func erasureReason(x *exchange, b evidence.Erasure) string {
	var years int
	var since retention.Since
	if n, _ := fmt.Sscanf(b.Reason, "kept for %d years since %s", &years, &since); n == 2 && b.Ground == evidence.GroundRetention {
		return retentionWords(x, years, since)
	}
	return b.Reason
}
