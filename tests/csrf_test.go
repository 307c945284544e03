package tests

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kokoroe/app/identity"
	"kokoroe/tests/portal"
)

// ownProof are the routes whose POST is not of a form of ours and carries its
// own proof.
var ownProof = map[string]bool{"/sign-in/:provider/back-channel-logout": true}

// takesFiles are the routes of forms with a file. One whose parts do not hold
// together is a form without a token.
var takesFiles = map[string]bool{"/verify": true}

// forgery is a POST that no form of ours makes.
type forgery struct {
	token   string // other than the form's own
	query   bool   // the own token, in the address
	headers []string
	want    int
}

const formWithFiles = "a form with files"

func forgeries(own, others, anonymous, base string) map[string]forgery {
	sibling := strings.Replace(base, "http://", "http://sibling.", 1)
	return map[string]forgery{
		"no token":                        {want: 403},
		"a token of nothing":              {token: strings.Repeat("A", 43), want: 403},
		"another session's token":         {token: others, want: 403},
		"an anonymous browser's token":    {token: anonymous, want: 403},
		"the token in the address":        {query: true, want: 403},
		"from another site":               {token: own, headers: []string{"Sec-Fetch-Site", "cross-site"}, want: 403},
		"from a sibling site":             {token: own, headers: []string{"Sec-Fetch-Site", "same-site"}, want: 403},
		"from a sibling host":             {token: own, headers: []string{"Origin", sibling, "Sec-Fetch-Site", ""}, want: 403},
		"from another port":               {token: own, headers: []string{"Origin", base + "0", "Sec-Fetch-Site", ""}, want: 403},
		"over TLS":                        {token: own, headers: []string{"Origin", strings.Replace(base, "http:", "https:", 1), "Sec-Fetch-Site", ""}, want: 403},
		"from nowhere":                    {token: own, headers: []string{"Origin", "null", "Sec-Fetch-Site", ""}, want: 403},
		"from nowhere, another site":      {token: own, headers: []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, want: 403},
		"plain text":                      {token: own, headers: []string{"Content-Type", "text/plain"}, want: 415},
		formWithFiles:                     {token: own, headers: []string{"Content-Type", "multipart/form-data; boundary=x"}, want: 415},
		"JSON":                            {token: own, headers: []string{"Content-Type", "application/json"}, want: 415},
		"no type":                         {token: own, headers: []string{"Content-Type", ""}, want: 415},
		"compressed":                      {token: own, headers: []string{"Content-Encoding", "gzip"}, want: 415},
		"a type that ends differently":    {token: own, headers: []string{"Content-Type", "application/x-www-form-urlencoded-not"}, want: 415},
		"a type with another in the back": {token: own, headers: []string{"Content-Type", "text/plain; application/x-www-form-urlencoded"}, want: 415},
	}
}

// TestForgedPostsChangeNothing sends every form of the route table as a page of
// somebody else's would.
func TestForgedPostsChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := openBeside(t, w.Portal)
	posts := 0
	for _, rule := range identity.Rules() {
		if rule.Method != "POST" || ownProof[rule.Route] {
			continue
		}
		posts++
		key := rule.Method + " " + rule.Route
		role := w.somebody(t, rule)
		b, params := w.browsers[role], w.params(t, role)
		row, address := routeRows[key], routeRows[key].address(rule.Route, params)
		own := token(t, b)
		other := "auditor"
		if role == other {
			other = "employee"
		}
		all := forgeries(own, token(t, w.browsers[other]), token(t, w.Browser()), w.URL)
		before := digest(t, db)
		for name, f := range all {
			if name == formWithFiles && takesFiles[rule.Route] {
				f.want = 403
			}
			form, to := row.fields(f.token, params), address
			if f.token == "" {
				form.Del("csrf")
			}
			if f.query {
				to += "?csrf=" + url.QueryEscape(own)
			}
			if page := ask(t, b, "POST", to, form, f.headers...); page.Status != f.want {
				t.Errorf("%s, %s: answered %d, want %d", key, name, page.Status, f.want)
			}
		}
		if tables := changed(before, digest(t, db)); tables != nil {
			t.Errorf("%s: forgeries changed %v", key, tables)
		}
	}
	if posts < 10 {
		t.Errorf("%d forms in the table", posts)
	}
	if !strings.Contains(w.Logs.String(), "foreign origin") || !strings.Contains(w.Logs.String(), "cross-site post") {
		t.Error("the security log tells nothing of the forgeries")
	}
}

