package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

const (
	requestDeadline = 10 * time.Second
	maxURL          = 8 << 10  // bytes
	maxBody         = 64 << 10 // bytes; forms are small
	maxHeader       = 16 << 10 // bytes, all of them together
)

// Errors of the edge are fiber's, by status; the error handler knows them.
var (
	errMisdirected     = fiber.NewError(fiber.StatusMisdirectedRequest)
	errContentEncoding = fiber.NewError(fiber.StatusUnsupportedMediaType)
	errURITooLong      = fiber.NewError(fiber.StatusRequestURITooLong)
	errMethod          = fiber.NewError(fiber.StatusMethodNotAllowed)
)

// newFiber returns a fiber application with every limit set.
func (s *Server) newFiber() *fiber.App {
	app := fiber.New(fiber.Config{
		AppName:               "kokoroe",
		Immutable:             true, // strings must outlive the request that they came with
		StrictRouting:         true,
		CaseSensitive:         true,
		DisableStartupMessage: true,
		BodyLimit:             maxBody,
		ReadBufferSize:        maxHeader,
		ReadTimeout:           15 * time.Second,
		WriteTimeout:          30 * time.Second,
		IdleTimeout:           60 * time.Second,
		RequestMethods:        []string{fiber.MethodGet, fiber.MethodHead, fiber.MethodPost},
		ErrorHandler:          s.fail,
		Network:               "tcp",
		// Forms with files are taken apart by the one handler that has one.
		DisablePreParseMultipartForm: true,
	})
	server := app.Server()
	server.Handler = s.onlyKnownMethods(server.Handler)
	server.ErrorHandler = s.unread
	server.HeaderReceived = limits
	server.NoDefaultServerHeader = true
	server.NoDefaultDate = false
	server.MaxRequestsPerConn = 0
	server.TCPKeepalive = true
	server.Logger = discard{} // framing errors of strangers are not our log
	return app
}

type discard struct{}

func (discard) Printf(string, ...any) {}

// edge is the first middleware: nothing gets past it that a handler should not
// have to think about.
func (s *Server) edge(c *fiber.Ctx) (err error) {
	began := time.Now()
	x := &exchange{c: c, id: newRequestID(), Printer: s.printer(c)}
	c.Locals(exchangeKey, x)
	s.setHeaders(c)
	ctx, cancel := context.WithTimeout(s.ctx, requestDeadline)
	defer cancel()
	x.ctx = ctx
	c.SetUserContext(ctx)

	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
		if err != nil {
			// Handled here, not by fiber afterwards, so that the log below has
			// the status that the browser gets.
			err = s.fail(c, err)
		}
		s.logRequest(x, began)
	}()
	if err := s.admit(c); err != nil {
		return err
	}
	return c.Next()
}

// admit refuses what no route accepts.
func (s *Server) admit(c *fiber.Ctx) error {
	header := &c.Request().Header
	switch {
	case !wellFramed(header.RawHeaders()):
		c.Context().SetConnectionClose()
		return errFraming
	case !isProbe(c.Path()) && !(s.knowsHost(header.Host()) && s.knowsHost(c.Request().URI().Host())): // an address may name its own
		return errMisdirected
	case len(header.RequestURI()) > maxURL:
		return errURITooLong
	case len(header.PeekAll(fiber.HeaderContentEncoding)) > 0:
		// A compressed body may be a thousand times what it says.
		return errContentEncoding
	}
	if c.Method() == fiber.MethodPost && len(c.Request().Body()) > 0 {
		mediaType, _, _ := strings.Cut(string(header.ContentType()), ";")
		if !takesForm(c.Path(), strings.ToLower(strings.TrimSpace(mediaType))) {
			return errContentEncoding
		}
	}
	return nil
}

// isProbe reports whether the path is one that a health checker asks for, by
// whatever name it knows this machine. The answers are constants.
func isProbe(path string) bool { return path == "/healthz" || path == "/readyz" }

// knowsHost reports whether Host is one that this server is configured for.
// Absolute addresses are made of the configured base URL, never of Host.
func (s *Server) knowsHost(host []byte) bool {
	return slices.Contains(s.hosts, strings.ToLower(string(host)))
}

// setHeaders sets the headers that every answer has, errors too.
func (s *Server) setHeaders(c *fiber.Ctx) {
	h := &c.Response().Header
	h.Set("Content-Security-Policy", s.csp)
	h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", permissions)
	h.Set(fiber.HeaderCacheControl, "no-store")
	if x := exchangeOf(c); x != nil {
		h.Set(fiber.HeaderXRequestID, x.id)
	}
}

const permissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"

// contentSecurityPolicy allows our own files and nothing else. Browsers apply
// form-action to where a form's answer redirects too, so that the providers
// that people sign in and out at must be named.
func contentSecurityPolicy(formTargets []string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; object-src 'none'; form-action " + strings.Join(append([]string{"'self'"}, formTargets...), " ")
}

func newRequestID() string {
	b := make([]byte, 9)
	rand.Read(b) // never fails: the program would stop instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// clientIP returns the address that the request came from: the last one in
// X-Forwarded-For that no trusted proxy added, read from right to left. Only
// the security log has it.
func (s *Server) clientIP(c *fiber.Ctx) string {
	ip := c.Context().RemoteIP()
	addr, _ := netip.AddrFromSlice(ip)
	addr = addr.Unmap()
	var chain []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		chain = append(chain, strings.Split(string(line), ",")...)
	}
	for _, hop := range slices.Backward(chain) {
		if !s.trusts(addr) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func (s *Server) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(s.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Serve answers requests on ln until Shutdown, also when that came first:
// fasthttp knows nothing of a listener that it was not given yet.
func (s *Server) Serve(ln net.Listener) error {
	defer context.AfterFunc(s.ctx, func() { ln.Close() })()
	return s.app.Listener(ln)
}

// Shutdown stops accepting, lets requests that are being answered finish, and
// returns when they have or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	defer s.cancel()
	return s.app.ShutdownWithContext(ctx)
}

// Handler answers one request without a network, for benchmarks.
func (s *Server) Handler() fasthttp.RequestHandler {
	s.app.Handler() // makes fiber ready
	return s.app.Server().Handler
}
