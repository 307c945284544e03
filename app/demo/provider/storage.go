package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	numberClaim = "employee_number"
	requestTTL  = 10 * time.Minute
	tokenTTL    = time.Hour
)

var (
	errUnknown     = errors.New("unknown or expired")
	errUnsupported = errors.New("not part of the demonstration")
)

// storage is what op needs kept: in memory, for minutes.
type storage struct {
	issuer  string
	people  func() []Person
	clients map[string]*client
	key     signingKey
	ahead   func() time.Duration // how far this machine's clock is ahead of the portal's

	mu       sync.Mutex
	requests map[string]*request
	codes    map[string]string // code to request
	oldest   []*request        // in the order of their beginning
}

var (
	_ op.Storage                   = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest = (*storage)(nil)
)

func newStorage(issuer string, cfg Config) (*storage, error) {
	if cfg.People == nil || len(cfg.Clients) == 0 {
		return nil, errors.New("people and a client are needed")
	}
	// P-256 signs in microseconds; the key lives as long as the process.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &storage{
		issuer: issuer, people: cfg.People, key: signingKey{id: randomID()[:16], key: key},
		clients: map[string]*client{}, requests: map[string]*request{}, codes: map[string]string{},
	}
	s.ahead = func() time.Duration { return 0 }
	if cfg.Now != nil {
		s.ahead = func() time.Duration { return time.Since(cfg.Now()) }
	}
	for _, c := range cfg.Clients {
		if c.ID == "" || c.Secret == "" {
			return nil, errors.New("a client needs an ID and a secret")
		}
		s.clients[c.ID] = &client{c, s.ahead}
	}
	return s, nil
}

func randomID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// subjectOf is opaque, and the same in every run of the same issuer.
func (s *storage) subjectOf(number string) string {
	sum := sha256.Sum256([]byte(s.issuer + "\x00" + number))
	return hex.EncodeToString(sum[:16])
}

// person finds who has the number.
func (s *storage) person(number string) (Person, bool) {
	people := s.people()
	i := slices.IndexFunc(people, func(p Person) bool { return p.Number == number })
	if i < 0 {
		return Person{}, false
	}
	return people[i], true
}

// request is a sign-in under way. It never changes once it is in the maps: a
// changed copy takes its place.
type request struct {
	oidc.AuthRequest
	id      string
	begunAt time.Time
	person  Person
	subject string
	authAt  time.Time
	code    string
}

func (r *request) GetID() string                      { return r.id }
func (r *request) GetACR() string                     { return ACR }
func (r *request) GetAMR() []string                   { return []string{AMR} }
func (r *request) GetAudience() []string              { return []string{r.ClientID} }
func (r *request) GetAuthTime() time.Time             { return r.authAt }
func (r *request) GetClientID() string                { return r.ClientID }
func (r *request) GetNonce() string                   { return r.Nonce }
func (r *request) GetScopes() []string                { return r.Scopes }
func (r *request) GetSubject() string                 { return r.subject }
func (r *request) Done() bool                         { return !r.authAt.IsZero() }
func (r *request) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

// CreateAuthRequest implements op.Storage.
func (s *storage) CreateAuthRequest(_ context.Context, a *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if a.CodeChallenge == "" || a.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	}
	r := &request{AuthRequest: *a, id: randomID(), begunAt: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.oldest) > 0 && r.begunAt.Sub(s.oldest[0].begunAt) > requestTTL {
		s.forget(s.oldest[0].id)
		s.oldest = s.oldest[1:]
	}
	s.requests[r.id] = r
	s.oldest = append(s.oldest, r)
	return r, nil
}

// complete notes who pressed the button.
func (s *storage) complete(id string, p Person) (*request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun, ok := s.requests[id]
	if !ok || begun.Done() || time.Since(begun.begunAt) > requestTTL {
		return nil, errUnknown
	}
	r := *begun
	r.person, r.subject, r.authAt = p, s.subjectOf(p.Number), time.Now()
	s.requests[id] = &r
	return &r, nil
}

func (s *storage) request(id string) (*request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || time.Since(r.begunAt) > requestTTL {
		return nil, errUnknown
	}
	return r, nil
}

// AuthRequestByID implements op.Storage.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	r, err := s.request(id)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// SaveAuthCode implements op.Storage.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return errUnknown
	}
	with := *r
	with.code = code
	s.requests[id], s.codes[code] = &with, id
	return nil
}

// AuthRequestByCode implements op.Storage. The code and the request are used
// up at once, so that of two exchanges at the same moment one fails.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[s.codes[code]]
	if !ok || time.Since(r.begunAt) > requestTTL {
		return nil, errUnknown
	}
	s.forget(r.id)
	return r, nil
}

// DeleteAuthRequest implements op.Storage.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(id)
	return nil
}

// forget drops a request and its code; mu is held.
func (s *storage) forget(id string) {
	if r, ok := s.requests[id]; ok {
		delete(s.codes, r.code)
		delete(s.requests, id)
	}
}

// CreateAccessToken implements op.Storage. Nothing accepts the token: all that
// a portal needs is in the ID token.
func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return randomID(), time.Now().Add(tokenTTL - s.ahead()), nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest: the claims of
// the ID token.
func (s *storage) SetUserinfoFromRequest(_ context.Context, u *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	signIn, ok := r.(*request)
	if !ok {
		return errUnsupported
	}
	u.Subject, u.Name = signIn.subject, signIn.person.Name
	u.AppendClaims(numberClaim, signIn.person.Number)
	return nil
}

// TerminateSession implements op.Storage. The provider keeps no session of its
// own, so that each sign-in asks again who it is to be.
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }

// GetClientByClientID implements op.Storage.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, errUnknown
	}
	return c, nil
}

// AuthorizeClientIDSecret implements op.Storage.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, ok := s.clients[id]
	if !ok || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return errUnknown
	}
	return nil
}

// SigningKey implements op.Storage.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }

// SignatureAlgorithms implements op.Storage.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet implements op.Storage.
func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{s.key}}, nil }

// Health implements op.Storage.
func (s *storage) Health(context.Context) error { return nil }

type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }

type publicKey struct{ signingKey }

func (k publicKey) Key() any                           { return k.key.Public() }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
