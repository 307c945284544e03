package web

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/fault"
	"kokoroe/app/policy"
	"kokoroe/app/web/view"
)

// madeUp refuses a form with digests that no page of ours had. A policy that is
// not asked of the reader does not exist, whatever the form says.
func (s *Server) madeUp(x *exchange, id policy.ID, err error) error {
	if _, err := s.cfg.Policy.Sheet(x.ctx, x.actor(), id); err != nil {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "policy.unknown_text")
}

// acknowledgeForm carries the digests of what was on the page.
type acknowledgeForm struct {
	Text        string `form:"text" validate:"digest" wrong:"policy.unknown_text"`
	Declaration string `form:"declaration" validate:"digest" wrong:"policy.unknown_text"`
}

// acknowledge records that the visitor signs what was on the page.
func (s *Server) acknowledge(x *exchange) error {
	id := policy.ID(x.param("policy"))
	var form acknowledgeForm
	if err := x.decode(&form); err != nil {
		return s.madeUp(x, id, err)
	}
	entry, err := s.cfg.Policy.Acknowledge(x.ctx, x.actor(), policy.Request{Policy: id, Text: form.Text, Declaration: form.Declaration})
	if fault.Is(err, fault.Stale) {
		return s.stalePolicy(x, id, form.Text, "")
	}
	if err != nil {
		return err
	}
	return x.seeOther(receiptPath(entry.Seq))
}

// stalePage says that the text on the page is no longer the one in force.
type stalePage struct {
	*view.Page
	Name    string
	Changes []clauseChange
	Back    string // path of the current sheet
	Words   string // what the reader had typed, to be kept
}

// stalePolicy refuses a page that went stale: nothing was recorded, this is
// what changed, and here is the text to sign.
func (s *Server) stalePolicy(x *exchange, id policy.ID, text, words string) error {
	shown, inForce, err := s.cfg.Policy.Replaced(x.ctx, x.actor(), id, text)
	if err != nil {
		return err
	}
	p, ok := s.cfg.Policy.Catalogue().Policy(id)
	if !ok {
		return fault.NotFoundf("policy %q", id)
	}
	page := stalePage{
		Page: s.titled(x, x.T("policy.stale.title")), Name: p.Title.In(string(x.Tag())),
		Changes: clauseChanges(shown, inForce), Back: policyPath(id), Words: words,
	}
	x.c.Status(fiber.StatusConflict)
	return s.render(x, "policies/stale", page)
}

// questionPage is the form for who cannot agree or has a question.
type questionPage struct {
	*view.Page
	Name    string
	Version int
	Form    *view.Form
	Grounds []view.Option
	Text    string // digest of the text that the question is about
	Limit   int    // characters
	SendTo  string
	Back    string
}

// maxWords is how much the form lets a reader write; policy.Service checks it.
const maxWords = 1000

// question shows the form.
func (s *Server) question(x *exchange) error {
	sheet, err := s.cfg.Policy.Sheet(x.ctx, x.actor(), policy.ID(x.param("policy")))
	if err != nil {
		return err
	}
	if sheet.Duty.Done {
		// What is signed is signed: a question about it goes to the office.
		return x.seeOther(policyPath(sheet.Policy.ID))
	}
	page := s.questionPage(x, sheet, nil)
	page.Text = sheet.Edition.Digest
	return s.render(x, "policies/question", page)
}

func (s *Server) questionPage(x *exchange, sheet policy.Sheet, typed url.Values) questionPage {
	name := sheet.Policy.Title.In(string(x.Tag()))
	frame := s.titled(x, x.T("policy.question.title"),
		view.Link{Href: "/tasks", Label: x.T("common.nav.tasks")}, view.Link{Href: policyPath(sheet.Policy.ID), Label: name})
	return questionPage{
		Page: frame, Name: name, Version: sheet.Version.Number, Form: view.NewForm(frame, typed),
		Grounds: []view.Option{
			{Value: policy.GroundQuestion, Label: x.T("policy.ground.question"), Hint: x.T("policy.ground.question.hint")},
			{Value: policy.GroundCannotAgree, Label: x.T("policy.ground.cannot_agree"), Hint: x.T("policy.ground.cannot_agree.hint")},
		},
		Limit: maxWords, SendTo: policyPath(sheet.Policy.ID) + "/question", Back: policyPath(sheet.Policy.ID),
	}
}

// questionForm is what the reader chose and wrote, and the digest of the text
// that it is about. policy.Service says what they must be: what was typed comes
// back with the form.
type questionForm struct {
	Text   string `form:"text"`
	Ground string `form:"ground"`
	Reason string `form:"reason"`
}

// sendQuestion records the refusal or the question. The receipt says what
// happens next.
func (s *Server) sendQuestion(x *exchange) error {
	id := policy.ID(x.param("policy"))
	var form questionForm
	if err := x.decode(&form); err != nil {
		return err
	}
	entry, err := s.cfg.Policy.Decline(x.ctx, x.actor(), policy.Refusal{Policy: id, Text: form.Text, Ground: form.Ground, Reason: form.Reason})
	switch {
	case err == nil:
		return x.seeOther(receiptPath(entry.Seq))
	case fault.Is(err, fault.Stale):
		return s.stalePolicy(x, id, form.Text, form.Reason)
	case !fault.Is(err, fault.Invalid):
		return err
	}
	sheet, sheetErr := s.cfg.Policy.Sheet(x.ctx, x.actor(), id)
	if sheetErr != nil {
		return sheetErr
	}
	page := s.questionPage(x, sheet, url.Values{"ground": {form.Ground}, "reason": {form.Reason}})
	// The text that the reader looked at, not the one of this second.
	page.Text = form.Text
	page.Form.Reject(err)
	x.c.Status(fiber.StatusUnprocessableEntity)
	return s.render(x, "policies/question", page)
}
