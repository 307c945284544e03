package identity

import (
	"context"
	"sync"
	"time"
)

// remembering is the Store with the sessions that were read or begun a moment ago:
// a form and the page that answers it ask for the same one twice within
// milliseconds. What this instance ends is over at once; what another ends is
// over within the staleness.
type remembering struct {
	Store
	staleness time.Duration

	mu       sync.Mutex
	sessions map[string]remembered // by hash
	changes  int64                 // how often this instance has ended or renewed any
}

type remembered struct {
	session Session
	at      time.Time // read from the store or begun; by the machine's own clock
}

// maxRemembered bounds the memory: the busiest instance has fewer readers
// within a staleness.
const maxRemembered = 1024

func newRemembering(s Store, staleness time.Duration) *remembering {
	return &remembering{Store: s, staleness: staleness, sessions: map[string]remembered{}}
}

// Session implements Store.
func (r *remembering) Session(ctx context.Context, hash string) (Session, error) {
	now := time.Now()
	r.mu.Lock()
	known, ok := r.sessions[hash]
	changes := r.changes
	r.mu.Unlock()
	if ok && now.Sub(known.at) < r.staleness {
		return known.session, nil
	}
	session, err := r.Store.Session(ctx, hash)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, hash)
	if err == nil {
		r.keep(remembered{session, now}, changes)
	}
	return session, err
}

// SaveSession implements Store.
func (r *remembering) SaveSession(ctx context.Context, session Session) error {
	now := time.Now()
	r.mu.Lock()
	changes := r.changes
	r.mu.Unlock()
	err := r.Store.SaveSession(ctx, session)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.keep(remembered{session, now}, changes)
	}
	return err
}

// keep remembers a session, unless any has ended since there were so many
// changes: one that was read before it ended must not come back after it.
// Callers hold mu.
func (r *remembering) keep(known remembered, changes int64) {
	if changes != r.changes {
		return
	}
	if len(r.sessions) >= maxRemembered {
		clear(r.sessions)
	}
	r.sessions[known.session.Hash] = known
}

// TouchSession implements Store.
func (r *remembering) TouchSession(ctx context.Context, hash string, at time.Time) error {
	defer r.forget(hash)
	return r.Store.TouchSession(ctx, hash, at)
}

// EndSession implements Store.
func (r *remembering) EndSession(ctx context.Context, hash string) error {
	defer r.forget(hash)
	return r.Store.EndSession(ctx, hash)
}

// EndSessions implements Store.
func (r *remembering) EndSessions(ctx context.Context, q SessionQuery) (int, error) {
	defer r.forget("")
	return r.Store.EndSessions(ctx, q)
}

// forget drops a session, or all of them for "", whatever came of the change.
func (r *remembering) forget(hash string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	if hash == "" {
		clear(r.sessions)
		return
	}
	delete(r.sessions, hash)
}
