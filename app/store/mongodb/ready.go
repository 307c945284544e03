package mongodb

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"kokoroe/app/fault"
)

var (
	errNoPrimary      = errors.New("mongodb: the server is no primary")
	errServerReadOnly = errors.New("mongodb: the server is read-only")
)

// Ping answers whether a primary answers now, and takes writes as far as is
// known: after a call that the server did not answer or refused for the time
// being, a write is tried until one is done. Unavailable: store.away,
// store.no_primary, store.read_only, store.full.
func (s *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if err := s.silence.question.ask().within(ctx, s.asking()); err != nil {
		return err
	}
	if !s.doubt.Load() {
		return nil
	}
	return s.trial.ask().within(ctx, s.asking())
}

// asking is how long a question to the server may take.
func (s *Store) asking() time.Duration { return min(s.silence.patience, s.limit) }

// askPrimary asks the server whether it can be written to.
func (s *Store) askPrimary() error {
	return s.alone(func(ctx context.Context) error {
		var hello struct {
			Writable bool `bson:"isWritablePrimary"`
			ReadOnly bool `bson:"readOnly"`
		}
		err := s.db.RunCommand(ctx, is("hello", 1)).Decode(&hello)
		switch {
		case err != nil:
			return err
		case !hello.Writable:
			s.silence.heard(nil)
			return fault.Wrap(errNoPrimary, fault.Unavailable, noPrimary)
		case hello.ReadOnly:
			s.silence.heard(nil)
			return fault.Wrap(errServerReadOnly, fault.Unavailable, readOnly)
		}
		return nil
	})
}

// tryWrite writes something that means nothing and is swept away soon.
func (s *Store) tryWrite() error {
	s.doubt.Store(false)
	err := s.alone(func(ctx context.Context) error {
		_, err := s.token.InsertOne(ctx, tokenDocument{Header: current, ID: "ready " + rand.Text(), ExpiresAt: moment(time.Now())})
		return err
	})
	if err != nil {
		s.doubt.Store(true)
	}
	return err
}

// alone runs a call of the store's own, for nobody's context and whether or not
// the server is silent.
func (s *Store) alone(f func(context.Context) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return unavailable(errClosed)
	}
	ctx, cancel := context.WithTimeout(s.life, s.asking())
	defer cancel()
	err := f(ctx)
	s.silence.heard(err)
	return translate(s.life, err, "database")
}
