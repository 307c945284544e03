package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"kokoroe/app/fault"
)

// Wait puts the program together as New does, and then listens. While a database
// that runs by itself does not answer, it asks again and again, and listens
// already: /healthz says that the process lives, everything else answers 503,
// and when to ask again. Any other error is as final as New's; so is an embedded
// database that cannot be opened.
func Wait(ctx context.Context, cfg Config, listen func() (net.Listener, error)) (*App, net.Listener, error) {
	cfg = cfg.withDefaults()
	final := func(err error) bool {
		kind, _, wrong := storeNamed(cfg.Store)
		return !fault.Is(err, fault.Unavailable) || wrong != nil || kind == "sqlite"
	}
	a, ln, err := waitFor(ctx, listen, cfg.Logger, final, func() (*App, error) { return New(ctx, cfg) })
	if err != nil && a != nil { // it opened, and then there was nothing to listen on
		return nil, nil, errors.Join(err, a.Close())
	}
	return a, ln, err
}

// The pauses between two attempts double from the first to the last.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

func waitFor[T any](ctx context.Context, listen func() (net.Listener, error), log *slog.Logger, final func(error) bool,
	open func() (T, error)) (v T, ln net.Listener, err error) {
	if v, err = open(); err != nil && final(err) {
		return v, nil, err
	}
	away := err
	if ln, err = listen(); err != nil || away == nil {
		return v, ln, err
	}
	stop := answerMeanwhile(ln)
	if v, err = ask(ctx, log, away, final, open); err != nil {
		stop()
		return v, nil, errors.Join(err, ln.Close())
	}
	stop()
	return v, ln, nil
}

// ask opens again and again until that works, or never will.
func ask[T any](ctx context.Context, log *slog.Logger, err error, final func(error) bool, open func() (T, error)) (v T, _ error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		log.Warn("the store does not answer: waiting for it", "cause", err.Error(), "again_in", pause.String())
		select {
		case <-ctx.Done():
			return v, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
		if v, err = open(); err == nil || final(err) {
			return v, err
		}
	}
}

// answerMeanwhile answers on ln until stop is called, which leaves ln open.
func answerMeanwhile(ln net.Listener) (stop func()) {
	server := &http.Server{Handler: http.HandlerFunc(notYet), ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	server.SetKeepAlivesEnabled(false)
	lent := &lentListener{Listener: ln}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(lent) // it ends when it is stopped, and there is nothing to say about that
	}()
	return func() {
		_ = server.Close()
		<-ended
		lent.giveBack()
	}
}

func notYet(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	if r.URL.Path == "/healthz" {
		_, _ = io.WriteString(w, "ok\n")
		return
	}
	h.Set("Retry-After", "10")
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.URL.Path == "/readyz" {
		_, _ = io.WriteString(w, "not ready: away\n")
		return
	}
	_, _ = io.WriteString(w, "心得 Kokoroe は、データベースの応答を待っています。しばらくしてから、もう一度開いてください。\n"+
		"Kokoroe is waiting for its database. Please come back in a moment.\n")
}

// lentListener ends Accept when it is closed, and leaves the listener open.
type lentListener struct{ net.Listener }

// Close wakes up who waits for a connection.
func (l *lentListener) Close() error {
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		return d.SetDeadline(time.Unix(1, 0))
	}
	return l.Listener.Close()
}

// giveBack makes the listener accept again.
func (l *lentListener) giveBack() {
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(time.Time{})
	}
}
