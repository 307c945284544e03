package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/coreos/go-oidc/v3/oidc"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// Callback is what a provider sends the browser back with.
type Callback struct {
	Code, State, Issuer, Error string
}

// ParseCallback reads the query string of the callback route. Invalid
// (sign_in.start_again) when a parameter is there twice or is oversized.
func ParseCallback(rawQuery string) (Callback, error) {
	var c Callback
	if len(rawQuery) > 8<<10 {
		return c, start(errors.New("the callback is too long"))
	}
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return c, start(err)
	}
	for name, to := range map[string]*string{"code": &c.Code, "state": &c.State, "iss": &c.Issuer, "error": &c.Error} {
		if len(q[name]) > 1 {
			return c, start(fmt.Errorf("%s is there twice", name))
		}
		*to = q.Get(name)
	}
	return c, nil
}

// Begin starts a sign-in and returns where to send the browser. browserToken
// is a NewToken in a cookie of that browser; returnTo is a local path to come
// back to. NotFound for an unknown provider, Unavailable
// (sign_in.provider_down) when it does not answer.
func (s *Service) Begin(ctx context.Context, providerID, browserToken, returnTo string) (string, error) {
	return s.begin(ctx, providerID, browserToken, returnTo, false)
}

// BeginFresh is Begin for somebody who is signed in and is to prove it again
// before administration: the provider is asked not to rely on its own session.
func (s *Service) BeginFresh(ctx context.Context, providerID, browserToken, returnTo string) (string, error) {
	return s.begin(ctx, providerID, browserToken, returnTo, true)
}

func (s *Service) begin(ctx context.Context, providerID, browserToken, returnTo string, fresh bool) (string, error) {
	r, err := s.remote(providerID)
	if err != nil {
		return "", err
	}
	if !isToken(browserToken) {
		return "", start(errors.New("no browser token"))
	}
	m, err := r.metadata.get(ctx)
	if err != nil {
		return "", down(err)
	}
	state := NewToken()
	login := Login{
		StateHash:   hashOf(state),
		BrowserHash: hashOf(browserToken),
		Provider:    r.cfg.ID,
		Nonce:       NewToken(),
		Verifier:    oauth2.GenerateVerifier(),
		ReturnTo:    localPath(returnTo),
		StartedAt:   s.now(),
	}
	if err := s.store.SaveLogin(ctx, login); err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(login.Nonce), oauth2.S256ChallengeOption(login.Verifier)}
	if len(r.cfg.ACRValues) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(r.cfg.ACRValues, " ")))
	}
	if r.cfg.MaxAge > 0 {
		options = append(options, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(r.cfg.MaxAge.Seconds()))))
	}
	if fresh {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return r.oauth(m).AuthCodeURL(state, options...), nil
}

// SignedIn is a sign-in that came to its end. Token goes into the browser's
// cookie and is nowhere else.
type SignedIn struct {
	Token    string
	Session  Session
	ReturnTo string // local path
}

// Finish ends the sign-in that the callback answers. previous is the session
// token that the browser presented, if any: that session ends, and the new
// token is always another (session fixation).
//
// Invalid (sign_in.start_again) when this browser has no such sign-in under
// way; Forbidden when the reader cancelled (sign_in.cancelled), the provider's
// answer does not hold (sign_in.refused, sign_in.too_weak) or the person may
// not come in here (sign_in.unknown_person, sign_in.other_entrance,
// sign_in.other_number, sign_in.already_linked); Unavailable
// (sign_in.provider_down).
func (s *Service) Finish(ctx context.Context, providerID, browserToken string, c Callback, previous string) (SignedIn, error) {
	r, err := s.remote(providerID)
	if err != nil {
		return SignedIn{}, err
	}
	login, err := s.takeLogin(ctx, providerID, browserToken, c.State)
	if err != nil {
		return SignedIn{}, err
	}
	id, err := r.answer(ctx, c, login, s.now)
	if err != nil {
		return SignedIn{}, err
	}
	person, err := s.personOf(ctx, r.cfg, id)
	if err != nil {
		return SignedIn{}, err
	}
	if isToken(previous) {
		if err := s.store.EndSession(ctx, hashOf(previous)); err != nil {
			return SignedIn{}, err
		}
	}
	token, now := NewToken(), s.now()
	session := Session{
		Hash: hashOf(token), Person: person.ID,
		Provider: r.cfg.ID, Issuer: r.cfg.Issuer, Subject: id.subject, SID: id.sid,
		ACR: id.acr, AMR: id.amr, AuthAt: id.authAt, IDToken: id.raw,
		CreatedAt: now, SeenAt: now,
	}
	if err := s.store.SaveSession(ctx, session); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Token: token, Session: session, ReturnTo: login.ReturnTo}, nil
}

