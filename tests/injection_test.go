package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/tests/portal"
)

// elsewhere are targets that lead off the site, or that some browser might
// take for it, and those that carry a header of their own.
var elsewhere = []string{
	"//evil.example", "//evil.example/tasks", "///evil.example", "////evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`,
	"https://evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example", "http://evil.example", "ftp://evil.example",
	"HTTPS://evil.example", "//evil.example@127.0.0.1", "//127.0.0.1@evil.example", "/@evil.example/../..//evil.example",
	"%2f%2fevil.example", "/%2fevil.example", "/%2f%2fevil.example", "%2f/evil.example", "/%5cevil.example", `/%5c%5cevil.example`, "%5c%5cevil.example",
	"/%09/evil.example", "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "\r\n//evil.example", " //evil.example", "/ /evil.example", "\u00a0//evil.example",
	"\u2028//evil.example", "/\u2028/evil.example", "\u200b//evil.example", "\ufeff//evil.example", "/\x00/evil.example", "\x00//evil.example", "\x1f//evil.example",
	"／／evil.example", "/／evil.example", "//evil。example", "//ⓔvil.example", "/．．//evil.example", "/..//evil.example", "/.//evil.example", "/tasks/..//evil.example", "/;//evil.example", "/%2e%2e//evil.example",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "file:///etc/passwd", "about:blank", "mailto:x@evil.example", "tel:1",
	"/tasks\r\nSet-Cookie: evil=1", "/tasks\nSet-Cookie: evil=1", "/tasks\rSet-Cookie: evil=1", "/tasks%0d%0aSet-Cookie:%20evil=1", "/tasks\r\n\r\n<script>alert(1)</script>", "/tasks\u560a\u560dSet-Cookie: evil=1",
	"/tasks\u0085Set-Cookie: evil=1", "/tasks\x0bSet-Cookie: evil=1", "/tasks\x0cSet-Cookie: evil=1", "/\xff\xfe//evil.example", "/tasks\xe5\x98\x8aSet-Cookie: evil=1",
	"?//evil.example", "#//evil.example", "tasks", "../../evil.example", "", "/", "//", "///", `\`, "/\\", "evil.example", "evil.example/tasks", ".evil.example", "@evil.example", ":80", "/:80", "//:80", "//[::1]/", "//[evil.example", "/" + strings.Repeat("/", 3000), "/" + strings.Repeat("a", 7000),
}

// assertStays fails the test when an answer sends a browser off the site, or
// has a header that somebody else wrote.
func assertStays(t testing.TB, what string, page *portal.Page, origins ...string) {
	t.Helper()
	if page.Status >= 500 {
		t.Errorf("%s answered %d", what, page.Status)
	}
	for name, lines := range page.Header {
		for _, line := range lines {
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				t.Errorf("%s: the header %s holds %q", what, name, line)
			}
		}
	}
	for _, line := range page.Header["Set-Cookie"] {
		if !strings.HasPrefix(line, "__Host-") || strings.Contains(line, "evil=1") || strings.Contains(line, "evil.example") {
			t.Errorf("%s: a cookie %q", what, line)
		}
	}
	to := page.Header.Get("Location")
	if to == "" {
		return
	}
	// Browsers drop tabs and line ends and take \ for /.
	plain := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimFunc(to, func(r rune) bool { return r <= ' ' }))
	u, err := page.URL.Parse(plain)
	if err != nil {
		t.Errorf("%s: Location is %q: %v", what, to, err)
		return
	}
	origin := u.Scheme + "://" + u.Host
	local := origin == page.URL.Scheme+"://"+page.URL.Host && strings.HasPrefix(to, "/")
	if !local && !slices.Contains(origins, origin) {
		t.Errorf("%s: Location is %q", what, to)
	}
}

func TestRedirectsStayOnTheSite(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	nobody, employee := p.Browser(), p.As("employee")
	providers := p.App.Identity.Origins()
	for _, target := range elsewhere {
		what := fmt.Sprintf("%.60q", target)

		// Back to where the reader was, after a change of language.
		employee.Get("/help")
		_, form := employee.Form(`form[action="/language"]`, url.Values{"lang": {"en"}, "back": {target}})
		assertStays(t, "back="+what, employee.PostOnly("/language", form))

		// On to where the reader wanted to go, before signing in …
		if page := nobody.Get("/sign-in?" + url.Values{"return": {target}}.Encode()); page.Status == 200 {
			assertClean(t, page)
			action, form := nobody.Form(`form[action="/sign-in/city"]`, nil)
			if kept := form.Get("return"); kept != "" && !regexp.MustCompile(`^/([^/\\]|$)`).MatchString(kept) {
				t.Errorf("return=%s is kept as %q", what, kept)
			}
			form.Set("return", target)
			assertStays(t, "return="+what, nobody.PostOnly(action, form), providers...)
		}
		assertStays(t, "sign-in "+what, employee.Do(get(t, p.URL+"/sign-in?"+url.Values{"return": {target}}.Encode())))

		// … and in the addresses themselves.
		for _, prefix := range []string{"/", "/tasks/", "/sign-in/", "/tasks?x="} {
			address := p.URL + prefix + strings.ReplaceAll(url.PathEscape(target), "%2F", "/")
			assertStays(t, prefix+what, p.Browser().Do(get(t, address)), providers...)
		}
	}
}

func get(t testing.TB, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSignInEndsOnTheSite goes all the way through a provider with a target
// that leads elsewhere.
func TestSignInEndsOnTheSite(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	for _, target := range []string{"//evil.example", `/\evil.example`, "https:evil.example", "/tasks\r\nSet-Cookie: evil=1", "/\t/evil.example", "javascript:alert(1)", "/..//evil.example", "/help"} {
		b := p.Browser()
		b.Get("/sign-in")
		b.Submit(`form[action="/sign-in/city"]`, url.Values{"return": {target}}).Want(t, 200)
		end := b.Submit("form:has(input[name=request])", url.Values{"number": {"000174"}})
		want := p.URL + "/tasks"
		if target == "/help" {
			want = p.URL + "/help"
		}
		if !strings.HasPrefix(target, "/..") && end.URL.String() != want || !strings.HasPrefix(end.URL.String(), p.URL+"/") {
			t.Errorf("signing in for %q ended at %s", target, end.URL)
		}
	}
}

// hostileWords are values that might break out of a header.
var hostileWords = []string{
	"ja\r\nSet-Cookie: evil=1", "ja\nX: y", "ja\rX: y", "ja\x00", "ja; evil=1", "ja, evil=1", `ja"; evil="1`, "ja\x7f", "ja\u0085X: y", "ja\u2028X: y", "日本語", "\xff\xfe", "ja%0d%0aX:%20y", "../../ja", "ja\x00en",
	strings.Repeat("ja", 2000), "-", "", "*", "x-y-z", "en-US-u-va-posix", "JA", " ja ", "{{.}}", "<script>",
}

func TestCookiesAndHeadersOfStrangers(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.Browser()
	for _, word := range hostileWords {
		what := fmt.Sprintf("%.60q", word)
		b.Get("/help")
		_, form := b.Form(`form[action="/language"]`, url.Values{"lang": {word}})
		page := b.PostOnly("/language", form)
		assertStays(t, "lang="+what, page)
		if page.Status != 422 && word != "ja\x00" { // NUL is no text and is taken out
			t.Errorf("the language %s answered %d", what, page.Status)
		}
		// A provider that nobody configured.
		b.Get("/help")
		_, form = b.Form(`form[action="/language"]`, nil)
		page = b.PostOnly("/sign-in/"+url.PathEscape(word), form)
		assertStays(t, "provider "+what, page)
		if page.Status != 404 && page.Status != 405 {
			t.Errorf("the provider %s answered %d", what, page.Status)
		}
		assertStays(t, "callback of "+what, b.Get("/sign-in/city/callback?"+url.Values{"state": {word}, "code": {word}, "iss": {word}}.Encode()))
	}
	for _, cookie := range []string{
		"__Host-language=", "__Host-language=\x01", "__Host-language=xx", "__Host-language=ja; __Host-language=en", "__Host-session=x", "__Host-session=" + strings.Repeat("A", 43),
		"__Host-session=" + strings.Repeat("x", 7000), "__Host-browser=\"", "__Host-browser=<script>", "__Host-session=\xff", ";;;;====;;;", "=", "__Host-session", strings.Repeat("a=b; ", 1500),
	} {
		host := strings.TrimPrefix(p.URL, "http://")
		answers, _ := speak(t, p, "GET /tasks HTTP/1.1\r\nHost: "+host+"\r\nCookie: "+cookie+"\r\n\r\n")
		if len(answers) != 1 || !slices.Contains([]int{303, 400, 431}, answers[0].StatusCode) {
			t.Errorf("the cookie %.40q is answered %v", cookie, statusesOf(answers))
			continue
		}
		for _, line := range answers[0].Header["Set-Cookie"] {
			if !strings.HasPrefix(line, "__Host-") {
				t.Errorf("the cookie %.40q brings back %q", cookie, line)
			}
		}
	}
}

// TestRequestIDsAreOurs: what a client calls its request is nobody's concern.
func TestRequestIDsAreOurs(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	seen := map[string]bool{}
	for range 3 {
		r := get(t, p.URL+"/nowhere")
		for _, name := range []string{"X-Request-ID", "X-Correlation-ID", "Request-Id", "Traceparent"} {
			r.Header.Set(name, "mine-4711")
		}
		page := p.Browser().Do(r).Want(t, 404)
		page.Lacks(t, "mine-4711")
		id := page.Header.Get("X-Request-Id")
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{12}$`).MatchString(id) || seen[id] {
			t.Errorf("the request is called %q", id)
		}
		seen[id] = true
		if !strings.Contains(page.Text("body"), id) {
			t.Error("the page does not tell the reader the request's number")
		}
	}
	if strings.Contains(p.Logs.String(), "mine-4711") {
		t.Error("a client's own number is in the log")
	}
}

