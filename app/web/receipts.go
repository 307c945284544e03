package web

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

// receiptPath is where the receipt of an entry is read.
func receiptPath(seq int64) string { return "/receipts/" + strconv.FormatInt(seq, 10) }

// receiptPage is the receipt of one record, for whom it is about.
type receiptPage struct {
	*view.Page
	Deed  deed
	Done  view.Done // the panel, with the page's heading
	Rows  []view.SummaryRow
	Seal  seal
	Shown shownTexts
	File  string      // path of the file
	Paper string      // path of the PDF
	Check verifyLink  // to the public page about the record
	Next  []view.Task // the most urgent one, if any
	Open  int         // how many tasks are open
}

// seal is what the log can prove about an entry by now.
type seal struct {
	Signed    bool
	At        time.Time
	Size      int64
	Witnesses []witnessed // who cosigned
}

// receipt shows what the record says and what proves it. Somebody else's does
// not exist.
func (s *Server) receipt(x *exchange) error {
	e, err := s.ownEntry(x)
	if err != nil {
		return err
	}
	record, err := evidence.ParseRecord(e.Record)
	if err != nil {
		return damagedRecord(err)
	}
	page := receiptPage{Page: s.titled(x, "", view.Link{Href: "/record", Label: x.T("common.nav.record")}), File: receiptPath(e.Seq) + "/file", Paper: receiptPath(e.Seq) + "/pdf"}
	page.Deed = s.deedOf(x, e)
	page.Title = x.T("receipt.title."+page.Deed.Sort, "Item", page.Deed.Item)
	page.Done = view.Done{
		Heading: x.T("receipt.heading."+page.Deed.Sort, "Item", page.Deed.Item), Text: x.T("receipt.text." + page.Deed.Sort),
		ReferenceLabel: x.T("receipt.reference"), Reference: strconv.FormatInt(e.Seq, 10),
	}
	page.Printed = x.T("receipt.printed", "Name", x.visitor.Person.Name, "At", s.cfg.Now())
	page.Rows = s.receiptRows(x, page.Page, e, record, page.Deed)
	if page.Seal, err = s.sealOf(x, e.Seq); err != nil {
		return err
	}
	if page.Check, err = s.verifyLinkOf(e); err != nil {
		return err
	}
	if page.Shown, err = s.shownTexts(x, record.Shown, s.loadedText); err != nil {
		return err
	}
	next, open, err := s.nextTask(x)
	if err != nil {
		return err
	}
	if page.Open = open; next != nil {
		page.Next = []view.Task{*next}
	}
	return s.render(x, "receipts/show", page)
}

// ownEntry returns the entry of the route when it is about the visitor and was
// not erased. NotFound otherwise.
func (s *Server) ownEntry(x *exchange) (evidence.Entry, error) {
	e, err := s.cfg.Records.Entry(x.ctx, x.number("seq"))
	if err != nil {
		return evidence.Entry{}, err
	}
	if e.Subject != string(x.person()) || e.Record == nil {
		return evidence.Entry{}, fault.NotFoundf("entry %d is not about %s", e.Seq, x.person())
	}
	return e, nil
}

// damagedRecord is for a record that says something impossible: that is not
// the reader's fault, and it must be looked into.
func damagedRecord(err error) error { return fault.Wrap(err, fault.Internal, "receipt.damaged") }

// receiptRows are the facts of a record as its receipt lists them.
func (s *Server) receiptRows(x *exchange, p *view.Page, e evidence.Entry, r evidence.Record, d deed) []view.SummaryRow {
	rows := []view.SummaryRow{{Term: x.T("receipt.row.item"), Text: d.Item}}
	add := func(term, text string) {
		if text != "" {
			rows = append(rows, view.SummaryRow{Term: x.T(term), Text: text})
		}
	}
	if d.Version > 0 {
		add("receipt.row.version", x.T("policy.version", "Version", d.Version))
	}
	add("receipt.row.score", d.Score)
	add("receipt.row.ground", d.Ground)
	if d.Reason != "" {
		rows = append(rows, view.SummaryRow{Term: x.T("receipt.row.reason." + d.Sort), Lines: linesOf(d.Reason)})
	}
	if e.Subject != "" {
		rows = append(rows, view.SummaryRow{Term: x.T("receipt.row.person"), Lines: []string{s.personWord(x, e.Subject), x.T("record.opaque", "ID", e.Subject)}})
	}
	if e.Actor != e.Subject {
		rows = append(rows, view.SummaryRow{Term: x.T("receipt.row.actor"), Lines: []string{s.personWord(x, e.Actor), x.T("record.opaque", "ID", e.Actor)}})
	}
	add("receipt.row.at", instant(p, e.At))
	add("receipt.row.scope", s.scopeWord(x, e.Scope))
	add("receipt.row.language", s.languageWord(r.Actor.Language))
	rows = append(rows, view.SummaryRow{Term: x.T("receipt.row.sign_in"), Lines: s.signInLines(x, p, r.Actor.SignIn)})
	add("receipt.row.text", r.Shown.Text)
	add("receipt.row.declaration", r.Shown.Declaration)
	add("receipt.row.content", d.Content)
	return rows
}

