package directory_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

func TestCurrentLoadsOnlyWhatChanged(t *testing.T) {
	o := newOffice(t)
	first := o.roster()
	if first.Revision() != 0 || o.roster() != first || o.store.loaded != 1 {
		t.Fatalf("loaded %d times", o.store.loaded)
	}
	o.imports(day, file(good))
	if r := o.roster(); r.Len() != 1 || o.roster() != r || o.store.loaded != 2 {
		t.Errorf("%d people, loaded %d times", r.Len(), o.store.loaded)
	}
	if first.Len() != 0 {
		t.Error("a roster changed in a reader's hands")
	}
}

func TestCurrentLoadsOnceForMany(t *testing.T) {
	store := &memory{slow: make(chan struct{})}
	rosters := directory.NewRosters(store, chance())
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := rosters.Current(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for asked := 0; asked < 50; time.Sleep(time.Millisecond) {
		store.mu.Lock()
		asked = store.asked
		store.mu.Unlock()
	}
	close(store.slow)
	wg.Wait()
	if store.loaded > 2 { // one more when a caller came just as the load ended
		t.Errorf("loaded %d times", store.loaded)
	}
}

// A reader who goes away takes nobody along.
func TestCurrentOutlivesAnImpatientReader(t *testing.T) {
	store := &memory{slow: make(chan struct{})}
	rosters := directory.NewRosters(store, chance())
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { _, err := rosters.Current(ctx); gone <- err }()
	for loaded := 0; loaded == 0; time.Sleep(time.Millisecond) {
		store.mu.Lock()
		loaded = store.loaded
		store.mu.Unlock()
	}
	patient := make(chan error, 1)
	go func() { _, err := rosters.Current(t.Context()); patient <- err }()
	cancel()
	if err := <-gone; !fault.Is(err, fault.Unavailable) {
		t.Errorf("impatient: %v", err)
	}
	close(store.slow)
	if err := <-patient; err != nil {
		t.Errorf("patient: %v", err)
	}
}

func TestCurrentWhenTheStoreIsDown(t *testing.T) {
	store := &memory{down: true}
	rosters := directory.NewRosters(store, chance())
	if _, err := rosters.Current(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("error = %v", err)
	}
	store.down = false
	if _, err := rosters.Current(t.Context()); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

// With a staleness the store is asked once in a while, and at once after an
// import of our own.
func TestCurrentIsTrustedForAWhile(t *testing.T) {
	o := newOffice(t)
	o.rosters.Staleness = time.Hour
	for range 5 {
		o.roster()
	}
	if o.store.asked != 1 {
		t.Errorf("asked %d times", o.store.asked)
	}
	o.imports(day, file(good))
	if o.roster().Len() != 1 {
		t.Error("an import of our own goes unseen")
	}

	elsewhere := directory.NewRosters(o.store, chance())
	elsewhere.Staleness = 20 * time.Millisecond
	if r, err := elsewhere.Current(t.Context()); err != nil || r.Len() != 1 {
		t.Fatal(err)
	}
	o.imports(day, file(good, strings.NewReplacer("000123", "000999", "h@", "i@").Replace(good)))
	time.Sleep(2 * elsewhere.Staleness)
	if r, err := elsewhere.Current(t.Context()); err != nil || r.Len() != 2 {
		t.Errorf("%v; an import of another instance goes unseen", err)
	}
}

// slowToSay is a store that takes its time to say which revision is in force.
type slowToSay struct {
	*memory
	takes time.Duration
}

func (s slowToSay) RosterRevision(ctx context.Context) (int64, error) {
	time.Sleep(s.takes)
	return s.memory.RosterRevision(ctx)
}

// When the answer has grown old, one of all that come asks for the others; an
// answer that took longer than it may be old satisfies nobody who waited.
func TestManyAskOnce(t *testing.T) {
	for name, c := range map[string]struct {
		takes time.Duration
		asked int
	}{
		"an answer in time": {100 * time.Millisecond, 1},
		"a late one":        {time.Second, 1 + 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := slowToSay{new(memory), c.takes}
				rosters := directory.NewRosters(store, chance())
				rosters.Staleness = 500 * time.Millisecond
				var group sync.WaitGroup
				for range 20 {
					group.Go(func() {
						if _, err := rosters.Current(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				if store.asked != c.asked {
					t.Errorf("asked %d times, want %d", store.asked, c.asked)
				}
			})
		})
	}
}
