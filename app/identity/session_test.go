package identity_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
)

// gone wants the session to be over on every instance.
func gone(t *testing.T, token, message string, instances ...*identity.Service) {
	t.Helper()
	for i, s := range instances {
		_, err := s.Session(t.Context(), token)
		if !fault.Is(err, fault.Unauthenticated) || message != "" && messageOf(err) != message {
			t.Errorf("instance %d: %v", i, err)
		}
	}
}

func alive(t *testing.T, token string, instances ...*identity.Service) {
	t.Helper()
	for i, s := range instances {
		if _, err := s.Session(t.Context(), token); err != nil {
			t.Errorf("instance %d: %v", i, err)
		}
	}
}

func TestSessionIsKnownEverywhereAndKeptHashed(t *testing.T) {
	w := newWorld(t)
	a, b := w.instance(), w.instance()
	in := w.mustSignIn(a)
	v, err := b.Visitor(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if v.Person.Name != "見本 花子" || !slices.Equal(v.Roles, []identity.Role{identity.Learner}) {
		t.Errorf("visitor %+v", v)
	}
	s := v.Session
	if s.ACR != "silver" || !slices.Equal(s.AMR, []string{"pwd", "otp"}) || s.SID != "sid-1" || !s.AuthAt.Equal(w.clock.Now().Add(-5*time.Second)) {
		t.Errorf("how they signed in: %+v", s)
	}
	for _, kept := range w.store.Dump() {
		if kept.Hash == in.Token || len(kept.Hash) != 64 || strings.Contains(kept.IDToken, in.Token) {
			t.Error("the token is stored")
		}
		if _, err := a.Session(t.Context(), kept.Hash); err == nil {
			t.Error("what is stored opens the session")
		}
	}
}

func TestFixation(t *testing.T) {
	w := newWorld(t)
	a, b := w.instance(), w.instance()
	// A cookie that an attacker planted, of no session and of one of theirs.
	planted := identity.NewToken()
	in, err := w.signIn(a, planted)
	if err != nil || in.Token == planted {
		t.Fatalf("%v, same token: %v", err, in.Token == planted)
	}
	gone(t, planted, "sign_in.required", a, b)

	again, err := w.signIn(b, in.Token)
	if err != nil || again.Token == in.Token {
		t.Fatalf("%v, same token: %v", err, again.Token == in.Token)
	}
	gone(t, in.Token, "sign_in.required", a, b)
	alive(t, again.Token, a, b)

	// A sign-in that fails leaves the session as it is.
	claim("nonce", "x")(w.staff)
	if _, err := w.signIn(a, again.Token); err == nil {
		t.Fatal("accepted")
	}
	alive(t, again.Token, a, b)
}

func TestSignOut(t *testing.T) {
	w := newWorld(t)
	a, b := w.instance(), w.instance()
	in, other := w.mustSignIn(a), w.mustSignIn(b)
	to, err := b.SignOut(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, in.Token, "sign_in.required", a, b)
	alive(t, other.Token, a, b)
	u, _ := url.Parse(to)
	q := u.Query()
	if !strings.HasPrefix(to, w.staff.URL+"/end?") || q.Get("id_token_hint") == "" || q.Get("client_id") != clientID ||
		q.Get("post_logout_redirect_uri") != baseURL+"/signed-out" {
		t.Errorf("sent to %q", to)
	}
	for _, token := range []string{in.Token, "", "x", identity.NewToken()} {
		if to, err := a.SignOut(t.Context(), token); to != "" || err != nil {
			t.Errorf("signing out of nothing: %q, %v", to, err)
		}
	}
}

func TestSignOutWhileProviderIsDown(t *testing.T) {
	for name, lie := range map[string]func(*op){
		"answers 500":  serves(wellKnown, text(500, "")),
		"answers late": serves(wellKnown, slowly),
		"no endpoint":  func(p *op) { p.discovery = func(d object) { delete(d, "end_session_endpoint") } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			in := w.mustSignIn(w.instance())
			lie(w.staff)
			w.cfg.Timeout = 200 * time.Millisecond
			fresh := w.instance() // knows nothing of the provider yet
			alive(t, in.Token, fresh)
			if to, err := fresh.SignOut(t.Context(), in.Token); to != "" || err != nil {
				t.Errorf("%q, %v", to, err)
			}
			gone(t, in.Token, "sign_in.required", fresh, w.instance())
		})
	}
}

