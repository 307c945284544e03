package identity_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/identity/identitytest"
)

func discovers(name string, v any) func(*op) {
	return func(p *op) { p.discovery = func(d object) { d[name] = v } }
}

// serves answers a path in place of the honest provider.
func serves(path string, with http.HandlerFunc) func(*op) {
	return func(p *op) {
		p.serve = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path {
				return false
			}
			with(w, r)
			return true
		}
	}
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func redirectTo(where string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusTemporaryRedirect) }
}

func slowly(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(time.Second):
	}
	w.WriteHeader(http.StatusOK)
}

const (
	wellKnown = "/.well-known/openid-configuration"
	evil      = "https://evil.example/x"
	metadata  = "http://169.254.169.254/latest/meta-data/"
)

var answerLies = []lie{
	{name: "discovery for another issuer", lie: discovers("issuer", "https://evil.example"), reason: "discovery is for"},
	{name: "discovery for the issuer with a slash", lie: func(p *op) { discovers("issuer", p.URL+"/")(p) }, reason: "discovery is for"},
	{name: "authorization on another host", lie: discovers("authorization_endpoint", evil), reason: "issuer's host"},
	{name: "authorization is a script", lie: discovers("authorization_endpoint", "javascript:alert(1)"), reason: "not an absolute URL"},
	{name: "token endpoint on another host", lie: discovers("token_endpoint", evil), reason: "issuer's host"},
	{name: "token endpoint missing", lie: func(p *op) { p.discovery = func(d object) { delete(d, "token_endpoint") } }, reason: "token endpoint"},
	{name: "token endpoint in clear", lie: discovers("token_endpoint", "http://evil.example/x"), reason: "not https"},
	{name: "keys at the cloud's metadata service", lie: discovers("jwks_uri", metadata), reason: "not https"},
	{name: "keys on another host", lie: discovers("jwks_uri", evil), reason: "issuer's host"},
	{name: "keys on another port", lie: discovers("jwks_uri", "http://127.0.0.1:1/keys"), reason: "issuer's host"},
	{name: "keys in a file", lie: discovers("jwks_uri", "file:///etc/passwd"), reason: "not an absolute URL"},
	{name: "host hidden behind a user name", lie: func(p *op) {
		discovers("jwks_uri", "http://"+strings.TrimPrefix(p.URL, "http://")+"@evil.example/keys")(p)
	}, reason: "not an absolute URL"},
	{name: "sign-out on another host", lie: discovers("end_session_endpoint", evil), reason: "end session"},
	{name: "weak algorithms only", lie: discovers("id_token_signing_alg_values_supported", []string{"HS256", "none"}), reason: "none of the signature"},
	{name: "no S256", lie: discovers("code_challenge_methods_supported", []string{"plain"}), reason: "S256"},
	{name: "discovery redirects", lie: serves(wellKnown, redirectTo(metadata)), reason: "307"},
	{name: "discovery fails", lie: serves(wellKnown, text(500, "")), reason: "500"},
	{name: "discovery is a page", lie: serves(wellKnown, text(200, "<html>")), reason: "invalid character"},
	{name: "discovery is enormous", lie: serves(wellKnown, text(200, strings.Repeat(" ", 1<<20)+"{}")), reason: "too large"},
	{name: "discovery takes for ever", lie: serves(wellKnown, slowly), reason: "exceeded"},

	{name: "no keys", lie: func(p *op) { p.keys = func(l *[]any) { *l = nil } }, reason: "no key that is accepted"},
	{name: "two keys of one ID", lie: func(p *op) {
		p.keys = func(l *[]any) { *l = append(*l, publicKey("other", "ES256")) }
	}, reason: "two keys"},
	{name: "symmetric keys only", lie: func(p *op) {
		p.keys = func(l *[]any) { *l = []any{object{"kty": "oct", "kid": "ES256", "k": "AAAA"}} }
	}, reason: "no key that is accepted"},
	{name: "keys redirect", lie: serves("/keys", redirectTo(metadata)), reason: "307"},
	{name: "keys are enormous", lie: serves("/keys", text(200, `{"keys":[`+strings.Repeat(" ", 1<<20)+`]}`)), reason: "too large"},
	{name: "keys are garbage", lie: serves("/keys", text(200, "garbage")), reason: "invalid character"},

	{name: "no ID token", lie: func(p *op) { p.answer = func(a object) { delete(a, "id_token") } }, told: "sign_in.refused", reason: "no ID token"},
	{name: "ID token is a number", lie: func(p *op) { p.answer = func(a object) { a["id_token"] = 1 } }, told: "sign_in.refused", reason: "no ID token"},
	{name: "no access token", lie: func(p *op) { p.answer = func(a object) { delete(a, "access_token") } }, reason: "access_token"},
	{name: "token endpoint redirects", lie: serves("/token", redirectTo(metadata)), told: "sign_in.refused", reason: "307"},
	{name: "token endpoint fails", lie: serves("/token", text(502, "")), reason: "502"},
	{name: "token endpoint is a page", lie: serves("/token", text(200, "<html>")), reason: "oauth2"},
	{name: "token answer is enormous", lie: serves("/token", text(200, `{"access_token":"`+strings.Repeat("x", 1<<20)+`"}`)), reason: "too large"},
	{name: "token endpoint takes for ever", lie: serves("/token", slowly), reason: "exceeded"},
}

