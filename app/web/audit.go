package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

func (s *Server) mountAudit() {
	s.get("/audit", s.audit)
	s.get("/audit/records/:seq", s.auditRecord)
	s.get("/audit/records/:seq/file", s.auditRecordFile)
	s.get("/audit/texts/:digest", s.auditText)
	s.get("/permissions", s.permissions)
}

const (
	auditPageSize   = 50
	maxAuditPeople  = 20  // whom one search may be about
	maxAuditReason  = 300 // characters
	maxAuditPerson  = 100 // characters
	recordPathStart = "/audit/records/"
)

// auditPage is the search over the log.
type auditPage struct {
	*view.Page
	Form     *view.Form
	Items    []view.Option
	Limit    int // of the reason, in characters
	Searched bool
	People   []string // whom it was about
	Table    *view.Table
	MoreHref string
}

// audit searches the log. Every search is itself logged, with its reason.
func (s *Server) audit(x *exchange) error {
	page := auditPage{Page: s.titled(x, x.T("audit.title")), Items: s.itemOptions(x), Limit: maxAuditReason}
	page.Wide = true
	typed := url.Values{}
	for _, name := range []string{"person", "item", "from", "until", "reason"} {
		typed.Set(name, cleanText(x.query(name)))
	}
	page.Form = view.NewForm(page.Page, typed)
	if !x.c.Context().QueryArgs().Has("reason") {
		return s.render(x, "audit/search", page)
	}
	search, err := s.auditSearch(x, typed)
	if err != nil && !page.Form.Reject(err) {
		return err
	}
	if err != nil {
		x.c.Status(fiber.StatusUnprocessableEntity)
		return s.render(x, "audit/search", page)
	}
	s.security(x, "audit search", "reason", typed.Get("reason"), "subjects", strings.Join(search.subjects, " "),
		"item", typed.Get("item"), "from", typed.Get("from"), "until", typed.Get("until"), "before", search.query.Before)
	entries, err := s.auditFind(x, search)
	if err != nil {
		return err
	}
	page.Searched = true
	for _, id := range search.subjects {
		page.People = append(page.People, s.personWord(x, id))
	}
	if len(entries) > auditPageSize {
		entries = entries[:auditPageSize]
		typed.Set("before", strconv.FormatInt(entries[auditPageSize-1].Seq, 10))
		page.MoreHref = "/audit?" + typed.Encode()
	}
	if len(entries) > 0 {
		page.Table = s.auditTable(x, page.Page, entries)
	}
	return s.render(x, "audit/search", page)
}

// auditSearch is a search that can be made.
type auditSearch struct {
	subjects []string // empty: everybody
	query    evidence.Query
}

// auditSearch reads the form. Invalid with fields.
func (s *Server) auditSearch(x *exchange, typed url.Values) (auditSearch, error) {
	var search auditSearch
	var fields []fault.Field
	wrong := func(name, messageID string, args fault.Args) {
		fields = append(fields, fault.Field{Name: name, MessageID: messageID, Args: args})
	}
	reason := strings.TrimSpace(typed.Get("reason"))
	switch {
	case reason == "":
		wrong("reason", "audit.reason.missing", nil)
	case utf8.RuneCountInString(reason) > maxAuditReason:
		wrong("reason", "audit.reason.too_long", fault.Args{"Max": maxAuditReason})
	}
	from, fromErr := calendar.ParseDate(typed.Get("from"))
	until, untilErr := calendar.ParseDate(typed.Get("until"))
	if fromErr != nil {
		wrong("from", "audit.from.wrong", nil)
	}
	switch {
	case untilErr != nil:
		wrong("until", "audit.until.wrong", nil)
	case fromErr == nil && !until.IsZero() && until.Before(from):
		wrong("until", "audit.date.order", nil)
	}
	if item := typed.Get("item"); item != "" && !slices.ContainsFunc(s.itemOptions(x), func(o view.Option) bool { return o.Value == item }) {
		wrong("item", "audit.item.unknown", nil)
	}
	people, err := s.peopleCalled(x, typed.Get("person"))
	switch {
	case err != nil:
		return search, err
	case len(people) > maxAuditPeople:
		wrong("person", "audit.person.many", fault.Args{"Found": len(people), "Max": maxAuditPeople})
	case len(people) == 0 && strings.TrimSpace(typed.Get("person")) != "":
		wrong("person", "audit.person.none", nil)
	}
	if len(fields) > 0 {
		return search, fault.InvalidFields(fields...)
	}
	for _, p := range people {
		search.subjects = append(search.subjects, string(p.ID))
	}
	search.query = evidence.Query{Object: typed.Get("item"), Limit: auditPageSize + 1}
	if !from.IsZero() {
		search.query.From = from.StartsAt()
	}
	if !until.IsZero() {
		search.query.Until = until.AddDays(1).StartsAt()
	}
	if before, err := strconv.ParseInt(x.query("before"), 10, 64); err == nil && before > 0 {
		search.query.Before = before
	}
	return search, nil
}

