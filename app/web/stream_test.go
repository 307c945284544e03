package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/web"
)

var errGone = errors.New("the store is gone")

// streaming serves one answer and returns its address and a channel that is
// closed when the writing is over.
func streaming(t *testing.T, write func(io.Writer) error) (address string, done <-chan struct{}) {
	t.Helper()
	over, end := context.WithCancel(t.Context())
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error { return web.Stream(c, end, write) })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(ln) }()
	t.Cleanup(func() {
		if err := errors.Join(app.Shutdown(), <-served); err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String() + "/", over.Done()
}

func ended(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the writing does not end")
	}
}

// lines writes so many lines of 1 KiB.
func lines(w io.Writer, n int) error {
	for range n {
		if _, err := io.WriteString(w, strings.Repeat("x", 1023)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func TestAStreamIsWholeOrBreaksOff(t *testing.T) {
	for name, tc := range map[string]struct {
		write  func(io.Writer) error
		status int
		whole  bool
		bytes  int
	}{
		"all of it":               {func(w io.Writer) error { return lines(w, 1000) }, 200, true, 1000 << 10},
		"nothing":                 {func(io.Writer) error { return nil }, 200, true, 0},
		"an error at once":        {func(io.Writer) error { return errGone }, 500, true, len(errGone.Error())},
		"an error in the first":   {func(w io.Writer) error { return errors.Join(lines(w, 1), errGone) }, 500, true, len(errGone.Error())},
		"an error in the middle":  {func(w io.Writer) error { return errors.Join(lines(w, 1000), errGone) }, 200, false, 0},
		"a panic in the middle":   {func(w io.Writer) error { _ = lines(w, 1000); panic("broken") }, 200, false, 0},
		"a panic before anything": {func(io.Writer) error { panic("broken") }, 500, true, -1},
	} {
		t.Run(name, func(t *testing.T) {
			address, done := streaming(t, tc.write)
			r, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			_ = r.Body.Close()
			if r.StatusCode != tc.status || (err == nil) != tc.whole || tc.whole && tc.bytes >= 0 && len(body) != tc.bytes {
				t.Errorf("%d with %d bytes, %v", r.StatusCode, len(body), err)
			}
			ended(t, done)
		})
	}
}

func TestAReaderWhoGoesEndsTheWriting(t *testing.T) {
	failed := make(chan error, 1)
	address, done := streaming(t, func(w io.Writer) error {
		err := lines(w, 1<<20) // a gigabyte
		failed <- err
		return err
	})
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r.Body, 100<<10); err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	ended(t, done)
	if err := <-failed; err == nil {
		t.Error("everything was written to nobody")
	}
}
