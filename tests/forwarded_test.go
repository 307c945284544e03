package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/identity"
	"kokoroe/content"
	"kokoroe/locales"
	"kokoroe/static"
	"kokoroe/tests/portal"
)

// behind is the portal as a city runs it: another name than the address that
// it listens on, and proxies in front.
type behind struct {
	address string
	logs    *portal.Logs
}

const publicHost = "kokoroe.city.mihon.example"

func newBehind(t testing.TB, proxies ...string) *behind {
	t.Helper()
	b := &behind{logs: &portal.Logs{}}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = listener.Addr().String()
	city, err := fs.Sub(content.FS, "sample")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	a, err := app.New(t.Context(), app.Config{
		Listen: b.address, BaseURL: "https://" + publicHost, Hosts: []string{"internal.mihon.example:8080"}, TrustedProxies: proxies,
		Store: "sqlite:" + filepath.Join(folder, "kokoroe.db"), State: folder, Zone: "mihon.example/kokoroe/1", Content: content.FS, Locales: locales.FS, Static: static.FS, Registers: city,
		Providers: []identity.ProviderConfig{{ID: "city", Issuer: "https://login.mihon.example", ClientID: "kokoroe", Title: map[string]string{"ja": "職員"}}},
		Version:   "test", Logger: slog.New(slog.NewJSONHandler(b.logs, nil)),
	})
	if err != nil {
		t.Fatal(errors.Join(err, listener.Close()))
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(t.Context(), listener) }() // the context ends before what is below
	t.Cleanup(func() {
		if err := errors.Join(<-ended, a.Close()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// ask sends a request with headers and returns the answer and its words.
func (b *behind) ask(t testing.TB, method, path, host string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, lines := range header {
		r.Header[name] = lines
	}
	r.Host = host
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// addressOf is the address that the security log has for a request.
func (b *behind) addressOf(t testing.TB, request string) string {
	t.Helper()
	for line := range strings.Lines(b.logs.String()) {
		var entry struct{ Log, Request, IP string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("the log has a line that is no JSON: %q", line)
		}
		if entry.Log == "security" && entry.Request == request {
			return entry.IP
		}
	}
	t.Fatalf("the security log says nothing of %s", request)
	return ""
}

func TestForwardedFor(t *testing.T) {
	t.Parallel()
	const proxy, second, client, lie = "127.0.0.1", "10.1.2.3", "203.0.113.9", "6.6.6.6"
	stranger, trusting := newBehind(t), newBehind(t, proxy, "10.0.0.0/8", "fd00::/8")
	for _, c := range []struct {
		name   string
		header http.Header
		want   string // of the portal that trusts its proxies; the other always has the peer's
	}{
		{"nothing", nil, proxy},
		{"one proxy", http.Header{"X-Forwarded-For": {client}}, client},
		{"the client lies in front", http.Header{"X-Forwarded-For": {lie + ", " + client}}, client},
		{"two proxies", http.Header{"X-Forwarded-For": {client + ", " + second}}, client},
		{"two proxies and a lie", http.Header{"X-Forwarded-For": {lie + "," + client + "," + second}}, client},
		{"the lie is a proxy's address", http.Header{"X-Forwarded-For": {second + ", " + client}}, client},
		{"in two lines", http.Header{"X-Forwarded-For": {lie, client + ", " + second}}, client},
		{"in two lines, the lie last but before", http.Header{"X-Forwarded-For": {client, second}}, client},
		{"only proxies", http.Header{"X-Forwarded-For": {second}}, second},
		{"version 6", http.Header{"X-Forwarded-For": {"2001:db8::9, fd00::1"}}, "2001:db8::9"},
		{"version 4 in version 6", http.Header{"X-Forwarded-For": {"::ffff:203.0.113.9"}}, client},
		{"garbage", http.Header{"X-Forwarded-For": {"unknown"}}, proxy},
		{"garbage in front", http.Header{"X-Forwarded-For": {"<script>, " + client}}, client},
		{"garbage behind", http.Header{"X-Forwarded-For": {client + ", _hidden"}}, proxy},
		{"empty", http.Header{"X-Forwarded-For": {""}}, proxy},
		{"commas", http.Header{"X-Forwarded-For": {",,,,"}}, proxy},
		{"many lies", http.Header{"X-Forwarded-For": {strings.Repeat(lie+",", 500) + client}}, client},
		{"other headers", http.Header{"X-Real-Ip": {lie}, "Forwarded": {"for=" + lie + ";host=evil.example;proto=https"}, "Client-Ip": {lie}, "True-Client-Ip": {lie}, "X-Client-Ip": {lie}, "Cf-Connecting-Ip": {lie}, "X-Forwarded": {lie}}, proxy},
		{"other headers beside the true one", http.Header{"X-Real-Ip": {lie}, "X-Forwarded-For": {client}}, client},
	} {
		t.Run(c.name, func(t *testing.T) {
			for b, want := range map[*behind]string{trusting: c.want, stranger: proxy} {
				// A POST without a token is noted in the security log.
				response, _ := b.ask(t, http.MethodPost, "/language", publicHost, c.header)
				if response.StatusCode != http.StatusForbidden {
					t.Fatalf("answered %d", response.StatusCode)
				}
				if got := b.addressOf(t, response.Header.Get("X-Request-Id")); got != want {
					t.Errorf("the log has %q, want %q", got, want)
				}
			}
		})
	}
	for _, b := range []*behind{stranger, trusting} {
		if strings.Contains(b.logs.String(), lie) || strings.Contains(b.logs.String(), "evil.example") {
			t.Error("a lie is in the log")
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	trusting := newBehind(t, "127.0.0.1")
	for host, known := range map[string]bool{
		publicHost: true, strings.ToUpper(publicHost): true, "internal.mihon.example:8080": true,
		"": false, "evil.example": false, publicHost + ".evil.example": false, "evil-" + publicHost: false, publicHost + ":443": false, publicHost + ":80": false,
		publicHost + ".": false, "internal.mihon.example": false, "internal.mihon.example:8081": false, "127.0.0.1": false, trusting.address: false, "localhost": false,
		"[::1]": false, "evil.example#" + publicHost: false, publicHost + "@evil.example": false, "evil.example/" + publicHost: false, "kokoroe": false, "*": false,
	} {
		if host == "" {
			host = "-" // the client would fill an empty one in
		}
		response, text := trusting.ask(t, http.MethodGet, "/sign-in", host, nil)
		want := http.StatusMisdirectedRequest
		if known {
			want = http.StatusOK
		}
		if response.StatusCode != want && (known || response.StatusCode != http.StatusBadRequest) {
			t.Errorf("Host %q answered %d, want %d", host, response.StatusCode, want)
		}
		assertGuarded(t, host, response.Header)
		if !known && strings.Contains(text, "evil.example") {
			t.Errorf("the page for Host %q repeats it", host)
		}
	}
}

// TestAddressesAreTheConfiguredOnes: whatever a client or proxy says about host
// and protocol, no address is made of it.
func TestAddressesAreTheConfiguredOnes(t *testing.T) {
	t.Parallel()
	lies := http.Header{
		"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Protocol": {"http"}, "X-Forwarded-Ssl": {"off"}, "X-Url-Scheme": {"http"}, "X-Forwarded-Port": {"666"},
		"X-Forwarded-Prefix": {"/evil.example"}, "X-Forwarded-Server": {"evil.example"}, "X-Host": {"evil.example"}, "X-Original-Host": {"evil.example"}, "X-Original-Url": {"/audit"}, "X-Rewrite-Url": {"/audit"},
		"X-Http-Method-Override": {"POST"}, "Forwarded": {"for=6.6.6.6;host=evil.example;proto=http"},
	}
	for name, b := range map[string]*behind{"untrusted": newBehind(t), "trusted": newBehind(t, "127.0.0.1")} {
		for _, path := range []string{"/", "/sign-in", "/help", "/tasks", "/official-accounts", "/nowhere", "/static/nothing", "/sign-in/city/callback?state=x", "/healthz"} {
			honest, plain := b.ask(t, http.MethodGet, path, publicHost, nil)
			response, text := b.ask(t, http.MethodGet, path, publicHost, lies)
			what := fmt.Sprintf("%s %s", name, path)
			if response.StatusCode != honest.StatusCode || response.Header.Get("Location") != honest.Header.Get("Location") || len(text) != len(plain) {
				t.Errorf("%s: %d %q with lies, %d %q without", what, response.StatusCode, response.Header.Get("Location"), honest.StatusCode, honest.Header.Get("Location"))
			}
			if strings.Contains(text, "evil.example") || strings.Contains(fmt.Sprint(response.Header), "evil.example") {
				t.Errorf("%s: the answer holds what was said", what)
			}
			if !strings.HasPrefix(response.Header.Get("Strict-Transport-Security"), "max-age=") {
				t.Errorf("%s: no HSTS", what)
			}
			for _, c := range response.Cookies() {
				if !c.Secure || !c.HttpOnly {
					t.Errorf("%s: the cookie %s is not for TLS alone", what, c.Name)
				}
			}
		}
	}
}
