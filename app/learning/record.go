package learning

import (
	"context"
	"slices"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// KindPassed is the kind of the record of a passed check. Frozen.
const KindPassed = "course.passed/v1"

// Passed is the body of a KindPassed record.
type Passed struct {
	Course    string           `json:"course"`
	Content   string           `json:"content"` // digest of the course's files
	Attempt   string           `json:"attempt"`
	Questions []PassedQuestion `json:"questions"` // as drawn, shown and answered
	Right     int              `json:"right"`
	Of        int              `json:"of"`
	Pass      int              `json:"pass"` // percent that was asked for
}

// PassedQuestion is one question of a passed check.
type PassedQuestion struct {
	Question string   `json:"question"`
	Options  []string `json:"options"` // in the order shown
	Answer   []string `json:"answer"`
}

func (s *Service) statement(actor evidence.Actor, course *Course, a Attempt, g Grading) evidence.Statement {
	body := Passed{
		Course: string(a.Course), Content: course.Digest, Attempt: string(a.ID),
		Right: g.Right, Of: g.Of, Pass: course.Check.Pass,
	}
	for _, d := range a.Drawn {
		body.Questions = append(body.Questions, PassedQuestion{Question: string(d.Question), Options: texts(d.Options), Answer: texts(d.Answer)})
	}
	return evidence.Statement{
		Kind: KindPassed, Key: passKey(a.Person, a.Course, a.Scope), Actor: actor, Subject: string(a.Person),
		Object: "course:" + string(a.Course), Scope: a.Scope, At: s.now(), Body: body,
	}
}

func texts(ids []OptionID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}

func optionIDs(texts []string) []OptionID {
	ids := make([]OptionID, len(texts))
	for i, t := range texts {
		ids[i] = OptionID(t)
	}
	return ids
}

// passRead is a pass as the log has it.
type passRead struct {
	Outcome
	Seq   int64
	Drawn []Drawn // nil when the record was erased
}

// passed looks the person's pass up in the log: the log, not the attempt, says
// whether there is one.
func (s *Service) passed(ctx context.Context, person directory.PersonID, course CourseID, scope string) (passRead, bool, error) {
	entry, err := s.Records.EntryByKey(ctx, passKey(person, course, scope))
	if fault.Is(err, fault.NotFound) {
		return passRead{}, false, nil
	} else if err != nil {
		return passRead{}, false, err
	}
	return passRecord(entry, Attempt{}), true, nil
}

// passedAmong is passed for who has the attempts of the duty's scope at hand,
// and spares the look where no pass can be: every pass is of a check, which is
// marked passed, or still open when the program ended in between. Attempts may
// be gone one day, long after the duty counts as passed.
func (s *Service) passedAmong(ctx context.Context, duty Duty, person directory.PersonID, course CourseID, attempts []Attempt) (passRead, bool, error) {
	may := func(a Attempt) bool { return a.Purpose == Check && (a.Passed || a.SubmittedAt.IsZero()) }
	if !duty.Passed && !slices.ContainsFunc(attempts, may) {
		return passRead{}, false, nil
	}
	return s.passed(ctx, person, course, duty.Scope)
}

// passRecord reads the entry. Of an erased record nothing is left but that it
// was there; the attempt at hand says the rest.
func passRecord(entry evidence.Entry, a Attempt) passRead {
	r := passRead{Seq: entry.Seq, Outcome: Outcome{Attempt: a.ID, Of: len(a.Drawn), Passed: true, At: entry.At}}
	var body Passed
	if err := entry.Body(&body); err != nil {
		return r
	}
	r.Attempt, r.Right, r.Of = AttemptID(body.Attempt), body.Right, body.Of
	for _, q := range body.Questions {
		r.Drawn = append(r.Drawn, Drawn{Question: QuestionID(q.Question), Options: optionIDs(q.Options), Answer: optionIDs(q.Answer)})
	}
	return r
}

// applied returns the attempt as the record has it, unless it is marked.
func (r passRead) applied(a Attempt) Attempt {
	if !a.SubmittedAt.IsZero() {
		return a
	}
	a.SubmittedAt, a.Right, a.Passed = r.At, r.Right, true
	if len(r.Drawn) > 0 {
		a.Drawn = r.Drawn
	}
	return a
}
