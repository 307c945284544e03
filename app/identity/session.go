package identity

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// Visitor is who is at the other end of a request.
type Visitor struct {
	Session Session
	Person  directory.Person
	Roles   []Role
}

// Visitor returns who presents the session token: one read of the store, and
// once a minute a write. Unauthenticated when there is no such session
// (sign_in.required), it has run out (sign_in.expired), or the person no longer
// works here (sign_in.ended).
func (s *Service) Visitor(ctx context.Context, token string) (Visitor, error) {
	if !isToken(token) {
		return Visitor{}, fault.New(fault.Unauthenticated, "sign_in.required", nil)
	}
	session, err := s.store.Session(ctx, hashOf(token))
	if fault.Is(err, fault.NotFound) {
		return Visitor{}, fault.Wrap(err, fault.Unauthenticated, "sign_in.required")
	}
	if err != nil {
		return Visitor{}, err
	}
	now := s.now()
	if s.ranOut(session, now) {
		err := s.store.EndSession(ctx, session.Hash)
		return Visitor{}, &fault.Error{Kind: fault.Unauthenticated, MessageID: "sign_in.expired", Err: err}
	}
	person, err := s.stillHere(ctx, session, calendar.DateOf(now))
	if err != nil {
		return Visitor{}, err
	}
	if now.Sub(session.SeenAt) >= touchEvery {
		err := s.store.TouchSession(ctx, session.Hash, now)
		if fault.Is(err, fault.NotFound) {
			return Visitor{}, fault.Wrap(err, fault.Unauthenticated, "sign_in.required")
		}
		// Another failure is no reason to turn a reader away: a store that
		// cannot be written to may still be read, and the old time is strict.
		if err == nil {
			session.SeenAt = now
		}
	}
	return Visitor{Session: session, Person: person, Roles: s.RolesOf(person, calendar.DateOf(now))}, nil
}

// Session returns the session of a token, as Visitor does.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	v, err := s.Visitor(ctx, token)
	return v.Session, err
}

func (s *Service) ranOut(session Session, now time.Time) bool {
	age, idle := now.Sub(session.CreatedAt), now.Sub(session.SeenAt)
	// A session from the future means that the clock was wrong then or is now.
	return age > s.cfg.Absolute || idle > s.cfg.Idle || age < -clockLeeway || idle < -clockLeeway
}

// stillHere returns the session's person, and ends every session of one who
// has left, or the sessions of a provider that people no longer come in by.
func (s *Service) stillHere(ctx context.Context, session Session, day calendar.Date) (directory.Person, error) {
	person, err := s.people.Person(ctx, session.Person)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return person, err
	}
	if err != nil || !person.ActiveOn(day) {
		_, err := s.store.EndSessions(ctx, SessionQuery{Person: session.Person})
		return person, &fault.Error{Kind: fault.Unauthenticated, MessageID: "sign_in.ended", Err: err}
	}
	r, err := s.remote(session.Provider)
	if err != nil || r.cfg.Issuer != session.Issuer || !slices.Contains(r.cfg.Kinds, person.Kind()) {
		err := s.store.EndSession(ctx, session.Hash)
		return person, &fault.Error{Kind: fault.Unauthenticated, MessageID: "sign_in.ended", Err: err}
	}
	return person, nil
}

// signOutWait bounds how long a reader who signs out waits for a provider that
// was never asked for its metadata and does not answer.
const signOutWait = 2 * time.Second

// SignOut ends the session here, and returns where to send the browser to end
// the provider's as well; "" when the provider offers none or does not answer.
// Ending no session is no error.
func (s *Service) SignOut(ctx context.Context, token string) (string, error) {
	if !isToken(token) {
		return "", nil
	}
	session, readErr := s.store.Session(ctx, hashOf(token))
	if err := s.store.EndSession(ctx, hashOf(token)); err != nil {
		return "", err
	}
	if readErr != nil {
		return "", nil // it is over here, and nothing is known of it
	}
	r, err := s.remote(session.Provider)
	if err != nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, signOutWait)
	defer cancel()
	m, err := r.metadata.get(ctx)
	if err != nil || m.EndSession == "" {
		return "", nil
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return "", nil
	}
	q := u.Query()
	q.Set("client_id", r.cfg.ClientID)
	q.Set("id_token_hint", session.IDToken)
	q.Set("post_logout_redirect_uri", r.cfg.PostLogoutURL)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// EndAll ends every session of a person and returns how many they were.
func (s *Service) EndAll(ctx context.Context, person directory.PersonID) (int, error) {
	if person == "" {
		return 0, fault.Wrap(errors.New("no person"), fault.Internal, "")
	}
	return s.store.EndSessions(ctx, SessionQuery{Person: person})
}

// freshFor is how long after signing in somebody may do administration.
const freshFor = 15 * time.Minute

// Fresh reports whether the person proved who they are a short while ago. A
// provider that does not say when is taken at the time of the sign-in.
func (s *Service) Fresh(session Session) bool {
	at := session.AuthAt
	if at.IsZero() {
		at = session.CreatedAt
	}
	age := s.now().Sub(at)
	return age >= -clockLeeway && age <= freshFor
}
