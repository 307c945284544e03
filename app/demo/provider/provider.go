package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

// Person is somebody whom the provider signs in.
type Person struct {
	Number string // becomes the claim employee_number
	Name   string
	Note   map[string]string // by language: what signing in as this person shows; without one the person has no button
}

// Client is a portal that may ask for sign-ins.
type Client struct {
	ID             string
	Secret         string
	RedirectURLs   []string
	PostLogoutURLs []string
}

// Config says what a provider is to offer.
type Config struct {
	Listen  string            // 127.0.0.1:0 and the like; anything but loopback is refused
	Title   map[string]string // by language: whose provider it plays
	Clients []Client
	People  func() []Person  // asked at each sign-in
	Now     func() time.Time // the portal's clock, which a test may have set; nil: time.Now
}

// The provider says of every sign-in that it was a demonstration.
const (
	ACR = "urn:kokoroe:acr:demonstration"
	AMR = "demonstration"
)

// Provider is a running provider.
type Provider struct {
	issuer  string
	storage *storage
	server  *http.Server
	served  chan error
}

// Start opens the listener and serves until Close. It fails when Listen is
// reachable from other machines.
func Start(ctx context.Context, cfg Config) (*Provider, error) {
	listener, err := listenOnLoopback(ctx, cfg.Listen)
	if err != nil {
		return nil, err
	}
	issuer := "http://" + listener.Addr().String()
	storage, err := newStorage(issuer, cfg)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	handler, err := newHandler(issuer, cfg, storage)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p := &Provider{
		issuer: issuer, storage: storage,
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      10 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    64 << 10,
		},
		served: make(chan error, 1),
	}
	go func() { p.served <- p.server.Serve(listener) }()
	return p, nil
}

// Issuer returns the issuer of the provider's tokens.
func (p *Provider) Issuer() string { return p.issuer }

// Close stops serving.
func (p *Provider) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := p.server.Shutdown(ctx)
	if err != nil {
		err = p.server.Close()
	}
	if served := <-p.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func listenOnLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the demonstration's provider signs in anybody without a password: it listens on loopback only, not on %q", address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	// A hosts file may say anything about localhost.
	if a, ok := listener.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%q is not loopback", listener.Addr()), listener.Close())
	}
	return listener, nil
}

func newHandler(issuer string, cfg Config, storage *storage) (http.Handler, error) {
	config := &op.Config{
		CodeMethodS256:           true,
		DefaultLogoutRedirectURI: issuer + signedOutPath,
		SupportedScopes:          []string{"openid", "profile"},
		SupportedClaims:          []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "name", numberClaim},
		SupportedUILocales:       []language.Tag{language.Japanese, language.English},
	}
	rand.Read(config.CryptoKey[:])
	provider, err := op.NewProvider(config, storage, op.StaticIssuer(issuer),
		op.WithAllowInsecure(), // loopback
		op.WithCORSOptions(nil),
		op.WithIDTokenHintVerifierOpts(op.WithSupportedIDTokenHintSigningAlgorithms("ES256")))
	if err != nil {
		return nil, err
	}
	pages := &pages{cfg: cfg, storage: storage, provider: provider, policy: policyFor(cfg.Clients)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+signInPath, pages.ask)
	// The provider's context carries the issuer, which its URLs are made of.
	mux.Handle("POST "+signInPath, op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(pages.signIn))
	mux.HandleFunc("GET "+signedOutPath, pages.signedOut)
	mux.HandleFunc("GET "+stylePath, pages.style)
	mux.Handle("/", provider)
	return onlyHost(issuer[len("http://"):], http.MaxBytesHandler(mux, 64<<10)), nil
}

// onlyHost keeps other names away, which a page on the internet could point to
// this machine.
func onlyHost(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// policyFor returns the pages' content security policy. Browsers apply
// form-action to where the answer redirects, so the portals are in it.
func policyFor(clients []Client) string {
	origins := []string{"'self'"}
	for _, c := range clients {
		for _, raw := range c.RedirectURLs {
			if u, err := url.Parse(raw); err == nil && u.Host != "" {
				origins = append(origins, u.Scheme+"://"+u.Host)
			}
		}
	}
	slices.Sort(origins)
	policy := "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action"
	for _, o := range slices.Compact(origins) {
		policy += " " + o
	}
	return policy
}