// somebody is a role that may use the form; nobody for a public one.
func (w *world) somebody(t *testing.T, rule identity.Rule) string {
	t.Helper()
	for _, role := range append([]string{nobody}, sampleRoles...) {
		if want := w.wanted(rule, routeRow{}, role); want != 404 && want != 401 {
			return role
		}
	}
	t.Fatalf("nobody may %s %s", rule.Method, rule.Route)
	return ""
}

// A form says where it comes from in one of three ways; each is enough with
// the token, for browsers that leave the headers out.
func TestOwnFormsAreTaken(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	for name, headers := range map[string][]string{
		"as browsers do": nil, "no headers": {"Origin", "", "Sec-Fetch-Site", ""}, "without fetch metadata": {"Sec-Fetch-Site", ""},
		"no-referrer page": {"Origin", "null"}, "typed by hand": {"Sec-Fetch-Site", "none", "Origin", ""},
	} {
		form := url.Values{"csrf": {token(t, b)}, "lang": {"ja"}, "back": {"/tasks"}}
		if page := ask(t, b, "POST", "/language", form, headers...); page.Status != 303 || page.Header.Get("Location") != "/tasks" {
			t.Errorf("%s: %s to %q", name, page, page.Header.Get("Location"))
		}
	}
}

// A form is what was posted: the address does not speak over it.
func TestAddressIsNoPartOfTheForm(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	form := url.Values{"csrf": {token(t, b)}, "lang": {"en"}, "back": {"/record"}}
	page := ask(t, b, "POST", "/language?lang=ja&back=/tasks", form)
	if page.Header.Get("Location") != "/record" || b.Cookie("__Host-language") != "en" {
		t.Errorf("the address decided: %q, %q", page.Header.Get("Location"), b.Cookie("__Host-language"))
	}
}

// TestReadingChangesNothing asks every page for every role, and every page that
// these lead to, with GET and HEAD.
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := openBeside(t, w.Portal)
	before := digest(t, db)
	for _, role := range append([]string{nobody}, sampleRoles...) {
		b, params := w.browsers[role], w.params(t, role)
		var queue []string
		for _, rule := range identity.Rules() {
			if rule.Method == "GET" {
				queue = append(queue, routeRows["GET "+rule.Route].address(rule.Route, params))
			}
		}
		if read := readAround(t, b, queue, 120); role != nobody && read < 30 {
			t.Errorf("%s read %d pages only", role, read)
		}
		if tables := changed(before, digest(t, db)); tables != nil {
			t.Fatalf("%s changed %v by reading", role, tables)
		}
	}
}

// readAround reads pages, and what they lead to, and returns how many it read.
func readAround(t *testing.T, b *portal.Browser, queue []string, most int) int {
	t.Helper()
	seen := map[string]bool{}
	for i := 0; i < len(queue) && len(seen) < most; i++ {
		if seen[queue[i]] {
			continue
		}
		seen[queue[i]] = true
		page := ask(t, b, http.MethodGet, queue[i], nil)
		if page.Status >= 500 {
			t.Errorf("%s", page)
		}
		if head := ask(t, b, http.MethodHead, queue[i], nil); head.Status != page.Status || len(head.Body) != 0 {
			t.Errorf("HEAD %s answered %d with %d bytes, GET %d", queue[i], head.Status, len(head.Body), page.Status)
		}
		if bytes.HasPrefix(page.Body, []byte("<!")) {
			queue = append(queue, links(page)...)
		}
		if to := page.Header.Get("Location"); strings.HasPrefix(to, "/") {
			queue = append(queue, to)
		}
	}
	return len(seen)
}

// links are the portal's own addresses on a page.
func links(page *portal.Page) []string {
	var list []string
	for _, link := range page.Find("a[href]").EachIter() {
		href, _, _ := strings.Cut(link.AttrOr("href", ""), "#")
		u, err := page.URL.Parse(href)
		if err == nil && href != "" && u.Host == page.URL.Host && u.Scheme == page.URL.Scheme {
			list = append(list, u.RequestURI())
		}
	}
	return list
}
