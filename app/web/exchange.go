package web

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/locale"
)

// exchange is one request and its answer, with what every handler needs: who
// asks, in which language, and how far the route reaches for them.
type exchange struct {
	*locale.Printer
	c        *fiber.Ctx
	ctx      context.Context // ends at the request's deadline
	id       string          // request ID
	visitor  *identity.Visitor
	relation identity.Relation
	token    string  // session token; empty when nobody is signed in
	browser  string  // browser token of somebody not signed in; empty until needed
	parts    *upload // of a form with a file; nil until asked for
}

// exchangeKey is where the first middleware keeps the exchange.
const exchangeKey = "exchange"

func exchangeOf(c *fiber.Ctx) *exchange {
	x, _ := c.Locals(exchangeKey).(*exchange)
	return x
}

// Person returns the ID of who asks. Only for routes that are not public.
func (x *exchange) person() directory.PersonID { return x.visitor.Person.ID }

// has reports whether the visitor has the role today.
func (x *exchange) has(role identity.Role) bool {
	if x.visitor == nil {
		return false
	}
	for _, r := range x.visitor.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// actor is the visitor as evidence names them.
func (x *exchange) actor() evidence.Actor {
	s := x.visitor.Session
	return evidence.Actor{
		ID: string(x.visitor.Person.ID), Language: string(x.Tag()),
		SignIn: evidence.SignIn{Provider: s.Provider, Issuer: s.Issuer, ACR: s.ACR, AMR: s.AMR, AuthAt: s.AuthAt},
	}
}

// param returns a parameter of the route, percent-decoded once.
func (x *exchange) param(name string) string {
	raw := x.c.Params(name)
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return decoded
}

// number returns a parameter of the route as a number ≥ 0; -1 for anything
// else, which exists nowhere. A number is written in one way only.
func (x *exchange) number(name string) int64 {
	raw := x.param(name)
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != raw {
		return -1
	}
	return n
}

// query returns a value of the query string.
func (x *exchange) query(name string) string { return strings.ToValidUTF8(x.c.Query(name), "") }

// form returns a value of the posted form, without what cannot be text: NUL
// and broken UTF-8 are taken out, line ends become LF.
func (x *exchange) form(name string) string { return cleanText(x.posted(name)) }

// posted returns a value of the posted form as it came. The query string is no
// part of it: fiber's FormValue would let an address speak over the form.
func (x *exchange) posted(name string) string {
	if value, ok := x.upload().values[name]; ok {
		return value
	}
	return string(x.c.Request().PostArgs().Peek(name))
}

// formAll returns all values of a field of the posted form, at most 64.
func (x *exchange) formAll(name string) []string {
	var out []string
	for _, v := range x.c.Request().PostArgs().PeekMulti(name) {
		if len(out) == 64 {
			break
		}
		out = append(out, cleanText(string(v)))
	}
	return out
}

func cleanText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// seeOther answers a POST: the browser gets the page at path, a local one.
func (x *exchange) seeOther(path string) error {
	x.c.Set(fiber.HeaderLocation, path)
	x.c.Status(fiber.StatusSeeOther)
	return nil
}

// attach makes the answer a file to be kept, with a name in any script
// (RFC 6266, RFC 8187).
func (x *exchange) attach(name, contentType string) {
	x.c.Set(fiber.HeaderContentType, contentType)
	x.c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+asciiName(name)+`"; filename*=UTF-8''`+url.PathEscape(name))
}

func asciiName(name string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x20 && r < 0x7f && !strings.ContainsRune(`"\/;%`, r) {
			return r
		}
		return '_'
	}, name)
}

// today is the day in Japan.
func (s *Server) today() calendar.Date { return calendar.DateOf(s.cfg.Now()) }
