package web

import (
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/learning"
	"kokoroe/app/locale"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

// deeds are the kinds of records that pages can put into words, by the word
// that their message IDs have.
var deeds = map[string]string{
	policy.KindAcknowledged: "acknowledged",
	policy.KindDeclined:     "declined",
	learning.KindPassed:     "passed",
	duty.KindExempted:       "exempted",
	evidence.KindErased:     "erased",
}

// deed is a record in words.
type deed struct {
	Sort    string // acknowledged, declined, passed, exempted, erased, other
	Item    string // what it is about, as it is called
	Version int    // of a policy; 0 for anything else
	Ground  string // of a refusal, in words
	Reason  string // of a refusal or an exemption, in the person's own words
	Score   string // of a passed check
	Text    string // language of the text shown, a tag
	Content string // digest of what a course was
}

// deedOf puts an entry into words. What does not decode is left out: the
// canonical bytes have it, and the check says whether they can be trusted.
func (s *Server) deedOf(x *exchange, e evidence.Entry) deed {
	d := deed{Sort: deeds[e.Kind], Item: s.itemTitle(x, duty.Item(e.Object))}
	switch d.Sort {
	case "acknowledged":
		var b policy.Acknowledged
		if e.Body(&b) == nil {
			d.Version, d.Text = b.Version, b.TextLanguage
		}
	case "declined":
		var b policy.Declined
		if e.Body(&b) == nil {
			d.Version, d.Reason, d.Ground = b.Version, b.Reason, s.groundWord(x, b.Ground)
		}
	case "passed":
		var b learning.Passed
		if e.Body(&b) == nil {
			d.Score = x.T("receipt.score.of", "Right", b.Right, "Of", b.Of, "Pass", b.Pass)
			d.Content = b.Content
		}
	case "exempted":
		var b duty.Exempted
		if e.Body(&b) == nil {
			d.Reason = b.Reason
		}
	case "erased":
		d.Item = erasedItem(x, e.Object)
		var b evidence.Erasure
		if e.Body(&b) == nil {
			d.Reason = erasureGround(x, b.Ground) + "\n" + erasureReason(x, b)
		}
	default:
		d.Sort = "other"
		if d.Item == e.Object {
			d.Item = s.objectTitle(x, e.Object)
		}
	}
	return d
}

// erasedItem is what an erasure is about, in words.
func erasedItem(x *exchange, object string) string {
	if seq, ok := strings.CutPrefix(object, erasedObject); ok {
		return x.T("erased.item", "Seq", seq)
	}
	return object
}

func (s *Server) groundWord(x *exchange, ground string) string {
	switch ground {
	case policy.GroundQuestion:
		return x.T("policy.ground.question")
	case policy.GroundCannotAgree:
		return x.T("policy.ground.cannot_agree")
	}
	return ground
}

// like is the state whose icon and colour a sort of record borrows.
var like = map[string]string{"acknowledged": "ok", "passed": "ok", "declined": "warning", "exempted": "exempt", "erased": "ended", "other": "draft"}

// deedTag is the tag of a sort of record.
func deedTag(p *view.Page, sort string) view.Status {
	return p.Chip(like[sort], p.T("record.deed."+sort))
}

// personWord is the person's name and number, by the roster; the opaque ID for
// somebody who is not in it.
func (s *Server) personWord(x *exchange, id string) string {
	p, ok := s.personOf(x, id)
	if actor := "record.actor." + id; !ok && x.Has(actor) { // no person: a rule, a command
		return x.T(actor)
	}
	if !ok {
		return id
	}
	return x.T("record.person", "Name", p.Name, "Number", p.Number)
}

func (s *Server) personOf(x *exchange, id string) (directory.Person, bool) {
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return directory.Person{}, false
	}
	return roster.Person(directory.PersonID(id))
}

// languageWord is a language's own name.
func (s *Server) languageWord(tag string) string {
	if !s.cfg.Locale.Has(locale.Tag(tag)) {
		return tag
	}
	return s.cfg.Locale.Printer(locale.Tag(tag)).T("common.language.name")
}

// instant writes when something happened so that nobody can read it otherwise:
// both calendars, the time of day, the zone.
func instant(p *view.Page, at time.Time) string {
	return p.T("record.instant", "Date", p.DateBoth(calendar.DateOf(at)), "Clock", at.In(calendar.Tokyo).Format("15:04:05"))
}

// signInLines say how the actor was known: by which provider, how strongly,
// when.
func (s *Server) signInLines(x *exchange, p *view.Page, in evidence.SignIn) []string {
	name := in.Provider
	for _, provider := range s.cfg.Identity.Providers() {
		if provider.ID != in.Provider {
			continue
		}
		if name = provider.Title[string(x.Tag())]; name == "" {
			name = provider.Title[string(locale.Prevailing)]
		}
	}
	if name == "" {
		return []string{x.T("record.sign_in.none")}
	}
	lines := []string{name}
	if in.ACR != "" || len(in.AMR) > 0 {
		lines = append(lines, x.T("record.sign_in.how", "ACR", orDash(p, in.ACR), "AMR", orDash(p, strings.Join(in.AMR, ", "))))
	}
	if !in.AuthAt.IsZero() {
		lines = append(lines, x.T("record.sign_in.at", "At", instant(p, in.AuthAt)))
	}
	return lines
}

func orDash(p *view.Page, s string) string {
	if s == "" {
		return p.T("calendar.none")
	}
	return s
}
