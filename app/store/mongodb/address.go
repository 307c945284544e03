package mongodb

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"kokoroe/app/fault"
)

// address is what may be said of where the database is: no user, no password,
// no options.
type address struct {
	database string
	shown    string   // scheme, hosts and database
	secrets  []string // that must not be said
}

// parseAddress reads the parts that the driver keeps to itself. Invalid when no
// database is named: there is no sensible default where a database is a city.
func parseAddress(uri string) (address, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found || scheme != "mongodb" && scheme != "mongodb+srv" {
		return address{}, address{shown: "mongodb://…"}.wrong(errors.New("it does not begin with mongodb:// or mongodb+srv://"))
	}
	a := address{shown: scheme + "://…"}
	rest, query, _ := strings.Cut(rest, "?")
	user, after, found := cutLast(rest, "@")
	if strings.ContainsAny(user, "/@") && found || strings.Count(user, ":") > 1 && found || strings.Contains(query, "@") {
		// Which part of it is the password is anybody's guess.
		return a, a.wrong(errors.New("a colon, slash, question mark or at sign of the user, the password or an option must be percent-encoded"))
	}
	if found {
		rest = after
		_, password, _ := strings.Cut(user, ":")
		a.secrets = append(a.secrets, user, password)
	}
	for option := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(option, "="); strings.Contains(strings.ToLower(name), "password") ||
			strings.EqualFold(name, "authMechanismProperties") {
			a.secrets = append(a.secrets, value)
		}
	}
	for _, s := range a.secrets {
		if plain, err := url.PathUnescape(s); err == nil && plain != s {
			a.secrets = append(a.secrets, plain)
		}
	}
	a.shown = scheme + "://" + rest
	_, name, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	switch {
	case err != nil:
		return a, a.wrong(errors.New("the name of the database is not escaped as it should be"))
	case len(name) > 63 || strings.ContainsAny(name, "/\\. \"$\x00"):
		return a, a.wrong(errors.New("no database can have that name"))
	case name == "":
		return a, a.wrong(errors.New("it names no database, as in mongodb://host/kokoroe"))
	}
	a.database = name
	return a, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// wrong is the fault about an address that cannot be used.
func (a address) wrong(cause error) error {
	return a.fault(fault.Invalid, "mongodb.address_invalid", "is not the address of a MongoDB database", cause, nil)
}

// fault is a fault about this address: one sentence for the operator, with the
// cause unless that says a secret.
func (a address) fault(kind fault.Kind, id, sentence string, cause error, args fault.Args) error {
	if args == nil {
		args = fault.Args{}
	}
	args["Address"] = a.shown
	e := fault.New(kind, id, args)
	e.Err = fmt.Errorf("%s %s", a.shown, sentence)
	if cause != nil && !a.tells(cause) {
		e.Err = fmt.Errorf("%w: %w", e.Err, cause)
	}
	return e
}

// tells reports whether the text of err holds a secret of the address.
func (a address) tells(err error) bool {
	text := err.Error()
	for _, s := range a.secrets {
		if s != "" && strings.Contains(text, s) {
			return true
		}
	}
	return false
}
