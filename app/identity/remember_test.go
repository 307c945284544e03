package identity_test

import (
	"context"
	"testing"
	"time"

	"kokoroe/app/identity"
)

// counting is a store that counts the sessions read, and lets a test act while
// one is being read or saved.
type counting struct {
	identity.Store
	read   int
	during func()
}

func (c *counting) Session(ctx context.Context, hash string) (identity.Session, error) {
	s, err := c.Store.Session(ctx, hash)
	c.read++
	c.act()
	return s, err
}

func (c *counting) SaveSession(ctx context.Context, s identity.Session) error {
	err := c.Store.SaveSession(ctx, s)
	c.act()
	return err
}

func (c *counting) act() {
	if act := c.during; act != nil {
		c.during = nil
		act()
	}
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
	elsewhere := w.mustSignIn(w.instance())
	for range 5 {
		alive(t, in.Token, s)
	}
	if store.read != 0 {
		t.Errorf("what began here was read %d times", store.read)
	}
	for range 5 {
		alive(t, elsewhere.Token, s)
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
	in := w.mustSignIn(w.instance())
	store.during = func() {
		if _, err := s.EndAll(t.Context(), in.Session.Person); err != nil {
			t.Error(err)
		}
	}
	alive(t, in.Token, s) // it was when it was read
	gone(t, in.Token, "sign_in.required", s)
}

// Nor one that ends before it is known to have been saved.
func TestSessionEndedWhileItIsSaved(t *testing.T) {
	w := newWorld(t)
	s, store := w.remembering(time.Hour)
	person := w.mustSignIn(w.instance()).Session.Person
	store.during = func() {
		if _, err := s.EndAll(t.Context(), person); err != nil {
			t.Error(err)
		}
	}
	gone(t, w.mustSignIn(s).Token, "sign_in.required", s)
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
