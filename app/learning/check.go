package learning

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// StartCheck returns the actor's open check of the course, or a new one: other
// questions than last time, as far as the bank has them. NotFound when the
// course is not asked of the actor; Conflict while lessons are unfinished
// (learning.lessons_unfinished) and after a pass (learning.already_passed).
func (s *Service) StartCheck(ctx context.Context, actor evidence.Actor, id CourseID) (Attempt, error) {
	course, duty, err := s.asked(ctx, actor, id)
	if err != nil {
		return Attempt{}, err
	}
	person := directory.PersonID(actor.ID)
	before, err := s.attempts(ctx, person, id, duty.Scope)
	if err != nil {
		return Attempt{}, err
	}
	if _, passed, err := s.passedAmong(ctx, duty, person, id, before); err != nil {
		return Attempt{}, err
	} else if passed {
		return Attempt{}, alreadyPassed()
	}
	place, err := s.Store.Place(ctx, person, id, duty.Scope)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Attempt{}, err
	}
	if _, unfinished := course.Unfinished(place.Done); unfinished {
		return Attempt{}, fault.New(fault.Conflict, "learning.lessons_unfinished", nil)
	}
	return s.open(ctx, course, Attempt{
		ID: newAttemptID(), Person: person, Course: id, Scope: duty.Scope, Purpose: Check,
		Drawn: Draw(course.bank, course.Check.Draw, seenLast(before), s.rand()), StartedAt: s.now(),
	})
}

func alreadyPassed() error { return fault.New(fault.Conflict, "learning.already_passed", nil) }

// seenLast returns the questions of the last submitted check; attempts are
// newest first.
func seenLast(attempts []Attempt) []QuestionID {
	var seen []QuestionID
	if i := slices.IndexFunc(attempts, func(a Attempt) bool { return a.Purpose == Check && !a.SubmittedAt.IsZero() }); i >= 0 {
		for _, d := range attempts[i].Drawn {
			seen = append(seen, d.Question)
		}
	}
	return seen
}

// Paper is a graded check as a page gets it while it is open.
type Paper struct {
	Attempt  AttemptID
	Course   *Course
	Question ShownQuestion
	Answered []bool // by question
	Next     int    // the first question not answered; 0 when all are
}

// CheckQuestion returns a question of the actor's open check. NotFound;
// Conflict (learning.already_submitted); Stale when the content has changed:
// StartCheck mends that.
func (s *Service) CheckQuestion(ctx context.Context, actor evidence.Actor, id AttemptID, number int) (Paper, error) {
	a, course, err := s.own(ctx, actor, id, Check)
	if err != nil {
		return Paper{}, err
	}
	return paper(course, a, number, actor.Language)
}

func paper(course *Course, a Attempt, number int, language string) (Paper, error) {
	if !a.SubmittedAt.IsZero() {
		return Paper{}, alreadySubmitted()
	}
	d, q, err := numbered(course, a, number)
	if err != nil {
		return Paper{}, err
	}
	p := Paper{Attempt: a.ID, Course: course, Question: shown(q, d, number, len(a.Drawn), language), Next: a.Next()}
	for _, d := range a.Drawn {
		p.Answered = append(p.Answered, len(d.Answer) > 0)
	}
	return p, nil
}

func alreadySubmitted() error { return fault.New(fault.Conflict, "learning.already_submitted", nil) }

// Answers are all questions of a graded check with what was answered, before
// it is submitted.
type Answers struct {
	Attempt   AttemptID
	Course    *Course
	Questions []ShownQuestion
}

// CheckAnswers returns the questions of the actor's open check. Its faults are
// those of CheckQuestion.
func (s *Service) CheckAnswers(ctx context.Context, actor evidence.Actor, id AttemptID) (Answers, error) {
	a, course, err := s.own(ctx, actor, id, Check)
	if err != nil {
		return Answers{}, err
	}
	all := Answers{Attempt: a.ID, Course: course}
	for i := range a.Drawn {
		p, err := paper(course, a, i+1, actor.Language)
		if err != nil {
			return Answers{}, err
		}
		all.Questions = append(all.Questions, p.Question)
	}
	return all, nil
}

// AnswerCheck keeps the answer to a question; it may be changed until the
// check is submitted. NotFound; Invalid when it is not as many options as the
// question asks for; Conflict (learning.already_submitted); Stale when the
// content changed or the fiscal year is over.
func (s *Service) AnswerCheck(ctx context.Context, actor evidence.Actor, id AttemptID, number int, chosen []OptionID) (Paper, error) {
	return s.AnswerPaper(ctx, actor, id, number, func(Paper) ([]OptionID, error) { return chosen, nil })
}

