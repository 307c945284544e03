package mongodb

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

// maxListed is how many values one query lists.
const maxListed = 5000

type placeDocument struct {
	Header    `bson:",inline"`
	Key       placeKey              `bson:"_id"`
	Scope     string                `bson:"scope"` // once more, like Person, for the indexes
	Person    directory.PersonID    `bson:"person"`
	Done      []learning.LessonID   `bson:"done,omitempty"`
	Practised []learning.QuestionID `bson:"practised,omitempty"`
	Failed    int64                 `bson:"failed"`
	StartedAt bson.DateTime         `bson:"started_at"`
	UpdatedAt bson.DateTime         `bson:"updated_at"`
	Revision  int64                 `bson:"revision"`
}

type placeKey struct {
	Scope  string             `bson:"scope"`
	Person directory.PersonID `bson:"person"`
	Course learning.CourseID  `bson:"course"`
}

// begunAt is the place before anything was done.
func begunAt(k placeKey) learning.Place {
	return learning.Place{Person: k.Person, Course: k.Course, Scope: k.Scope}
}

func (d placeDocument) revision() int64 { return d.Revision }

func (d placeDocument) value() learning.Place {
	return learning.Place{Person: d.Key.Person, Course: d.Key.Course, Scope: d.Key.Scope,
		Done: own(d.Done), Practised: own(d.Practised), Failed: int(d.Failed),
		StartedAt: instant(d.StartedAt), UpdatedAt: instant(d.UpdatedAt), Revision: d.Revision}
}

func placeOf(p learning.Place) (placeDocument, error) {
	if err := errors.Join(plain(string(p.Person), string(p.Course), p.Scope), plainAll(p.Done), plainAll(p.Practised)); err != nil {
		return placeDocument{}, invalid(errNotText)
	}
	return placeDocument{Header: current, Key: placeKey{p.Scope, p.Person, p.Course}, Scope: p.Scope, Person: p.Person,
		Done: slices.Clone(p.Done), Practised: slices.Clone(p.Practised),
		Failed: int64(p.Failed), StartedAt: moment(p.StartedAt), UpdatedAt: moment(p.UpdatedAt), Revision: p.Revision}, nil
}

// Place implements learning.Store.
func (s *Store) Place(ctx context.Context, person directory.PersonID, course learning.CourseID, scope string) (learning.Place, error) {
	if !isPlain(string(person)) || !isPlain(string(course)) || !isPlain(scope) {
		return learning.Place{}, fault.NotFoundf("no such place")
	}
	return s.places.read(ctx, placeKey{scope, person, course})
}

// Places implements learning.Store.
func (s *Store) Places(ctx context.Context, scope string, people []directory.PersonID) ([]learning.Place, error) {
	if !isPlain(scope) {
		return nil, nil
	}
	people = slices.DeleteFunc(slices.Clone(people), func(p directory.PersonID) bool { return !isPlain(string(p)) })
	slices.Sort(people)
	people = slices.Compact(people)
	var list []learning.Place
	for some := range slices.Chunk(people, maxListed) {
		found, err := all[placeDocument](ctx, s, s.place, is("scope", scope, "person", is("$in", some)))
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	slices.SortFunc(list, func(a, b learning.Place) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Course, b.Course))
	})
	return list, nil
}

// UpdatePlace implements learning.Store. A lost race makes update run again.
func (s *Store) UpdatePlace(ctx context.Context, person directory.PersonID, course learning.CourseID, scope string,
	update func(learning.Place) (learning.Place, error)) (learning.Place, error) {
	if err := plain(string(person), string(course), scope); err != nil {
		return learning.Place{}, err
	}
	return s.places.update(ctx, placeKey{scope, person, course}, func(old learning.Place) (placeDocument, error) {
		p, err := update(old)
		if err != nil {
			return placeDocument{}, err
		}
		p.Person, p.Course, p.Scope, p.Revision = person, course, scope, old.Revision+1
		return placeOf(p)
	})
}

// own is a copy of a list, nil when it is empty.
func own[T any](list []T) []T { return append([]T(nil), list...) }

type attemptDocument struct {
	Header      `bson:",inline"`
	ID          learning.AttemptID `bson:"_id"`
	Person      directory.PersonID `bson:"person"`
	Course      learning.CourseID  `bson:"course"`
	Scope       string             `bson:"scope"`
	Purpose     learning.Purpose   `bson:"purpose"`
	Open        bool               `bson:"open,omitempty"` // there while it is open, for the index
	Drawn       []drawnDocument    `bson:"drawn,omitempty"`
	StartedAt   bson.DateTime      `bson:"started_at"`
	SubmittedAt *bson.DateTime     `bson:"submitted_at,omitempty"`
	Right       int64              `bson:"right"`
	Passed      bool               `bson:"passed"`
	Revision    int64              `bson:"revision"`
}

// drawnDocument is a drawn question. A question answered with nothing chosen is
// not one that was not answered: an empty list is not null.
type drawnDocument struct {
	Question learning.QuestionID `bson:"question"`
	Options  []learning.OptionID `bson:"options,omitempty"`
	Answer   []learning.OptionID `bson:"answer"`
	Again    bool                `bson:"again,omitempty"`
}