func TestHostileAnswers(t *testing.T) {
	t.Logf("%d cases", len(answerLies))
	for _, l := range answerLies {
		t.Run(l.name, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Timeout = 30 * time.Second // never the reason on a busy machine
			if l.reason == "exceeded" {
				w.cfg.Timeout = 200 * time.Millisecond
			}
			l.lie(w.staff)
			_, err := w.signIn(w.instance(), "")
			told := l.told
			if told == "" {
				told = "sign_in.provider_down"
			}
			refused(t, err, told, l.reason)
			if n := w.store.Counts(); n.Links+n.Sessions > 0 {
				t.Errorf("something was stored: %+v", n)
			}
			if _, err := w.instance().Begin(t.Context(), "firm", identity.NewToken(), "/"); err != nil {
				t.Errorf("the other provider does not work either: %v", err)
			}
		})
	}
}

func TestHostileCallbacks(t *testing.T) {
	for _, c := range []struct {
		name         string
		lie          func(*op)
		change       func(w *world, provider, browser *string, c *identity.Callback)
		told, reason string
	}{
		{name: "another browser's cookie", told: "sign_in.start_again", reason: "another browser",
			change: func(_ *world, _, b *string, _ *identity.Callback) { *b = identity.NewToken() }},
		{name: "no cookie", told: "sign_in.start_again", reason: "no state or no browser",
			change: func(_ *world, _, b *string, _ *identity.Callback) { *b = "" }},
		{name: "made-up state", told: "sign_in.start_again", reason: "no sign-in has this state",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.State = identity.NewToken() }},
		{name: "no state", told: "sign_in.start_again", reason: "no state",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.State = "" }},
		{name: "after ten minutes", told: "sign_in.start_again", reason: "too long",
			change: func(w *world, _, _ *string, _ *identity.Callback) { w.clock.advance(10*time.Minute + time.Second) }},
		{name: "clock set back a day", told: "sign_in.start_again", reason: "too long",
			change: func(w *world, _, _ *string, _ *identity.Callback) { w.clock.advance(-24 * time.Hour) }},
		{name: "at the other provider's address", told: "sign_in.start_again", reason: "another provider",
			change: func(_ *world, p, _ *string, _ *identity.Callback) { *p = "firm" }},
		{name: "issuer of the other provider", told: "sign_in.refused", reason: "the answer comes from",
			change: func(w *world, _, _ *string, c *identity.Callback) { c.Issuer = w.firm.URL }},
		{name: "issuer announced and missing", told: "sign_in.refused", reason: "the answer comes from",
			lie: discovers("authorization_response_iss_parameter_supported", true)},
		{name: "no code", told: "sign_in.refused", reason: "no code",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.Code = "" }},
		{name: "made-up code", told: "sign_in.refused", reason: "invalid_grant",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.Code = identity.NewToken() }},
		{name: "code of another sign-in", told: "sign_in.refused", reason: "invalid_grant",
			change: func(w *world, _, _ *string, c *identity.Callback) {
				u, err := w.instance().Begin(w.t.Context(), "staff", identity.NewToken(), "/")
				if err != nil {
					w.t.Fatal(err)
				}
				c.Code = w.staff.visit(u).Code
			}},
		{name: "reader cancelled", told: "sign_in.cancelled", reason: "access_denied",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.Error = "access_denied" }},
		{name: "provider has an error", told: "sign_in.provider_down", reason: "server_error",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.Error = "server_error" }},
		{name: "error nobody knows", told: "sign_in.refused", reason: "<script>",
			change: func(_ *world, _, _ *string, c *identity.Callback) { c.Error = "<script>" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.lie != nil {
				c.lie(w.staff)
			}
			s, provider, browser := w.instance(), "staff", identity.NewToken()
			u, err := s.Begin(t.Context(), provider, browser, "/tasks")
			if err != nil {
				t.Fatal(err)
			}
			honest, honestBrowser := w.staff.visit(u), browser
			callback := honest
			if c.change != nil {
				c.change(w, &provider, &browser, &callback)
			}
			_, err = s.Finish(t.Context(), provider, browser, callback, "")
			refused(t, err, c.told, c.reason)
			if n := w.store.Counts(); n.Links+n.Sessions > 0 {
				t.Errorf("something was stored: %+v", n)
			}
			// A state that was shown once is used up, also by failing.
			if callback.State == honest.State && browser != "" {
				_, err = s.Finish(t.Context(), "staff", honestBrowser, honest, "")
				refused(t, err, "sign_in.start_again", "no sign-in has this state")
			}
		})
	}
}

func TestCallbackIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	a, b, browser := w.instance(), w.instance(), identity.NewToken()
	u, err := a.Begin(t.Context(), "staff", browser, "/tasks")
	if err != nil {
		t.Fatal(err)
	}
	callback := w.staff.visit(u)
	var wg sync.WaitGroup
	results := make(chan error, 20)
	for i := range 20 {
		wg.Go(func() {
			_, err := []*identity.Service{a, b}[i%2].Finish(t.Context(), "staff", browser, callback, "")
			results <- err
		})
	}
	wg.Wait()
	close(results)
	good := 0
	for err := range results {
		if err == nil {
			good++
		} else if messageOf(err) != "sign_in.start_again" {
			t.Error(err)
		}
	}
	if n := w.store.Counts(); good != 1 || n.Sessions != 1 {
		t.Errorf("%d of 20 came in, %d sessions", good, n.Sessions)
	}
}

func TestParseCallback(t *testing.T) {
	for query, ok := range map[string]bool{
		"code=a&state=b":            true,
		"code=a&state=b&iss=x":      true,
		"error=access_denied":       true,
		"":                          true,
		"code=a&code=b&state=c":     false,
		"state=a&state=b":           false,
		"iss=a&iss=b":               false,
		"error=a&error=b":           false,
		"code=%zz":                  false,
		"code=a;state=b":            false,
		strings.Repeat("a", 10<<10): false,
	} {
		if _, err := identity.ParseCallback(query); (err == nil) != ok {
			t.Errorf("%.40q: %v", query, err)
		}
	}
}

func TestReturnsToLocalPathsOnly(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	for _, c := range []struct{ given, want string }{
		{"/tasks?a=b#c", "/tasks?a=b#c"},
		{"/ja/方針", "/ja/方針"},
		{"", "/"}, {"tasks", "/"}, {"//evil.example", "/"}, {`/\evil.example`, "/"}, {`\/evil.example`, "/"},
		{"/%5cevil.example", "/"}, {"/%2fevil.example", "/"}, {"https:evil", "/"}, {"https://evil.example", "/"},
		{"javascript:alert(1)", "/"}, {"/a\r\nSet-Cookie: x=y", "/"}, {"/\tx", "/"}, {"/ x", "/ x"}, {"/%zz", "/"},
		{"/" + strings.Repeat("a", 3000), "/"},
	} {
		browser := identity.NewToken()
		u, err := s.Begin(t.Context(), "staff", browser, c.given)
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.Finish(t.Context(), "staff", browser, w.staff.visit(u), "")
		if err != nil {
			t.Fatal(err)
		}
		if in.ReturnTo != c.want {
			t.Errorf("%q leads to %q, not %q", c.given, in.ReturnTo, c.want)
		}
	}
}