// scopeWord is the occurrence in words: a fiscal year, a contract.
func (s *Server) scopeWord(x *exchange, scope string) string {
	if cycle, ok := cycleOf(scope); ok {
		return x.FiscalYear(cycle)
	}
	return s.objectTitle(x, scope)
}

// sealOf says whether a signed checkpoint covers the entry, and who cosigned it:
// that which the receipt carries.
func (s *Server) sealOf(x *exchange, seq int64) (seal, error) {
	c, cosigned, err := s.cfg.Log.Covering(x.ctx, seq+1)
	if fault.Is(err, fault.NotFound) {
		return seal{}, nil
	}
	return seal{Signed: err == nil, At: c.At, Size: c.Size, Witnesses: s.witnessed(cosigned)}, err
}

// nextTask returns the visitor's most urgent open task, and how many are open.
func (s *Server) nextTask(x *exchange) (*view.Task, int, error) {
	today := s.today()
	assignments, err := s.cfg.Ledger.Of(x.ctx, x.person(), today)
	if err != nil {
		return nil, 0, err
	}
	var next *duty.Assignment
	open := 0
	for i := range assignments {
		a := &assignments[i]
		if state := a.StateOn(today); !state.Open() || state == duty.Declined {
			continue // what was declined waits for an answer, not for the reader
		}
		open++
		if next == nil || !a.DueOn.IsZero() && (next.DueOn.IsZero() || a.DueOn.Before(next.DueOn)) {
			next = a
		}
	}
	if next == nil {
		return nil, 0, nil
	}
	task := s.task(x, *next, next.StateOn(today))
	return &task, open, nil
}

// receiptFile sends the receipt as a file that anybody can check.
func (s *Server) receiptFile(x *exchange) error {
	e, err := s.ownEntry(x)
	if err != nil {
		return err
	}
	return s.sendReceipt(x, e)
}

func (s *Server) sendReceipt(x *exchange, e evidence.Entry) error {
	made, err := s.receiptOf(x, e)
	if err != nil {
		return err
	}
	file, err := made.receipt.Marshal()
	if err != nil {
		return damagedRecord(err)
	}
	x.attach("kokoroe-"+strconv.FormatInt(e.Seq, 10)+".receipt", fiber.MIMETextPlainCharsetUTF8)
	return x.c.Send(file)
}

// madeReceipt is a receipt with what it was made of.
type madeReceipt struct {
	record  evidence.Record
	shown   shownTexts
	receipt evidence.Receipt
}

// receiptOf makes the receipt of an entry. Unavailable (receipt.not_signed)
// until a checkpoint covers it.
func (s *Server) receiptOf(x *exchange, e evidence.Entry) (madeReceipt, error) {
	record, err := evidence.ParseRecord(e.Record)
	if err != nil {
		return madeReceipt{}, damagedRecord(err)
	}
	shown, err := s.shownTexts(x, record.Shown, s.loadedText)
	if err != nil {
		return madeReceipt{}, err
	}
	text, declaration, err := s.cfg.Policy.ShownBytes(x.ctx, record.Shown)
	if err != nil {
		return madeReceipt{}, err
	}
	receipt, err := s.cfg.Log.Receipt(x.ctx, e.Seq, text, declaration)
	if fault.Is(err, fault.Invalid) {
		return madeReceipt{}, damagedRecord(err)
	}
	return madeReceipt{record, shown, receipt}, err
}
