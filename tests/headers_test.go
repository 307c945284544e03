package tests

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kokoroe/app/identity"
	"kokoroe/tests/portal"
)

// always are headers with their one value.
var always = map[string]string{
	"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// never are headers that tell or open something.
var never = []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "ETag", "Last-Modified"}

// guarded fails the test unless an answer has every header that all have.
func guarded(t *testing.T, what string, status int, h http.Header, body []byte) {
	t.Helper()
	for name, want := range always {
		if got := h.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s (%d): %s is %q, want %q", what, status, name, got, want)
		}
	}
	for _, name := range never {
		if got := h.Values(name); got != nil {
			t.Errorf("%s (%d): %s is %q", what, status, name, got)
		}
	}
	if h.Get("X-Request-ID") == "" || !strings.Contains(h.Get("Permissions-Policy"), "camera=()") {
		t.Errorf("%s (%d): request %q, permissions %q", what, status, h.Get("X-Request-ID"), h.Get("Permissions-Policy"))
	}
	cache, static := h.Get("Cache-Control"), strings.Contains(what, " /static/") && status == 200
	if !static && cache != "no-store" || static && cache != "public, max-age=31536000, immutable" {
		t.Errorf("%s (%d): Cache-Control is %q", what, status, cache)
	}
	kind := h.Get("Content-Type")
	if len(body) > 0 && (kind == "" || strings.HasPrefix(kind, "text/") && !strings.Contains(kind, "charset=")) {
		t.Errorf("%s (%d): Content-Type is %q", what, status, kind)
	}
	strictPolicy(t, what, h.Values("Content-Security-Policy"))
}

// strictPolicy fails the test unless the one policy allows our own files only.
func strictPolicy(t *testing.T, what string, policies []string) {
	t.Helper()
	if len(policies) != 1 {
		t.Errorf("%s: %d content security policies", what, len(policies))
		return
	}
	directives := map[string]string{}
	for part := range strings.SplitSeq(policies[0], ";") {
		name, values, _ := strings.Cut(strings.TrimSpace(part), " ")
		directives[name] = values
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "font-src": "'self'", "connect-src": "'self'",
		"base-uri": "'none'", "frame-ancestors": "'none'", "object-src": "'none'",
	} {
		if directives[name] != want {
			t.Errorf("%s: the policy says %s %q, want %q", what, name, directives[name], want)
		}
	}
	if form := directives["form-action"]; !strings.HasPrefix(form, "'self'") || strings.Contains(form, "*") || len(strings.Fields(form)) != 3 {
		t.Errorf("%s: forms may go to %q, want here and to the two providers", what, form)
	}
	if len(directives) != 10 {
		t.Errorf("%s: %d directives in the policy", what, len(directives))
	}
}

// known are the statuses of answers that know who asks; what is refused before
// that has no way to sign out on it.
var known = map[int]bool{200: true, 403: true, 404: true, 405: true, 409: true, 422: true}

// TestHeadersOfEveryRoute asks every route as everybody, right and wrong, so
// that every status comes by.
func TestHeadersOfEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	statuses := map[int]bool{}
	for _, role := range append([]string{nobody}, sampleRoles...) {
		b, params := w.browsers[role], w.params(t, role)
		csrf := token(t, b)
		b.Seen = func(page *portal.Page) {
			statuses[page.Status] = true
			guarded(t, role+" "+page.URL.Path, page.Status, page.Header, page.Body)
			if known[page.Status] && role != nobody && len(page.Body) > 0 && !strings.HasPrefix(page.URL.Path, "/static/") &&
				isPage(page) && page.Find(`form[action="/sign-out"] button`).Length() != 1 {
				t.Errorf("%s: %s has no way to sign out", role, page)
			}
		}
		for _, rule := range identity.Rules() {
			row := routeRows[rule.Method+" "+rule.Route]
			address := row.address(rule.Route, params)
			if rule.Method == http.MethodGet {
				ask(t, b, http.MethodGet, address, nil)
				ask(t, b, http.MethodHead, address, nil)
				ask(t, b, http.MethodPost, address, url.Values{"csrf": {csrf}})
				continue
			}
			if rule.Route != "/sign-out" {
				ask(t, b, http.MethodPost, address, row.fields(csrf, params))
			}
			ask(t, b, http.MethodPost, address, url.Values{"csrf": {"x"}})
			ask(t, b, http.MethodPost, address, url.Values{"csrf": {csrf}}, "Content-Type", "text/plain")
		}
		for _, address := range []string{"/no-such-page", "/static/x/y.css", "/.git/config", "/static/", "/help/", "//help", "/%2e%2e/", "/help?" + strings.Repeat("x", 9000)} {
			ask(t, b, http.MethodGet, address, nil)
		}
		ask(t, b, http.MethodPost, "/language", url.Values{"csrf": {csrf}, "lang": {"xx"}})
		ask(t, b, http.MethodPost, "/language", url.Values{"csrf": {csrf}, "x": {strings.Repeat("x", 70_000)}})
	}
	for _, want := range []int{200, 303, 400, 401, 403, 404, 405, 409, 413, 414, 415, 422} {
		if !statuses[want] {
			t.Errorf("no answer had the status %d", want)
		}
	}
}

