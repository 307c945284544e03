package learning

import (
	"context"
	"errors"
	"slices"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// maxAgain is how often a missed question comes back in one sitting.
const maxAgain = 2

// Sitting is a practice as a page gets it.
type Sitting struct {
	Attempt  AttemptID
	Course   *Course
	Question ShownQuestion
	Feedback *Feedback // nil until answered
	Next     int       // the first question not answered; 0 when all are
}

// StartPractice returns the actor's open practice of the course, or a new one.
// Questions not practised yet come first. NotFound when the course is not
// asked of the actor.
func (s *Service) StartPractice(ctx context.Context, actor evidence.Actor, id CourseID) (Attempt, error) {
	course, duty, err := s.asked(ctx, actor, id)
	if err != nil {
		return Attempt{}, err
	}
	person := directory.PersonID(actor.ID)
	place, err := s.Store.Place(ctx, person, id, duty.Scope)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Attempt{}, err
	}
	return s.open(ctx, course, Attempt{
		ID: newAttemptID(), Person: person, Course: id, Scope: duty.Scope, Purpose: Practice,
		Drawn: Draw(course.bank, course.Practice, place.Practised, s.rand()), StartedAt: s.now(),
	})
}

// open stores the attempt or returns the one that is open, mended should the
// content have changed meanwhile.
func (s *Service) open(ctx context.Context, course *Course, a Attempt) (Attempt, error) {
	opened, err := s.Store.OpenAttempt(ctx, a)
	if err != nil || current(course, opened.Drawn) {
		return opened, err
	}
	return s.Store.UpdateAttempt(ctx, opened.ID, func(a Attempt) (Attempt, error) {
		if a.SubmittedAt.IsZero() {
			a.Drawn = Mend(course, a.Drawn, s.rand())
			if a.Purpose == Practice && a.Next() == 0 {
				a.SubmittedAt, a.Passed = s.now(), true
			}
		}
		return a, nil
	})
}

// PracticeQuestion returns a question of the actor's practice, with the
// feedback once it is answered. NotFound; Stale when the content has changed:
// StartPractice mends that.
func (s *Service) PracticeQuestion(ctx context.Context, actor evidence.Actor, id AttemptID, number int) (Sitting, error) {
	a, course, err := s.own(ctx, actor, id, Practice)
	if err != nil {
		return Sitting{}, err
	}
	return sitting(course, a, number, actor.Language)
}

func sitting(course *Course, a Attempt, number int, language string) (Sitting, error) {
	d, q, err := numbered(course, a, number)
	if err != nil {
		return Sitting{}, err
	}
	st := Sitting{Attempt: a.ID, Course: course, Question: shown(q, d, number, len(a.Drawn), language), Next: a.Next()}
	if len(d.Answer) > 0 {
		f := feedback(course, q, d, language)
		f.Again = !f.Right && slices.ContainsFunc(a.Drawn[number:], func(later Drawn) bool { return later.Question == q.ID })
		st.Feedback = &f
	}
	return st, nil
}

// AnswerPractice answers a question and returns the why of each choice. A
// missed question comes back at the end of the sitting. The first answer
// stands: answering again returns its feedback. NotFound, Invalid, Stale.
func (s *Service) AnswerPractice(ctx context.Context, actor evidence.Actor, id AttemptID, number int, chosen []OptionID) (Sitting, error) {
	return s.AnswerSitting(ctx, actor, id, number, func(Sitting) ([]OptionID, error) { return chosen, nil })
}

// errAnswered says that there is nothing to change: a second click, or the
// other tab.
var errAnswered = errors.New("the question is answered")

// AnswerSitting is to AnswerPractice what AnswerPaper is to AnswerCheck. read
// is asked only for a question that is not answered.
func (s *Service) AnswerSitting(ctx context.Context, actor evidence.Actor, id AttemptID, number int, read func(Sitting) ([]OptionID, error)) (Sitting, error) {
	var course *Course
	var answered Attempt
	a, err := s.Store.UpdateAttempt(ctx, id, func(a Attempt) (_ Attempt, err error) {
		if course, err = s.courseOf(actor, a, Practice); err != nil {
			return a, err
		}
		before, err := sitting(course, a, number, actor.Language)
		if err != nil {
			return a, err
		}
		if before.Feedback != nil {
			answered = a
			return a, errAnswered
		}
		chosen, err := read(before)
		if err != nil {
			return a, err
		}
		return s.practised(course, a, number, chosen)
	})
	if errors.Is(err, errAnswered) {
		a, err = answered, nil
	}
	if err != nil {
		return Sitting{}, err
	}
	if !a.SubmittedAt.IsZero() {
		if err := s.keepPractised(ctx, a); err != nil {
			return Sitting{}, err
		}
	}
	return sitting(course, a, number, actor.Language)
}

func (s *Service) practised(course *Course, a Attempt, number int, chosen []OptionID) (Attempt, error) {
	d, q, err := numbered(course, a, number)
	if err != nil || len(d.Answer) > 0 {
		return a, err // a second click, or the other tab
	}
	if err := choice(q, d, chosen); err != nil {
		return a, err
	}
	a.Drawn = slices.Clone(a.Drawn)
	a.Drawn[number-1].Answer = slices.Clone(chosen)
	switch right := q.Right(chosen); {
	case right && !d.Again:
		a.Right++
	case !right && timesAgain(a, q.ID) < maxAgain:
		a.Drawn = append(a.Drawn, Drawn{Question: q.ID, Options: shuffled(q, s.rand()), Again: true})
	}
	if a.Next() == 0 {
		a.SubmittedAt, a.Passed = s.now(), true
	}
	return a, nil
}

func timesAgain(a Attempt, id QuestionID) int {
	n := 0
	for _, d := range a.Drawn {
		if d.Question == id && d.Again {
			n++
		}
	}
	return n
}

// keepPractised remembers which questions were practised, so that the next
// sitting asks others. Doing it again changes nothing.
func (s *Service) keepPractised(ctx context.Context, a Attempt) error {
	_, err := s.Store.UpdatePlace(ctx, a.Person, a.Course, a.Scope, func(p Place) (Place, error) {
		p.Practised = slices.Clone(p.Practised)
		for _, d := range a.Drawn {
			if !slices.Contains(p.Practised, d.Question) {
				p.Practised = append(p.Practised, d.Question)
			}
		}
		return s.touched(p), nil
	})
	return err
}

// PracticeResult is what a finished sitting came to.
type PracticeResult struct {
	Attempt AttemptID
	Course  *Course
	Right   int // at the first time of asking
	Of      int
	Missed  []MissedQuestion
}

// PracticeResult returns what the actor's practice came to. NotFound; Conflict
// (learning.not_submitted) while questions are open.
func (s *Service) PracticeResult(ctx context.Context, actor evidence.Actor, id AttemptID) (PracticeResult, error) {
	a, course, err := s.own(ctx, actor, id, Practice)
	if err != nil {
		return PracticeResult{}, err
	}
	if a.SubmittedAt.IsZero() {
		return PracticeResult{}, fault.New(fault.Conflict, "learning.not_submitted", nil)
	}
	first := slices.DeleteFunc(slices.Clone(a.Drawn), func(d Drawn) bool { return d.Again })
	g := Grade(course, first, 100)
	return PracticeResult{Attempt: a.ID, Course: course, Right: a.Right, Of: len(first), Missed: missed(course, first, g, actor.Language)}, nil
}