func TestProviderDownAndBack(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	in := w.mustSignIn(s)
	fresh := w.instance()
	serves(wellKnown, text(503, ""))(w.staff)
	for range 50 {
		_, err := w.signIn(fresh, "")
		refused(t, err, "sign_in.provider_down", "503")
	}
	if w.staff.requests > 10 {
		t.Errorf("%d requests to a provider that is down", w.staff.requests)
	}
	alive(t, in.Token, s, fresh)
	w.staff.serve = nil
	w.clock.advance(2 * time.Second)
	w.mustSignIn(fresh)
}

func TestIdleLimit(t *testing.T) {
	w := newWorld(t)
	a, b := w.instance(), w.instance()
	in := w.mustSignIn(a)
	w.clock.advance(30 * time.Minute)
	alive(t, in.Token, b) // and renewed
	w.clock.advance(30 * time.Minute)
	alive(t, in.Token, a)
	w.clock.advance(30*time.Minute + time.Second)
	gone(t, in.Token, "sign_in.expired", b)
	gone(t, in.Token, "sign_in.required", a)
	w.clock.advance(-time.Hour) // it is gone, not only hidden
	gone(t, in.Token, "", a, b)
}

func TestAbsoluteLimit(t *testing.T) {
	w := newWorld(t)
	a, b := w.instance(), w.instance()
	in := w.mustSignIn(a)
	for range 12 * 60 {
		w.clock.advance(time.Minute)
		if _, err := b.Session(t.Context(), in.Token); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.advance(time.Second)
	gone(t, in.Token, "", a, b)
}

func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	w.clock.advance(24 * time.Hour) // the clock was a day ahead
	in := w.mustSignIn(s)
	w.clock.advance(-24 * time.Hour)
	gone(t, in.Token, "sign_in.expired", s)
}

func TestTouchesOnceAMinute(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	in := w.mustSignIn(s)
	before := w.store.Writes()
	for range 1000 {
		alive(t, in.Token, s)
	}
	w.clock.advance(59 * time.Second)
	alive(t, in.Token, s)
	if n := w.store.Writes() - before; n != 0 {
		t.Errorf("%d writes within a minute", n)
	}
	w.clock.advance(time.Second)
	alive(t, in.Token, s)
	alive(t, in.Token, s)
	if n := w.store.Writes() - before; n != 1 {
		t.Errorf("%d writes after a minute", n)
	}
}

func TestWhoLeavesIsOutEverywhere(t *testing.T) {
	w := newWorld(t)
	a, b := w.instance(), w.instance()
	one, two := w.mustSignIn(a), w.mustSignIn(b)
	hanako, _ := w.people.Person(t.Context(), "p-hanako")
	hanako.LeftOn = calendar.DateOf(w.clock.Now())
	w.people.Put(hanako)
	alive(t, one.Token, a, b) // the last day is a working day
	hanako.LeftOn = hanako.LeftOn.AddDays(-1)
	w.people.Put(hanako)
	gone(t, one.Token, "sign_in.ended", a)
	gone(t, two.Token, "sign_in.required", b)
	if n := w.store.Counts(); n.Sessions != 0 {
		t.Errorf("%d sessions are left", n.Sessions)
	}
}

