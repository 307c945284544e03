package web

import (
	"strconv"
	"strings"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/app/report/pdf"
	"kokoroe/app/report/qr"
	"kokoroe/app/web/view"
)

// maxPaperText is the size in bytes of a text that is printed in full, some 60
// pages; of a longer one there is the digest, and the way to the file.
const maxPaperText = 256 << 10

// verifyLink leads from a receipt to the public page about its record.
type verifyLink struct {
	Path    string // of this portal
	Address string // with the configured host, for paper
	Code    qr.Code
}

// verifyLinkOf returns the link for an entry. Only who has the receipt, or saw
// it, knows the fingerprint in it.
func (s *Server) verifyLinkOf(e evidence.Entry) (verifyLink, error) {
	path := verifyRoute + "/" + strconv.FormatInt(e.Seq, 10) + "?leaf=" + evidence.Fingerprint(e.Leaf)
	code, err := qr.Encode(s.origin + path)
	if err != nil {
		return verifyLink{}, fault.Wrap(err, fault.Internal, "error.internal")
	}
	return verifyLink{Path: path, Address: s.origin + path, Code: code}, nil
}

// receiptPDF sends the receipt on paper, for whom it is about.
func (s *Server) receiptPDF(x *exchange) error {
	e, err := s.ownEntry(x)
	if err != nil {
		return err
	}
	return s.sendPDF(x, e)
}

// auditRecordPDF sends the receipt of anybody's record on paper.
func (s *Server) auditRecordPDF(x *exchange) error {
	e, err := s.cfg.Records.Entry(x.ctx, x.number("seq"))
	if err != nil {
		return err
	}
	if e.Record == nil {
		return fault.NotFoundf("entry %d was erased", e.Seq)
	}
	s.security(x, "receipt taken", "seq", e.Seq, "subject", e.Subject)
	return s.sendPDF(x, e)
}

func (s *Server) sendPDF(x *exchange, e evidence.Entry) error {
	sheet, err := s.receiptSheet(x, e)
	if err != nil {
		return err
	}
	file, err := s.cfg.Paper.Write(sheet)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "error.internal")
	}
	x.attach("kokoroe-"+strconv.FormatInt(e.Seq, 10)+".pdf", "application/pdf")
	return x.c.Send(file)
}

// receiptSheet puts a receipt into words for paper. Nothing in it depends on
// when it is asked for. Unavailable (receipt.not_signed) until a checkpoint
// covers the entry.
func (s *Server) receiptSheet(x *exchange, e evidence.Entry) (pdf.Sheet, error) {
	made, err := s.receiptOf(x, e)
	if err != nil {
		return pdf.Sheet{}, err
	}
	proof, err := s.paperProof(x, e, made)
	if err != nil {
		return pdf.Sheet{}, err
	}
	p, d := s.page(x), s.deedOf(x, e)
	sheet := pdf.Sheet{
		Language: x.Lang(), Title: x.T("receipt.title."+d.Sort, "Item", d.Item), Over: p.Organisation, Lead: x.T("paper.lead"),
		Link: proof.link.Address, LinkLabel: x.T("paper.code"), At: e.At,
		Foot:         x.T("paper.foot", "Organisation", p.Organisation, "Seq", strconv.FormatInt(e.Seq, 10)),
		Page:         func(page, of int) string { return x.T("paper.page", "Page", page, "Of", of) },
		LackingTitle: x.T("paper.lacking"), Lacking: func(list string) string { return x.T("paper.lacking.text", "List", list) },
		Sections: []pdf.Section{
			{Heading: x.T("receipt.facts"), Rows: append(paperRows(s.receiptRows(x, p, e, made.record, d)), s.eraRow(x, e)...)},
			{Heading: x.T("receipt.proof"), Rows: proof.rows},
		},
	}
	if declaration := made.shown.Declaration; declaration != nil {
		sheet.Sections = append(sheet.Sections, declarationOnPaper(x, *declaration))
	}
	if text := made.shown.Text; text != nil {
		section, appendix := textOnPaper(x, *text)
		sheet.Sections = append(sheet.Sections, section)
		sheet.Appendices = append(sheet.Appendices, appendix...)
	}
	return sheet, nil
}

