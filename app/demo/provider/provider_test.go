package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/demo/provider"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/identity/identitytest"
)

const portal = "http://127.0.0.1:8080"

// world is a portal with the city's provider and the contractors'.
type world struct {
	service           *identity.Service
	store             *identitytest.Store
	staff, contractor *provider.Provider
}

func people(n int) []provider.Person {
	list := []provider.Person{
		{Number: "001001", Name: "見本 花子", Note: map[string]string{"ja": "職員", "en": "Member of staff"}},
		{Number: "001002", Name: "見本 太郎", Note: map[string]string{"ja": "課長", "en": "Head of a section"}},
	}
	for i := range n {
		list = append(list, provider.Person{Number: fmt.Sprintf("1%05d", i), Name: "見本 次郎"})
	}
	return list
}

func open(t testing.TB, extra int) *world {
	t.Helper()
	w := &world{store: new(identitytest.Store)}
	roster := identitytest.NewPeople()
	start := func(id string, list []provider.Person, employment directory.Employment) *provider.Provider {
		for _, p := range list {
			roster.Put(directory.Person{
				ID: directory.PersonID("p-" + p.Number), Number: p.Number, Name: p.Name,
				Employment: employment, JoinedOn: calendar.MustDate("2020-04-01"),
			})
		}
		p, err := provider.Start(t.Context(), provider.Config{
			Listen: "127.0.0.1:0",
			Title:  map[string]string{"ja": "見本市 認証", "en": "Sample City sign-in"},
			People: func() []provider.Person { return list },
			Clients: []provider.Client{{
				ID: "kokoroe", Secret: "secret-" + id,
				RedirectURLs:   []string{portal + "/sign-in/" + id + "/callback"},
				PostLogoutURLs: []string{portal + "/signed-out"},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
		return p
	}
	w.staff = start("staff", people(extra), directory.Regular)
	w.contractor = start("contractors", []provider.Person{{Number: "K-0001", Name: "委託 三郎"}}, directory.Contracted)
	var err error
	w.service, err = identity.New(identity.Config{BaseURL: portal, Providers: []identity.ProviderConfig{
		{ID: "staff", Issuer: w.staff.Issuer(), ClientID: "kokoroe", ClientSecret: "secret-staff", Kinds: []directory.Kind{directory.Employee}},
		{ID: "contractors", Issuer: w.contractor.Issuer(), ClientID: "kokoroe", ClientSecret: "secret-contractors", Kinds: []directory.Kind{directory.ContractorWorker}},
	}}, w.store, roster)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// browser follows redirects up to the portal, which these tests do not run.
func browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), portal) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// press opens the sign-in page and posts the number; it returns the callback.
func press(b *http.Client, authURL, number string) (*http.Response, error) {
	page, err := b.Get(authURL)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, page.Body)
	page.Body.Close()
	if err != nil {
		return nil, err
	}
	if page.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the page says %s", page.Status)
	}
	form := url.Values{"request": {page.Request.URL.Query().Get("request")}, "number": {number}}
	resp, err := b.PostForm(page.Request.URL.Scheme+"://"+page.Request.URL.Host+"/sign-in", form)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp, err
}

func (w *world) signIn(t testing.TB, b *http.Client, realm, number string) (identity.SignedIn, error) {
	t.Helper()
	cookie := identity.NewToken()
	authURL, err := w.service.Begin(t.Context(), realm, cookie, "/tasks")
	if err != nil {
		return identity.SignedIn{}, err
	}
	resp, err := press(b, authURL, number)
	if err != nil {
		return identity.SignedIn{}, err
	}
	back, err := resp.Location()
	if err != nil {
		return identity.SignedIn{}, fmt.Errorf("%s: %w", resp.Status, err)
	}
	callback, err := identity.ParseCallback(back.RawQuery)
	if err != nil {
		return identity.SignedIn{}, err
	}
	return w.service.Finish(t.Context(), realm, cookie, callback, "")
}

func TestSignsInAndOut(t *testing.T) {
	w := open(t, 0)
	for _, c := range []struct{ realm, number, issuer string }{
		{"staff", "001001", w.staff.Issuer()},
		{"staff", "001002", w.staff.Issuer()},
		{"contractors", "K-0001", w.contractor.Issuer()},
	} {
		t.Run(c.number, func(t *testing.T) {
			b := browser()
			in, err := w.signIn(t, b, c.realm, c.number)
			if err != nil {
				t.Fatal(err)
			}
			s := in.Session
			if s.Person != directory.PersonID("p-"+c.number) || s.Issuer != c.issuer || in.ReturnTo != "/tasks" {
				t.Errorf("signed in as %+v", s)
			}
			if s.ACR != provider.ACR || len(s.AMR) != 1 || s.AMR[0] != provider.AMR || time.Since(s.AuthAt) > time.Minute {
				t.Errorf("acr %q, amr %q, auth_time %v", s.ACR, s.AMR, s.AuthAt)
			}
			if strings.Contains(s.Subject, c.number) {
				t.Error("the subject shows the number")
			}
			out, err := w.service.SignOut(t.Context(), in.Token)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := b.Get(out)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Location"); got != portal+"/signed-out" {
				t.Errorf("the provider sends on to %q (%s)", got, resp.Status)
			}
			if _, err := w.service.Session(t.Context(), in.Token); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("the session goes on: %v", err)
			}
		})
	}
}

