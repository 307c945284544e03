package web

import (
	"bytes"
	"errors"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Two programs that read the same bytes differently can be made to see
// different requests (request smuggling). fasthttp refuses most of what is
// doubtful; what it lets through is refused here, and the connection is closed
// so that nothing behind it is taken for another request.

var errFraming = fiber.NewError(fiber.StatusBadRequest)

// wellFramed reports whether the header fields, as they came over the wire,
// can be read in one way only.
func wellFramed(raw []byte) bool {
	length, coded := false, false
	for line := range bytes.Lines(raw) {
		field, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok {
			return false // a bare LF ends a line for some and not for others
		}
		if len(field) == 0 {
			continue
		}
		name, _, ok := bytes.Cut(field, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsFunc(name, notToken) {
			return false // also a line that goes on from the one before
		}
		length = length || bytes.EqualFold(name, []byte(fiber.HeaderContentLength))
		coded = coded || bytes.EqualFold(name, []byte(fiber.HeaderTransferEncoding))
	}
	return !length || !coded
}

// notToken reports whether a character cannot be part of a header's name
// (RFC 9110, 5.6.2).
func notToken(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return r >= 0x80 || !bytes.ContainsRune([]byte("!#$%&'*+-.^_`|~"), r)
}

// onlyKnownMethods answers the methods that no route has with a page like any
// other: fiber would do it without headers and in its own words.
func (s *Server) onlyKnownMethods(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		switch string(ctx.Method()) {
		case fiber.MethodGet, fiber.MethodHead, fiber.MethodPost:
			next(ctx)
			return
		}
		s.refuse(ctx, errMethod)
	}
}

// unread answers what was not even a whole request.
func (s *Server) unread(ctx *fasthttp.RequestCtx, err error) {
	ctx.SetConnectionClose()
	_, tooMuch := errors.AsType[*fasthttp.ErrSmallBuffer](err)
	trouble, _ := errors.AsType[net.Error](err)
	switch {
	case tooMuch:
		hearOut(ctx.Conn(), -1)
		s.refuse(ctx, fiber.NewError(fiber.StatusRequestHeaderFieldsTooLarge))
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		hearOut(ctx.Conn(), ctx.Request.Header.ContentLength())
		s.refuse(ctx, fiber.NewError(fiber.StatusRequestEntityTooLarge))
	case trouble != nil && trouble.Timeout():
		s.refuse(ctx, fiber.NewError(fiber.StatusRequestTimeout))
	default:
		s.refuse(ctx, errFraming)
	}
}

// What of a body or a header that is too large is read and thrown away.
const (
	heardBytes = 4 << 20
	heardFor   = 3 * time.Second
	heardPause = 250 * time.Millisecond // without a word: the sender has said everything
	lastPause  = 20 * time.Millisecond  // the same, when all that was announced has come
)

// hearOut lets the sender finish, within limits: who is still sending when the
// connection closes never sees the answer, but an error of the browser's own.
// Of the announced length some is in the server's buffer already.
func hearOut(conn net.Conn, announced int) {
	end := time.Now().Add(heardFor)
	buffer := make([]byte, 32<<10)
	for heard := 0; heard < heardBytes && time.Now().Before(end); {
		pause := heardPause
		if announced >= 0 && heard >= announced-maxHeader {
			pause = lastPause
		}
		if err := conn.SetReadDeadline(time.Now().Add(pause)); err != nil {
			return
		}
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		heard += n
	}
}

func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	c := s.app.AcquireCtx(ctx)
	defer s.app.ReleaseCtx(c)
	_ = s.fail(c, err) // it answers, and has nothing to say to us
}
