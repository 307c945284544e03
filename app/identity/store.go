package identity

import (
	"context"
	"time"

	"kokoroe/app/directory"
)

// Login is a sign-in that has begun and not come back yet. It is bound to the
// browser by a cookie and used once.
type Login struct {
	StateHash   string // SHA-256 of the state, hex: the key
	BrowserHash string // SHA-256 of the browser's cookie, hex
	Provider    string
	Nonce       string
	Verifier    string // PKCE code verifier
	ReturnTo    string // local path
	StartedAt   time.Time
}

// Link ties a provider's subject to a person of the roster, once.
type Link struct {
	Issuer   string
	Subject  string
	Person   directory.PersonID
	LinkedAt time.Time
}

// Session is a signed-in browser. The token itself is never kept.
type Session struct {
	Hash      string // SHA-256 of the token, hex: the key
	Person    directory.PersonID
	Provider  string
	Issuer    string
	Subject   string
	SID       string // the provider's session ID, for back-channel logout
	ACR       string
	AMR       []string
	AuthAt    time.Time
	IDToken   string // hint for RP-initiated logout
	CreatedAt time.Time
	SeenAt    time.Time // renewed at most once a minute
}

// Store is what identity needs kept.
type Store interface {
	// SaveLogin keeps a sign-in that begins. Conflict when the state is there.
	SaveLogin(ctx context.Context, l Login) error
	// TakeLogin returns the sign-in and removes it: it succeeds once. NotFound.
	TakeLogin(ctx context.Context, stateHash string) (Login, error)

	// Link returns the link of a provider's subject. NotFound.
	Link(ctx context.Context, issuer, subject string) (Link, error)
	// SaveLink keeps a new link. Conflict when the subject has one already, or
	// when the person has one from the same issuer.
	SaveLink(ctx context.Context, l Link) error

	// SaveSession keeps a new session. Conflict when the hash is there.
	SaveSession(ctx context.Context, s Session) error
	// Session returns the session. NotFound.
	Session(ctx context.Context, hash string) (Session, error)
	// TouchSession sets SeenAt. NotFound when it ended meanwhile.
	TouchSession(ctx context.Context, hash string, at time.Time) error
	// EndSession removes one session; removing none is no error.
	EndSession(ctx context.Context, hash string) error
	// EndSessions removes the sessions that match every non-empty argument, of
	// which there must be one, and returns how many they were.
	EndSessions(ctx context.Context, q SessionQuery) (int, error)

	// UseOnce remembers a token ID until it expires and reports whether it was
	// new.
	UseOnce(ctx context.Context, id string, expiresAt time.Time) (bool, error)

	// Expire removes sign-ins begun before loginsBefore, sessions created before
	// createdBefore or last seen before seenBefore, and token IDs that expired
	// before now.
	Expire(ctx context.Context, loginsBefore, createdBefore, seenBefore, now time.Time) error
}

// SessionQuery selects sessions to end.
type SessionQuery struct {
	Person  directory.PersonID
	Issuer  string
	Subject string
	SID     string
}
