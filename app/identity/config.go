package identity

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Config says how people sign in and how long that lasts.
type Config struct {
	BaseURL   string // of the portal, such as https://kokoroe.city.example; https unless loopback
	Providers []ProviderConfig
	Grants    func() Grants     // those in force; nil: none
	Idle      time.Duration     // a session ends when nothing was asked for so long; 30 min
	Absolute  time.Duration     // a session ends in any case; 12 h
	Timeout   time.Duration     // for one request to a provider; 10 s
	Clock     calendar.Clock    // time.Now
	Transport http.RoundTripper // to the providers; the default transport
	// Staleness is how long a session that another instance ended may still be
	// taken for one; at zero every request asks the store.
	Staleness time.Duration
}

// ProviderConfig is one OpenID provider that people sign in with.
type ProviderConfig struct {
	ID            string // short name in paths: staff, contractors
	Issuer        string // exactly as in its tokens
	ClientID      string
	ClientSecret  string // empty for a public client
	RedirectURL   string // BaseURL/sign-in/ID/callback
	PostLogoutURL string // BaseURL/signed-out
	// Claim is the claim of the ID token that holds the person's number of the
	// roster; employee_number. It must be one that people cannot change
	// themselves.
	Claim     string
	Kinds     []directory.Kind  // who may come in here; everybody
	Title     map[string]string // by language: "City staff"
	Scopes    []string          // beside openid
	ACRValues []string          // asked for, and one of them required
	MaxAge    time.Duration     // asked for, and auth_time checked; 0: not asked
	Hosts     []string          // hosts beside the issuer's that its endpoints may be on
}

const (
	loginTTL    = 10 * time.Minute // between the button and the way back
	clockLeeway = time.Minute      // between a provider's clock and ours
	tokenAge    = 10 * time.Minute // an ID token is fresh, or somebody kept it
	tokenLife   = 24 * time.Hour   // no honest ID token lives longer
	touchEvery  = time.Minute
)

var providerID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

func (c Config) withDefaults() (Config, error) {
	if c.Idle == 0 {
		c.Idle = 30 * time.Minute
	}
	if c.Absolute == 0 {
		c.Absolute = 12 * time.Hour
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	base, err := secureURL(c.BaseURL)
	if err != nil {
		return c, fmt.Errorf("base URL: %w", err)
	}
	root := base.Scheme + "://" + base.Host
	c.Providers = slices.Clone(c.Providers)
	seen := map[string]bool{}
	for i := range c.Providers {
		p := &c.Providers[i]
		p.fill(root)
		if err := p.check(); err != nil {
			return c, fmt.Errorf("provider %q: %w", p.ID, err)
		}
		if seen[p.ID] || seen[p.Issuer+" "+p.ClientID] {
			return c, fmt.Errorf("provider %q: configured twice", p.ID)
		}
		seen[p.ID], seen[p.Issuer+" "+p.ClientID] = true, true
	}
	return c, nil
}

func (p *ProviderConfig) fill(root string) {
	if p.RedirectURL == "" {
		p.RedirectURL = root + "/sign-in/" + p.ID + "/callback"
	}
	if p.PostLogoutURL == "" {
		p.PostLogoutURL = root + "/signed-out"
	}
	if p.Claim == "" {
		p.Claim = "employee_number"
	}
	if len(p.Kinds) == 0 {
		p.Kinds = []directory.Kind{directory.Employee, directory.ContractorWorker}
	}
	if !slices.Contains(p.Scopes, "openid") {
		p.Scopes = append([]string{"openid"}, p.Scopes...)
	}
}

func (p *ProviderConfig) check() error {
	if !providerID.MatchString(p.ID) {
		return errors.New("the ID must be lower-case letters, digits and hyphens")
	}
	if p.ClientID == "" {
		return errors.New("no client ID")
	}
	switch p.Claim {
	case "email", "preferred_username", "name", "nickname", "upn":
		// Mail addresses and names are given anew to other people.
		return fmt.Errorf("the claim %q does not name a person for ever", p.Claim)
	}
	for _, k := range p.Kinds {
		if k != directory.Employee && k != directory.ContractorWorker {
			return fmt.Errorf("%q is no kind of person", k)
		}
	}
	for _, raw := range []string{p.Issuer, p.RedirectURL, p.PostLogoutURL} {
		if _, err := secureURL(raw); err != nil {
			return err
		}
	}
	if strings.ContainsAny(p.Issuer, "?#") {
		return errors.New("an issuer has neither query nor fragment")
	}
	return nil
}

// secureURL parses an absolute URL: https, or http on this very machine.
func secureURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, fmt.Errorf("%q is not an absolute URL", raw)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("%q is not https", raw)
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// localPath returns p when it is a path of this portal that a browser cannot
// take for another host's, else "/".
func localPath(p string) string {
	if len(p) > 2000 || !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") {
		return "/"
	}
	for _, r := range p {
		if r == '\\' || r < 0x20 || r == 0x7f || r == 0x2028 || r == 0x2029 {
			return "/"
		}
	}
	u, err := url.Parse(p)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.Contains(u.Path, "\\") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return p
}