// AnswerPaper is AnswerCheck for who must see the question as it was shown to
// know what was chosen: read says so, and its error refuses the answer. The
// attempt is read once for both; read may be called again after a lost race.
func (s *Service) AnswerPaper(ctx context.Context, actor evidence.Actor, id AttemptID, number int, read func(Paper) ([]OptionID, error)) (Paper, error) {
	var course *Course
	a, err := s.Store.UpdateAttempt(ctx, id, func(a Attempt) (_ Attempt, err error) {
		if course, err = s.courseOf(actor, a, Check); err != nil {
			return a, err
		}
		p, err := paper(course, a, number, actor.Language)
		if err != nil {
			return a, err
		}
		chosen, err := read(p)
		if err != nil {
			return a, err
		}
		if err := s.inYear(ctx, a); err != nil {
			return a, err
		}
		d, q, err := numbered(course, a, number)
		if err != nil {
			return a, err
		}
		if err := choice(q, d, chosen); err != nil {
			return a, err
		}
		a.Drawn = slices.Clone(a.Drawn)
		a.Drawn[number-1].Answer = slices.Clone(chosen)
		return a, nil
	})
	if err != nil {
		return Paper{}, err
	}
	return paper(course, a, number, actor.Language)
}

// SubmitCheck grades the actor's check. The record of a pass is the commit
// point: it is appended first, and a crash before the attempt is marked is
// healed by submitting again. Submitting a submitted check returns its result.
//
// NotFound; Invalid (learning.unanswered) with a field for each question left
// open; Stale when the content changed or the fiscal year is over; Conflict
// (learning.already_passed) when another check was passed.
func (s *Service) SubmitCheck(ctx context.Context, actor evidence.Actor, id AttemptID) (Result, error) {
	for {
		a, course, err := s.own(ctx, actor, id, Check)
		if err != nil {
			return Result{}, err
		}
		if !a.SubmittedAt.IsZero() {
			return s.submitted(ctx, actor, course, a)
		}
		a, record, err := s.submit(ctx, actor, course, a)
		switch {
		case errors.Is(err, errMoved):
			continue // an answer came in between: grade that
		case err != nil:
			return Result{}, err
		case !a.Passed:
			return s.submitted(ctx, actor, course, a)
		}
		return resultOf(actor, course, a, record.Seq), nil
	}
}

// submitted returns what a submitted attempt came to, once a failed one counts.
func (s *Service) submitted(ctx context.Context, actor evidence.Actor, course *Course, a Attempt) (Result, error) {
	if err := s.countFailed(ctx, a); err != nil {
		return Result{}, err
	}
	return s.result(ctx, actor, course, a)
}

// errMoved says that the attempt is not the one that was graded any more.
var errMoved = errors.New("the attempt changed while it was graded")

// submit grades the attempt, and looks for a record only when the grading leads
// to none: a pass that the log holds already is what appending it again returns.
func (s *Service) submit(ctx context.Context, actor evidence.Actor, course *Course, a Attempt) (Attempt, passRead, error) {
	g, refusal := s.gradable(ctx, course, a)
	if refusal == nil && g.Passed {
		entry, err := s.Log.Append(ctx, s.statement(actor, course, a, g))
		if err != nil {
			return a, passRead{}, err
		}
		return s.markPassed(ctx, a, passRecord(entry, a))
	}
	record, found, err := s.passed(ctx, a.Person, a.Course, a.Scope)
	switch {
	case err != nil:
		return a, passRead{}, err
	case found:
		return s.markPassed(ctx, a, record)
	case refusal != nil:
		return a, passRead{}, refusal
	}
	a, err = s.markFailed(ctx, a, g)
	return a, passRead{}, err
}

// gradable grades the attempt, or refuses to.
func (s *Service) gradable(ctx context.Context, course *Course, a Attempt) (Grading, error) {
	if err := s.inYear(ctx, a); err != nil {
		return Grading{}, err
	}
	if err := unanswered(a); err != nil {
		return Grading{}, err
	}
	if !current(course, a.Drawn) {
		return Grading{}, changed()
	}
	return Grade(course, a.Drawn, course.Check.Pass), nil
}

