package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"kokoroe/app/fault"
)

// BackChannelLogout ends the sessions that a provider's logout token names
// (OpenID Connect Back-Channel Logout 1.0). Invalid (sign_in.logout_refused)
// for a token that does not hold or was used before; Unavailable when the
// provider's keys cannot be fetched.
func (s *Service) BackChannelLogout(ctx context.Context, providerID, logoutToken string) error {
	r, err := s.remote(providerID)
	if err != nil {
		return err
	}
	q, id, expires, err := r.readLogout(ctx, logoutToken, s.now())
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return err
		}
		return fault.Wrap(err, fault.Invalid, "sign_in.logout_refused")
	}
	// Used up before it works: a token that somebody kept must not end the
	// sessions of later.
	fresh, err := s.store.UseOnce(ctx, hashOf("logout "+r.cfg.Issuer+" "+id), expires.Add(clockLeeway))
	if err != nil {
		return err
	}
	if !fresh {
		return fault.Wrap(errors.New("the logout token was used before"), fault.Invalid, "sign_in.logout_refused")
	}
	// The provider's next try would be refused as used, so this one has to
	// work, whether or not the provider goes on waiting.
	ctx = context.WithoutCancel(ctx)
	for try := 0; ; try++ {
		if _, err = s.store.EndSessions(ctx, q); err == nil || try == 2 {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// readLogout verifies a logout token and returns which sessions it means.
func (r *remote) readLogout(ctx context.Context, raw string, now time.Time) (q SessionQuery, id string, expires time.Time, err error) {
	if err := checkHeader(raw, "logout+jwt"); err != nil {
		return q, id, expires, err
	}
	m, err := r.metadata.get(ctx)
	if err != nil {
		return q, id, expires, down(err)
	}
	if _, err := r.keys.keys.get(ctx); err != nil {
		return q, id, expires, down(err)
	}
	token, err := r.verifier(m, now).VerifyLogout(ctx, raw)
	if err != nil {
		return q, id, expires, err
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return q, id, expires, err
	}
	if err := r.checkCommon(c, now); err != nil {
		return q, id, expires, err
	}
	if err := checkEvent(c); err != nil {
		return q, id, expires, err
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"sub", &q.Subject}, {"sid", &q.SID}, {"jti", &id}} {
		if *f.to, err = c.text(f.name); err != nil {
			return q, id, expires, err
		}
	}
	if id == "" || q.Subject == "" && q.SID == "" {
		return q, id, expires, errors.New("jti, and sub or sid, are needed")
	}
	q.Issuer = r.cfg.Issuer
	return q, id, token.Expiry, nil
}

// checkEvent wants the logout event with an object as its value; go-oidc takes
// any value, and any case of "events".
func checkEvent(c claims) error {
	if _, ok := c["nonce"]; ok {
		return errors.New("a logout token has no nonce")
	}
	var events map[string]json.RawMessage
	if err := json.Unmarshal(c["events"], &events); err != nil {
		return errors.New("events is not an object")
	}
	if value := bytes.TrimSpace(events[logoutEvent]); len(value) == 0 || value[0] != '{' {
		return errors.New("the logout event is missing or not an object")
	}
	return nil
}
