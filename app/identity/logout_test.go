package identity_test

import (
	"strings"
	"testing"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/identity"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken returns what a provider posts when somebody signs out there.
func (p *op) logoutToken(change func(header, claims object)) string {
	now := p.clock.Now().Unix()
	h := object{"typ": "logout+jwt"}
	c := object{
		"iss": p.URL, "aud": clientID, "iat": now, "exp": now + 120, "jti": identity.NewToken(),
		"sub": "sub-hanako", "sid": "sid-1", "events": object{logoutEvent: object{}},
	}
	if change != nil {
		change(h, c)
	}
	return p.sign(h, c)
}

func TestHostileLogoutTokens(t *testing.T) {
	cases := []struct {
		name   string
		change func(p *op, h, c object)
		signer string
		reason string
	}{
		{"an ID token", func(_ *op, h, c object) { h["typ"] = "JWT"; c["nonce"] = "n"; delete(c, "events") }, "", "type"},
		{"no type", func(_ *op, h, _ object) { h["typ"] = "" }, "", "type"},
		{"no signature", func(_ *op, h, _ object) { h["alg"] = "none" }, "none", "unexpected signature algorithm"},
		{"another's key", func(_ *op, h, _ object) { h["alg"], h["kid"] = "ES256", "ES256" }, "other", "no key"},
		{"public key as HMAC secret", func(_ *op, h, _ object) { h["kid"] = "ES256" }, "HS256", "unexpected signature algorithm"},
		{"key in the header", func(_ *op, h, _ object) {
			h["alg"], h["kid"], h["jwk"] = "ES256", "ES256", publicKey("other", "x")
		}, "other", "jwk"},
		{"another issuer", func(_ *op, _, c object) { c["iss"] = "https://evil.example" }, "", "different provider"},
		{"another audience", func(_ *op, _, c object) { c["aud"] = "another" }, "", "audience"},
		{"no audience", func(_ *op, _, c object) { delete(c, "aud") }, "", "audience"},
		{"several audiences", func(_ *op, _, c object) { c["aud"] = []string{clientID, "another"} }, "", "issued to"},
		{"no time of issue", func(_ *op, _, c object) { delete(c, "iat") }, "", "iat"},
		{"issued an hour ago", func(p *op, _, c object) { c["iat"] = p.clock.Now().Add(-time.Hour).Unix() }, "", "not fresh"},
		{"issued in an hour", func(p *op, _, c object) { c["iat"] = p.clock.Now().Add(time.Hour).Unix() }, "", "future"},
		{"no expiry", func(_ *op, _, c object) { delete(c, "exp") }, "", "exp"},
		{"expired", func(p *op, _, c object) { c["exp"] = p.clock.Now().Add(-time.Second).Unix() }, "", "expired"},
		{"no event", func(_ *op, _, c object) { delete(c, "events") }, "", "event"},
		{"another event", func(_ *op, _, c object) { c["events"] = object{"http://schemas.openid.net/event/x": object{}} }, "", "event"},
		{"event is nothing", func(_ *op, _, c object) { c["events"] = object{logoutEvent: nil} }, "", "event"},
		{"event is text", func(_ *op, _, c object) { c["events"] = object{logoutEvent: "{}"} }, "", "event"},
		{"events under another name", func(_ *op, _, c object) { c["EVENTS"] = c["events"]; delete(c, "events") }, "", "events"},
		{"a nonce", func(_ *op, _, c object) { c["nonce"] = "" }, "", "nonce"},
		{"no token ID", func(_ *op, _, c object) { delete(c, "jti") }, "", "jti"},
		{"nobody named", func(_ *op, _, c object) { delete(c, "sub"); delete(c, "sid") }, "", "sub"},
		{"empty names", func(_ *op, _, c object) { c["sub"], c["sid"] = "", "" }, "", "sub"},
		{"names are null", func(_ *op, _, c object) { c["sub"], c["sid"] = nil, nil }, "", "sub"},
	}
	t.Logf("%d cases", len(cases))
	w := newWorld(t)
	s := w.instance()
	in := w.mustSignIn(s)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.staff.signer = "ES256"
			if c.signer != "" {
				w.staff.signer = c.signer
			}
			raw := w.staff.logoutToken(func(h, claims object) { c.change(w.staff, h, claims) })
			err := s.BackChannelLogout(t.Context(), "staff", raw)
			refused(t, err, "sign_in.logout_refused", c.reason)
			if !fault.Is(err, fault.Invalid) {
				t.Error("not a bad request")
			}
			if n := w.store.Counts(); n.Used != 0 {
				t.Error("its ID was kept")
			}
			if _, err := s.Session(t.Context(), in.Token); err != nil {
				t.Fatalf("the session ended: %v", err)
			}
		})
	}
	t.Run("garbage", func(t *testing.T) {
		for _, raw := range []string{"", ".", "..", "a.b.c", strings.Repeat("a", 100<<10)} {
			if err := s.BackChannelLogout(t.Context(), "staff", raw); !fault.Is(err, fault.Invalid) {
				t.Errorf("%.20q: %v", raw, err)
			}
		}
	})
	t.Run("the other provider's", func(t *testing.T) {
		w.staff.signer = "ES256"
		if err := s.BackChannelLogout(t.Context(), "firm", w.staff.logoutToken(nil)); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

func TestBackChannelLogout(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(h, c object)
		ends   bool
	}{
		{"subject and session", nil, true},
		{"subject only", func(_, c object) { delete(c, "sid") }, true},
		{"session only", func(_, c object) { delete(c, "sub") }, true},
		{"another session", func(_, c object) { c["sid"] = "sid-2" }, false},
		{"another subject", func(_, c object) { c["sub"] = "sub-taro" }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.instance(), w.instance()
			in := w.mustSignIn(a)
			raw := w.staff.logoutToken(c.change)
			if err := b.BackChannelLogout(t.Context(), "staff", raw); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Session(t.Context(), in.Token); fault.Is(err, fault.Unauthenticated) != c.ends {
				t.Errorf("the session: %v", err)
			}
			// Somebody kept the token and sends it after a new sign-in.
			again := w.mustSignIn(a)
			refused(t, b.BackChannelLogout(t.Context(), "staff", raw), "sign_in.logout_refused", "used before")
			if _, err := a.Session(t.Context(), again.Token); err != nil {
				t.Errorf("the old token ended the new session: %v", err)
			}
		})
	}
}

// Tokens with made-up key IDs must not make us ask the provider for its keys
// each time.
func TestKeysAreNotAskedForAtWill(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	w.mustSignIn(s)
	flood := func() {
		for range 200 {
			raw := w.staff.logoutToken(func(h, _ object) { h["kid"] = identity.NewToken() })
			if err := s.BackChannelLogout(t.Context(), "staff", raw); err == nil {
				t.Fatal("accepted")
			}
		}
	}
	flood()
	if w.staff.fetches != 1 {
		t.Errorf("%d fetches at once", w.staff.fetches)
	}
	w.clock.advance(31 * time.Second)
	flood()
	if w.staff.fetches != 2 {
		t.Errorf("%d fetches after 31 seconds", w.staff.fetches)
	}
	// A change of keys is noticed all the same.
	w.clock.advance(31 * time.Second)
	w.staff.signer = "other"
	w.staff.header = func(h object) { h["alg"] = "ES256" }
	w.staff.keys = func(l *[]any) { *l = []any{publicKey("other", "other")} }
	if _, err := w.signIn(s, ""); err != nil {
		t.Error(err)
	}
}