// At midnight in Japan, which is 15:00 UTC.
func TestLastDayEndsAtMidnightInJapan(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	hanako, _ := w.people.Person(t.Context(), "p-hanako")
	hanako.LeftOn = calendar.DateOf(w.clock.Now())
	w.people.Put(hanako)
	w.clock.now.Store(hanako.LeftOn.AddDays(1).StartsAt().Add(-time.Second).UnixMilli())
	in := w.mustSignIn(s)
	alive(t, in.Token, s)
	w.clock.advance(time.Second)
	gone(t, in.Token, "sign_in.ended", s)
	_, err := w.signIn(s, "")
	refused(t, err, "sign_in.unknown_person", "today")
}

func TestChangesOfRosterAndConfiguration(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"now a contractor's worker": func(w *world) {
			p, _ := w.people.Person(w.t.Context(), "p-hanako")
			p.Employment = directory.Contracted
			w.people.Put(p)
		},
		"provider taken away":    func(w *world) { w.cfg.Providers = w.cfg.Providers[1:] },
		"issuer of the provider": func(w *world) { w.cfg.Providers[0].Issuer = "https://id.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			in := w.mustSignIn(w.instance())
			change(w)
			gone(t, in.Token, "sign_in.ended", w.instance())
		})
	}
}

func TestEndAll(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	one, two := w.mustSignIn(s), w.mustSignIn(s)
	if n, err := s.EndAll(t.Context(), "p-hanako"); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	gone(t, one.Token, "", s)
	gone(t, two.Token, "", s)
	if _, err := s.EndAll(t.Context(), ""); err == nil {
		t.Error("everybody was signed out")
	}
}

func TestNoSession(t *testing.T) {
	s := newWorld(t).instance()
	for _, token := range []string{"", "x", strings.Repeat("a", 43) + "=", identity.NewToken(), strings.Repeat("A", 1<<20), "' OR 1=1 --"} {
		gone(t, token, "sign_in.required", s)
	}
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	w.mustSignIn(s)
	if _, err := s.Begin(t.Context(), "staff", identity.NewToken(), "/"); err != nil {
		t.Fatal(err)
	}
	if err := s.BackChannelLogout(t.Context(), "staff", w.staff.logoutToken(func(_, c object) { c["sub"] = "x" })); err != nil {
		t.Fatal(err)
	}
	sweep := func(wait time.Duration, logins, sessions, used int) {
		t.Helper()
		w.clock.advance(wait)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.store.Counts(); n.Logins != logins || n.Sessions != sessions || n.Used != used {
			t.Errorf("after %v: %+v", wait, n)
		}
	}
	sweep(0, 1, 1, 1)
	sweep(10*time.Minute+time.Second, 0, 1, 0)
	sweep(20*time.Minute, 0, 0, 0)
}

// A store that cannot be written to, or read.
type brokenStore struct {
	identity.Store
	read bool
}

var errBroken = fault.New(fault.Unavailable, "error.unavailable", nil)

func (b brokenStore) TouchSession(context.Context, string, time.Time) error { return errBroken }
func (b brokenStore) EndSession(context.Context, string) error              { return errBroken }
func (b brokenStore) Session(ctx context.Context, hash string) (identity.Session, error) {
	if b.read {
		return identity.Session{}, errBroken
	}
	return b.Store.Session(ctx, hash)
}

func TestStoreInTrouble(t *testing.T) {
	w := newWorld(t)
	in := w.mustSignIn(w.instance())
	w.clock.advance(2 * time.Minute)
	open := func(read bool) *identity.Service {
		s, err := identity.New(w.cfg, brokenStore{w.store, read}, w.people)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	alive(t, in.Token, open(false)) // reading goes on
	if _, err := open(true).Session(t.Context(), in.Token); !errors.Is(err, errBroken) {
		t.Errorf("not able to read: %v", err)
	}
	if _, err := open(false).SignOut(t.Context(), in.Token); !errors.Is(err, errBroken) {
		t.Errorf("sign-out only seemed to work: %v", err)
	}
}