func (d attemptDocument) revision() int64 { return d.Revision }

func (d attemptDocument) value() learning.Attempt {
	a := learning.Attempt{ID: d.ID, Person: d.Person, Course: d.Course, Scope: d.Scope, Purpose: d.Purpose,
		StartedAt: instant(d.StartedAt), Right: int(d.Right), Passed: d.Passed, Revision: d.Revision}
	if d.SubmittedAt != nil {
		a.SubmittedAt = instant(*d.SubmittedAt)
	}
	if len(d.Drawn) > 0 {
		a.Drawn = make([]learning.Drawn, 0, len(d.Drawn))
	}
	for _, q := range d.Drawn {
		q.Options, q.Answer = own(q.Options), slices.Clone(q.Answer) // an empty answer is one
		a.Drawn = append(a.Drawn, learning.Drawn(q))
	}
	return a
}

func attemptOf(a learning.Attempt) (attemptDocument, error) {
	if err := plain(string(a.ID), string(a.Person), string(a.Course), a.Scope, string(a.Purpose)); err != nil {
		return attemptDocument{}, err
	}
	d := attemptDocument{Header: current, ID: a.ID, Person: a.Person, Course: a.Course, Scope: a.Scope, Purpose: a.Purpose,
		Open: a.SubmittedAt.IsZero(), StartedAt: moment(a.StartedAt), Right: int64(a.Right), Passed: a.Passed, Revision: a.Revision}
	if !d.Open {
		at := moment(a.SubmittedAt)
		d.SubmittedAt = &at
	}
	for _, q := range a.Drawn {
		if err := errors.Join(plain(string(q.Question)), plainAll(q.Options), plainAll(q.Answer)); err != nil {
			return attemptDocument{}, invalid(errNotText)
		}
		q.Options, q.Answer = slices.Clone(q.Options), slices.Clone(q.Answer)
		d.Drawn = append(d.Drawn, drawnDocument(q))
	}
	return d, nil
}

var errNotOpen = errors.New("an attempt begins open")

// OpenAttempt implements learning.Store.
func (s *Store) OpenAttempt(ctx context.Context, a learning.Attempt) (learning.Attempt, error) {
	if !a.SubmittedAt.IsZero() {
		return learning.Attempt{}, invalid(errNotOpen)
	}
	a.Revision = 1
	d, err := attemptOf(a)
	if err != nil {
		return learning.Attempt{}, err
	}
	for n := 0; ; n++ {
		// Who begins an attempt has rarely one open: that shows when it is added.
		sameID := false
		err := s.call(ctx, "attempt", func(ctx context.Context) error {
			_, err := s.attempt.InsertOne(ctx, d)
			sameID = mongo.IsDuplicateKeyError(err) && brokenIndex(err) == "_id"
			return err
		})
		if err == nil {
			s.attempts.wrote(a.ID, d)
			return d.value(), nil
		}
		if !fault.Is(err, fault.Conflict) {
			return learning.Attempt{}, err
		}
		open, absent := one[attemptDocument](ctx, s, s.attempt, "attempt",
			is("person", a.Person, "course", a.Course, "scope", a.Scope, "purpose", a.Purpose, "open", true))
		if !fault.Is(absent, fault.NotFound) {
			return open, absent
		}
		if sameID {
			return learning.Attempt{}, err
		}
		if err := pause(ctx, n); err != nil {
			return learning.Attempt{}, err
		}
	}
}

// Attempt implements learning.Store.
func (s *Store) Attempt(ctx context.Context, id learning.AttemptID) (learning.Attempt, error) {
	if !isPlain(string(id)) {
		return learning.Attempt{}, fault.NotFoundf("no such attempt")
	}
	return s.attempts.read(ctx, id)
}

// UpdateAttempt implements learning.Store. Whose attempt it is, and at what,
// stays as it was.
func (s *Store) UpdateAttempt(ctx context.Context, id learning.AttemptID,
	update func(learning.Attempt) (learning.Attempt, error)) (learning.Attempt, error) {
	if !isPlain(string(id)) {
		return learning.Attempt{}, fault.NotFoundf("no such attempt")
	}
	return s.attempts.update(ctx, id, func(old learning.Attempt) (attemptDocument, error) {
		a, err := update(old)
		if err != nil {
			return attemptDocument{}, err
		}
		a.ID, a.Person, a.Course, a.Scope, a.Purpose = old.ID, old.Person, old.Course, old.Scope, old.Purpose
		a.Revision = old.Revision + 1
		return attemptOf(a)
	})
}

// Attempts implements learning.Store.
func (s *Store) Attempts(ctx context.Context, person directory.PersonID, course learning.CourseID) ([]learning.Attempt, error) {
	if !isPlain(string(person)) || !isPlain(string(course)) {
		return nil, nil
	}
	return all[attemptDocument](ctx, s, s.attempt, is("person", person, "course", course),
		options.Find().SetSort(is("started_at", -1, "_id", -1)).SetLimit(100))
}
