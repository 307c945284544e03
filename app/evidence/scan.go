package evidence

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// scanned is what an examination needs to know of a record.
type scanned struct {
	key, kind, actor, subject, object, scope string
	at                                       int64
	shown                                    Shown
}

// scanRecord reads a record in one pass, many times faster than ParseRecord,
// which an examination of a million records would wait for. It accepts a part
// of what ParseRecord accepts and never anything else; of a record that it does
// not accept, ParseRecord has to tell.
func scanRecord(b []byte) (scanned, bool) {
	p := scanner{s: string(b)}
	var r scanned
	var seen struct{ v, kind, key, actor, at, body bool }
	ok := len(b) <= MaxRecord && p.object(0, func(name string) bool {
		switch name {
		case "v":
			seen.v = true
			return p.literal("1")
		case "kind":
			seen.kind = true
			return p.field(&r.kind) && isKind(r.kind)
		case "key":
			seen.key = true
			return p.field(&r.key)
		case "actor":
			seen.actor = true
			return p.field(&r.actor)
		case "at":
			seen.at = true
			return p.integer(&r.at)
		case "subject":
			return p.field(&r.subject)
		case "object":
			return p.field(&r.object)
		case "scope":
			return p.field(&r.scope)
		case "language", "program":
			return p.field(new(string))
		case "signin":
			return p.signIn()
		case "body":
			seen.body = true
			return p.body(&r)
		}
		return false
	})
	return r, ok && p.s == "" && seen.v && seen.kind && seen.key && seen.actor && seen.at && seen.body
}

// scanner reads canonical JSON (RFC 8785) from s, which is what is left of it.
// Each of its methods reads one thing and reports whether it was there.
type scanner struct{ s string }

func (p *scanner) literal(want string) (ok bool) {
	p.s, ok = strings.CutPrefix(p.s, want)
	return ok
}

// object reads an object whose members are in order and not escaped; member
// reads the value.
func (p *scanner) object(depth int, member func(name string) bool) bool {
	if depth > maxDepth || !p.literal("{") {
		return false
	}
	if p.literal("}") {
		return true
	}
	for last := ""; ; {
		var name string
		// Among ASCII names the order of bytes is that of UTF-16 code units.
		if !p.text(&name) || !isASCII(name) || last != "" && name <= last || name == "" || !p.literal(":") || !member(name) {
			return false
		}
		if last = name; !p.literal(",") {
			return p.literal("}")
		}
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

func (p *scanner) list(depth int, element func() bool) bool {
	if depth > maxDepth || !p.literal("[") {
		return false
	}
	if p.literal("]") {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !p.literal(",") {
			return p.literal("]")
		}
	}
}

// text reads a string without escapes.
func (p *scanner) text(out *string) bool {
	if !p.literal(`"`) {
		return false
	}
	end := strings.IndexByte(p.s, '"')
	if end < 0 {
		return false
	}
	*out = p.s[:end]
	p.s = p.s[end+1:]
	ascii := true
	for i := range len(*out) {
		c := (*out)[i]
		if c < 0x20 || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(*out) && !strings.ContainsRune(*out, utf8.RuneError) && norm.NFC.IsNormalString(*out)
}

// field reads the value of a member outside body.
func (p *scanner) field(out *string) bool {
	return p.text(out) && *out != "" && len(*out) <= maxField && strings.IndexByte(*out, 0x7f) < 0
}

func (p *scanner) integer(out *int64) bool {
	end := strings.IndexFunc(p.s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') })
	if end <= 0 {
		return false
	}
	n, err := strconv.ParseInt(p.s[:end], 10, 64)
	if err != nil || n < -maxInteger || n > maxInteger || strconv.FormatInt(n, 10) != p.s[:end] {
		return false
	}
	*out, p.s = n, p.s[end:]
	return true
}

func (p *scanner) signIn() bool {
	some := false
	return p.object(0, func(name string) bool {
		some = true
		switch name {
		case "acr", "issuer", "provider":
			return p.field(new(string))
		case "auth_at":
			var at int64
			return p.integer(&at) && at != 0
		case "amr":
			empty := true
			return p.list(0, func() bool {
				empty = false
				return p.field(new(string))
			}) && !empty
		}
		return false
	}) && some
}

func (p *scanner) body(r *scanned) bool {
	return p.object(0, func(name string) bool {
		if (name == "text" || name == "declaration") && strings.HasPrefix(p.s, `"`) {
			var digest string
			if !p.text(&digest) {
				return false
			}
			if digest = digestIn(digest); name == "text" {
				r.shown.Text = digest
			} else {
				r.shown.Declaration = digest
			}
			return true
		}
		return p.value(1)
	})
}

func (p *scanner) value(depth int) bool {
	if p.s == "" {
		return false
	}
	switch p.s[0] {
	case '{':
		return p.object(depth, func(string) bool { return p.value(depth + 1) })
	case '[':
		return p.list(depth, func() bool { return p.value(depth + 1) })
	case '"':
		return p.text(new(string))
	case 't':
		return p.literal("true")
	case 'f':
		return p.literal("false")
	}
	return p.integer(new(int64))
}

// readRecord is scanRecord, and ParseRecord for what that does not accept.
func readRecord(b []byte) (scanned, error) {
	if r, ok := scanRecord(b); ok {
		return r, nil
	}
	r, err := ParseRecord(b)
	if err != nil {
		return scanned{}, err
	}
	return scannedOf(r), nil
}

func scannedOf(r Record) scanned {
	return scanned{key: r.Key, kind: r.Kind, actor: r.Actor.ID, subject: r.Subject, object: r.Object, scope: r.Scope,
		at: r.At.UnixMilli(), shown: r.Shown}
}
