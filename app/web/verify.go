package web

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

func (s *Server) mountVerify() {
	s.get(verifyRoute, s.verify)
	s.post(verifyRoute, s.verifyReceipt)
	s.get("/verify/policy", s.verifyPolicy)
	s.get("/verify/offline", s.verifyOffline)
	s.get("/verify/:seq", s.verifyRecord)
}

// offlineFile is the page that verifies receipts without any server, when the
// static files have it.
const offlineFile = "verify/kokoroe-verify.html"

// verifyPage tells how anybody can check a receipt, has the form for one, and
// shows what came of it.
type verifyPage struct {
	*view.Page
	Form    *view.Form
	Origin  string
	Keys    []string // verifier keys of the log
	Offline bool     // the offline page is there
	Result  *verifyResult
}

// verifyResult is what a receipt that verified says: everything in it comes
// from the file, nothing from the store.
type verifyResult struct {
	Rows        []view.SummaryRow
	Declaration *exactText
	Text        string
	HasText     bool
}

func (s *Server) verifyPage(x *exchange) verifyPage {
	page := verifyPage{Page: s.titled(x, x.T("verify.title")), Origin: s.cfg.Log.Origin(), Keys: s.cfg.LogKeys}
	page.Form = view.NewForm(page.Page, nil)
	page.Offline = s.cfg.Assets.URL(offlineFile) != ""
	return page
}

func (s *Server) verify(x *exchange) error { return s.render(x, "verify/form", s.verifyPage(x)) }

// verifyReceipt checks a file that somebody has and keeps nothing of it.
func (s *Server) verifyReceipt(x *exchange) error {
	page := s.verifyPage(x)
	result, err := s.judgeReceipt(x, page.Page, x.upload())
	if err != nil && !page.Form.Reject(err) {
		return err
	}
	if err != nil {
		x.c.Status(fiber.StatusUnprocessableEntity)
	} else {
		page.Result = &result
	}
	return s.render(x, "verify/form", page)
}

// judgeReceipt returns what the file says when it verifies. Invalid, on the
// form's field, with the one sentence that tells why not.
func (s *Server) judgeReceipt(x *exchange, p *view.Page, u upload) (verifyResult, error) {
	if len(u.file) == 0 {
		messageID := "verify.file.missing"
		if u.name != "" {
			messageID = "verify.file.empty"
		}
		return verifyResult{}, fault.InvalidFields(fault.Field{Name: "receipt", MessageID: messageID})
	}
	receipt, err := evidence.ParseReceipt(u.file)
	var verified evidence.Verified
	if err == nil {
		verified, err = s.cfg.Log.Verify(receipt)
	}
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Invalid {
		return verifyResult{}, fault.InvalidFields(fault.Field{Name: "receipt", MessageID: e.MessageID, Args: inWords(x, e.Args)})
	}
	if err != nil {
		return verifyResult{}, err
	}
	result := verifyResult{Rows: s.verifiedRows(x, p, verified), Text: string(receipt.Text), HasText: receipt.Text != nil}
	if receipt.Declaration != nil {
		result.Declaration = &exactText{Source: receipt.Declaration, Wording: parseWording(receipt.Declaration)}
	}
	return result, nil
}

// inWords puts what was wanted in a line into words, where it is not what
// stands in the file.
func inWords(x *exchange, args fault.Args) fault.Args {
	wanted, ok := args["Wanted"].(string)
	messageID := "verify.wanted." + wanted
	if wanted == "" {
		messageID = "verify.wanted.nothing"
	}
	if !ok || !x.Has(messageID) {
		return args
	}
	args = maps.Clone(args)
	args["Wanted"] = x.T(messageID)
	return args
}

// verifiedRows puts what a receipt proves into words. Things are called as the
// record calls them: what they are called here is not in the file.
func (s *Server) verifiedRows(x *exchange, p *view.Page, v evidence.Verified) []view.SummaryRow {
	var rows []view.SummaryRow
	add := func(term string, lines ...string) {
		if len(lines) > 0 && lines[0] != "" {
			rows = append(rows, view.SummaryRow{Term: x.T(term), Lines: lines})
		}
	}
	r := v.Record
	kind := []string{r.Kind}
	if sort := deeds[r.Kind]; sort != "" {
		kind = []string{x.T("record.deed." + sort), r.Kind}
	}
	add("verify.row.kind", kind...)
	add("verify.row.at", instant(p, r.At))
	add("verify.row.object", r.Object)
	add("verify.row.scope", r.Scope)
	add("verify.row.subject", r.Subject)
	if r.Actor.ID != r.Subject {
		add("verify.row.actor", r.Actor.ID)
	}
	add("receipt.row.language", s.languageWord(r.Actor.Language))
	add("receipt.row.sign_in", s.signInLines(x, p, r.Actor.SignIn)...)
	add("paper.row.place", x.T("paper.place", "Seq", strconv.FormatInt(v.Seq, 10), "Origin", v.Origin))
	add("paper.row.checkpoint", x.T("verify.checkpoint", "Size", strconv.FormatInt(v.Size, 10)), x.T("paper.root", "Root", v.Root.String()))
	add("paper.row.witness", witnessWords(x, v.Witnesses))
	return rows
}

