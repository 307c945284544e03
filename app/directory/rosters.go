package directory

import (
	"context"
	"crypto/rand"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"kokoroe/app/fault"
)

// Rosters keeps the roster in force at hand and imports the next one.
type Rosters struct {
	store   Store
	random  io.Reader
	loading singleflight.Group
	loaded  atomic.Pointer[Roster]
}

// loadTimeout ends a load that nobody may be waiting for any more.
const loadTimeout = time.Minute

// NewRosters returns the rosters of a store. IDs come from random; nil is the
// machine's own source.
func NewRosters(store Store, random io.Reader) *Rosters {
	if random == nil {
		random = rand.Reader
	}
	return &Rosters{store: store, random: random}
}

// Current returns the roster in force. It asks the store for the revision only
// and loads the roster when that has changed; many callers at once load it
// once. Unavailable when the store does not answer.
func (s *Rosters) Current(ctx context.Context) (*Roster, error) {
	revision, err := s.store.RosterRevision(ctx)
	if err != nil {
		return nil, err
	}
	// A load that began before the revision was asked may bring an older one:
	// then the second turn brings ours.
	for range 3 {
		if r := s.loaded.Load(); r != nil && r.revision >= revision {
			return r, nil
		}
		if err := s.load(ctx); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Unavailable, "error.unavailable", nil)
}

// load waits for one load of the roster. It goes on when ctx ends, since
// others wait for it too.
func (s *Rosters) load(ctx context.Context) error {
	done := s.loading.DoChan("", func() (any, error) {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		snapshot, err := s.store.Roster(own)
		if err != nil {
			return nil, err
		}
		s.keep(NewRoster(snapshot))
		return nil, nil
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "error.unavailable")
	}
}

// keep puts r in force unless a newer one is.
func (s *Rosters) keep(r *Roster) {
	for {
		old := s.loaded.Load()
		if old != nil && old.revision >= r.revision || s.loaded.CompareAndSwap(old, r) {
			return
		}
	}
}
