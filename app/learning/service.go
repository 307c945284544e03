package learning

import (
	"context"
	crand "crypto/rand"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// Duties tells who is to take which course.
type Duties interface {
	// CourseDuty returns how the course is asked of the person now. NotFound when
	// it is not.
	CourseDuty(ctx context.Context, person directory.PersonID, course CourseID) (Duty, error)
}

// Duty is how a course is asked of a person.
type Duty struct {
	Scope  string // the occurrence, a fiscal year
	Passed bool   // as far as is known: of another instance's last moments it need not be
}

// Log is where a passed check becomes true. The first statement of a key wins,
// and its entry is returned ever after.
type Log interface {
	Append(ctx context.Context, s evidence.Statement) (evidence.Entry, error)
}

// Records finds what the log holds. NotFound.
type Records interface {
	EntryByKey(ctx context.Context, key string) (evidence.Entry, error)
}

// Service is what a person does with courses.
type Service struct {
	Store     Store
	Log       Log
	Records   Records
	Catalogue func() *Catalogue // the one in force; each question takes it once
	Duties    Duties
	Now       calendar.Clock
	Rand      func() *rand.Rand // a new source for each draw; nil is seeded by the system
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

func (s *Service) rand() *rand.Rand {
	if s.Rand != nil {
		return s.Rand()
	}
	var seed [32]byte
	_, _ = crand.Read(seed[:])             // never fails
	return rand.New(rand.NewChaCha8(seed)) //nolint:gosec // seeded by the system, and cryptographically strong
}

func newAttemptID() AttemptID {
	var b [16]byte
	_, _ = crand.Read(b[:]) // never fails
	return AttemptID(base64.RawURLEncoding.EncodeToString(b[:]))
}

// asked returns the course and how it is asked of the actor.
func (s *Service) asked(ctx context.Context, actor evidence.Actor, id CourseID) (*Course, Duty, error) {
	course, ok := s.Catalogue().Course(id)
	if !ok {
		return nil, Duty{}, fault.NotFoundf("course %q", id)
	}
	duty, err := s.Duties.CourseDuty(ctx, directory.PersonID(actor.ID), id)
	return course, duty, err
}

// Progress is how far a person has read in a course.
type Progress struct {
	Course *Course
	Scope  string
	Place  Place
	Resume *Lesson // the first lesson not finished; nil when all are

	known Duty
}

// Standing is where a person is in a course, practice and checks too.
type Standing struct {
	Progress
	Practice AttemptID // of the practice that is open; "" for none
	Check    AttemptID // of the check that is open; "" for none
	Last     *Outcome  // of the last check submitted in this scope; nil before
	Passed   *Outcome  // nil until passed
	Seq      int64     // of the record of the pass; -1 until passed
}

// Outcome is what a submitted check came to.
type Outcome struct {
	Attempt AttemptID
	Right   int
	Of      int
	Passed  bool
	At      time.Time
}

// Finished reports whether the lesson is finished.
func (p Progress) Finished(id LessonID) bool { return slices.Contains(p.Place.Done, id) }

// progress returns how far the actor has read in a course that is asked of
// them. It is all that a lesson needs: one read of the store.
func (s *Service) progress(ctx context.Context, actor evidence.Actor, id CourseID) (Progress, error) {
	course, duty, err := s.asked(ctx, actor, id)
	if err != nil {
		return Progress{}, err
	}
	p := Progress{Course: course, Scope: duty.Scope, known: duty}
	if p.Place, err = s.Store.Place(ctx, directory.PersonID(actor.ID), id, duty.Scope); err != nil && !fault.Is(err, fault.NotFound) {
		return Progress{}, err
	}
	if lesson, ok := course.Unfinished(p.Place.Done); ok {
		p.Resume = lesson
	}
	return p, nil
}

// Course returns the course that is asked of the actor, and how far the actor
// is. NotFound when it is not asked.
func (s *Service) Course(ctx context.Context, actor evidence.Actor, id CourseID) (Standing, error) {
	progress, err := s.progress(ctx, actor, id)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Progress: progress, Seq: -1}
	person := directory.PersonID(actor.ID)
	attempts, err := s.attempts(ctx, person, id, st.Scope)
	if err != nil {
		return Standing{}, err
	}
	for _, a := range attempts {
		switch open := a.SubmittedAt.IsZero(); {
		case open && a.Purpose == Practice:
			st.Practice = a.ID
		case open:
			st.Check = a.ID
		case a.Purpose == Check && st.Last == nil:
			o := outcome(a)
			st.Last = &o
		}
	}
	record, found, err := s.passedAmong(ctx, st.known, person, id, attempts)
	if err != nil {
		return Standing{}, err
	}
	if found {
		st.Passed, st.Check, st.Seq = &record.Outcome, "", record.Seq
	}
	return st, nil
}

func outcome(a Attempt) Outcome {
	return Outcome{Attempt: a.ID, Right: a.Right, Of: len(a.Drawn), Passed: a.Passed, At: a.SubmittedAt}
}

// attempts returns the person's attempts of the scope, newest first.
func (s *Service) attempts(ctx context.Context, person directory.PersonID, course CourseID, scope string) ([]Attempt, error) {
	attempts, err := s.Store.Attempts(ctx, person, course)
	return slices.DeleteFunc(attempts, func(a Attempt) bool { return a.Scope != scope }), err
}

// Reading is a lesson as it lies before a reader.
type Reading struct {
	Progress
	Lesson *Lesson
	Page   Page
	Number int     // of the lesson, counted from 1
	Before *Lesson // nil for the first
	After  *Lesson // nil for the last
}

// Lesson returns a lesson of a course that is asked of the actor, in the
// actor's language. NotFound.
func (s *Service) Lesson(ctx context.Context, actor evidence.Actor, course CourseID, id LessonID) (Reading, error) {
	progress, err := s.progress(ctx, actor, course)
	if err != nil {
		return Reading{}, err
	}
	lessons := progress.Course.Lessons
	i := slices.IndexFunc(lessons, func(l Lesson) bool { return l.ID == id })
	if i < 0 {
		return Reading{}, fault.NotFoundf("lesson %q of %q", id, course)
	}
	r := Reading{Progress: progress, Lesson: &lessons[i], Page: lessons[i].Page(actor.Language), Number: i + 1}
	if i > 0 {
		r.Before = &lessons[i-1]
	}
	if i+1 < len(lessons) {
		r.After = &lessons[i+1]
	}
	return r, nil
}

// FinishLesson keeps that the actor has read the lesson. Again changes
// nothing. NotFound.
func (s *Service) FinishLesson(ctx context.Context, actor evidence.Actor, id CourseID, lesson LessonID) (Place, error) {
	course, duty, err := s.asked(ctx, actor, id)
	if err != nil {
		return Place{}, err
	}
	if _, ok := course.Lesson(lesson); !ok {
		return Place{}, fault.NotFoundf("lesson %q of %q", lesson, id)
	}
	return s.Store.UpdatePlace(ctx, directory.PersonID(actor.ID), id, duty.Scope, func(p Place) (Place, error) {
		if slices.Contains(p.Done, lesson) {
			return p, nil
		}
		p.Done = append(slices.Clone(p.Done), lesson)
		return s.touched(p), nil
	})
}

func (s *Service) touched(p Place) Place {
	p.UpdatedAt = s.now()
	if p.StartedAt.IsZero() {
		p.StartedAt = p.UpdatedAt
	}
	return p
}

// own returns the actor's attempt and its course. Another person's attempt is
// NotFound, so that nobody learns that it exists.
func (s *Service) own(ctx context.Context, actor evidence.Actor, id AttemptID, purpose Purpose) (Attempt, *Course, error) {
	a, err := s.Store.Attempt(ctx, id)
	if err != nil {
		return Attempt{}, nil, err
	}
	course, err := s.courseOf(actor, a, purpose)
	if err != nil {
		return Attempt{}, nil, err
	}
	return a, course, nil
}

// courseOf returns the course of the actor's attempt, and NotFound when the
// attempt is not the actor's.
func (s *Service) courseOf(actor evidence.Actor, a Attempt, purpose Purpose) (*Course, error) {
	course, ok := s.Catalogue().Course(a.Course)
	if string(a.Person) != actor.ID || a.Purpose != purpose || !ok {
		return nil, fault.NotFoundf("attempt %q of %q", a.ID, actor.ID)
	}
	return course, nil
}

// inYear refuses to go on with an attempt of a fiscal year that is over, or of
// a course that is not asked any more (NotFound).
func (s *Service) inYear(ctx context.Context, a Attempt) error {
	duty, err := s.Duties.CourseDuty(ctx, a.Person, a.Course)
	if err == nil && duty.Scope != a.Scope {
		return fault.New(fault.Stale, yearOver, nil)
	}
	return err
}

const yearOver = "learning.year_over"

// YearOver reports whether err says that the attempt is of a fiscal year that is
// over: no new one can take its place before the lessons of the new year.
func YearOver(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.MessageID == yearOver
}

// choice checks what was chosen against the question as it was drawn.
func choice(q *Question, d Drawn, chosen []OptionID) error {
	for i, id := range chosen {
		if !slices.Contains(d.Options, id) || slices.Contains(chosen[:i], id) {
			return fault.InvalidFields(fault.Field{Name: "options", MessageID: "learning.option_unknown"})
		}
	}
	if len(chosen) != q.Choose {
		return fault.InvalidFields(fault.Field{Name: "options", MessageID: "learning.choose", Args: fault.Args{"Count": q.Choose}})
	}
	return nil
}

// numbered returns the drawn question, counted from 1, and the bank's. Stale
// when the content has changed since.
func numbered(course *Course, a Attempt, number int) (Drawn, *Question, error) {
	if number < 1 || number > len(a.Drawn) {
		return Drawn{}, nil, fault.NotFoundf("question %d of attempt %q", number, a.ID)
	}
	d := a.Drawn[number-1]
	q, ok := course.question(d.Question)
	if !ok || !q.fits(d) {
		return Drawn{}, nil, changed()
	}
	return d, q, nil
}

func changed() error { return fault.New(fault.Stale, "learning.content_changed", nil) }

// passKey names the one pass that a person has of a course in a scope.
func passKey(person directory.PersonID, course CourseID, scope string) string {
	return strings.Join([]string{KindPassed, string(person), string(course), scope}, "|")
}
