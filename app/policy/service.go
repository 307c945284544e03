package policy

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// Kinds of records, frozen.
const (
	KindAcknowledged = "policy.acknowledged/v1"
	KindDeclined     = "policy.declined/v1"
)

// Acknowledged is the body of a KindAcknowledged record.
type Acknowledged struct {
	Policy       string `json:"policy"`
	Version      int    `json:"version"`
	Text         string `json:"text"`          // digest of the edition's bytes
	TextLanguage string `json:"text_language"` // of the edition
	Declaration  string `json:"declaration"`   // digest of the wording's bytes
}

// Declined is the body of a KindDeclined record.
type Declined struct {
	Policy  string `json:"policy"`
	Version int    `json:"version"`
	Text    string `json:"text"`
	Ground  string `json:"ground"` // GroundCannotAgree or GroundQuestion
	Reason  string `json:"reason"` // in the person's own words
}

// The grounds for not acknowledging.
const (
	GroundCannotAgree = "cannot-agree"
	GroundQuestion    = "question"
)

// maxReason is how long a person's own words may be, in characters.
const maxReason = 1000

// Duties tells what is asked of whom. duty.Ledger satisfies it through the
// composition root.
type Duties interface {
	// PolicyDuty returns how the policy is asked of the person. NotFound when
	// it is not.
	PolicyDuty(ctx context.Context, person directory.PersonID, id ID) (Duty, error)
}

// Duty is how a policy is asked of a person.
type Duty struct {
	Scope  string        // the fiscal year, or the contract
	DueOn  calendar.Date // zero: no date
	Done   bool
	Seq    int64 // of the record, when done
	Signed int   // the version signed before; 0 for none
}

// Log is where acknowledgements become true.
type Log interface {
	Append(ctx context.Context, s evidence.Statement) (evidence.Entry, error)
}

// Service publishes policies and takes acknowledgements.
type Service struct {
	Store     Store
	Log       Log
	Catalogue func() *Catalogue // the one in force; each question takes it once
	Duties    Duties
	Now       calendar.Clock
}

// Sheet is a policy as it lies before a reader.
type Sheet struct {
	Policy  Policy
	Version Version
	Edition Edition
	Wording Wording
	Duty    Duty
	Before  []byte // the text signed before, in the edition's language; nil for a first reading or the same version
}

// Sheet returns the policy that is asked of the actor, in force today, in the
// actor's language. NotFound when it is not asked of the actor.
func (s *Service) Sheet(ctx context.Context, actor evidence.Actor, id ID) (Sheet, error) {
	duty, p, v, err := s.asked(ctx, s.Catalogue(), actor, id)
	if err != nil {
		return Sheet{}, err
	}
	sheet := Sheet{Policy: p, Version: v, Edition: v.In(actor.Language), Duty: duty, Wording: p.Declaration.In(actor.Language)}
	if duty.Signed > 0 && duty.Signed < v.Number && duty.Signed <= len(p.Versions) {
		sheet.Before = p.Versions[duty.Signed-1].In(sheet.Edition.Language).Source
	}
	return sheet, nil
}

// asked returns the policy with the version in force, and how it is asked of
// the actor. NotFound when it is not.
func (s *Service) asked(ctx context.Context, c *Catalogue, actor evidence.Actor, id ID) (Duty, Policy, Version, error) {
	duty, err := s.Duties.PolicyDuty(ctx, directory.PersonID(actor.ID), id)
	if err != nil {
		return Duty{}, Policy{}, Version{}, err
	}
	p, v, err := s.inForce(c, id)
	return duty, p, v, err
}

func (s *Service) inForce(c *Catalogue, id ID) (Policy, Version, error) {
	p, ok := c.Policy(id)
	if !ok || p.Declaration == nil {
		return Policy{}, Version{}, fault.NotFoundf("policy %q", id)
	}
	v, ok := p.InForce(calendar.DateOf(s.Now()))
	if !ok {
		return Policy{}, Version{}, fault.NotFoundf("policy %q has no version in force", id)
	}
	return p, v, nil
}

// Request is what an acknowledgement form carries: the digests of what was on
// the page.
type Request struct {
	Policy      ID
	Text        string
	Declaration string
}