func TestRefusesWhoComesByTheOtherDoor(t *testing.T) {
	w := open(t, 0)
	if _, err := w.signIn(t, browser(), "contractors", "001001"); err == nil {
		t.Fatal("the contractors' provider signed in one of the city's staff")
	}
	if _, err := w.signIn(t, browser(), "staff", "999999"); err == nil {
		t.Fatal("somebody unknown was signed in")
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.test:0", "10.0.0.1:80", "no-port"} {
		p, err := provider.Start(t.Context(), provider.Config{
			Listen: address, People: func() []provider.Person { return nil }, Clients: []provider.Client{{ID: "a", Secret: "b"}},
		})
		if err == nil {
			p.Close()
			t.Errorf("listens on %s", address)
		}
	}
}

func TestPageSaysThatItIsADemonstration(t *testing.T) {
	w := open(t, 3)
	for lang, want := range map[string][]string{
		"ja": {`<html lang="ja">`, "デモ用サインイン", "架空", "見本 花子", "課長", "見本市 認証"},
		"en": {`<html lang="en">`, "Demonstration sign-in", "invented", "見本 花子", "Head of a section", "Sample City sign-in"},
	} {
		authURL, err := w.service.Begin(t.Context(), "staff", identity.NewToken(), "/")
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequestWithContext(t.Context(), "GET", authURL+"&login_hint=001002", nil)
		req.Header.Set("Accept-Language", lang)
		resp, err := browser().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		for _, s := range append(want, `value="001002" required`, `<link rel="stylesheet" href="/style.css">`) {
			if !strings.Contains(string(body), s) {
				t.Errorf("%s: the page lacks %q", lang, s)
			}
		}
		if strings.Contains(string(body), "見本 次郎") || strings.Contains(string(body), "<script") {
			t.Errorf("%s: the page has people without a note, or a script", lang)
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+portal) {
			t.Errorf("policy %q", csp)
		}
	}
}

// ask sends one request and returns the status.
func ask(t *testing.T, method, target, host string, form url.Values) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("kokoroe", "secret-staff")
	}
	if host != "" {
		req.Host = host
	}
	resp, err := browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestRefusesWhatIsNotASignIn(t *testing.T) {
	w := open(t, 0)
	issuer := w.staff.Issuer()
	authURL, err := w.service.Begin(t.Context(), "staff", identity.NewToken(), "/")
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(url.Values)) string {
		u, _ := url.Parse(authURL)
		q := u.Query()
		change(q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for _, c := range []struct {
		name, method, target, host string
		form                       url.Values
		want                       int
	}{
		{name: "another host name", method: "GET", target: issuer + "/sign-in", host: "evil.example", want: 421},
		{name: "no request", method: "GET", target: issuer + "/sign-in?request=x", want: 404},
		{name: "posted without request", method: "POST", target: issuer + "/sign-in", form: url.Values{"number": {"001001"}}, want: 404},
		{name: "unknown number", method: "POST", target: issuer + "/sign-in", form: url.Values{"number": {"9"}}, want: 422},
		{name: "made-up code", method: "POST", target: issuer + "/oauth/token", want: 400, form: url.Values{
			"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {portal + "/sign-in/staff/callback"}, "code_verifier": {"x"},
		}},
		{name: "another redirect", method: "GET", target: with(func(q url.Values) { q.Set("redirect_uri", portal+"/elsewhere") }), want: 400},
		{name: "unknown client", method: "GET", target: with(func(q url.Values) { q.Set("client_id", "x") }), want: 400},
		{name: "stylesheet", method: "GET", target: issuer + "/style.css", want: 200},
		{name: "signed out", method: "GET", target: issuer + "/signed-out", want: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(t, c.method, c.target, c.host, c.form); got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
	t.Run("without PKCE", func(t *testing.T) {
		resp, err := browser().Get(with(func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if at := resp.Header.Get("Location"); !strings.Contains(at, "error=invalid_request") {
			t.Errorf("%s to %q", resp.Status, at)
		}
	})
}

// A code buys one token, and only with its verifier.
func TestCodeIsUsedOnce(t *testing.T) {
	w := open(t, 0)
	cookie := identity.NewToken()
	authURL, err := w.service.Begin(t.Context(), "staff", cookie, "/")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := press(browser(), authURL, "001001")
	if err != nil {
		t.Fatal(err)
	}
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")},
		"redirect_uri": {portal + "/sign-in/staff/callback"}, "code_verifier": {strings.Repeat("a", 43)},
	}
	if got := ask(t, "POST", w.staff.Issuer()+"/oauth/token", "", form); got != 400 {
		t.Errorf("another verifier: %d", got)
	}
	callback, err := identity.ParseCallback(back.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Finish(t.Context(), "staff", cookie, callback, ""); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the code that somebody tried before still works: %v", err)
	}
}

// The complete sign-in: the portal's redirect, the provider's page, the button,
// the code for a token, and the session; 2,000 people.
func BenchmarkSignIn(b *testing.B) {
	w := open(b, 2000)
	client := browser()
	if _, err := w.signIn(b, client, "staff", "001001"); err != nil {
		b.Fatal(err)
	}
	before := cpu(b)
	i := 0
	for b.Loop() {
		if _, err := w.signIn(b, client, "staff", fmt.Sprintf("1%05d", i%2000)); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(i), "cpu-ms/op")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
