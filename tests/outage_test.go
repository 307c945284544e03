package tests

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/tests/portal"
)

// TestProvidersGoAway: who is signed in goes on, who is not is told, and the
// portal says so in the reader's language.
func TestProvidersGoAway(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	working := p.As("employee")

	// Somebody is at the provider when it goes away.
	halfway := p.Browser()
	halfway.Get("/sign-in")
	halfway.Submit(`form[action="/sign-in/city"]`, nil).Want(t, 200)
	action, form := halfway.Form("form:has(input[name=request])", url.Values{"number": {"000181"}})
	back := halfway.PostOnly(action, form)
	for back.Status == http.StatusFound || back.Status == http.StatusSeeOther {
		to := back.Header.Get("Location")
		if strings.HasPrefix(to, p.URL) {
			break
		}
		next, err := back.URL.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		back = halfway.Do(get(t, next.String()))
	}
	callback := back.Header.Get("Location")

	if err := p.Demo.CloseProviders(); err != nil {
		t.Fatal(err)
	}
	ended := halfway.Do(withLanguage(get(t, callback), "ja"))
	ended.Want(t, 503, "認証サービス")
	assertClear503(t, ended)

	working.Get("/tasks").Want(t, 200)
	working.Get("/policies/basic-policy").Want(t, 200)
	if page := working.Submit(`form[action="/policies/basic-policy/acknowledgement"]`, nil).Want(t, 200); !strings.HasPrefix(page.URL.Path, "/receipts/") {
		t.Errorf("signing ended at %s", page)
	}
	p.Browser().Get("/sign-in").Want(t, 200)
	p.Browser().Get("/help").Want(t, 200)
	// Signing out works, although there is nobody to tell.
	working.Get("/help")
	if page := working.PostOnly("/sign-out", url.Values{"csrf": {working.Page().Find("input[name=csrf]").First().AttrOr("value", "")}}); page.Status != http.StatusSeeOther {
		t.Errorf("signing out answered %d", page.Status)
	}
	if page := working.Get("/tasks"); page.URL.Path != "/sign-in" {
		t.Errorf("the session goes on at %s", page)
	}
	assertQuiet(t, p.Logs.String())
}

// assertClear503 fails the test unless the page tells readers and programs to
// come back, and nothing of the machine.
func assertClear503(t testing.TB, page *portal.Page) {
	t.Helper()
	if page.Header.Get("Retry-After") == "" {
		t.Errorf("%s: no Retry-After", page)
	}
	page.Lacks(t, "goroutine", "dial tcp", "connection refused", "sqlite", "sql:", ".go:", "127.0.0.1")
	assertGuarded(t, page.String(), page.Header)
	if found := foreign(page); found != nil {
		t.Errorf("%s: %v", page, found)
	}
}

func assertQuiet(t testing.TB, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		if strings.Contains(line, "panic") || strings.Contains(line, "goroutine") {
			t.Errorf("the log says %s", line)
		}
	}
}

// TestProviderDownAtStart: the portal starts although its provider has never
// answered, and the sign-in page works until the button is pressed.
func TestProviderDownAtStart(t *testing.T) {
	t.Parallel()
	b := newBehind(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 20 * time.Second, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(method, path, language, body string, cookies []*http.Cookie) (*http.Response, *goquery.Document) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = publicHost
		r.Header.Set("Accept-Language", language)
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range cookies {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		doc, err := goquery.NewDocumentFromReader(io.LimitReader(response.Body, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		return response, doc
	}
	for language, words := range map[string]string{"ja": "認証サービス", "en": "sign-in service"} {
		response, page := ask(http.MethodGet, "/sign-in", language, "", nil)
		form := page.Find(`form[action="/sign-in/city"]`)
		if response.StatusCode != http.StatusOK || form.Length() != 1 {
			t.Fatalf("the sign-in page answered %d", response.StatusCode)
		}
		token := form.Find("input[name=csrf]").AttrOr("value", "")
		answer, said := ask(http.MethodPost, "/sign-in/city", language, url.Values{"csrf": {token}, "return": {"/record"}}.Encode(), response.Cookies())
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("signing in answered %d", answer.StatusCode)
		}
		if text := strings.Join(strings.Fields(said.Find("main").Text()), " "); !strings.Contains(strings.ToLower(text), words) || strings.Contains(text, "login.mihon.example") {
			t.Errorf("the page says %q", text)
		}
		assertGuarded(t, language, answer.Header)
	}
	if response, _ := ask(http.MethodGet, "/readyz", "ja", "", nil); response.StatusCode != http.StatusOK {
		t.Errorf("readiness answers %d: it is about acknowledgements", response.StatusCode)
	}
}

// TestStoreGoesAway: every page that needs the store says 503 and nothing of
// the machine; the others go on.
func TestStoreGoesAway(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	browsers := map[string]*portal.Browser{}
	for _, role := range everyRole {
		browsers[role] = browserAs(p, role)
	}
	employee := browsers["employee"]
	employee.Get("/policies/basic-policy").Want(t, 200)
	path, form := employee.Form(`form[action="/policies/basic-policy/acknowledgement"]`, nil)
	if err := p.App.Store.Close(); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for role, b := range browsers {
		for _, path := range []string{"/tasks", "/record", "/policies", "/departments", "/audit", "/receipts/0", "/courses/annual/check"} {
			page := b.Do(get(t, p.URL+path))
			if role == "" {
				if page.Status != http.StatusSeeOther {
					t.Errorf("%s without a session answered %d", path, page.Status)
				}
				continue
			}
			switch page.Status {
			case http.StatusOK, http.StatusNotFound:
				// What is in memory is shown for a while; what is closed to the role stays so.
			default:
				page.Want(t, 503)
				assertClear503(t, page)
				refused++
			}
		}
		for _, path := range []string{"/help", "/accessibility", "/privacy", "/healthz"} {
			b.Get(path).Want(t, 200)
		}
	}
	if refused < 2*len(browsers) {
		t.Errorf("only %d pages need the store", refused)
	}
	page := employee.PostOnly(path, form).Want(t, 503)
	assertClear503(t, page)
	if page := p.Browser().Get("/readyz"); page.Status != http.StatusServiceUnavailable {
		t.Errorf("readiness answers %d", page.Status)
	}
	// Signing in needs the store, too.
	b := p.Browser()
	b.Get("/sign-in").Want(t, 200)
	assertClear503(t, b.Submit(`form[action="/sign-in/city"]`, nil).Want(t, 503))
	assertQuiet(t, p.Logs.String())
}
