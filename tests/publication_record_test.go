package tests

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app"
	"kokoroe/app/demo"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
	"kokoroe/content"
	"kokoroe/tests/portal"
)

// dying is the store of a process that is killed at one of the calls that count:
// from then on nothing of it reaches the store.
type dying struct {
	store.Store
	at    int  // the call at which it dies, from 1
	after bool // the call is done, and the answer not heard

	mu   sync.Mutex
	dead bool
}

var errKilled = fault.New(fault.Unavailable, "error.unavailable", nil)

func (d *dying) counted(call func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errKilled
	}
	if d.at--; d.at > 0 {
		return call()
	}
	d.dead = true
	if d.after {
		return errors.Join(errKilled, call())
	}
	return errKilled
}

func (d *dying) PublishEdition(ctx context.Context, e edition.Edition) error {
	return d.counted(func() error { return d.Store.PublishEdition(ctx, e) })
}

func (d *dying) AppendEntries(ctx context.Context, entries []evidence.Entry) error {
	return d.counted(func() error { return d.Store.AppendEntries(ctx, entries) })
}

// EntryByKey does not count: it reads.
func (d *dying) EntryByKey(ctx context.Context, key string) (evidence.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return evidence.Entry{}, errKilled
	}
	return d.Store.EntryByKey(ctx, key)
}

// SaveCheckpoint does not count: it comes when it comes.
func (d *dying) SaveCheckpoint(ctx context.Context, c evidence.Checkpoint) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errKilled
	}
	return d.Store.SaveCheckpoint(ctx, c)
}

// still is a portal that looks for nothing by itself: it is put together and does
// not run.
type still struct {
	*demo.Demo
	clock *portal.Clock
	store app.Config // how commands open it
}

