package app_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"kokoroe/app"
	"kokoroe/content"
	"kokoroe/locales"
	"kokoroe/static"
)

var errAway = errors.New("away")

// listen returns how to listen, and where that will be.
func listen(t *testing.T) (func() (net.Listener, error), string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return func() (net.Listener, error) { return ln, nil }, "http://" + ln.Addr().String()
}

func ask(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
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

func away(err error) bool { return !errors.Is(err, errAway) }

// TestWaitingSaysSo: while the store is away the process lives and is not ready,
// and says so; then the portal has the same address.
func TestWaitingSaysSo(t *testing.T) {
	listening, address := listen(t)
	asked := 0
	opened, ln, err := app.WaitFor(t.Context(), listening, slog.New(slog.DiscardHandler), away, func() (string, error) {
		if asked++; asked == 1 {
			return "", errAway
		}
		if r, body := ask(t, address+"/healthz"); r.StatusCode != 200 || body != "ok\n" {
			t.Errorf("healthz: %d %q", r.StatusCode, body)
		}
		for path, says := range map[string]string{"/readyz": "not ready: away\n", "/": "しばらくしてから", "/tasks": "come back"} {
			r, body := ask(t, address+path)
			if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" || r.Header.Get("Cache-Control") != "no-store" || !strings.Contains(body, says) {
				t.Errorf("%s: %d %v %q", path, r.StatusCode, r.Header, body)
			}
		}
		return "open", nil
	})
	if err != nil || opened != "open" || asked != 2 {
		t.Fatalf("%q, %v, asked %d times", opened, err, asked)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "portal") })}
	go func() { _ = server.Serve(ln) }()
	defer server.Close()
	if _, body := ask(t, address); body != "portal" {
		t.Errorf("the portal answers %q", body)
	}
}

func TestWhatIsFinalIsNotWaitedFor(t *testing.T) {
	listening, _ := listen(t)
	final := errors.New("wrong password")
	_, _, err := app.WaitFor(t.Context(), listening, slog.New(slog.DiscardHandler), away, func() (string, error) { return "", final })
	if !errors.Is(err, final) {
		t.Errorf("error %v", err)
	}
}

func TestWaitingEnds(t *testing.T) {
	listening, _ := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := app.WaitFor(ctx, listening, slog.New(slog.DiscardHandler), away, func() (string, error) {
		cancel()
		return "", errAway
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errAway) {
		t.Errorf("error %v", err)
	}
}

// TestAnEmbeddedDatabaseIsNotWaitedFor: nobody else will make it work.
func TestAnEmbeddedDatabaseIsNotWaitedFor(t *testing.T) {
	listening, _ := listen(t)
	_, _, err := app.Wait(t.Context(), app.Config{
		Store: "sqlite:/dev/null/k.db", State: t.TempDir(), Zone: "test.example/1", BaseURL: "https://k.example",
		Content: content.FS, Locales: locales.FS, Static: static.FS,
	}, listening)
	if err == nil {
		t.Error("it opened")
	}
}