// The person is (issuer, subject): a number and a mail address that move to
// another subject take nothing along.
func TestPersonIsKnownBySubject(t *testing.T) {
	w := newWorld(t)
	s := w.instance()
	w.mustSignIn(s)

	claim("sub", "sub-thief")(w.staff)
	_, err := w.signIn(s, "")
	refused(t, err, "sign_in.already_linked", "conflict")

	claim("employee_number", "001002")(w.staff)
	_, err = w.signIn(s, "")
	refused(t, err, "sign_in.other_number", "another number")

	for name, say := range map[string]func(*op){
		"changed mail address": claim("email", "new@city.example"),
		"no number any more":   without("employee_number"),
	} {
		say(w.staff)
		in, err := w.signIn(s, "")
		if err != nil || in.Session.Person != "p-hanako" {
			t.Errorf("%s: %v, %v", name, in.Session.Person, err)
		}
	}

	hanako, _ := w.people.Person(t.Context(), "p-hanako")
	hanako.Number = "002001" // the roster gave a new number to the same person
	w.people.Put(hanako)
	claim("employee_number", "002001")(w.staff)
	if in, err := w.signIn(s, ""); err != nil || in.Session.Person != "p-hanako" {
		t.Errorf("new number: %v, %v", in.Session.Person, err)
	}
	if n := w.store.Counts(); n.Links != 1 {
		t.Errorf("%d links", n.Links)
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := func() identity.Config {
		return identity.Config{BaseURL: baseURL, Providers: []identity.ProviderConfig{{ID: "staff", Issuer: "https://id.example", ClientID: "c"}}}
	}
	if _, err := identity.New(good(), new(identitytest.Store), identitytest.NewPeople()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*identity.Config){
		"portal in clear":       func(c *identity.Config) { c.BaseURL = "http://kokoroe.example" },
		"no base URL":           func(c *identity.Config) { c.BaseURL = "" },
		"issuer in clear":       func(c *identity.Config) { c.Providers[0].Issuer = "http://id.example" },
		"issuer with query":     func(c *identity.Config) { c.Providers[0].Issuer += "?a" },
		"no client ID":          func(c *identity.Config) { c.Providers[0].ClientID = "" },
		"odd ID":                func(c *identity.Config) { c.Providers[0].ID = "Staff/../x" },
		"mail address as claim": func(c *identity.Config) { c.Providers[0].Claim = "email" },
		"unknown kind":          func(c *identity.Config) { c.Providers[0].Kinds = []directory.Kind{"guest"} },
		"twice":                 func(c *identity.Config) { c.Providers = append(c.Providers, c.Providers[0]) },
		"redirect in clear":     func(c *identity.Config) { c.Providers[0].RedirectURL = "http://kokoroe.example/x" },
	} {
		cfg := good()
		spoil(&cfg)
		if _, err := identity.New(cfg, new(identitytest.Store), identitytest.NewPeople()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Endpoints may be on other hosts when the configuration lists them.
func TestListedHosts(t *testing.T) {
	w := newWorld(t)
	w.cfg.Providers[0].Hosts = []string{"login.example"}
	discovers("authorization_endpoint", "https://login.example/authorize")(w.staff)
	s := w.instance()
	u, err := s.Begin(t.Context(), "staff", identity.NewToken(), "/")
	if err != nil || !strings.HasPrefix(u, "https://login.example/authorize?") {
		t.Errorf("%q, %v", u, err)
	}
	if got := strings.Join(s.Origins(), " "); !strings.Contains(got, "https://login.example") || !strings.Contains(got, w.staff.URL) {
		t.Errorf("origins: %s", got)
	}
	if _, err := s.Begin(t.Context(), "nobody", identity.NewToken(), "/"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown provider: %v", err)
	}
}
