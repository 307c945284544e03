package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/web/view"
)

func (s *Server) mountAudit() {
	s.get("/audit", s.audit)
	s.get("/audit/records/:seq", s.auditRecord)
	s.get("/audit/records/:seq/file", s.auditRecordFile)
	s.get("/audit/records/:seq/pdf", s.auditRecordPDF)
	s.get("/audit/texts/:digest", s.auditText)
	s.get("/audit/checkpoints", s.auditCheckpoints)
	s.get("/audit/checkpoints/comparison", s.auditComparison)
	s.post("/audit/checkpoints/comparison", s.auditPasted)
	s.get("/audit/sample", s.auditSample)
	s.get("/audit/sample.csv", s.auditSampleCSV)
	s.get("/audit/sample.xlsx", s.auditSampleXLSX)
	s.get("/audit/population", s.auditPopulation)
	s.get("/evidence", s.evidenceHealth)
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
	auditForm
	Searched bool
	Bare     bool     // the log holds nothing yet
	People   []string // whom it was about
	Count    string   // how many match, on this page or not
	Table    *view.Table
	MoreHref string
}

// audit searches the log. Every search is itself logged, with its reason.
func (s *Server) audit(x *exchange) error {
	page := auditPage{Page: s.titled(x, x.T("audit.title"))}
	page.Wide = true
	typed := x.asked("person", "item", "kind", "from", "until", "seq", "reason")
	page.auditForm = s.auditForm(x, page.Page, typed)
	if !x.c.Context().QueryArgs().Has("reason") {
		size, err := s.cfg.Records.LogSize(x.ctx)
		if page.Bare = size == 0; err != nil {
			return err
		}
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
	s.security(x, "audit search", "reason", typed.Get("reason"), "subjects", strings.Join(search.subjects, " "), "item", typed.Get("item"),
		"kind", typed.Get("kind"), "from", typed.Get("from"), "until", typed.Get("until"), "seq", typed.Get("seq"), "before", search.query.Before)
	if err := s.auditResults(x, &page, search, typed); err != nil {
		return err
	}
	return s.render(x, "audit/search", page)
}

func (s *Server) auditResults(x *exchange, page *auditPage, search auditSearch, typed url.Values) error {
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
	if len(entries) == 0 {
		return nil
	}
	page.Table = s.auditTable(x, page.Page, entries)
	total, known, err := s.auditCount(x, search, len(entries), page.MoreHref == "")
	if err != nil {
		return err
	}
	page.Count = x.T("audit.results.shown", "Shown", x.Number(len(entries)))
	if known {
		page.Count = x.T("audit.results.count", "Total", recordsWord(x, total), "Shown", x.Number(len(entries)))
	}
	return nil
}

// auditSearch is a search that can be made.
type auditSearch struct {
	subjects []string // empty: everybody
	query    evidence.Query
	single   bool // the entry Before−1 alone
}

// auditSearch reads the form. Invalid with fields.
func (s *Server) auditSearch(x *exchange, typed url.Values) (auditSearch, error) {
	var search auditSearch
	wrong := complaints{}
	wrong.reason(typed.Get("reason"))
	search.query = s.auditFilter(x, typed, &wrong)
	search.query.Limit = auditPageSize + 1
	people, err := s.peopleCalled(x, typed.Get("person"))
	switch {
	case err != nil:
		return search, err
	case len(people) > maxAuditPeople:
		wrong.add("person", "audit.person.many", fault.Args{"Max": maxAuditPeople})
	case len(people) == 0 && strings.TrimSpace(typed.Get("person")) != "":
		wrong.add("person", "audit.person.none", nil)
	}
	for _, p := range people {
		search.subjects = append(search.subjects, string(p.ID))
	}
	if before, ok := plainNumber(x.query("before")); ok && before > 0 {
		search.query.Before = before
	}
	if number := strings.TrimSpace(typed.Get("seq")); number != "" {
		seq, ok := plainNumber(number)
		if !ok || seq > maxSeq {
			wrong.add("seq", "audit.seq.wrong", nil)
		}
		search.query.Before, search.single = seq+1, true
	}
	return search, wrong.err()
}

// auditFind returns up to one entry more than a page has, newest first.
func (s *Server) auditFind(x *exchange, search auditSearch) ([]evidence.Entry, error) {
	var found []evidence.Entry
	for _, q := range search.queries() {
		entries, err := s.cfg.Records.FindEntries(x.ctx, q)
		if err != nil {
			return nil, err
		}
		found = append(found, entries...)
	}
	slices.SortFunc(found, func(a, b evidence.Entry) int { return cmp.Compare(b.Seq, a.Seq) })
	if search.single {
		found = slices.DeleteFunc(found, func(e evidence.Entry) bool { return e.Seq != search.query.Before-1 })
	}
	return found[:min(len(found), search.query.Limit)], nil
}

// auditCount tells how many match in all, on this page or not: of a few people, or
// when this page has all of them. What everybody did is counted by the page of the
// whole population, not by each search.
func (s *Server) auditCount(x *exchange, search auditSearch, shown int, last bool) (total int64, known bool, err error) {
	switch {
	case search.single, last && search.query.Before == 0:
		return int64(shown), true, nil
	case len(search.subjects) == 0:
		return 0, false, nil
	}
	for _, q := range search.queries() {
		q.Before = 0
		counts, err := s.cfg.Records.CountEntries(x.ctx, q)
		if err != nil {
			return 0, false, err
		}
		for _, c := range counts {
			total += c.Entries
		}
	}
	return total, true, nil
}

// queries are those that a search is made of, one a person.
func (search auditSearch) queries() []evidence.Query {
	if len(search.subjects) == 0 {
		return []evidence.Query{search.query}
	}
	list := make([]evidence.Query, len(search.subjects))
	for i, subject := range search.subjects {
		list[i] = search.query
		list[i].Subject = subject
	}
	return list
}

// peopleCalled returns who has the number, else whose name or reading contains
// what was typed, spaces aside, up to one more than a search may be about; nobody
// for nothing.
func (s *Server) peopleCalled(x *exchange, typed string) ([]directory.Person, error) {
	if strings.TrimSpace(typed) == "" || utf8.RuneCountInString(typed) > maxAuditPerson {
		return nil, nil
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return nil, err
	}
	return roster.PeopleCalled(typed, maxAuditPeople+1), nil
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
		t.Rows = append(t.Rows, s.auditCells(x, p, e))
	}
	return &t
}

// auditCells are an entry in a list. Of an erased one, what it was of is left.
func (s *Server) auditCells(x *exchange, p *view.Page, e evidence.Entry) []view.Cell {
	seq := strconv.FormatInt(e.Seq, 10)
	d := s.deedOf(x, e)
	tag, person := deedTag(p, d.Sort), orDash(p, s.personWord(x, e.Subject))
	if isErased(e) {
		tag, person = p.Chip("ended", x.T("audit.erased")), x.T("calendar.none")
	}
	return []view.Cell{
		{Text: seq, Href: recordPathStart + seq, Numeric: true}, {Text: x.Time(e.At)}, {Text: person},
		{Status: &tag}, {Text: d.Item}, {Text: s.scopeWord(x, e.Scope)},
	}
}
