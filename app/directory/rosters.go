package directory

import (
	"context"
	"crypto/rand"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"kokoroe/app/fault"
)

// Rosters keeps the roster in force at hand and imports the next one.
type Rosters struct {
	// Staleness is how long an import by another instance may go unseen; at
	// zero every question asks the store. Set it before the first question.
	Staleness time.Duration

	store   Store
	random  io.Reader
	loading singleflight.Group
	asks    singleflight.Group
	loaded  atomic.Pointer[Roster]
	applied atomic.Int64 // how often this instance has imported
	asked   atomic.Pointer[asking]
}

// asking is when the loaded roster was last known to be in force, and which
// import of our own that was after.
type asking struct {
	at      time.Time
	applied int64
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
	if r := s.known(); r != nil {
		return r, nil
	}
	if s.Staleness <= 0 {
		return s.ask(ctx)
	}
	// When the answer has grown old, all that come ask at once: one does, and of
	// those that wait, the ones for whom it is too old when it comes ask again. What
	// was asked before an import of our own tells nobody who comes behind it.
	done := s.asks.DoChan(strconv.FormatInt(s.applied.Load(), 10), func() (any, error) {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return s.ask(own)
	})
	select {
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
		if r := s.known(); r != nil {
			return r, nil
		}
		return s.ask(ctx)
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "error.unavailable")
	}
}

// ask asks the store which revision is in force, and loads the roster if it is
// another.
func (s *Rosters) ask(ctx context.Context) (*Roster, error) {
	a := asking{at: time.Now(), applied: s.applied.Load()}
	revision, err := s.store.RosterRevision(ctx)
	if err != nil {
		return nil, err
	}
	// A load that began before the revision was asked may bring an older one:
	// then the second turn brings ours.
	for range 3 {
		if r := s.loaded.Load(); r != nil && r.revision >= revision {
			s.asked.Store(&a)
			return r, nil
		}
		if err := s.load(ctx); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Unavailable, "error.unavailable", nil)
}

// known returns the loaded roster while it need not be asked for. The machine's
// own clock counts: how old an answer is has nothing to do with the date.
func (s *Rosters) known() *Roster {
	if a := s.asked.Load(); a != nil && a.applied == s.applied.Load() && time.Since(a.at) < s.Staleness {
		return s.loaded.Load()
	}
	return nil
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
