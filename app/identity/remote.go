package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/coreos/go-oidc/v3/oidc"

	"kokoroe/app/calendar"
)

// pinned are the algorithms that tokens may be signed with. What a provider
// offers narrows the list and never widens it.
var pinned = []string{oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA}

const (
	metadataFor = 24 * time.Hour
	keysFor     = time.Hour
	keysEvery   = 30 * time.Second // tokens with made-up key IDs must not make us ask more often
	bodyLimit   = 256 << 10
)

// remote is a provider as it is out there: its metadata and keys, asked for
// when first needed.
type remote struct {
	cfg      ProviderConfig
	client   *http.Client
	metadata *fetched[metadata]
	keys     *keySet
}

// metadata is the part of a discovery document that we use, checked.
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	AnswersIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

func newRemote(cfg ProviderConfig, client *http.Client, clock calendar.Clock) *remote {
	r := &remote{cfg: cfg, client: client}
	r.metadata = &fetched[metadata]{clock: clock, keep: metadataFor, load: r.discover}
	r.keys = newKeySet(client, clock, func(ctx context.Context) (string, error) {
		m, err := r.metadata.get(ctx)
		return m.Keys, err
	})
	return r
}

func (r *remote) discover(ctx context.Context) (metadata, error) {
	var m metadata
	wellKnown := strings.TrimSuffix(r.cfg.Issuer, "/") + "/.well-known/openid-configuration"
	if err := readJSON(ctx, r.client, wellKnown, &m); err != nil {
		return m, err
	}
	// The very same characters: a document of another tenant differs by few.
	if m.Issuer != r.cfg.Issuer {
		return m, fmt.Errorf("discovery is for the issuer %q", m.Issuer)
	}
	for name, endpoint := range map[string]string{"authorization": m.Authorization, "token": m.Token, "keys": m.Keys} {
		if err := r.allows(endpoint); err != nil {
			return m, fmt.Errorf("discovery: %s endpoint: %w", name, err)
		}
	}
	if m.EndSession != "" {
		if err := r.allows(m.EndSession); err != nil {
			return m, fmt.Errorf("discovery: end session endpoint: %w", err)
		}
	}
	if len(m.Challenges) > 0 && !slices.Contains(m.Challenges, "S256") {
		return m, errors.New("discovery: no PKCE with S256")
	}
	// OpenID Connect Discovery has RS256 when nothing is said.
	if len(m.Algorithms) == 0 {
		m.Algorithms = []string{oidc.RS256}
	}
	m.Algorithms = slices.DeleteFunc(slices.Clone(pinned), func(a string) bool { return !slices.Contains(m.Algorithms, a) })
	if len(m.Algorithms) == 0 {
		return m, errors.New("discovery: none of the signature algorithms is accepted here")
	}
	return m, nil
}

// allows checks where discovery wants to send us or the reader: a document
// must not lead to other machines.
func (r *remote) allows(endpoint string) error {
	u, err := secureURL(endpoint)
	if err != nil {
		return err
	}
	issuer, _ := url.Parse(r.cfg.Issuer) // checked by withDefaults
	if u.Scheme == issuer.Scheme && strings.EqualFold(u.Host, issuer.Host) {
		return nil
	}
	if u.Scheme == "https" && slices.ContainsFunc(r.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, u.Host) }) {
		return nil
	}
	return fmt.Errorf("%q is not on the issuer's host", endpoint)
}

func (r *remote) oauth(m metadata) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if r.cfg.ClientSecret == "" || len(m.TokenAuth) > 0 && !slices.Contains(m.TokenAuth, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID:     r.cfg.ClientID,
		ClientSecret: r.cfg.ClientSecret,
		RedirectURL:  r.cfg.RedirectURL,
		Scopes:       r.cfg.Scopes,
		Endpoint:     oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: style},
	}
}

// fetched keeps the last good answer of load. One load runs at a time, not
// bound to the request that happened to come first; after a failure there is a
// pause that grows.
type fetched[T any] struct {
	clock calendar.Clock
	keep  time.Duration
	load  func(context.Context) (T, error)

	group singleflight.Group

	mu       sync.Mutex
	value    T
	known    bool
	loadedAt time.Time
	nextAt   time.Time // no earlier load, after a failure
	failures int
	err      error
}

// get returns the value, loading it when there is none or it is old. An old
// value is better than none.
func (f *fetched[T]) get(ctx context.Context) (T, error) {
	value, known, age := f.peek()
	if known && age < f.keep {
		return value, nil
	}
	fresh, err := f.renew(ctx, 0)
	if err != nil && known {
		return value, nil
	}
	return fresh, err
}

// renew loads anew, unless the value is younger than age or the last failure
// too recent.
func (f *fetched[T]) renew(ctx context.Context, age time.Duration) (T, error) {
	done := f.group.DoChan("", func() (any, error) {
		if v, known, old := f.peek(); known && old < max(age, time.Nanosecond) {
			return v, nil
		}
		if err := f.pausing(); err != nil {
			return *new(T), err
		}
		v, err := f.load(context.WithoutCancel(ctx))
		f.keepResult(v, err)
		return v, err
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return *new(T), r.Err
		}
		return r.Val.(T), nil
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

func (f *fetched[T]) peek() (value T, known bool, age time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.value, f.known, f.clock().Sub(f.loadedAt)
}

func (f *fetched[T]) pausing() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clock().Before(f.nextAt) {
		return fmt.Errorf("not tried again yet: %w", f.err)
	}
	return nil
}

func (f *fetched[T]) keepResult(v T, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock()
	if err != nil {
		f.err = err
		f.nextAt = now.Add(time.Second << min(f.failures, 5)) // 1 s … 32 s
		f.failures++
		return
	}
	f.value, f.known, f.loadedAt = v, true, now
	f.err, f.nextAt, f.failures = nil, time.Time{}, 0
}

// newClient returns a client that follows no redirect and reads no more than a
// provider has to say.
func newClient(transport http.RoundTripper, timeout time.Duration) *http.Client {
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableCompression = true
		t.MaxIdleConnsPerHost = 16
		t.MaxResponseHeaderBytes = 64 << 10
		transport = t
	}
	return &http.Client{
		Timeout:       timeout,
		Transport:     limited{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, bodyLimit)
	return resp, nil
}

// readJSON asks for a document.
func readJSON(ctx context.Context, client *http.Client, from string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", from, resp.Status)
	}
	return json.Unmarshal(body, v)
}
