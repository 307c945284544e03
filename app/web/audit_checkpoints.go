package web

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

const (
	checkpointPageSize = 30
	comparisonPath     = "/audit/checkpoints/comparison"
	maxNoteTyped       = 40_000 // characters: a receipt with the text of a policy in it
)

// checkpointsPage lists the signed checkpoints, and asks which to compare.
type checkpointsPage struct {
	*view.Page
	Tabs     tabs
	Form     *view.Form // two of the list
	Pasted   *view.Form // one from elsewhere, with the last
	Lines    []checkpointLine
	MoreHref string
}

// auditCheckpoints lists checkpoints, the newest first.
func (s *Server) auditCheckpoints(x *exchange) error {
	before, _ := plainNumber(x.query("before"))
	page, err := s.checkpointsPage(x, before, url.Values{})
	if err != nil {
		return err
	}
	return s.render(x, "audit/checkpoints", page)
}

func (s *Server) checkpointsPage(x *exchange, before int64, typed url.Values) (*checkpointsPage, error) {
	list, err := s.cfg.Records.Checkpoints(x.ctx, before, checkpointPageSize+1)
	if err != nil {
		return nil, err
	}
	page := &checkpointsPage{Page: s.titled(x, x.T("checkpoints.title")), Tabs: s.auditTabs(x)}
	page.Wide = true
	if len(list) > checkpointPageSize {
		list = list[:checkpointPageSize]
		page.MoreHref = "/audit/checkpoints?before=" + strconv.FormatInt(list[len(list)-1].Size, 10)
	}
	if len(list) > 1 && !typed.Has("older") && !typed.Has("newer") { // the last step is what most come to see
		typed.Set("older", strconv.FormatInt(list[1].Size, 10))
		typed.Set("newer", strconv.FormatInt(list[0].Size, 10))
	}
	page.Form, page.Pasted = view.NewForm(page.Page, typed), view.NewForm(page.Page, typed)
	page.Lines, err = s.checkpointLines(x, list)
	return page, err
}

// checkpointLine is a checkpoint in the list.
type checkpointLine struct {
	Size, Root             string
	At                     time.Time
	Compare, Count, Sample string // where its links lead; Compare "" for the last
}

func (s *Server) checkpointLines(x *exchange, list []evidence.Checkpoint) ([]checkpointLine, error) {
	if len(list) == 0 {
		return nil, nil
	}
	last, err := s.cfg.Records.LastCheckpoint(x.ctx)
	if err != nil {
		return nil, err
	}
	lines := make([]checkpointLine, len(list))
	for i, c := range list {
		size := strconv.FormatInt(c.Size, 10)
		lines[i] = checkpointLine{Size: recordsWord(x, c.Size), Root: rootText(c), At: c.At, Count: "/audit/population?size=" + size, Sample: "/audit/sample?size=" + size}
		if c.Size != last.Size {
			lines[i].Compare = comparisonPath + "?older=" + size + "&newer=" + strconv.FormatInt(last.Size, 10)
		}
	}
	return lines, nil
}

// rootText is a checkpoint's root as its note has it.
func rootText(c evidence.Checkpoint) string { return base64.StdEncoding.EncodeToString(c.Root) }

// comparisonPage says in words how two checkpoints stand to each other.
type comparisonPage struct {
	*view.Page
	Tabs   tabs
	Notice view.Notice
	Grave  bool // somebody must act
	Means  []string
	Rows   []view.SummaryRow
	Older  []view.SummaryRow
	Newer  []view.SummaryRow
	Path   string // hashes of the proof, to copy, a line each
}

// auditComparison compares two checkpoints that the log keeps.
func (s *Server) auditComparison(x *exchange) error {
	typed := x.asked("older", "newer")
	var wrong complaints
	var notes [2][]byte
	for i, name := range []string{"older", "newer"} {
		c, err := s.keptCheckpoint(x, typed.Get(name))
		switch {
		case fault.Is(err, fault.NotFound):
			wrong.add(name, "checkpoints."+name+".unknown", nil)
		case err != nil:
			return err
		}
		notes[i] = c.Note
	}
	if len(wrong) > 0 {
		return s.compareAgain(x, typed, wrong.err(), func(p *checkpointsPage) *view.Form { return p.Form })
	}
	c, err := s.cfg.Log.Compare(x.ctx, notes[0], notes[1])
	if err != nil {
		return err
	}
	return s.renderComparison(x, c, false)
}

// keptCheckpoint returns the checkpoint of the size that was typed. NotFound
// for anything that is none.
func (s *Server) keptCheckpoint(x *exchange, typed string) (evidence.Checkpoint, error) {
	size, ok := plainNumber(typed)
	if !ok || size > maxSeq {
		return evidence.Checkpoint{}, fault.NotFoundf("checkpoint %q", typed)
	}
	c, err := s.cfg.Records.CheckpointCovering(x.ctx, size)
	if err == nil && c.Size != size {
		err = fault.NotFoundf("checkpoint of %d", size)
	}
	return c, err
}

