package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// People is what identity asks of the directory.
type People interface {
	// PersonByNumber returns who has or had the number. NotFound.
	PersonByNumber(ctx context.Context, number string) (directory.Person, error)
	// Person returns the person, also one who has left. NotFound.
	Person(ctx context.Context, id directory.PersonID) (directory.Person, error)
}

// Service signs people in and out, and knows who is at the other end.
// Everything lasting is in the Store, so that any number of Services may share
// one.
type Service struct {
	cfg     Config
	store   Store
	people  People
	remotes []*remote
}

// New returns a Service. It talks to no provider yet: one that is down must
// not keep the portal from starting.
func New(cfg Config, store Store, people People) (*Service, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.Staleness > 0 {
		store = newRemembering(store, cfg.Staleness)
	}
	s := &Service{cfg: cfg, store: store, people: people}
	client := newClient(cfg.Transport, cfg.Timeout)
	for _, p := range cfg.Providers {
		s.remotes = append(s.remotes, newRemote(p, client, cfg.Clock))
	}
	return s, nil
}

// Provider is what a sign-in page shows of a provider.
type Provider struct {
	ID    string
	Title map[string]string // by language
	Kinds []directory.Kind
}

// Providers returns the providers in the configured order.
func (s *Service) Providers() []Provider {
	list := make([]Provider, 0, len(s.remotes))
	for _, r := range s.remotes {
		list = append(list, Provider{ID: r.cfg.ID, Title: r.cfg.Title, Kinds: slices.Clone(r.cfg.Kinds)})
	}
	return list
}

// Origins returns the web origins that a browser is sent on to by the sign-in
// and sign-out forms. A Content-Security-Policy's form-action must list them:
// browsers apply it to where a form's answer redirects, too.
func (s *Service) Origins() []string {
	var list []string
	for _, r := range s.remotes {
		u, _ := url.Parse(r.cfg.Issuer) // checked by withDefaults
		list = append(list, u.Scheme+"://"+u.Host)
		for _, h := range r.cfg.Hosts {
			list = append(list, "https://"+h)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Sweep removes what has expired. It is run every few minutes by one instance
// or by all; nothing depends on it but the size of the store.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.store.Expire(ctx, now.Add(-loginTTL), now.Add(-s.cfg.Absolute), now.Add(-s.cfg.Idle), now)
}

func (s *Service) remote(id string) (*remote, error) {
	for _, r := range s.remotes {
		if r.cfg.ID == id {
			return r, nil
		}
	}
	return nil, fault.NotFoundf("no provider %q", id)
}

// now is kept to the millisecond, as stores keep it.
func (s *Service) now() time.Time { return s.cfg.Clock().UTC().Truncate(time.Millisecond) }

// NewToken returns 256 random bits for a cookie.
func NewToken() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: the program would stop instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// isToken spares the store from cookies that we never gave.
func isToken(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 32
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func start(err error) error  { return fault.Wrap(err, fault.Invalid, "sign_in.start_again") }
func refuse(err error) error { return fault.Wrap(err, fault.Forbidden, "sign_in.refused") }

// down reports a provider's trouble; a fault passes as it is.
func down(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, "sign_in.provider_down")
}
