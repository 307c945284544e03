package identity

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"kokoroe/app/fault"
)

const (
	tokenLimit  = 32 << 10
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// claims are the members of a token, by their exact names: encoding/json would
// take "SUB" for "sub".
type claims map[string]json.RawMessage

func (c claims) text(name string) (string, error) {
	raw, ok := c[name]
	if !ok {
		return "", nil
	}
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return *s, nil
}

// instant reads a NumericDate; the zero time when it is missing.
func (c claims) instant(name string) (time.Time, error) {
	raw, ok := c[name]
	if !ok {
		return time.Time{}, nil
	}
	var seconds *float64
	if err := json.Unmarshal(raw, &seconds); err != nil || seconds == nil || *seconds < 1 || *seconds > 1<<40 {
		return time.Time{}, fmt.Errorf("%s is not a time", name)
	}
	return time.Unix(int64(*seconds), 0).UTC(), nil
}

func (c claims) texts(name string) ([]string, error) {
	raw, ok := c[name]
	if !ok {
		return nil, nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%s is not a list of strings", name)
	}
	return list, nil
}

// identified is what an ID token says, all of it checked.
type identified struct {
	subject, sid, number, acr string
	amr                       []string
	authAt                    time.Time
	raw                       string
}

// identify verifies an ID token that came straight from the token endpoint.
func (r *remote) identify(ctx context.Context, raw, accessToken, nonce string, now time.Time) (identified, error) {
	var id identified
	m, err := r.metadata.get(ctx)
	if err != nil {
		return id, down(err)
	}
	// RFC 8725, 3.11: another sort of token is never taken for an ID token.
	if err := checkHeader(raw, "", "JWT"); err != nil {
		return id, err
	}
	// Asked for here, because go-oidc flattens the error.
	if _, err := r.keys.keys.get(ctx); err != nil {
		return id, down(err)
	}
	token, err := r.verifier(m, now).Verify(ctx, raw)
	if err != nil {
		return id, err
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(accessToken); err != nil {
			return id, err
		}
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return id, err
	}
	said, err := c.text("nonce")
	if err != nil || subtle.ConstantTimeCompare([]byte(nonce), []byte(said)) != 1 {
		return id, errors.New("the nonce is not the one of this sign-in")
	}
	if _, ok := c["events"]; ok {
		return id, errors.New("an event token is no ID token")
	}
	if err := r.checkCommon(c, now); err != nil {
		return id, err
	}
	id, err = readIdentity(c, r.cfg.Claim)
	if err != nil {
		return id, err
	}
	id.raw = raw
	return id, r.checkAuthentication(id, now)
}

func (r *remote) verifier(m metadata, now time.Time) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(r.cfg.Issuer, r.keys, &oidc.Config{
		ClientID:             r.cfg.ClientID,
		SupportedSigningAlgs: m.Algorithms,
		Now:                  func() time.Time { return now },
	})
}

// checkHeader looks at a token's header before anything trusts it.
func checkHeader(raw string, types ...string) error {
	if len(raw) > tokenLimit {
		return errors.New("the token is too long")
	}
	first, _, ok := strings.Cut(raw, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || !ok {
		return errors.New("not a token in compact form")
	}
	var h map[string]json.RawMessage
	if err := json.Unmarshal(decoded, &h); err != nil {
		return errors.New("the token's header is not JSON")
	}
	// Keys come from the provider's key set only; no extension is understood.
	for _, name := range []string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"} {
		if _, ok := h[name]; ok {
			return fmt.Errorf("the token's header has %q", name)
		}
	}
	typ, err := claims(h).text("typ")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, typ) }) {
		return fmt.Errorf("a token of the type %q", typ)
	}
	return nil
}

// checkCommon makes the checks of ID and logout tokens that go-oidc leaves out:
// azp, iat, the life span, and claims under names that differ by case.
func (r *remote) checkCommon(c claims, now time.Time) error {
	iss, err := c.text("iss")
	if err != nil || iss != r.cfg.Issuer {
		return fmt.Errorf("the issuer is %q", iss)
	}
	azp, err := c.text("azp")
	if err != nil {
		return err
	}
	audiences, errList := c.texts("aud")
	if single, err := c.text("aud"); errList != nil && err == nil {
		audiences = []string{single}
	}
	if !slices.Contains(audiences, r.cfg.ClientID) {
		return errors.New("the audience is another client")
	}
	if _, has := c["azp"]; (has || len(audiences) > 1) && azp != r.cfg.ClientID {
		return fmt.Errorf("the token was issued to %q", azp)
	}
	issued, err := c.instant("iat")
	if err != nil {
		return err
	}
	expires, err := c.instant("exp")
	if err != nil {
		return err
	}
	switch {
	case issued.IsZero() || expires.IsZero():
		return errors.New("iat and exp are needed")
	case issued.After(now.Add(clockLeeway)):
		return errors.New("the token comes from the future")
	case issued.Before(now.Add(-tokenAge)):
		return errors.New("the token is not fresh")
	case !expires.After(now):
		return errors.New("the token has expired")
	case expires.Sub(issued) > tokenLife:
		return errors.New("the token lives too long")
	}
	before, err := c.instant("nbf")
	if err == nil && before.After(now.Add(clockLeeway)) {
		err = errors.New("the token is not valid yet")
	}
	return err
}

func readIdentity(c claims, number string) (id identified, err error) {
	for _, f := range []struct {
		name string
		to   *string
	}{{"sub", &id.subject}, {"sid", &id.sid}, {"acr", &id.acr}, {number, &id.number}} {
		// A number as a JSON number has lost its leading zeros: an error, too.
		if *f.to, err = c.text(f.name); err != nil {
			return id, err
		}
	}
	if !isPlain(id.subject, 255) || id.subject == "" || !isPlain(id.sid, 255) || !isPlain(id.acr, 255) || !isPlain(id.number, 64) {
		return id, errors.New("sub, sid, acr or number is missing, too long or not plain text")
	}
	if id.amr, err = c.texts("amr"); err != nil {
		return id, err
	}
	if len(id.amr) > 16 || slices.ContainsFunc(id.amr, func(s string) bool { return !isPlain(s, 64) }) {
		return id, errors.New("amr is not plain text")
	}
	id.authAt, err = c.instant("auth_time")
	return id, err
}

// isPlain reports whether s is printable ASCII, as sub has to be.
func isPlain(s string, limit int) bool {
	return len(s) <= limit && strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0
}

// checkAuthentication checks what was asked for about how the person was
// authenticated.
func (r *remote) checkAuthentication(id identified, now time.Time) error {
	if len(r.cfg.ACRValues) > 0 && !slices.Contains(r.cfg.ACRValues, id.acr) {
		return fault.Wrap(fmt.Errorf("acr is %q", id.acr), fault.Forbidden, "sign_in.too_weak")
	}
	if id.authAt.After(now.Add(clockLeeway)) {
		return errors.New("auth_time lies in the future")
	}
	if r.cfg.MaxAge > 0 && id.authAt.Before(now.Add(-r.cfg.MaxAge-clockLeeway)) {
		return errors.New("auth_time is missing or too long ago")
	}
	return nil
}