func witnessWords(x *exchange, names []string) string {
	if len(names) == 0 {
		return x.T("paper.witness.none")
	}
	return x.T("paper.witness.names", "Count", len(names), "Names", strings.Join(names, ", "))
}

// verifyRecordPage says whether a number of the log has a fingerprint.
type verifyRecordPage struct {
	*view.Page
	Seq     string
	Found   bool
	Pending bool // it is in the log, and no checkpoint covers it yet
	Erased  bool
	Rows    []view.SummaryRow
}

// verifyRecord is where the QR code of a receipt leads. It tells nothing but
// what somebody knows already who has the fingerprint, and answers a number
// that is not there as it does a fingerprint that is wrong.
func (s *Server) verifyRecord(x *exchange) error {
	page := verifyRecordPage{Page: s.titled(x, x.T("verify.record.title"), view.Link{Href: verifyRoute, Label: x.T("verify.title")})}
	seq := x.number("seq")
	e, err := s.cfg.Records.Entry(x.ctx, seq)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || subtle.ConstantTimeCompare([]byte(x.query("leaf")), []byte(evidence.Fingerprint(e.Leaf))) != 1 {
		x.c.Status(fiber.StatusNotFound)
		return s.render(x, "verify/record", page)
	}
	report, err := s.cfg.Log.Check(x.ctx, seq)
	if err != nil {
		return err
	}
	if !report.OK() {
		s.security(x, "record does not verify", "seq", seq)
		return damagedRecord(fmt.Errorf("entry %d does not verify", seq))
	}
	page.Found, page.Seq, page.Erased = true, strconv.FormatInt(seq, 10), e.Record == nil
	page.Pending = report.Checkpoint.Size == 0
	page.Rows = s.sealRows(x, page.Page, report)
	return s.render(x, "verify/record", page)
}

// sealRows say what seals an entry; nothing of what it records.
func (s *Server) sealRows(x *exchange, p *view.Page, report evidence.Report) []view.SummaryRow {
	origin := report.Origin()
	if origin == "" {
		origin = s.cfg.Log.Origin()
	}
	rows := []view.SummaryRow{
		{Term: x.T("paper.row.place"), Text: x.T("paper.place", "Seq", strconv.FormatInt(report.Entry.Seq, 10), "Origin", origin)},
		{Term: x.T("verify.row.fingerprint"), Text: evidence.Fingerprint(report.Entry.Leaf)},
	}
	if c := report.Checkpoint; c.Size > 0 {
		rows = append(rows,
			view.SummaryRow{Term: x.T("paper.row.checkpoint"), Lines: []string{
				x.T("paper.checkpoint", "Size", strconv.FormatInt(c.Size, 10), "At", instant(p, c.At)), x.T("paper.root", "Root", report.Proof.Root.String()),
			}},
		)
		row, ok := s.witnessRow(x, p, report.Witnessed)
		if !ok {
			row = view.SummaryRow{Term: x.T("paper.row.witness"), Text: x.T("paper.witness.none")}
		}
		rows = append(rows, row)
	}
	return rows
}

// verifyPolicy sends the log's keys as the file that verifiers want.
func (s *Server) verifyPolicy(x *exchange) error {
	x.attach("kokoroe-policy.txt", fiber.MIMETextPlainCharsetUTF8)
	return x.c.SendString(s.cfg.TrustPolicy)
}

// verifyOffline sends the page that verifies without any server.
func (s *Server) verifyOffline(x *exchange) error {
	asset, ok := s.cfg.Assets.Lookup(s.cfg.Assets.URL(offlineFile))
	if !ok {
		return fault.NotFoundf("no %s", offlineFile)
	}
	x.attach("kokoroe-verify.html", asset.ContentType)
	return x.c.Send(asset.Bytes)
}