// Acknowledge records that the actor has read the text with that digest and
// made that declaration. The same acknowledgement again returns the first
// record. Stale when the text or the wording is not the one in force any more;
// NotFound when the policy is not asked of the actor.
func (s *Service) Acknowledge(ctx context.Context, actor evidence.Actor, r Request) (evidence.Entry, error) {
	c := s.Catalogue()
	duty, p, v, err := s.asked(ctx, c, actor, r.Policy)
	if err != nil {
		return evidence.Entry{}, err
	}
	edition, ok := v.edition(r.Text)
	if !ok {
		return evidence.Entry{}, s.stale(ctx, r.Text)
	}
	if !c.offers(*p.Declaration, r.Declaration) {
		return evidence.Entry{}, s.stale(ctx, r.Text)
	}
	return s.Log.Append(ctx, evidence.Statement{
		Kind:  KindAcknowledged,
		Key:   strings.Join([]string{KindAcknowledged, actor.ID, string(p.ID), strconv.Itoa(v.Number), duty.Scope}, "|"),
		Actor: actor, Subject: actor.ID, Object: "policy:" + string(p.ID), Scope: duty.Scope, At: s.Now(),
		Body: Acknowledged{Policy: string(p.ID), Version: v.Number, Text: edition.Digest,
			TextLanguage: edition.Language, Declaration: r.Declaration},
	})
}

// offers reports whether the wording with that digest is one of the
// declaration's, in any language.
func (c *Catalogue) offers(d Declaration, digest string) bool {
	for _, language := range c.languages {
		if d.In(language).Digest() == digest {
			return true
		}
	}
	return false
}

// stale is the refusal of a page that is no longer the text in force. A digest
// that was never published is not stale but made up.
func (s *Service) stale(ctx context.Context, digest string) error {
	if _, err := s.Store.PublishedText(ctx, digest); err != nil {
		if fault.Is(err, fault.NotFound) {
			return fault.New(fault.Invalid, "policy.unknown_text", nil)
		}
		return err
	}
	return fault.New(fault.Stale, "policy.stale", nil)
}

// Replaced returns the text with that digest, which was on a page that went
// stale, and the text now in force in its place, in the same language.
// NotFound for a text of another policy.
func (s *Service) Replaced(ctx context.Context, actor evidence.Actor, id ID, digest string) (shown, inForce []byte, err error) {
	sheet, err := s.Sheet(ctx, actor, id)
	if err != nil {
		return nil, nil, err
	}
	before, err := s.Store.PublishedText(ctx, digest)
	if err != nil {
		return nil, nil, err
	}
	if before.Policy != id {
		return nil, nil, fault.NotFoundf("text %s belongs to another policy", digest)
	}
	return before.Text, sheet.Version.In(before.Language).Source, nil
}

// Refusal is what the "I cannot agree, or have a question" form carries.
type Refusal struct {
	Policy ID
	Text   string
	Ground string
	Reason string
}

// Decline records that the actor cannot agree or asks a question first. It
// counts as not done, and the security office sees it. Invalid with fields
// when the ground or the reason is missing.
func (s *Service) Decline(ctx context.Context, actor evidence.Actor, r Refusal) (evidence.Entry, error) {
	duty, p, v, err := s.asked(ctx, s.Catalogue(), actor, r.Policy)
	if err != nil {
		return evidence.Entry{}, err
	}
	reason := strings.TrimSpace(r.Reason)
	var fields []fault.Field
	if r.Ground != GroundCannotAgree && r.Ground != GroundQuestion {
		fields = append(fields, fault.Field{Name: "ground", MessageID: "policy.ground.missing"})
	}
	switch {
	case reason == "":
		fields = append(fields, fault.Field{Name: "reason", MessageID: "policy.reason.missing"})
	case utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason):
		fields = append(fields, fault.Field{Name: "reason", MessageID: "policy.reason.too_long", Args: fault.Args{"Max": maxReason}})
	}
	if len(fields) > 0 {
		return evidence.Entry{}, fault.InvalidFields(fields...)
	}
	if _, ok := v.edition(r.Text); !ok {
		return evidence.Entry{}, s.stale(ctx, r.Text)
	}
	return s.Log.Append(ctx, evidence.Statement{
		Kind: KindDeclined,
		Key: strings.Join([]string{KindDeclined, actor.ID, string(p.ID), strconv.Itoa(v.Number), duty.Scope,
			document.Digest([]byte(r.Ground + "\n" + reason))}, "|"),
		Actor: actor, Subject: actor.ID, Object: "policy:" + string(p.ID), Scope: duty.Scope, At: s.Now(),
		Body: Declined{Policy: string(p.ID), Version: v.Number, Text: r.Text, Ground: r.Ground, Reason: reason},
	})
}