// takeLogin finds the sign-in by its state and uses it up, whatever comes.
func (s *Service) takeLogin(ctx context.Context, providerID, browserToken, state string) (Login, error) {
	if !isToken(state) || !isToken(browserToken) {
		return Login{}, start(errors.New("no state or no browser token"))
	}
	login, err := s.store.TakeLogin(ctx, hashOf(state))
	if fault.Is(err, fault.NotFound) {
		return Login{}, start(errors.New("no sign-in has this state"))
	}
	if err != nil {
		return Login{}, err
	}
	age := s.now().Sub(login.StartedAt)
	switch {
	case subtle.ConstantTimeCompare([]byte(login.BrowserHash), []byte(hashOf(browserToken))) != 1:
		return Login{}, start(errors.New("another browser began this sign-in"))
	case login.Provider != providerID:
		return Login{}, start(errors.New("another provider was to answer"))
	case age > loginTTL || age < -clockLeeway:
		return Login{}, start(errors.New("the sign-in took too long"))
	}
	return login, nil
}

// answer turns the callback into an identity: it fetches the ID token for the
// code and verifies it.
func (r *remote) answer(ctx context.Context, c Callback, login Login, now func() time.Time) (identified, error) {
	m, err := r.metadata.get(ctx)
	if err != nil {
		return identified{}, down(err)
	}
	// RFC 9207: the answer of one provider must not go to another.
	if c.Issuer != r.cfg.Issuer && (c.Issuer != "" || m.AnswersIssuer) {
		return identified{}, refuse(fmt.Errorf("the answer comes from %q", c.Issuer))
	}
	switch c.Error {
	case "":
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return identified{}, fault.Wrap(fmt.Errorf("the provider says %q", c.Error), fault.Forbidden, "sign_in.cancelled")
	case "server_error", "temporarily_unavailable":
		return identified{}, down(fmt.Errorf("the provider says %q", c.Error))
	default:
		return identified{}, refuse(fmt.Errorf("the provider says %q", c.Error))
	}
	if c.Code == "" {
		return identified{}, refuse(errors.New("no code"))
	}
	tokens, err := r.oauth(m).Exchange(oidc.ClientContext(ctx, r.client), c.Code, oauth2.VerifierOption(login.Verifier))
	if err != nil {
		if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.Response.StatusCode < 500 {
			return identified{}, refuse(fmt.Errorf("the token endpoint says %d %q", e.Response.StatusCode, e.ErrorCode))
		}
		return identified{}, down(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return identified{}, refuse(errors.New("no ID token"))
	}
	id, err := r.identify(ctx, raw, tokens.AccessToken, login.Nonce, now())
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return identified{}, err
		}
		return identified{}, refuse(err)
	}
	return id, nil
}

// personOf returns the person whom a provider's subject is linked to, linking
// it by number the first time. Mail addresses and names play no part: they are
// given anew to other people.
func (s *Service) personOf(ctx context.Context, cfg ProviderConfig, id identified) (directory.Person, error) {
	link, err := s.store.Link(ctx, cfg.Issuer, id.subject)
	if fault.Is(err, fault.NotFound) {
		return s.linkPerson(ctx, cfg, id)
	}
	if err != nil {
		return directory.Person{}, err
	}
	person, err := s.people.Person(ctx, link.Person)
	if err != nil {
		return person, unknown(err)
	}
	if id.number != "" && id.number != person.Number {
		return person, fault.Wrap(errors.New("the subject is linked to another number"), fault.Forbidden, "sign_in.other_number")
	}
	return person, s.admit(cfg, person)
}

func (s *Service) linkPerson(ctx context.Context, cfg ProviderConfig, id identified) (directory.Person, error) {
	if id.number == "" {
		return directory.Person{}, unknown(fault.NotFoundf("the ID token has no %s", cfg.Claim))
	}
	person, err := s.people.PersonByNumber(ctx, id.number)
	if err != nil {
		return person, unknown(err)
	}
	if err := s.admit(cfg, person); err != nil {
		return person, err
	}
	err = s.store.SaveLink(ctx, Link{Issuer: cfg.Issuer, Subject: id.subject, Person: person.ID, LinkedAt: s.now()})
	if fault.Is(err, fault.Conflict) {
		// Either the same person came through another door at the same moment,
		// or the number belongs to somebody the provider knows as another.
		link, again := s.store.Link(ctx, cfg.Issuer, id.subject)
		if again == nil && link.Person == person.ID {
			return person, nil
		}
		return person, fault.Wrap(err, fault.Forbidden, "sign_in.already_linked")
	}
	return person, err
}

// admit checks that the person works here today and comes in by the right door.
func (s *Service) admit(cfg ProviderConfig, p directory.Person) error {
	if !p.ActiveOn(calendar.DateOf(s.now())) {
		return unknown(fault.NotFoundf("the person does not work here today"))
	}
	if !slices.Contains(cfg.Kinds, p.Kind()) {
		return fault.New(fault.Forbidden, "sign_in.other_entrance", nil)
	}
	return nil
}

func unknown(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Forbidden, "sign_in.unknown_person")
	}
	return err
}