// TestFileNames asks for every file of the hostile city: departments have
// names that would break out of the header.
func TestFileNames(t *testing.T) {
	t.Parallel()
	city, _, _, _ := hostileCity(t)
	p := portal.New(t, portal.WithCity(city))
	safe := regexp.MustCompile(`^attachment; filename="[A-Za-z0-9!#$&'()*+,.:<=>?@\[\]^_{|}~\x60-]+"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_|~%@:=-]+$`)
	b := p.As("hr")
	files, seen := 0, map[string]bool{}
	links := func(page *portal.Page, prefix string) (found []string) {
		page.Find(`a[href^="` + prefix + `"]`).Each(func(_ int, a *goquery.Selection) {
			if href := a.AttrOr("href", ""); !seen[href] {
				seen[href] = true
				found = append(found, href)
			}
		})
		return found
	}
	departments := links(b.Get("/departments").Want(t, 200), "/departments/")
	for _, department := range departments[:min(len(departments), 8)] {
		page := b.Get(department).Want(t, 200)
		for _, file := range links(page, "/exports/") {
			files++
			page := b.Get(file).Want(t, 200)
			if disposition := page.Header.Get("Content-Disposition"); !safe.MatchString(disposition) {
				t.Errorf("%s: Content-Disposition: %s", page, disposition)
			}
			assertGuarded(t, file, page.Header)
			assertStays(t, file, page)
		}
	}
	if files < 12 {
		t.Errorf("only %d files were found", files)
	}
}
