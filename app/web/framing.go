package web

import (
	"bytes"
	"errors"
	"net"

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
		s.refuse(ctx, fiber.NewError(fiber.StatusRequestHeaderFieldsTooLarge))
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		s.refuse(ctx, fiber.NewError(fiber.StatusRequestEntityTooLarge))
	case trouble != nil && trouble.Timeout():
		s.refuse(ctx, fiber.NewError(fiber.StatusRequestTimeout))
	default:
		s.refuse(ctx, errFraming)
	}
}

func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	c := s.app.AcquireCtx(ctx)
	defer s.app.ReleaseCtx(c)
	_ = s.fail(c, err) // it answers, and has nothing to say to us
}