// unanswered names every question left open.
func unanswered(a Attempt) error {
	var numbers []string
	var fields []fault.Field
	for i, d := range a.Drawn {
		if len(d.Answer) == 0 {
			number := strconv.Itoa(i + 1)
			numbers = append(numbers, number)
			fields = append(fields, fault.Field{Name: "question-" + number, MessageID: "learning.question_unanswered", Args: fault.Args{"Number": i + 1}})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, MessageID: "learning.unanswered", Args: fault.Args{"Numbers": strings.Join(numbers, ", ")}, Fields: fields}
}

// markFailed closes the attempt, unless an answer came in since it was graded.
func (s *Service) markFailed(ctx context.Context, graded Attempt, g Grading) (Attempt, error) {
	return s.Store.UpdateAttempt(ctx, graded.ID, func(a Attempt) (Attempt, error) {
		if !a.SubmittedAt.IsZero() {
			return a, nil
		}
		if a.Revision != graded.Revision {
			return a, errMoved
		}
		a.SubmittedAt, a.Right, a.Passed = s.now(), g.Right, false
		return a, nil
	})
}

// markPassed makes the attempt say what the record says. An answer that came
// in after the grading gives way to the one that is recorded.
func (s *Service) markPassed(ctx context.Context, a Attempt, record passRead) (Attempt, passRead, error) {
	if record.Attempt != a.ID {
		return a, record, alreadyPassed()
	}
	a, err := s.Store.UpdateAttempt(ctx, a.ID, func(a Attempt) (Attempt, error) { return record.applied(a), nil })
	return a, record, err
}

// countFailed keeps in the place how many checks were not passed. It counts
// instead of adding, so that doing it again changes nothing.
func (s *Service) countFailed(ctx context.Context, a Attempt) error {
	if a.Passed {
		return nil
	}
	attempts, err := s.attempts(ctx, a.Person, a.Course, a.Scope)
	if err != nil {
		return err
	}
	failed := 0
	for _, c := range attempts {
		if c.Purpose == Check && !c.SubmittedAt.IsZero() && !c.Passed {
			failed++
		}
	}
	_, err = s.Store.UpdatePlace(ctx, a.Person, a.Course, a.Scope, func(p Place) (Place, error) {
		if p.Failed < failed {
			p.Failed = failed
			return s.touched(p), nil
		}
		return p, nil
	})
	return err
}

// Result is what a submitted check came to. It names what was missed and where
// to read it again, and never the right answer.
type Result struct {
	Outcome
	Course *Course
	Pass   int              // percent that was asked for
	Missed []MissedQuestion // in the order of the check
	Seq    int64            // of the record in the log; -1 when not passed
}

// MissedQuestion is a question to learn from.
type MissedQuestion struct {
	Number int
	Stem   string
	Lesson LessonID
	Title  string // of the lesson: the topic
}

// CheckResult returns what the actor's check came to. NotFound; Conflict
// (learning.not_submitted) while it is open.
func (s *Service) CheckResult(ctx context.Context, actor evidence.Actor, id AttemptID) (Result, error) {
	a, course, err := s.own(ctx, actor, id, Check)
	if err != nil {
		return Result{}, err
	}
	return s.result(ctx, actor, course, a)
}

func (s *Service) result(ctx context.Context, actor evidence.Actor, course *Course, a Attempt) (Result, error) {
	seq := int64(-1)
	if a.SubmittedAt.IsZero() || a.Passed {
		record, found, err := s.passed(ctx, a.Person, a.Course, a.Scope)
		if err != nil {
			return Result{}, err
		}
		// What is in the log has happened, whether or not the attempt was
		// marked before a crash.
		if found && record.Attempt == a.ID {
			a, seq = record.applied(a), record.Seq
		}
	}
	if a.SubmittedAt.IsZero() {
		return Result{}, fault.New(fault.Conflict, "learning.not_submitted", nil)
	}
	return resultOf(actor, course, a, seq), nil
}

func resultOf(actor evidence.Actor, course *Course, a Attempt, seq int64) Result {
	return Result{
		Outcome: outcome(a), Course: course, Pass: course.Check.Pass, Seq: seq,
		Missed: missed(course, a.Drawn, Grade(course, a.Drawn, course.Check.Pass), actor.Language),
	}
}

// missed names the questions missed, those that the course still has.
func missed(course *Course, drawn []Drawn, g Grading, language string) []MissedQuestion {
	var questions []MissedQuestion
	for _, number := range g.Missed {
		if q, ok := course.question(drawn[number-1].Question); ok {
			questions = append(questions, MissedQuestion{
				Number: number, Stem: q.Stem.In(language), Lesson: q.Lesson, Title: titleOf(course, q.Lesson).In(language),
			})
		}
	}
	return questions
}