func newStill(t *testing.T) *still {
	t.Helper()
	s := &still{clock: portal.NewClock(portal.Start)}
	s.store.State, s.store.Now = filepath.Join(t.TempDir(), "data"), s.clock.Now
	s.store.Store = portal.StoreIn(t, s.store.State)
	d, err := demo.Open(t.Context(), demo.Config{
		Folder: s.store.State, Store: s.store.Store, Listen: "127.0.0.1:0", Empty: true, Version: "test", Now: s.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Demo = d
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// publish does what the command does, on content that the number makes another.
func (s *still) publish(t *testing.T, number int, wrap func(store.Store) store.Store) error {
	t.Helper()
	cfg := s.store
	cfg.Content = numbered(t, number)
	in := operating(t, cfg, wrap)
	_, err := in.Publish(t.Context(), false)
	if closed := in.Close(); wrap == nil {
		err = errors.Join(err, closed)
	}
	return err
}

// numbered is the content that ships, but for a number in it.
func numbered(t *testing.T, number int) fstest.MapFS {
	t.Helper()
	folder := files(t, content.FS)
	replace(t, folder, "glossary.yaml", "ja: ネットワーク,", fmt.Sprintf("ja: ネットワーク%d,", number))
	return folder
}

// beside starts another instance, and stops it.
func (s *still) beside(t *testing.T, changes ...func(*app.Config)) {
	t.Helper()
	a, err := s.Beside(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// recorded wants every edition behind the first to have one record, and returns
// how many there are.
func (s *still) recorded(t *testing.T) (editions int64) {
	t.Helper()
	editions, err := s.App.Store.EditionNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(2); n <= editions; n++ {
		e, err := s.App.Store.EntryByKey(t.Context(), fmt.Sprintf("content.published/%d", n))
		if err != nil || e.Seq != n-2 || e.Kind != app.KindPublished || e.Actor != "operator" {
			t.Errorf("the record of edition %d: %+v, %v", n, e, err)
		}
	}
	if size, err := s.App.Store.LogSize(t.Context()); err != nil || size != max(editions-1, 0) {
		t.Errorf("%d records of %d editions (%v)", size, editions, err)
	}
	return editions
}

// TestAPublicationThatIsCutOffHasItsRecord kills who publishes at each call that
// matters. Whoever comes to the edition next makes the record, in the name of who
// published it, and with the time of that.
func TestAPublicationThatIsCutOffHasItsRecord(t *testing.T) {
	s := newStill(t)
	last := 0 // of the content
	for _, cut := range []struct {
		name  string
		at    int
		after bool
		takes bool // the edition is in the store
	}{
		{"before the edition", 1, false, false},
		{"behind the edition", 1, true, true},
		{"before the record", 2, false, true},
		{"behind the record", 2, true, true},
	} {
		for _, next := range []struct {
			name  string
			does  func(t *testing.T)
			again bool // it publishes also what was not
		}{
			{"an instance notices it", func(t *testing.T) { wantNoError(t, s.App.TakeNewest(t.Context())) }, false},
			{"an instance starts", func(t *testing.T) { s.beside(t) }, false},
			{"the same is published again", func(t *testing.T) { wantNoError(t, s.publish(t, last, nil)) }, true},
			{"another is published", func(t *testing.T) { last++; wantNoError(t, s.publish(t, last, nil)) }, true},
		} {
			t.Run(cut.name+", "+next.name, func(t *testing.T) {
				before := s.recorded(t)
				last++
				at := s.clock.Now()
				err := s.publish(t, last, func(under store.Store) store.Store { return &dying{Store: under, at: cut.at, after: cut.after} })
				if !fault.Is(err, fault.Unavailable) {
					t.Fatalf("publishing was not cut off: %v", err)
				}
				s.clock.Advance(time.Hour)
				next.does(t)
				after := s.recorded(t)
				if (after > before) != (cut.takes || next.again) {
					t.Errorf("edition %d, and before %d", after, before)
				}
				if !cut.takes {
					return
				}
				e, err := s.App.Store.Entry(t.Context(), before-1)
				if err != nil || !e.At.Equal(at) {
					t.Errorf("recorded for %v (%v), published at %v", e.At, err, at)
				}
			})
		}
	}
	x, err := s.App.Examine(t.Context(), nil)
	if err != nil || x.Found != 0 {
		t.Errorf("examined %+v, %v", x, err)
	}
}

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAllWhoMakeTheMissingRecordMakeOne: three instances run, and each finds the
// edition of a publication that was cut off, while the same is published again.
func TestAllWhoMakeTheMissingRecordMakeOne(t *testing.T) {
	w := newTown(t)
	for number := int64(2); number < 6; number++ {
		folder := numbered(t, int(number))
		in := operating(t, app.Config{Store: w.Store, State: w.Folder, Content: folder, Now: w.Clock.Now},
			func(under store.Store) store.Store { return &dying{Store: under, at: 1, after: true} })
		if _, err := in.Publish(t.Context(), false); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("publishing was not cut off: %v", err)
		}
		_ = in.Close() // it is dead
		var all sync.WaitGroup
		for _, a := range w.apps {
			all.Go(func() {
				if err := a.TakeNewest(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() { w.publish(t, folder, nil) })
		all.Wait()
		w.untilAll(t, number)
		if n := logSize(t, w.Portal); n != number-1 {
			t.Fatalf("%d records of the publications up to edition %d", n, number)
		}
		if _, err := w.App.Store.EntryByKey(t.Context(), fmt.Sprintf("content.published/%d", number)); err != nil {
			t.Error(err)
		}
	}
}

// TestNobodysEditionAndAnErasedRecordHaveNone: what an instance publishes at its
// start nobody has decided, and a record that was erased does not come back.
func TestNobodysEditionAndAnErasedRecordHaveNone(t *testing.T) {
	s := newStill(t)
	other := numbered(t, 1)
	s.beside(t, func(c *app.Config) { c.Content = other })
	wantNoError(t, s.App.TakeNewest(t.Context()))
	wantNoError(t, s.publish(t, 1, nil))
	if n, err := s.App.Store.LogSize(t.Context()); err != nil || n != 0 || s.App.Edition().Number != 2 {
		t.Errorf("%d records (%v) of edition %d", n, err, s.App.Edition().Number)
	}
	wantNoError(t, s.publish(t, 2, nil))
	_, err := s.App.Log.Erase(t.Context(), evidence.Actor{ID: "p-office"}, 0, evidence.GroundRequest, "test")
	wantNoError(t, err)
	wantNoError(t, s.App.TakeNewest(t.Context()))
	s.beside(t)
	wantNoError(t, s.publish(t, 2, nil))
	if n, err := s.App.Store.LogSize(t.Context()); err != nil || n != 2 || s.App.Edition().Number != 3 {
		t.Errorf("%d records (%v) of edition %d: want the erased one, and the one that says so", n, err, s.App.Edition().Number)
	}
}
