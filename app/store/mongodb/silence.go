package mongodb

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"kokoroe/app/fault"
)

var errSilent = errors.New("mongodb: the server has not answered anybody for a while")

// brief is how long a call waits to hear whether a server that was silent
// answers again.
const brief = 250 * time.Millisecond

// silence keeps callers from waiting, one after another, for a server that
// answers nobody: what a call asks of the driver takes as long as the server
// selection or, when the server takes connections and hangs, the call's whole
// limit. Once nobody has been answered for as long as patience, one question is
// under way at a time, and everybody else is refused until it is answered.
//
// It needs no clockwork: it is looked at when somebody calls.
type silence struct {
	patience time.Duration
	question *question // to the server; any answer ends the silence

	mu    sync.Mutex
	since time.Time // when the first call that has no answer yet was made; zero once any has been answered
}

// enter lets a call through, unless the server is silent. Unavailable.
func (s *silence) enter(ctx context.Context) error {
	if !s.silent() {
		return nil
	}
	if err := s.question.ask().within(ctx, brief); err != nil && s.silent() {
		return err
	}
	return nil // it answers, and be it that it takes no writes
}

// silent reports whether nobody has been answered for too long, and notes that
// somebody asks.
func (s *silence) silent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.since.IsZero() {
		s.since = now
	}
	return now.Sub(s.since) > s.patience
}

// heard notes what came of a call.
func (s *silence) heard(err error) {
	if !answered(err) {
		return
	}
	s.mu.Lock()
	s.since = time.Time{}
	s.mu.Unlock()
}

// answered reports whether the server has said something. Faults are what this
// package makes of answers.
func answered(err error) bool {
	if err == nil || errors.Is(err, mongo.ErrNoDocuments) {
		return true
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Kind != fault.Unavailable
	}
	_, said := errors.AsType[mongo.ServerError](err)
	return said && !mongo.IsNetworkError(err)
}

// question is something that is asked by one, whoever else wants to know it
// meanwhile waits for the same answer.
type question struct {
	put func() error

	mu  sync.Mutex
	now *reply // under way; nil: nothing is
}

// reply is the answer to a question, once known is closed.
type reply struct {
	asked time.Time
	known chan struct{}
	err   error
}

func (q *question) ask() *reply {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.now != nil {
		return q.now
	}
	r := &reply{asked: time.Now(), known: make(chan struct{})}
	q.now = r
	go func() {
		r.err = q.put()
		q.mu.Lock()
		q.now = nil
		q.mu.Unlock()
		close(r.known)
	}()
	return r
}

// within waits for the answer until so long after it was asked for. Unavailable
// when there is none by then.
func (r *reply) within(ctx context.Context, most time.Duration) error {
	t := time.NewTimer(time.Until(r.asked.Add(most)))
	defer t.Stop()
	select {
	case <-r.known:
		return r.err
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-t.C:
		return fault.Wrap(errSilent, fault.Unavailable, away)
	}
}