// TestHeadersOfWhatIsNoRequest sends bytes that no browser would. What is
// answered at all has all the headers.
func TestHeadersOfWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	host := strings.TrimPrefix(p.URL, "http://")
	to := "Host: " + host + "\r\n"
	for name, tc := range map[string]struct {
		request string
		want    []int
	}{
		"no request":           {"GARBAGE\r\n\r\n", []int{400}},
		"no host":              {"GET / HTTP/1.1\r\n\r\n", []int{400, 421}},
		"another host":         {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", []int{421}},
		"two hosts":            {"GET / HTTP/1.1\r\n" + to + "Host: evil.example\r\n\r\n", []int{400, 421}},
		"TRACE":                {"TRACE / HTTP/1.1\r\n" + to + "\r\n", []int{405}},
		"OPTIONS":              {"OPTIONS * HTTP/1.1\r\n" + to + "\r\n", []int{400, 405}},
		"CONNECT":              {"CONNECT evil.example:443 HTTP/1.1\r\n" + to + "\r\n", []int{400, 405, 421}},
		"no such method":       {"BREW /help HTTP/1.1\r\n" + to + "\r\n", []int{405}},
		"DELETE":               {"DELETE /tasks HTTP/1.1\r\n" + to + "\r\n", []int{405}},
		"no such version":      {"GET / HTTP/9.9\r\n" + to + "\r\n", []int{200, 400, 505}},
		"large header":         {"GET / HTTP/1.1\r\n" + to + "X: " + strings.Repeat("x", 20_000) + "\r\n\r\n", []int{431}},
		"a space before colon": {"GET / HTTP/1.1\r\n" + to + "X : y\r\n\r\n", []int{400}},
		"folded header":        {"GET / HTTP/1.1\r\n" + to + "X: y\r\n z\r\n\r\n", []int{200, 303, 400}},
		"length is a word":     {"POST /language HTTP/1.1\r\n" + to + "Content-Length: x\r\n\r\n", []int{400}},
		"length is too large":  {"POST /language HTTP/1.1\r\n" + to + "Content-Length: 99999999\r\n\r\n", []int{413}},
		"length is negative":   {"POST /language HTTP/1.1\r\n" + to + "Content-Length: -1\r\n\r\n", []int{400}},
		"two framings":         {"POST /language HTTP/1.1\r\n" + to + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{400}},
		"broken chunk":         {"POST /language HTTP/1.1\r\n" + to + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", []int{400}},
		"absolute address":     {"GET http://evil.example/help HTTP/1.1\r\n" + to + "\r\n", []int{200, 400, 421}},
	} {
		t.Run(name, func(t *testing.T) {
			head, body := raw(t, host, tc.request)
			status := head.StatusCode
			if !slices.Contains(tc.want, status) {
				t.Errorf("answered %d, want one of %v", status, tc.want)
			}
			guarded(t, name, status, head.Header, body)
			for _, told := range []string{"fasthttp", "fiber", "goroutine", ".go:", "error when", "evil.example"} {
				if bytes.Contains(body, []byte(told)) {
					t.Errorf("the answer says %q", told)
				}
			}
		})
	}
}

// raw sends bytes and reads the first answer.
func raw(t *testing.T, host, request string) (*http.Response, []byte) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", host, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil && answer.StatusCode < 400 {
		t.Fatal(err)
	}
	return answer, body
}

// TestHeadersWhenTheStoreIsGone takes the store away: every page fails, and
// says so without saying why.
func TestHeadersWhenTheStoreIsGone(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	if err := p.App.Store.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // what was read a moment ago is trusted for half of one
	for path, want := range map[string]int{"/tasks": 503, "/policies/basic-policy": 503, "/readyz": 503, "/help": 200, "/healthz": 200} {
		page := ask(t, b, "GET", path, nil)
		if page.Status != want && (want != 503 || page.Status != 500) {
			t.Errorf("%s answered %d, want %d", path, page.Status, want)
		}
		guarded(t, "nobody "+path, page.Status, page.Header, page.Body)
		for _, told := range []string{"sqlite", "sql:", "closed", "goroutine", ".go:", "kokoroe.db"} {
			if bytes.Contains(page.Body, []byte(told)) {
				t.Errorf("%s says %q", page, told)
			}
		}
		if strings.HasPrefix(path, "/policies") && !bytes.Contains(page.Body, []byte(page.Header.Get("X-Request-ID"))) {
			t.Errorf("%s does not show the number to ask with", page)
		}
	}
}
