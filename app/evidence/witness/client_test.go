package witness_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
)

func TestAddresses(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://audit.example": true, "https://audit.example:8443/w/": true, "http://127.0.0.1:9": true, "http://[::1]:9/x": true, "http://localhost": true,
		"": false, "audit.example": false, "http://audit.example": false, "http://10.0.0.1": false, "ftp://127.0.0.1": false,
		"https://": false, "https://u:p@audit.example": false, "https://audit.example/?x=1": false, "https://audit.example/#x": false, "http://127.0.0.1.example": false,
	} {
		if _, err := witness.NewClient(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// What a client makes of each answer.
func TestAnswersToTheClient(t *testing.T) {
	log := newTree(t, 10)
	type kind int
	const (
		lines kind = iota
		refusal
		failure
	)
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   kind
		reason evidence.WitnessReason
		size   int64
	}{
		{"200", say(200, "", "— a b\n"), lines, 0, 0},
		{"400", say(400, "", ""), refusal, evidence.RefusedMalformed, 0},
		{"403", say(403, "", ""), refusal, evidence.RefusedSignature, 0},
		{"404", say(404, "", ""), refusal, evidence.RefusedLog, 0},
		{"422", say(422, "", ""), refusal, evidence.RefusedProof, 0},
		{"409", say(409, "text/x.tlog.size", "7\n"), refusal, evidence.RefusedSize, 7},
		{"409 of zero", say(409, "text/x.tlog.size", "0\n"), refusal, evidence.RefusedSize, 0},
		{"409 of a proxy", say(409, "text/html", "7\n"), failure, 0, 0},
		{"409 without a number", say(409, "text/x.tlog.size", "x\n"), failure, 0, 0},
		{"409 below zero", say(409, "text/x.tlog.size", "-7\n"), failure, 0, 0},
		{"409 beyond 63 bits", say(409, "text/x.tlog.size", "9223372036854775808\n"), failure, 0, 0},
		{"500", say(500, "", ""), failure, 0, 0},
		{"503", say(503, "", ""), failure, 0, 0},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, failure, 0, 0},
		{"a flood", say(200, "", strings.Repeat("— a b\n", 1<<18)), failure, 0, 0},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("— a"))
		}, failure, 0, 0},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte("\x00\xff\r\n\r\n"))
				_ = conn.Close()
			}
		}, failure, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := client(t, serve(t, c.answer)).Ask(t.Context(), log.request(t, 0, 10))
			r, isRefusal := errors.AsType[*evidence.WitnessRefusal](err)
			switch {
			case c.want == lines && (err != nil || string(got) != "— a b\n"),
				c.want == refusal && (!isRefusal || r.Reason != c.reason || r.Size != c.size),
				c.want == failure && (err == nil || isRefusal):
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// A witness that never answers is left when the context ends.
func TestSilentWitness(t *testing.T) {
	asked := make(chan struct{})
	gone := make(chan struct{})
	address := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-gone
	}))
	t.Cleanup(func() { close(gone) }) // before the server's own end, which waits for it
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := client(t, address).Ask(ctx, newTree(t, 1).request(t, 0, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
