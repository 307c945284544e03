package duty

import (
	"context"
	"strings"
	"unicode/utf8"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// KindExempted is the kind of record that excuses a person from an item.
const KindExempted = "duty.exempted/v1"

// Exempted is the body of a KindExempted record.
type Exempted struct {
	Requirement string `json:"requirement"`
	Item        string `json:"item"`
	Reason      string `json:"reason"`
}

// KindReminded is the kind of record that says that somebody had people of a
// department reminded. Its object is "department:ID", or "department:all" for
// everybody; its scope is the fiscal year. It is about nobody in particular.
const KindReminded = "duty.reminded/v1"

// Reminded is the body of a KindReminded record. It names nobody.
type Reminded struct {
	Day       string `json:"day"`        // of the reminders, as 2026-11-27
	People    int    `json:"people"`     // for whom one was put in
	Already   int    `json:"already"`    // who had one for that day
	NoAddress int    `json:"no_address"` // of those put in, who have no mail address
}

// maxReason is how long a reason may be, in characters.
const maxReason = 500

// Appender is where an exemption becomes true.
type Appender interface {
	Append(ctx context.Context, s evidence.Statement) (evidence.Entry, error)
}

// Service changes what is asked of people.
type Service struct {
	Log    Appender
	Ledger *Ledger
	Now    calendar.Clock
}

// Exemption is what the form for an exemption carries.
type Exemption struct {
	Person      directory.PersonID
	Requirement RequirementID
	Item        Item
	Reason      string
}

// Exempt excuses a person from one item for this occurrence. The assignment
// stays visible with the reason and who gave it. Invalid without a reason,
// NotFound when the item is not asked of the person, Conflict when it is done
// already or the actor is the person.
func (s *Service) Exempt(ctx context.Context, actor evidence.Actor, e Exemption) (evidence.Entry, error) {
	reason := strings.TrimSpace(e.Reason)
	switch {
	case reason == "":
		return evidence.Entry{}, fault.InvalidFields(fault.Field{Name: "reason", MessageID: "duty.reason.missing"})
	case utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason):
		return evidence.Entry{}, fault.InvalidFields(fault.Field{Name: "reason", MessageID: "duty.reason.too_long", Args: fault.Args{"Max": maxReason}})
	case actor.ID == string(e.Person):
		return evidence.Entry{}, fault.New(fault.Conflict, "duty.exempt.oneself", nil)
	}
	a, err := s.Ledger.Assigned(ctx, e.Person, e.Item)
	if err != nil {
		return evidence.Entry{}, err
	}
	if a.Requirement != e.Requirement {
		return evidence.Entry{}, fault.NotFoundf("%s is not asked of %s by %s", e.Item, e.Person, e.Requirement)
	}
	if a.StateOn(s.Ledger.Today()).Done() {
		return evidence.Entry{}, fault.New(fault.Conflict, "duty.exempt.done", nil)
	}
	return s.Log.Append(ctx, evidence.Statement{
		Kind:  KindExempted,
		Key:   strings.Join([]string{KindExempted, string(e.Person), string(e.Item), a.Scope}, "|"),
		Actor: actor, Subject: string(e.Person), Object: string(e.Item), Scope: a.Scope, At: s.Now(),
		Body: Exempted{Requirement: string(e.Requirement), Item: string(e.Item), Reason: reason},
	})
}
