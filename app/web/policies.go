package web

import (
	"bytes"
	"html/template"
	"net/url"
	"slices"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

func (s *Server) mountPolicies() {
	s.get("/policies", s.policies)
	s.get("/policies/:policy", s.policySheet)
	s.post("/policies/:policy/acknowledgement", s.acknowledge)
	s.get("/policies/:policy/question", s.question)
	s.post("/policies/:policy/question", s.sendQuestion)
	s.get("/policies/:policy/public", s.publicPolicy)
	s.get("/glossary", s.glossary)
}

// policyPath is where a policy is read.
func policyPath(id policy.ID) string { return "/policies/" + url.PathEscape(string(id)) }

// mayRead reports whether the visitor may read a policy that is not asked of
// them: employees read everything, others what is public.
func mayRead(x *exchange, p policy.Policy) bool { return p.Public || x.has(identity.Learner) }

// policiesPage is the policy family as a list.
type policiesPage struct {
	*view.Page
	Policies []policyRow
}

type policyRow struct {
	Href, Name, Summary string
	Version             int
	EffectiveOn         calendar.Date
	Internal            bool
	Asked               bool
	State               duty.State
	DueOn               calendar.Date // while it is to be signed
	SignedAt            time.Time     // when it was
	Receipt             string        // path
}

// policies lists what the visitor may read, and what they are asked to sign.
func (s *Server) policies(x *exchange) error {
	today := s.today()
	assignments, err := s.cfg.Ledger.Of(x.ctx, x.person(), today)
	if err != nil {
		return err
	}
	page := policiesPage{Page: s.titled(x, x.T("policy.list.title"))}
	for _, p := range s.cfg.Policy.Catalogue().Policies() {
		v, ok := p.InForce(today)
		if !ok {
			continue
		}
		row := policyRow{
			Href: policyPath(p.ID), Name: p.Title.In(string(x.Tag())), Summary: v.In(string(x.Tag())).Summary,
			Version: v.Number, EffectiveOn: v.EffectiveOn, Internal: !p.Public,
		}
		row.ask(assignments, duty.PolicyItem(string(p.ID)), today)
		if row.Asked || mayRead(x, p) {
			page.Policies = append(page.Policies, row)
		}
	}
	slices.SortStableFunc(page.Policies, func(a, b policyRow) int { return a.rank() - b.rank() })
	return s.render(x, "policies/list", page)
}

// ask fills in how the item is asked of the person: the assignment that weighs
// most, as in duty.Ledger.Assigned.
func (r *policyRow) ask(assignments []duty.Assignment, item duty.Item, today calendar.Date) {
	for _, a := range assignments {
		state := a.StateOn(today)
		if a.Item != item || state == duty.Withdrawn || state == duty.Superseded || r.Asked && !state.Worse(r.State) {
			continue
		}
		r.Asked, r.State, r.DueOn, r.SignedAt, r.Receipt = true, state, calendar.Date{}, time.Time{}, ""
		if a.Fulfilment != nil {
			r.SignedAt, r.Receipt = a.Fulfilment.At, receiptPath(a.Fulfilment.Seq)
		} else if state.Open() {
			r.DueOn = a.DueOn
		}
	}
}

// rank puts what is to be signed first, then what was, then the rest.
func (r policyRow) rank() int {
	switch {
	case r.Asked && r.State.Open():
		return 0
	case r.Asked:
		return 1
	default:
		return 2
	}
}

// policyPage is one policy before a reader.
type policyPage struct {
	*view.Page
	Name     string
	Version  policy.Version
	Edition  policy.Edition
	Contents []document.Heading
	Internal bool
	Japanese bool // shown in Japanese because there is no translation

	Asked       bool
	State       duty.State
	Why         string // through which fact the reader is asked
	DueOn       calendar.Date
	Signed      int // the version signed before; 0 for none
	Changes     []clauseChange
	Changed     bool // since the version signed before
	Again       bool // this version was signed, for another occurrence
	Declaration *policy.Wording
	Digest      string // of the declaration
	SendTo      string // address of the acknowledgement
	QuestionTo  string
	Mark        *duty.Mark // of the fulfilment, the refusal or the exemption
	Receipt     string     // path of its receipt
}

// policySheet shows a policy: with the declaration to whom it is asked of,
// without it to who may read it.
func (s *Server) policySheet(x *exchange) error {
	id := policy.ID(x.param("policy"))
	sheet, err := s.cfg.Policy.Sheet(x.ctx, x.actor(), id)
	if fault.Is(err, fault.NotFound) {
		return s.policyText(x, id, mayRead)
	}
	if err != nil {
		return err
	}
	page := s.policyPage(x, sheet.Policy, sheet.Version)
	page.Crumbs = []view.Link{{Href: "/tasks", Label: x.T("common.nav.tasks")}}
	page.Asked = true
	page.DueOn = sheet.Duty.DueOn
	page.Signed = sheet.Duty.Signed
	if sheet.Before != nil {
		page.Changed = true
		page.Changes = clauseChanges(sheet.Before, sheet.Edition.Source)
	}
	assignment, err := s.cfg.Ledger.Assigned(x.ctx, x.person(), duty.PolicyItem(string(id)))
	if err != nil {
		return err
	}
	page.assign(assignment, s.today())
	page.Why = s.why(x, assignment)
	if !sheet.Duty.Done {
		page.Again = sheet.Duty.Signed == sheet.Version.Number
		page.Declaration, page.Digest = &sheet.Wording, sheet.Wording.Digest()
		page.SendTo, page.QuestionTo = policyPath(id)+"/acknowledgement", policyPath(id)+"/question"
	}
	return s.render(x, "policies/sheet", page)
}

func (p *policyPage) assign(a duty.Assignment, today calendar.Date) {
	p.State = a.StateOn(today)
	switch {
	case p.State.Done():
		p.Mark = a.Fulfilment
	case p.State == duty.Exempt:
		p.Mark = a.Exemption
	case a.Declined != nil:
		p.Mark = a.Declined
	}
	if p.Mark != nil {
		p.Receipt = receiptPath(p.Mark.Seq)
	}
}

// publicPolicy shows a public policy to anybody.
func (s *Server) publicPolicy(x *exchange) error {
	return s.policyText(x, policy.ID(x.param("policy")), func(_ *exchange, p policy.Policy) bool { return p.Public })
}

// policyText shows the policy in force without a declaration, to who may.
func (s *Server) policyText(x *exchange, id policy.ID, may func(*exchange, policy.Policy) bool) error {
	p, ok := s.cfg.Policy.Catalogue().Policy(id)
	if !ok || !may(x, p) {
		return fault.NotFoundf("policy %q", id)
	}
	v, ok := p.InForce(s.today())
	if !ok {
		return fault.NotFoundf("policy %q has no version in force", id)
	}
	page := s.policyPage(x, p, v)
	if x.has(identity.Learner) {
		page.Crumbs = []view.Link{{Href: "/policies", Label: x.T("policy.list.title")}}
	}
	return s.render(x, "policies/sheet", page)
}

func (s *Server) policyPage(x *exchange, p policy.Policy, v policy.Version) policyPage {
	lang := string(x.Tag())
	edition := v.In(lang)
	name := p.Title.In(lang)
	return policyPage{
		Page: s.titled(x, name), Name: name, Version: v, Edition: edition, Contents: edition.Contents,
		Internal: !p.Public, Japanese: edition.Language == document.Japanese && x.Lang() != document.Japanese,
	}
}

// exactText is a text that was shown.
type exactText struct {
	Digest   string
	Source   []byte
	Language string // of a policy's edition
	Policy   policy.ID
	Version  int            // 0 for a text that is no policy
	Wording  policy.Wording // of a declaration
	rendered template.HTML  // of an edition that the program ships with; "" for another
}

// loadedText returns the bytes with that digest: of what is loaded, or else as
// keptText does.
func (s *Server) loadedText(x *exchange, digest string) (exactText, error) {
	loaded, ok := s.cfg.Policy.Catalogue().Text(digest)
	switch {
	case !ok:
		return s.keptText(x, digest)
	case loaded.Policy == "":
		return s.exactWording(digest, loaded.Text), nil
	}
	return s.exactEdition(loaded), nil
}

// keptText returns the bytes with that digest as the store keeps them: an
// edition of a policy, or a declaration. NotFound.
func (s *Server) keptText(x *exchange, digest string) (exactText, error) {
	published, err := s.cfg.Policy.Store.PublishedText(x.ctx, digest)
	if err == nil {
		published.Digest = digest
		return s.exactEdition(published), nil
	}
	if !fault.Is(err, fault.NotFound) {
		return exactText{}, err
	}
	kept, err := s.cfg.Policy.Store.KeptText(x.ctx, digest)
	if err != nil {
		return exactText{}, err
	}
	return s.exactWording(digest, kept), nil
}

func (s *Server) exactEdition(p policy.Publication) exactText {
	return exactText{Digest: p.Digest, Source: p.Text, Language: p.Language, Policy: p.Policy, Version: p.Version, rendered: s.rendered(p)}
}

func (s *Server) exactWording(digest string, text []byte) exactText {
	wording := s.wordingOf(digest, text)
	return exactText{Digest: digest, Source: text, Language: wording.Language, Wording: wording}
}

// rendered is the HTML that was made at start of the very bytes that are kept:
// on the last afternoon everybody looks at the same text.
func (s *Server) rendered(published policy.Publication) template.HTML {
	p, ok := s.cfg.Policy.Catalogue().Policy(published.Policy)
	if !ok || published.Version < 1 || published.Version > len(p.Versions) {
		return ""
	}
	edition := p.Versions[published.Version-1].In(published.Language)
	if !bytes.Equal(edition.Source, published.Text) {
		return ""
	}
	return edition.HTML
}

// Genuine reports whether the bytes are those that the digest names.
func (t exactText) Genuine() bool { return document.Digest(t.Source) == t.Digest }

// shownTexts are the texts that a record says were shown; a nil one is none.
type shownTexts struct{ Text, Declaration *exactText }

// shownTexts reads them as text does.
func (s *Server) shownTexts(x *exchange, shown evidence.Shown, text func(x *exchange, digest string) (exactText, error)) (shownTexts, error) {
	var out shownTexts
	for _, part := range []struct {
		digest string
		to     **exactText
	}{{shown.Text, &out.Text}, {shown.Declaration, &out.Declaration}} {
		if part.digest == "" {
			continue
		}
		found, err := text(x, part.digest)
		if fault.Is(err, fault.NotFound) {
			// A text that is gone must not hide the record; whoever checks it
			// is told.
			s.cfg.Logger.Error("a text that was shown is not kept", "digest", part.digest)
			found, err = exactText{Digest: part.digest}, nil
		}
		if err != nil {
			return shownTexts{}, err
		}
		*part.to = &found
	}
	return out, nil
}
