package tests

import (
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"kokoroe/tests/portal"
)

// FuzzEdge gives the portal a method, an address, a form and a header as they
// come: it answers below 500, or 503, with a page and the security headers.
func FuzzEdge(f *testing.F) {
	for _, seed := range [][4]string{
		{"GET", "/", "", ""}, {"GET", "/tasks?x=%ff", "", "en"}, {"GET", "/sign-in?return=//evil.example", "", "ja,*;q=0"},
		{"POST", "/language", "lang=en&back=/\\evil.example", "x"}, {"POST", "/sign-in/city", "csrf=%00&return=%0d%0a", ""},
		{"GET", "/audit?person=%00&item=x&from=2026-13-45&until=&reason=%F0%9F", "", "en-US-u-va-posix"},
		{"POST", "/courses/annual/check/x/1", "print=&number=99999999999999999999&o=%ff&o=1", ""},
		{"POST", "/policies/basic-policy/question", "ground=x&reason=%00%ff&text=sha256:", ""}, {"GET", "/receipts/-1/file", "", ""},
		{"GET", "/departments/%2e%2e/people?group=x&after=%00", "", ""}, {"GET", "/exports/people.csv?encoding=cp932&department=%ff", "", ""},
		{"HEAD", "/static/x/../../go.mod", "", ""}, {"TRACE", "*", "", ""}, {"GET", "/sign-in/city/callback?state=a&state=b&code=%00", "", ""},
		{"POST", "/sign-in/city/back-channel-logout", "logout_token=a.b.c", ""}, {"GET", "/%zz", "", "\x00"}, {"GET", "//evil.example/%2f..", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	p := portal.New(f)
	b := p.As("auditor")
	session := b.Cookie("__Host-session")
	b.Get("/help")
	csrf := b.Page().Find("input[name=csrf]").First().AttrOr("value", "")
	host := strings.TrimPrefix(p.URL, "http://")
	handler := p.App.Web.Handler()
	f.Fuzz(func(t *testing.T, method, address, form, header string) {
		var ctx fasthttp.RequestCtx
		var r fasthttp.Request
		r.Header.SetMethod(method)
		r.SetRequestURI(address)
		r.Header.SetHost(host)
		r.Header.Set("Accept-Language", header)
		r.Header.Set("X-Forwarded-For", header)
		r.Header.SetCookie("__Host-session", session)
		r.Header.SetCookie("__Host-language", header)
		if method == http.MethodPost {
			r.Header.SetContentType("application/x-www-form-urlencoded")
			r.SetBodyString("csrf=" + csrf + "&" + form)
		}
		ctx.Init(&r, nil, nil)
		handler(&ctx)
		status := ctx.Response.StatusCode()
		if status >= 500 && status != http.StatusServiceUnavailable {
			t.Fatalf("%s %q answered %d", method, address, status)
		}
		if len(ctx.Response.Header.Peek("Content-Security-Policy")) == 0 {
			t.Errorf("%s %q: no policy", method, address)
		}
		to := string(ctx.Response.Header.Peek("Location"))
		known := strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`)
		for _, origin := range p.App.Identity.Origins() {
			known = known || strings.HasPrefix(to, origin+"/")
		}
		if to != "" && !known || strings.ContainsAny(to, "\r\n\t") {
			t.Errorf("%s %q leads to %q", method, address, to)
		}
		if body := string(ctx.Response.Body()); strings.Contains(body, "goroutine ") || strings.Contains(body, "<script>") {
			t.Errorf("%s %q: %s", method, address, body)
		}
	})
}
