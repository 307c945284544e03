package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"kokoroe/app/calendar"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

// maxSeq is the largest sequence that an entry can have in its receipt.
const maxSeq = 1<<53 - 1

// auditForm is what the forms of the auditor's pages have in common.
type auditForm struct {
	Tabs  tabs
	Form  *view.Form
	Items []view.Option
	Kinds []view.Option
	// How many characters the fields take: together they must fit into an
	// address, three bytes of which carry one byte of Japanese.
	MostReason, MostPerson int
}

func (s *Server) auditForm(x *exchange, page *view.Page, typed url.Values) auditForm {
	return auditForm{
		Tabs: s.auditTabs(x), Form: view.NewForm(page, typed), Items: s.itemOptions(x), Kinds: kindOptions(x),
		MostReason: maxAuditReason, MostPerson: maxAuditPerson,
	}
}

// auditTools are the auditor's pages, in the order in which an audit uses them.
var auditTools = []struct{ route, label string }{
	{"/audit", "audit.tool.search"},
	{"/audit/sample", "audit.tool.sample"},
	{"/audit/population", "audit.tool.population"},
	{"/audit/checkpoints", "audit.tool.checkpoints"},
	{"/permissions", "audit.tool.permissions"},
}

// auditTabs lead from one of the auditor's pages to the others.
func (s *Server) auditTabs(x *exchange) tabs {
	t := tabs{Label: x.T("audit.tools")}
	for _, tool := range auditTools {
		if _, ok := identity.Allowed("GET", tool.route, x.visitor.Roles); ok {
			t.Tabs = append(t.Tabs, tab{Href: tool.route, Label: x.T(tool.label), Current: x.c.Path() == tool.route})
		}
	}
	return t
}

// asked returns what the address says for these fields.
func (x *exchange) asked(names ...string) url.Values {
	typed := url.Values{}
	for _, name := range names {
		typed.Set(name, cleanText(x.query(name)))
	}
	return typed
}

// complaints collect what is wrong with a form.
type complaints []fault.Field

func (c *complaints) add(name, messageID string, args fault.Args) {
	*c = append(*c, fault.Field{Name: name, MessageID: messageID, Args: args})
}

// reason refuses a search for no reason: it is logged.
func (c *complaints) reason(typed string) {
	typed = strings.TrimSpace(typed)
	switch {
	case typed == "":
		c.add("reason", "audit.reason.missing", nil)
	case utf8.RuneCountInString(typed) > maxAuditReason:
		c.add("reason", "audit.reason.too_long", fault.Args{"Max": maxAuditReason})
	}
}

func (c complaints) err() error {
	if len(c) == 0 {
		return nil
	}
	return fault.InvalidFields(c...)
}

// auditFilter reads the fields item, kind, from and until.
func (s *Server) auditFilter(x *exchange, typed url.Values, wrong *complaints) evidence.Query {
	from, fromErr := calendar.ParseDate(typed.Get("from"))
	until, untilErr := calendar.ParseDate(typed.Get("until"))
	if fromErr != nil {
		wrong.add("from", "audit.from.wrong", nil)
	}
	switch {
	case untilErr != nil:
		wrong.add("until", "audit.until.wrong", nil)
	case fromErr == nil && !until.IsZero() && until.Before(from):
		wrong.add("until", "audit.date.order", nil)
	}
	if !isOption(s.itemOptions(x), typed.Get("item")) {
		wrong.add("item", "audit.item.unknown", nil)
	}
	if !isOption(kindOptions(x), typed.Get("kind")) {
		wrong.add("kind", "audit.kind.unknown", nil)
	}
	q := evidence.Query{Object: typed.Get("item"), Kind: typed.Get("kind")}
	if !from.IsZero() {
		q.From = from.StartsAt()
	}
	if !until.IsZero() {
		q.Until = until.AddDays(1).StartsAt()
	}
	return q
}

func isOption(options []view.Option, value string) bool {
	return slices.ContainsFunc(options, func(o view.Option) bool { return o.Value == value })
}

// itemOptions are all courses and policies, to choose from.
func (s *Server) itemOptions(x *exchange) []view.Option {
	options := []view.Option{{Label: x.T("audit.item.all")}}
	for _, p := range s.cfg.Policy.Catalogue().Policies() {
		item := duty.PolicyItem(string(p.ID))
		options = append(options, view.Option{Value: string(item), Label: s.itemTitle(x, item)})
	}
	for _, c := range s.cfg.Learning.Catalogue().Courses() {
		item := duty.CourseItem(string(c.ID))
		options = append(options, view.Option{Value: string(item), Label: s.itemTitle(x, item)})
	}
	return options
}

// kindOptions are the kinds of records, to choose from.
func kindOptions(x *exchange) []view.Option {
	options := []view.Option{{Label: x.T("audit.item.all")}}
	for _, kind := range []string{policy.KindAcknowledged, policy.KindDeclined, learning.KindPassed, duty.KindExempted, duty.KindReminded, evidence.KindErased, "evidence.key_renewed/v1", "evidence.begun_anew/v1", "content.published/v1"} {
		options = append(options, view.Option{Value: kind, Label: kindWord(x, kind)})
	}
	return options
}

// kindWord is a kind of records in words; a kind that this program does not
// know is its own name.
func kindWord(x *exchange, kind string) string {
	if sort := deeds[kind]; sort != "" {
		return x.T("record.deed." + sort)
	}
	if word := logKinds[kind]; word != "" {
		return x.T(word)
	}
	return kind
}

// logKinds are the kinds of records that are about the log itself, or about all.
var logKinds = map[string]string{
	"evidence.key_renewed/v1": "audit.kind.key_renewed", "evidence.begun_anew/v1": "audit.kind.begun_anew",
	"content.published/v1": "audit.kind.published", duty.KindReminded: "audit.kind.reminded",
}

// plainNumber reads a number ≥ 0 that is written in the one plain way, or as
// pages write it, in groups of three.
func plainNumber(typed string) (int64, bool) {
	digits := strings.ReplaceAll(strings.TrimSpace(typed), ",", "")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == digits
}

// chosenCheckpoint reads the field size: the size of a checkpoint that is
// kept, and the last one when nothing was typed. Without any, ok is false.
func (s *Server) chosenCheckpoint(x *exchange, typed string, wrong *complaints) (c evidence.Checkpoint, ok bool, err error) {
	last, err := s.cfg.Records.LastCheckpoint(x.ctx)
	if fault.Is(err, fault.NotFound) {
		return c, false, nil
	}
	if err != nil || strings.TrimSpace(typed) == "" {
		return last, err == nil, err
	}
	size, plain := plainNumber(typed)
	if plain && size <= last.Size {
		c, err = s.cfg.Records.CheckpointCovering(x.ctx, size)
		if err != nil {
			return c, false, err
		}
	}
	if !plain || c.Size != size || size == 0 {
		wrong.add("size", "checkpoints.size.unknown", nil)
	}
	return c, true, nil
}

// recordsWord is a number of records.
func recordsWord(x *exchange, n int64) string {
	if n == 1 {
		return x.T("checkpoints.record")
	}
	return x.T("checkpoints.records", "Count", x.Number(int(n)))
}
