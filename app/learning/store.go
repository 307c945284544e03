package learning

import (
	"context"
	"slices"
	"time"

	"kokoroe/app/directory"
)

// IDs are permanent; slugs and titles are not.
type (
	CourseID   string
	LessonID   string
	QuestionID string
	OptionID   string
	AttemptID  string // 128 random bits, base64url
)

// Place is how far a person has come in a course in one scope (a fiscal year).
// It is convenience, not evidence: the passed check is what counts.
type Place struct {
	Person    directory.PersonID
	Course    CourseID
	Scope     string
	Done      []LessonID // lessons finished, in order of finishing
	Practised []QuestionID
	Failed    int // graded checks not passed
	StartedAt time.Time
	UpdatedAt time.Time
	Revision  int64 // set by the store
}

// Purpose tells practice from the graded check.
type Purpose string

// The purposes of an attempt.
const (
	Practice Purpose = "practice"
	Check    Purpose = "check"
)

// Attempt is one sitting: the drawn questions and the order of their options
// stay on the server.
type Attempt struct {
	ID          AttemptID
	Person      directory.PersonID
	Course      CourseID
	Scope       string
	Purpose     Purpose
	Drawn       []Drawn
	StartedAt   time.Time
	SubmittedAt time.Time // zero while open
	Right       int       // once submitted
	Passed      bool      // once submitted
	Revision    int64     // set by the store
}

// Next returns the number of the first question not answered, 0 for none.
func (a Attempt) Next() int {
	return slices.IndexFunc(a.Drawn, func(d Drawn) bool { return len(d.Answer) == 0 }) + 1
}

// Drawn is one question as it was drawn for this attempt.
type Drawn struct {
	Question QuestionID
	Options  []OptionID // in the order shown
	Answer   []OptionID // nil until answered
	Again    bool       // practice: asked again because it was missed
}

// Store is what learning needs kept.
type Store interface {
	// Place returns how far the person has come. NotFound before the start.
	Place(ctx context.Context, person directory.PersonID, course CourseID, scope string) (Place, error)

	// Places returns the places of these people in scope, all courses, in order
	// of person and course.
	Places(ctx context.Context, scope string, people []directory.PersonID) ([]Place, error)

	// UpdatePlace replaces the place by what update makes of the one stored (or
	// of a Place with only the key set). update may be called more than once;
	// its error is returned as it is and nothing is stored.
	UpdatePlace(ctx context.Context, person directory.PersonID, course CourseID, scope string, update func(Place) (Place, error)) (Place, error)

	// OpenAttempt stores the attempt unless the person has an open one of that
	// course, scope and purpose, and returns the one that is open then: two tabs
	// share one attempt.
	OpenAttempt(ctx context.Context, a Attempt) (Attempt, error)

	// Attempt returns one attempt. NotFound.
	Attempt(ctx context.Context, id AttemptID) (Attempt, error)

	// UpdateAttempt is UpdatePlace for an attempt. NotFound.
	UpdateAttempt(ctx context.Context, id AttemptID, update func(Attempt) (Attempt, error)) (Attempt, error)

	// Attempts returns the person's attempts at a course, newest first, at most
	// 100.
	Attempts(ctx context.Context, person directory.PersonID, course CourseID) ([]Attempt, error)
}
