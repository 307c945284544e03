package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/web/view"
)

// Cookies. The __Host- prefix binds them to this host, over TLS, for all paths.
const (
	sessionCookie  = "__Host-session"
	browserCookie  = "__Host-browser" // of somebody not signed in, for the way to a provider and back
	languageCookie = "__Host-language"
	instanceCookie = "__Host-instance" // which instance took the last step in a course, for a second
)

func setCookie(c *fiber.Ctx, name, value string, maxAge time.Duration) {
	c.Cookie(&fiber.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		Secure: true, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode, SessionOnly: maxAge == 0,
	})
}

func dropCookie(c *fiber.Ctx, name string) {
	c.Cookie(&fiber.Cookie{
		Name: name, Path: "/", Expires: time.Unix(0, 0).UTC(), MaxAge: -1,
		Secure: true, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
	})
}

// know finds out who asks. A cookie that is no session any more is dropped;
// on a public page its bearer is simply somebody not signed in.
func (s *Server) know(x *exchange, public bool) error {
	x.browser = x.c.Cookies(browserCookie)
	token := x.c.Cookies(sessionCookie)
	if token == "" {
		if public {
			return nil
		}
		return fault.New(fault.Unauthenticated, "sign_in.required", nil)
	}
	visitor, err := s.cfg.Identity.Visitor(x.ctx, token)
	if fault.Is(err, fault.Unauthenticated) {
		dropCookie(x.c, sessionCookie)
		if public {
			return nil
		}
		return err
	}
	if err != nil {
		if public {
			return nil // a store that is down does not take the help page with it
		}
		return err
	}
	x.visitor, x.token = &visitor, token
	return nil
}

// allow looks the route up in the permission table. What a reader may not know
// about does not exist for them.
func (s *Server) allow(x *exchange, method, route string) error {
	var roles []identity.Role
	if x.visitor != nil {
		roles = x.visitor.Roles
	}
	relation, ok := identity.Allowed(method, route, roles)
	if !ok {
		s.security(x, "denied", "route", route)
		return fault.NotFoundf("%s %s is closed to %v", method, route, roles)
	}
	x.relation = relation
	return nil
}

// formToken is the value that every form of the exchange carries. It is bound
// to the session, or to the browser of somebody not signed in, and says
// nothing about either.
func (s *Server) formToken(x *exchange) string {
	secret := x.token
	if secret == "" {
		if x.browser == "" {
			x.browser = identity.NewToken()
			setCookie(x.c, browserCookie, x.browser, 0)
		}
		secret = x.browser
	}
	return tokenOf(secret)
}

func tokenOf(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("kokoroe/form/v1"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkOrigin refuses a POST that was not made by a form of ours: the browser
// says where it comes from, and the form carries the token of the session.
func (s *Server) checkOrigin(x *exchange) error {
	refused := fault.New(fault.Forbidden, "error.form_token", nil)
	header := &x.c.Request().Header
	site := string(header.Peek("Sec-Fetch-Site"))
	switch site {
	case "", "same-origin", "none":
	default:
		s.security(x, "cross-site post")
		return refused
	}
	switch origin := string(header.Peek(fiber.HeaderOrigin)); {
	case origin == "", origin == s.origin:
	case origin == "null" && site == "same-origin":
		// Our own Referrer-Policy makes browsers say "null" here; the other
		// header, which no page can set, says that the form is ours.
	default:
		s.security(x, "foreign origin")
		return refused
	}
	secret := x.token
	if secret == "" {
		secret = x.browser
	}
	given := x.posted(view.CSRFField)
	if secret == "" || !hmac.Equal([]byte(given), []byte(tokenOf(secret))) {
		s.security(x, "form token")
		return refused
	}
	return nil
}

// signInPath leads to the sign-in page and back to path afterwards.
func signInPath(path string) string {
	if path == "" || path == "/" {
		return "/sign-in"
	}
	return "/sign-in?" + url.Values{"return": {path}}.Encode()
}