// auditFind returns up to one entry more than a page has, newest first.
func (s *Server) auditFind(x *exchange, search auditSearch) ([]evidence.Entry, error) {
	if len(search.subjects) == 0 {
		return s.cfg.Records.FindEntries(x.ctx, search.query)
	}
	var found []evidence.Entry
	for _, subject := range search.subjects {
		q := search.query
		q.Subject = subject
		entries, err := s.cfg.Records.FindEntries(x.ctx, q)
		if err != nil {
			return nil, err
		}
		found = append(found, entries...)
	}
	slices.SortFunc(found, func(a, b evidence.Entry) int { return int(b.Seq - a.Seq) })
	return found[:min(len(found), search.query.Limit)], nil
}

// peopleCalled returns who has the number, else whose name or reading contains
// what was typed, spaces aside; nobody for nothing.
func (s *Server) peopleCalled(x *exchange, typed string) ([]directory.Person, error) {
	plain := func(name string) string { return strings.Join(strings.Fields(strings.ToLower(name)), "") }
	wanted := plain(typed)
	if wanted == "" || utf8.RuneCountInString(wanted) > maxAuditPerson {
		return nil, nil
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return nil, err
	}
	var found []directory.Person
	for p := range roster.People() {
		if strings.EqualFold(p.Number, strings.TrimSpace(typed)) {
			return []directory.Person{p}, nil
		}
		if strings.Contains(plain(p.Name), wanted) || strings.Contains(plain(p.Kana), wanted) {
			found = append(found, p)
		}
	}
	return found, nil
}

// itemOptions are all courses and policies, to choose from.
func (s *Server) itemOptions(x *exchange) []view.Option {
	options := []view.Option{{Label: x.T("audit.item.all")}}
	for _, p := range s.cfg.Policy.Catalogue.Policies() {
		item := duty.PolicyItem(string(p.ID))
		options = append(options, view.Option{Value: string(item), Label: s.itemTitle(x, item)})
	}
	for _, c := range s.cfg.Learning.Catalogue.Courses() {
		item := duty.CourseItem(string(c.ID))
		options = append(options, view.Option{Value: string(item), Label: s.itemTitle(x, item)})
	}
	return options
}

func (s *Server) auditTable(x *exchange, p *view.Page, entries []evidence.Entry) *view.Table {
	t := view.Table{
		Caption: x.T("audit.results.caption"),
		Heads: []view.Head{
			{Text: x.T("audit.head.seq"), Numeric: true}, {Text: x.T("audit.head.at")}, {Text: x.T("audit.head.person")},
			{Text: x.T("audit.head.deed")}, {Text: x.T("audit.head.item")}, {Text: x.T("audit.head.scope")},
		},
	}
	for _, e := range entries {
		seq := strconv.FormatInt(e.Seq, 10)
		if e.Record == nil {
			erased := p.Chip("ended", x.T("audit.erased"))
			t.Rows = append(t.Rows, []view.Cell{{Text: seq, Numeric: true}, {Text: x.Time(e.At)}, {}, {Status: &erased}, {}, {}})
			continue
		}
		d := s.deedOf(x, e)
		tag := deedTag(p, d.Sort)
		t.Rows = append(t.Rows, []view.Cell{
			{Text: seq, Href: recordPathStart + seq, Numeric: true}, {Text: x.Time(e.At)}, {Text: s.personWord(x, e.Subject)},
			{Status: &tag}, {Text: d.Item}, {Text: s.scopeWord(x, e.Scope)},
		})
	}
	return &t
}