// eraRow is the day in the Japanese calendar, for languages that leave it out.
func (s *Server) eraRow(x *exchange, e evidence.Entry) []pdf.Row {
	if x.Lang() == document.Japanese {
		return nil
	}
	day := s.cfg.Locale.Printer(locale.Prevailing).DateBoth(calendar.DateOf(e.At))
	return []pdf.Row{{Term: x.T("paper.row.era"), Lines: []string{day}}}
}

// paperRows are the rows of a page on paper, without empty ones.
func paperRows(rows []view.SummaryRow) []pdf.Row {
	var out []pdf.Row
	for _, r := range rows {
		lines := r.Lines
		if r.Text != "" {
			lines = []string{r.Text}
		}
		if len(lines) > 0 {
			out = append(out, pdf.Row{Term: r.Term, Lines: lines})
		}
	}
	return out
}

// paperProof is where the record is in the log, and who signed for it.
type paperProof struct {
	rows []pdf.Row
	link verifyLink
}

func (s *Server) paperProof(x *exchange, e evidence.Entry, made madeReceipt) (paperProof, error) {
	verified, err := s.cfg.Log.Verify(made.receipt)
	if err != nil {
		return paperProof{}, damagedRecord(err)
	}
	sealed, err := s.sealOf(x, e.Seq)
	if err != nil {
		return paperProof{}, err
	}
	link, err := s.verifyLinkOf(e)
	if err != nil {
		return paperProof{}, err
	}
	seq, size := strconv.FormatInt(verified.Seq, 10), strconv.FormatInt(verified.Size, 10)
	return paperProof{link: link, rows: []pdf.Row{
		{Term: x.T("paper.row.place"), Lines: []string{x.T("paper.place", "Seq", seq, "Origin", verified.Origin)}},
		{Term: x.T("paper.row.checkpoint"), Lines: []string{
			x.T("paper.checkpoint", "Size", size, "At", instant(s.page(x), sealed.At)), x.T("paper.root", "Root", verified.Root.String()),
		}},
		{Term: x.T("paper.row.witness"), Lines: []string{witnessWords(x, verified.Witnesses)}},
		{Term: x.T("paper.row.check"), Lines: []string{x.T("paper.check"), link.Address}},
	}}, nil
}

func declarationOnPaper(x *exchange, t exactText) pdf.Section {
	section := pdf.Section{Heading: x.T("receipt.declaration"), Framed: true, Later: x.T("paper.later")}
	if t.Source == nil {
		section.Lines = []string{x.T("receipt.text_gone"), x.T("receipt.text_gone.text")}
		return section
	}
	section.Lines = t.Lines()
	if t.Wording.Button != "" {
		section.Lines = append(section.Lines, x.T("receipt.button", "Label", t.Wording.Button))
	}
	return section
}

// textOnPaper says on the first page where the text is, and gives it in full as
// it is kept: it is these bytes that the digest is of.
func textOnPaper(x *exchange, t exactText) (section pdf.Section, appendix []pdf.Section) {
	section = pdf.Section{Heading: x.T("receipt.shown")}
	switch {
	case t.Source == nil:
		section.Lines = []string{x.T("receipt.text_gone"), x.T("receipt.text_gone.text")}
	case len(t.Source) > maxPaperText:
		section.Lines = []string{x.T("paper.text.long", "Size", x.Number(len(t.Source)))}
	default:
		section.Lines = []string{x.T("paper.text.follows", "Size", x.Number(len(t.Source)))}
		source := strings.Split(strings.ToValidUTF8(string(t.Source), "\uFFFD"), "\n")
		appendix = []pdf.Section{{Heading: x.T("receipt.shown"), Lines: source, Rows: []pdf.Row{
			{Term: x.T("audit.text.digest"), Lines: []string{t.Digest}},
			{Term: x.T("paper.row.notation"), Lines: []string{x.T("paper.notation")}},
		}}}
	}
	return section, appendix
}
