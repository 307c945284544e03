package identity_test

import (
	"context"
	"testing"
	"time"

	"kokoroe/app/identity"
)

// counting is a store that counts the sessions read, and lets a test act while
// one is being read.
type counting struct {
	identity.Store
	read   int
	during func()
}

func (c *counting) Session(ctx context.Context, hash string) (identity.Session, error) {
	s, err := c.Store.Session(ctx, hash)
	c.read++
	if act := c.during; act != nil {
		c.during = nil
		act()
	}
	return s, err
}

// remembering returns an instance that remembers sessions for so long.
func (w *world) remembering(staleness time.Duration) (*identity.Service, *counting) {
	w.t.Helper()
	store := &counting{Store: w.store}
	cfg := w.cfg
	cfg.Staleness = staleness
	s, err := identity.New(cfg, store, w.people)
	if err != nil {
		w.t.Fatal(err)
	}
	return s, store
}

func TestSessionIsReadOnceForAWhile(t *testing.T) {
	w := newWorld(t)
	s, store := w.remembering(time.Hour)
	in := w.mustSignIn(s)
	for range 5 {
		alive(t, in.Token, s)
	}
	if store.read != 1 {
		t.Errorf("read %d times", store.read)
	}
}

func TestRememberedSessionEndsAtOnceHere(t *testing.T) {
	for name, end := range map[string]func(*identity.Service, identity.SignedIn) error{
		"signed out": func(s *identity.Service, in identity.SignedIn) error {
			_, err := s.SignOut(t.Context(), in.Token)
			return err
		},
		"all ended": func(s *identity.Service, in identity.SignedIn) error {
			_, err := s.EndAll(t.Context(), in.Session.Person)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s, _ := w.remembering(time.Hour)
			in := w.mustSignIn(s)
			alive(t, in.Token, s)
			if err := end(s, in); err != nil {
				t.Fatal(err)
			}
			gone(t, in.Token, "sign_in.required", s)
		})
	}
}

// A session that ends while it is being read must not stay.
func TestSessionEndedWhileItIsRead(t *testing.T) {
	w := newWorld(t)
	s, store := w.remembering(time.Hour)
	in := w.mustSignIn(s)
	store.during = func() {
		if _, err := s.EndAll(t.Context(), in.Session.Person); err != nil {
			t.Error(err)
		}
	}
	alive(t, in.Token, s) // it was when it was read
	gone(t, in.Token, "sign_in.required", s)
}

func TestRememberedSessionEndsSoonElsewhere(t *testing.T) {
	const staleness = 20 * time.Millisecond
	w := newWorld(t)
	a := w.instance()
	b, _ := w.remembering(staleness)
	in := w.mustSignIn(a)
	alive(t, in.Token, b)
	if _, err := a.EndAll(t.Context(), in.Session.Person); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * staleness)
	gone(t, in.Token, "sign_in.required", a, b)
}
