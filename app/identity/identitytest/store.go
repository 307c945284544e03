// Package identitytest owns an identity.Store in memory and a roster of a few
// people, for tests that sign somebody in without a database.
package identitytest

import (
	"context"
	"sync"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
)

// Store keeps everything in maps. The zero Store is empty and ready.
type Store struct {
	mu       sync.Mutex
	logins   map[string]identity.Login
	links    map[[2]string]identity.Link
	sessions map[string]identity.Session
	used     map[string]time.Time
	writes   int
}

var _ identity.Store = (*Store)(nil)

// Counts says how much is stored.
type Counts struct{ Logins, Links, Sessions, Used int }

// Counts returns how much is stored now.
func (s *Store) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Counts{len(s.logins), len(s.links), len(s.sessions), len(s.used)}
}

// Writes returns how many calls changed something so far.
func (s *Store) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Dump returns every session, to look for what must not be stored.
func (s *Store) Dump() []identity.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []identity.Session
	for _, v := range s.sessions {
		list = append(list, v)
	}
	return list
}

func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

func conflict() error { return fault.New(fault.Conflict, "error.conflict", nil) }

// SaveLogin implements identity.Store.
func (s *Store) SaveLogin(_ context.Context, l identity.Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.logins[l.StateHash]; ok {
		return conflict()
	}
	set(&s.logins, l.StateHash, l)
	s.writes++
	return nil
}

// TakeLogin implements identity.Store.
func (s *Store) TakeLogin(_ context.Context, stateHash string) (identity.Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.logins[stateHash]
	if !ok {
		return l, fault.NotFoundf("login")
	}
	delete(s.logins, stateHash)
	s.writes++
	return l, nil
}

// Link implements identity.Store.
func (s *Store) Link(_ context.Context, issuer, subject string) (identity.Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.links[[2]string{issuer, subject}]
	if !ok {
		return l, fault.NotFoundf("link")
	}
	return l, nil
}

// SaveLink implements identity.Store.
func (s *Store) SaveLink(_ context.Context, l identity.Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, have := range s.links {
		if have.Issuer == l.Issuer && (have.Subject == l.Subject || have.Person == l.Person) {
			return conflict()
		}
	}
	set(&s.links, [2]string{l.Issuer, l.Subject}, l)
	s.writes++
	return nil
}

// SaveSession implements identity.Store.
func (s *Store) SaveSession(_ context.Context, v identity.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sessions[v.Hash]; ok {
		return conflict()
	}
	set(&s.sessions, v.Hash, v)
	s.writes++
	return nil
}

// Session implements identity.Store.
func (s *Store) Session(_ context.Context, hash string) (identity.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.sessions[hash]
	if !ok {
		return v, fault.NotFoundf("session")
	}
	return v, nil
}

// TouchSession implements identity.Store.
func (s *Store) TouchSession(_ context.Context, hash string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.sessions[hash]
	if !ok {
		return fault.NotFoundf("session")
	}
	v.SeenAt = at
	s.sessions[hash] = v
	s.writes++
	return nil
}

// EndSession implements identity.Store.
func (s *Store) EndSession(_ context.Context, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, hash)
	s.writes++
	return nil
}

// EndSessions implements identity.Store.
func (s *Store) EndSessions(_ context.Context, q identity.SessionQuery) (int, error) {
	if q == (identity.SessionQuery{}) {
		return 0, fault.New(fault.Internal, "error.internal", nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for hash, v := range s.sessions {
		if (q.Person == "" || q.Person == v.Person) && (q.Issuer == "" || q.Issuer == v.Issuer) &&
			(q.Subject == "" || q.Subject == v.Subject) && (q.SID == "" || q.SID == v.SID) {
			delete(s.sessions, hash)
			n++
		}
	}
	s.writes++
	return n, nil
}

// UseOnce implements identity.Store.
func (s *Store) UseOnce(_ context.Context, id string, expiresAt time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.used[id]; ok {
		return false, nil
	}
	set(&s.used, id, expiresAt)
	s.writes++
	return true, nil
}

// Expire implements identity.Store.
func (s *Store) Expire(_ context.Context, loginsBefore, createdBefore, seenBefore, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, l := range s.logins {
		if l.StartedAt.Before(loginsBefore) {
			delete(s.logins, k)
		}
	}
	for k, v := range s.sessions {
		if v.CreatedAt.Before(createdBefore) || v.SeenAt.Before(seenBefore) {
			delete(s.sessions, k)
		}
	}
	for k, at := range s.used {
		if at.Before(now) {
			delete(s.used, k)
		}
	}
	s.writes++
	return nil
}

// People is a roster in memory; it may be changed while in use.
type People struct {
	mu   sync.Mutex
	list []directory.Person
}

// NewPeople returns a roster of these people.
func NewPeople(people ...directory.Person) *People { return &People{list: people} }

// Put replaces the person of the same ID, or adds one.
func (p *People) Put(person directory.Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.list {
		if p.list[i].ID == person.ID {
			p.list[i] = person
			return
		}
	}
	p.list = append(p.list, person)
}

// PersonByNumber implements identity.People.
func (p *People) PersonByNumber(_ context.Context, number string) (directory.Person, error) {
	return p.find(func(q directory.Person) bool { return q.Number == number })
}

// Person implements identity.People.
func (p *People) Person(_ context.Context, id directory.PersonID) (directory.Person, error) {
	return p.find(func(q directory.Person) bool { return q.ID == id })
}

func (p *People) find(is func(directory.Person) bool) (directory.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.list {
		if is(q) {
			return q, nil
		}
	}
	return directory.Person{}, fault.NotFoundf("person")
}
