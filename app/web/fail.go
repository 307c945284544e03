package web

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kokoroe/app/fault"
	"kokoroe/app/locale"
)

// statusOf is the one place where a kind of trouble becomes a status.
var statusOf = map[fault.Kind]int{
	fault.Internal: 500, fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409, fault.Stale: 409,
	fault.Forbidden: 403, fault.Unauthenticated: 401, fault.Unavailable: 503,
}

// fail turns an error into a page in the reader's language. The reader sees
// the message, never the cause; an Internal cause is logged once.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	s.setHeaders(c) // fasthttp's own refusals come here without passing the edge
	x := exchangeOf(c)
	if x == nil {
		x = &exchange{c: c, id: newRequestID(), Printer: s.printer(c), ctx: s.ctx}
		c.Locals(exchangeKey, x)
		s.setHeaders(c)
	}
	status, messageID, args := s.classify(err)
	if status >= 500 {
		s.cfg.Logger.LogAttrs(x.ctx, slog.LevelError, "request failed",
			slog.String("request", x.id), slog.String("route", c.Route().Path), slog.Int("status", status), slog.String("cause", err.Error()))
	}
	if status == fiber.StatusUnauthorized && c.Method() != fiber.MethodPost {
		return x.seeOther(signInPath(string(c.Request().RequestURI())))
	}
	if x.browser == "" && x.visitor == nil { // refused before anybody asked who it is
		x.browser = c.Cookies(browserCookie)
	}
	c.Response().ResetBody()
	c.Status(status)
	switch status {
	case fiber.StatusServiceUnavailable, fiber.StatusTooManyRequests:
		c.Set(fiber.HeaderRetryAfter, "5")
	case fiber.StatusMethodNotAllowed:
		c.Set(fiber.HeaderAllow, "GET, HEAD, POST")
	}
	text := ""
	if messageID != "" {
		text = x.T(messageID, args)
	}
	if err := s.render(x, "error/error", s.page(x).Trouble(status, x.id, text)); err != nil {
		s.cfg.Logger.Error("the error page failed", "request", x.id, "cause", err.Error())
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		c.Response().SetBody(s.cfg.View.Fallback(x.Tag(), x.id))
	}
	return nil
}

// classify returns the status, and the message for the reader.
func (s *Server) classify(err error) (status int, messageID string, args fault.Args) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.Kind == fault.Internal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
			return fiber.StatusServiceUnavailable, "", nil
		}
		return statusOf[f.Kind], f.MessageID, f.Args
	}
	if f, ok := errors.AsType[*fiber.Error](err); ok {
		return f.Code, "", nil
	}
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return fiber.StatusRequestEntityTooLarge, "", nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fiber.StatusServiceUnavailable, "", nil
	}
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return fiber.StatusRequestHeaderFieldsTooLarge, "", nil
	}
	return fiber.StatusInternalServerError, "", nil
}

// security writes a line to the security log: what was refused, to whom, from
// where. It is the only log with an address in it.
func (s *Server) security(x *exchange, event string, args ...any) {
	attrs := append([]any{"event", event, "request", x.id, "ip", s.clientIP(x.c)}, args...)
	if x.visitor != nil {
		attrs = append(attrs, "person", string(x.visitor.Person.ID))
	}
	s.cfg.Logger.With("log", "security").Info("security", attrs...)
}

// logRequest writes one line for a request: opaque IDs only, and the route
// instead of the address, which may hold more.
func (s *Server) logRequest(x *exchange, began time.Time) {
	if !s.cfg.Logger.Enabled(x.ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", x.id), slog.String("method", x.c.Method()), slog.String("route", x.c.Route().Path),
		slog.Int("status", x.c.Response().StatusCode()), slog.Int64("us", time.Since(began).Microseconds()),
	}
	if x.visitor != nil {
		attrs = append(attrs, slog.String("person", string(x.visitor.Person.ID)))
	}
	s.cfg.Logger.LogAttrs(x.ctx, slog.LevelDebug, "request", attrs...)
}

// printer chooses the language of an answer.
func (s *Server) printer(c *fiber.Ctx) *locale.Printer {
	return s.cfg.Locale.Printer(s.cfg.Locale.Match(c.Cookies(languageCookie), c.Get(fiber.HeaderAcceptLanguage)))
}
