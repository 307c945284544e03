package learning_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

// memory keeps what learning.Store promises, in maps.
type memory struct {
	mu       sync.Mutex
	places   map[placeKey]learning.Place
	attempts []learning.Attempt // oldest first
	broken   bool               // UpdateAttempt fails: the machine stopped
}

type placeKey struct {
	person directory.PersonID
	course learning.CourseID
	scope  string
}

var errStopped = errors.New("the machine stopped")

func newMemory() *memory { return &memory{places: map[placeKey]learning.Place{}} }

func copyAttempt(a learning.Attempt) learning.Attempt {
	a.Drawn = slices.Clone(a.Drawn)
	for i, d := range a.Drawn {
		a.Drawn[i].Options, a.Drawn[i].Answer = slices.Clone(d.Options), slices.Clone(d.Answer)
	}
	return a
}

func copyPlace(p learning.Place) learning.Place {
	p.Done, p.Practised = slices.Clone(p.Done), slices.Clone(p.Practised)
	return p
}

func (m *memory) Place(_ context.Context, person directory.PersonID, course learning.CourseID, scope string) (learning.Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.places[placeKey{person, course, scope}]
	if !ok {
		return learning.Place{}, fault.NotFoundf("place")
	}
	return copyPlace(p), nil
}

func (m *memory) Places(_ context.Context, scope string, people []directory.PersonID) ([]learning.Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var places []learning.Place
	for k, p := range m.places {
		if k.scope == scope && slices.Contains(people, k.person) {
			places = append(places, copyPlace(p))
		}
	}
	return places, nil
}

func (m *memory) UpdatePlace(_ context.Context, person directory.PersonID, course learning.CourseID, scope string, update func(learning.Place) (learning.Place, error)) (learning.Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := placeKey{person, course, scope}
	before, ok := m.places[k]
	if !ok {
		before = learning.Place{Person: person, Course: course, Scope: scope}
	}
	if _, err := update(copyPlace(before)); err != nil { // it may be called more than once
		return learning.Place{}, err
	}
	after, err := update(copyPlace(before))
	if err != nil {
		return learning.Place{}, err
	}
	after.Revision = before.Revision + 1
	m.places[k] = copyPlace(after)
	return after, nil
}

func (m *memory) OpenAttempt(_ context.Context, a learning.Attempt) (learning.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.attempts {
		if b.SubmittedAt.IsZero() && b.Person == a.Person && b.Course == a.Course && b.Scope == a.Scope && b.Purpose == a.Purpose {
			return copyAttempt(b), nil
		}
	}
	a.Revision = 1
	m.attempts = append(m.attempts, copyAttempt(a))
	return copyAttempt(a), nil
}

func (m *memory) find(id learning.AttemptID) int {
	return slices.IndexFunc(m.attempts, func(a learning.Attempt) bool { return a.ID == id })
}

func (m *memory) Attempt(_ context.Context, id learning.AttemptID) (learning.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.find(id); i >= 0 {
		return copyAttempt(m.attempts[i]), nil
	}
	return learning.Attempt{}, fault.NotFoundf("attempt")
}

func (m *memory) UpdateAttempt(_ context.Context, id learning.AttemptID, update func(learning.Attempt) (learning.Attempt, error)) (learning.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(id)
	if i < 0 {
		return learning.Attempt{}, fault.NotFoundf("attempt")
	}
	if m.broken {
		return learning.Attempt{}, errStopped
	}
	if _, err := update(copyAttempt(m.attempts[i])); err != nil {
		return learning.Attempt{}, err
	}
	after, err := update(copyAttempt(m.attempts[i]))
	if err != nil {
		return learning.Attempt{}, err
	}
	after.Revision = m.attempts[i].Revision + 1
	m.attempts[i] = copyAttempt(after)
	return after, nil
}

func (m *memory) Attempts(_ context.Context, person directory.PersonID, course learning.CourseID) ([]learning.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var attempts []learning.Attempt
	for _, a := range slices.Backward(m.attempts) {
		if a.Person == person && a.Course == course && len(attempts) < 100 {
			attempts = append(attempts, copyAttempt(a))
		}
	}
	return attempts, nil
}

// log keeps the first statement of each key, as the evidence log does.
type log struct {
	mu      sync.Mutex
	entries []evidence.Entry
	before  func() // runs before an append, for what happens in between
}

func (l *log) Append(_ context.Context, s evidence.Statement) (evidence.Entry, error) {
	if l.before != nil {
		l.before()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.Key == s.Key {
			return e, nil
		}
	}
	record, err := json.Marshal(map[string]any{"body": s.Body})
	if err != nil {
		return evidence.Entry{}, err
	}
	e := evidence.Entry{
		Seq: int64(len(l.entries)), Key: s.Key, Kind: s.Kind, Actor: s.Actor.ID, Subject: s.Subject,
		Object: s.Object, Scope: s.Scope, At: s.At, Record: record,
	}
	l.entries = append(l.entries, e)
	return e, nil
}

func (l *log) EntryByKey(_ context.Context, key string) (evidence.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.Key == key {
			return e, nil
		}
	}
	return evidence.Entry{}, fault.NotFoundf("entry")
}

// duties asks every course of everybody but the stranger, for one year.
type duties struct {
	year   string
	passed bool
}

func (d *duties) CourseDuty(_ context.Context, person directory.PersonID, _ learning.CourseID) (learning.Duty, error) {
	if person == "stranger" {
		return learning.Duty{}, fault.NotFoundf("assignment")
	}
	return learning.Duty{Scope: d.year, Passed: d.passed}, nil
}

// hooked is a log that lets something happen before it is looked into.
type hooked struct {
	*log
	before func()
}

func (h hooked) EntryByKey(ctx context.Context, key string) (evidence.Entry, error) {
	h.before()
	return h.log.EntryByKey(ctx, key)
}
