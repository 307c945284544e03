package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// step is a kind of request; the table has a line for each.
type step int

// samples are how long each request took, by step. Each walker has its own.
type samples [steps][]time.Duration

// wires are the connections of one walker, which they keep from one journey to
// the next.
type wires struct {
	portal string // its origin
	byHost map[string]*wire
}

func newWires(portal string, hosts ...string) *wires {
	w := &wires{portal: portal, byHost: map[string]*wire{}}
	for _, h := range hosts {
		w.byHost[h] = &wire{host: h}
	}
	return w
}

func (w *wires) close() {
	for _, one := range w.byHost {
		one.close()
	}
}

// patience lets answers take so long.
func (w *wires) patience(timeout time.Duration) {
	for _, one := range w.byHost {
		one.timeout = timeout
	}
}

// browser is one person's: it keeps cookies, and knows as much of HTML as the
// journey needs. It asks for nothing more once something went wrong.
type browser struct {
	*wires
	times    *samples
	cookies  []cookie // of the portal
	answer   answer
	body     []byte
	origin   string // of the last page
	location string // where the last answer sends the browser
	err      error
}

type cookie struct{ name, value string }

func newBrowser(w *wires, times *samples) *browser {
	return &browser{wires: w, times: times, origin: w.portal}
}

// get asks for a page and wants all words on it.
func (b *browser) get(s step, address string, words ...string) {
	b.send(s, "GET", address, "", http.StatusOK, words)
}

// follow goes where the last answer leads, and wants a page there.
func (b *browser) follow(s step, words ...string) {
	if b.err == nil && b.location == "" {
		b.err = fmt.Errorf("%s: the answer before leads nowhere", s)
	}
	b.get(s, b.location, words...)
}

// hop goes where the last answer leads, and wants to be led on.
func (b *browser) hop(s step) {
	b.send(s, "GET", b.location, "", 0, nil)
}

// click goes where the first link of the page leads whose address begins so.
func (b *browser) click(s step, address string) {
	if b.err != nil {
		return
	}
	rest, ok := between(b.body, `href="`+address, `"`)
	if !ok {
		b.err = fmt.Errorf("%s: no link to %s", s, address)
		return
	}
	b.get(s, unescape.Replace(address+string(rest)), signedIn)
}

// submit sends the form of the page whose address holds action, with what it
// carries hidden and the values given.
func (b *browser) submit(s step, action string, values ...string) {
	if b.err != nil {
		return
	}
	address, form, ok := formOf(b.body, action)
	if !ok {
		b.err = fmt.Errorf("%s: no form for %s", s, action)
		return
	}
	for i := 0; i < len(values); i += 2 {
		form += "&" + url.QueryEscape(values[i]) + "=" + url.QueryEscape(values[i+1])
	}
	b.send(s, "POST", address, strings.TrimPrefix(form, "&"), 0, nil)
}

// send makes a request; status 0 wants a redirect.
func (b *browser) send(s step, method, address, form string, status int, words []string) {
	if b.err != nil {
		return
	}
	if strings.HasPrefix(address, "/") {
		address = b.origin + address
	}
	scheme, rest, _ := strings.Cut(address, "://")
	host, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "#")
	w := b.byHost[host]
	if w == nil {
		b.err = fmt.Errorf("%s: led away to %s", s, address)
		return
	}
	b.origin = scheme + "://" + host
	cookies := ""
	if b.origin == b.portal {
		cookies = b.cookieHeader()
	}
	began := time.Now()
	b.answer, b.err = w.do(method, "/"+path, cookies, form)
	took := time.Since(began)
	if b.err != nil {
		b.err = fmt.Errorf("%s: %s %s: %w", s, method, address, b.err)
		return
	}
	b.times[s] = append(b.times[s], took)
	b.read()
	b.check(s, method, address, status, words)
}

func (b *browser) cookieHeader() string {
	header := ""
	for i, c := range b.cookies {
		if i > 0 {
			header += "; "
		}
		header += c.name + "=" + c.value
	}
	return header
}

// read takes over what the answer changes in the browser.
func (b *browser) read() {
	b.body, b.location = b.answer.body, b.answer.location
	if strings.HasPrefix(b.location, "/") {
		b.location = b.origin + b.location
	}
	if b.origin != b.portal {
		return
	}
	for _, raw := range b.answer.cookies {
		pair, _, _ := strings.Cut(string(raw), ";")
		name, value, _ := strings.Cut(pair, "=")
		b.cookies = slices.DeleteFunc(b.cookies, func(c cookie) bool { return c.name == name })
		if value != "" {
			b.cookies = append(b.cookies, cookie{name, value})
		}
	}
}

func (b *browser) check(s step, method, address string, status int, words []string) {
	got := b.answer.status
	if status == 0 && (got < 300 || got > 399 || b.location == "") || status != 0 && got != status {
		b.err = fmt.Errorf("%s: %s %s answered %d: %s", s, method, address, got, heading(b.body))
		return
	}
	for _, w := range words {
		if !bytes.Contains(b.body, []byte(w)) {
			b.err = fmt.Errorf("%s: %s %s does not say %q", s, method, address, w)
			return
		}
	}
}

// heading is the page's h1, to say what an unexpected page was.
func heading(body []byte) []byte {
	text, _ := between(body, "<h1", "</h1>")
	return text
}

// between returns what stands between two strings.
func between(body []byte, from, to string) ([]byte, bool) {
	_, rest, ok := bytes.Cut(body, []byte(from))
	if !ok {
		return nil, false
	}
	text, _, ok := bytes.Cut(rest, []byte(to))
	return text, ok
}

// formOf finds the form whose action begins with the one given, and returns its
// action and its hidden fields, encoded.
func formOf(body []byte, action string) (address, fields string, ok bool) {
	for {
		var tag []byte
		if _, body, ok = bytes.Cut(body, []byte("<form ")); !ok {
			return "", "", false
		}
		if tag, body, ok = bytes.Cut(body, []byte(">")); !ok {
			return "", "", false
		}
		address = attribute(tag, "action")
		if strings.HasPrefix(address, action) {
			break
		}
	}
	inside, _, _ := bytes.Cut(body, []byte("</form>"))
	for {
		var tag []byte
		if _, inside, ok = bytes.Cut(inside, []byte("<input ")); !ok {
			return address, fields, true
		}
		tag, inside, _ = bytes.Cut(inside, []byte(">"))
		if attribute(tag, "type") == "hidden" {
			fields += "&" + url.QueryEscape(attribute(tag, "name")) + "=" + url.QueryEscape(attribute(tag, "value"))
		}
	}
}

var unescape = strings.NewReplacer("&#43;", "+", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&")

// attribute returns the value of an attribute of a tag.
func attribute(tag []byte, name string) string {
	value, _ := between(tag, name+`="`, `"`)
	if bytes.IndexByte(value, '&') < 0 {
		return string(value)
	}
	return unescape.Replace(string(value))
}