// auditPasted compares a checkpoint from elsewhere, a paper, a receipt, a
// witness, with the last one. It is posted because it is long, and changes
// nothing.
func (s *Server) auditPasted(x *exchange) error {
	typed := url.Values{"note": {x.form("note")}}
	again := func(messageID string) error {
		return s.compareAgain(x, typed, fault.InvalidFields(fault.Field{Name: "note", MessageID: messageID}),
			func(p *checkpointsPage) *view.Form { return p.Pasted })
	}
	switch note := strings.TrimSpace(typed.Get("note")); {
	case note == "":
		return again("checkpoints.note.missing")
	case len([]rune(note)) > maxNoteTyped:
		return again("checkpoints.note.long")
	}
	given, err := evidence.FindCheckpoint(typed.Get("note"))
	if fault.Is(err, fault.Invalid) {
		return again("checkpoints.note.malformed")
	}
	if err != nil {
		return err
	}
	last, err := s.cfg.Records.LastCheckpoint(x.ctx)
	if fault.Is(err, fault.NotFound) {
		return again("checkpoints.note.nothing_signed")
	}
	if err != nil {
		return err
	}
	c, err := s.cfg.Log.Compare(x.ctx, given, last.Note)
	if err != nil {
		return err
	}
	return s.renderComparison(x, c, true)
}

// compareAgain shows the list with what was typed and what is wrong with it.
func (s *Server) compareAgain(x *exchange, typed url.Values, err error, form func(*checkpointsPage) *view.Form) error {
	page, listErr := s.checkpointsPage(x, 0, typed)
	if listErr != nil {
		return listErr
	}
	if !form(page).Reject(err) {
		return err
	}
	x.c.Status(fiber.StatusUnprocessableEntity)
	return s.render(x, "audit/checkpoints", page)
}

// continuities are the words of evidence.Continuity in message IDs, and the
// notice that each is.
var continuities = map[evidence.Continuity][2]string{
	evidence.Continues: {"continues", "success"}, evidence.Same: {"same", "success"},
	evidence.Contradicts: {"contradicts", "error"}, evidence.Ahead: {"ahead", "error"},
	evidence.Foreign: {"foreign", "warning"}, evidence.Forged: {"forged", "error"},
}

func (s *Server) renderComparison(x *exchange, c evidence.Comparison, pasted bool) error {
	words := continuities[c.Continuity]
	s.security(x, "checkpoints compared", "older", c.Older.Size, "newer", c.Newer.Size, "pasted", pasted, "outcome", words[0])
	if c.Err != nil {
		s.security(x, "checkpoints do not fit", "cause", c.Err.Error())
	}
	page := comparisonPage{
		Page: s.titled(x, x.T("checkpoints.comparison.title"), view.Link{Href: "/audit", Label: x.T("audit.title")}, view.Link{Href: "/audit/checkpoints", Label: x.T("checkpoints.title")}),
		Tabs: s.auditTabs(x), Grave: words[1] == "error",
	}
	start := "checkpoints." + words[0]
	page.Notice = view.Notice{Kind: words[1], Heading: x.T(start + ".heading"),
		Text: x.T(start+".text", "Older", x.Number(int(c.Older.Size)), "Newer", x.Number(int(c.Newer.Size)))}
	if page.Grave {
		page.Means = []string{x.T(start + ".means")}
	}
	if page.Grave && !(pasted && c.Continuity == evidence.Forged) { // which is copied wrongly more often than it is changed
		page.Means = append(page.Means, x.T("audit.failed.dont"), x.T("audit.failed.do"))
	}
	page.Older = s.signedRows(x, page.Page, c.Older, c.OlderSigners)
	if c.Continuity != evidence.Foreign && c.Continuity != evidence.Forged {
		page.Rows = append(page.Rows, view.SummaryRow{Term: x.T("checkpoints.row.between"), Text: recordsWord(x, c.Between())},
			view.SummaryRow{Term: x.T("checkpoints.row.origin"), Text: c.Origin})
		page.Newer = s.signedRows(x, page.Page, c.Newer, c.NewerSigners)
	}
	var hashes []string
	for _, h := range c.Path {
		hashes = append(hashes, base64.StdEncoding.EncodeToString(h[:]))
	}
	page.Path = strings.Join(hashes, "\n")
	return s.render(x, "audit/comparison", page)
}

// signedRows are one side of a comparison. When it was signed, only the log
// itself knows: a note does not say.
func (s *Server) signedRows(x *exchange, p *view.Page, c evidence.Checkpoint, signers []string) []view.SummaryRow {
	rows := []view.SummaryRow{
		{Term: x.T("audit.proof.size"), Text: recordsWord(x, c.Size)},
		{Term: x.T("checkpoints.head.root"), Text: rootText(c)},
	}
	if kept, err := s.keptCheckpoint(x, strconv.FormatInt(c.Size, 10)); err == nil && len(signers) > 0 {
		rows = append(rows, view.SummaryRow{Term: x.T("audit.proof.signed_at"), Text: instant(p, kept.At)})
	}
	verified := x.T("checkpoints.signers.none")
	if len(signers) > 0 {
		verified = strings.Join(signers, ", ")
	}
	return append(rows, view.SummaryRow{Term: x.T("audit.proof.signers"), Text: verified},
		view.SummaryRow{Term: x.T("audit.proof.note"), Lines: strings.Split(strings.TrimSpace(string(c.Note)), "\n")})
}
