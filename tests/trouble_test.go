package tests

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app/calendar"
	"kokoroe/app/identity"
	"kokoroe/tests/portal"
)

// oddValues are what a field may come back with: too much, too little, of
// another kind, or no text at all.
var oddValues = []string{
	"", " ", "　", "-1", "0", "1e309", "9223372036854775808", "NaN", "null", "true", "[object Object]", `{"$ne":null}`, "' OR 1=1--", "../../etc/passwd", "${x}", "%s%n",
	"2026-13-45", "令和八年", "令和8年11月22日", "9999-12-31", "0000-00-00", "\xff\xfe\xc3\x28", "a\x00b", "\x01\x02\x1b[31m", "\u202eabc\u202d", "\ufeff\u200b\u2028", "e\u0301\u0301\u0301", "ｱｲｳ１２３",
	"👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\U0010ffff", "a\r\nb\rc\n", strings.Repeat("長", 5000), strings.Repeat("x", 60<<10),
}

// pageForm is a form as it stands on a page.
type pageForm struct {
	method, action string
	fields         url.Values
	typed          []string // fields that a reader types text into
}

// formsOn returns the forms of a page but the one that ends the session.
func formsOn(b *portal.Browser, page *portal.Page) (forms []pageForm) {
	if !isPage(page) || !strings.HasPrefix(page.URL.String(), b.Portal.URL) {
		return nil
	}
	page.Find("form").Each(func(_ int, s *goquery.Selection) {
		to, err := page.URL.Parse(s.AttrOr("action", ""))
		if err != nil {
			return // the crawl for markup says so
		}
		action, fields := to.String(), url.Values{}
		var typed []string
		s.Find("input, textarea, select, button").Each(func(_ int, field *goquery.Selection) {
			name, kind := field.AttrOr("name", ""), field.AttrOr("type", "")
			if name == "" {
				return
			}
			fields.Set(name, field.AttrOr("value", ""))
			if goquery.NodeName(field) == "textarea" || goquery.NodeName(field) == "input" && slices.Contains([]string{"", "text", "search"}, kind) {
				typed = append(typed, name)
			}
		})
		if !strings.HasSuffix(action, "/sign-out") {
			forms = append(forms, pageForm{strings.ToUpper(s.AttrOr("method", "get")), action, fields, typed})
		}
	})
	return forms
}

// shape tells forms of one kind from others.
func (f pageForm) shape() string {
	u, err := url.Parse(f.action)
	if err != nil {
		return f.action
	}
	return f.method + " " + shapeOf(&url.URL{Path: u.Path, RawQuery: f.fields.Encode()})
}

// send sends the form with a body that the test wrote.
func (f pageForm) send(t testing.TB, b *portal.Browser, encoded string) *portal.Page {
	t.Helper()
	if f.method == http.MethodGet {
		address, _, _ := strings.Cut(f.action, "?")
		return b.Do(withLanguage(get(t, address+"?"+encoded), b.Language))
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.action, strings.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", b.Language)
	return b.Do(r)
}

// assertClear fails the test unless the answer is a page in the reader's
// language that says what is wrong, or leads on.
func assertClear(t testing.TB, what, language string, page *portal.Page) {
	t.Helper()
	if page.Status >= 500 {
		t.Errorf("%s answered %d: %s", what, page.Status, page.Text("main"))
	}
	if page.Status >= 300 && page.Status < 400 && len(page.Body) == 0 || !isPage(page) && page.Status == 200 {
		return
	}
	if !isPage(page) {
		t.Errorf("%s answered %d and no page: %.100q", what, page.Status, page.Body)
		return
	}
	for _, complaint := range foreign(page) {
		t.Errorf("%s: %s", what, complaint)
	}
	page.Lacks(t, "goroutine ", "runtime error", "fault.", "fasthttp", ".go:")
	if page.Status < 400 || page.Status == http.StatusRequestHeaderFieldsTooLarge {
		return // of a header that is not read nobody knows the language
	}
	said := page.Text("h1") + page.Text(".error-summary")
	kana := strings.ContainsFunc(said, func(r rune) bool {
		return r != 'ヶ' && unicode.In(r, unicode.Hiragana, unicode.Katakana) // which is in names: 三ヶ日
	})
	if got := page.Find("html").AttrOr("lang", ""); got != language || kana != (language == "ja") || said == "" {
		t.Errorf("%s answered %d in %q: %q", what, page.Status, got, said)
	}
}

// assertKept fails the test unless a refused form still holds what was typed.
func assertKept(t testing.TB, what string, page *portal.Page, name, value string) {
	t.Helper()
	field := page.Find("main [name=" + name + "]").First()
	if page.Status != http.StatusUnprocessableEntity || field.Length() == 0 {
		return
	}
	kept := field.AttrOr("value", field.Text())
	if strings.TrimSpace(tidied(kept)) != strings.TrimSpace(tidied(value)) {
		t.Errorf("%s: %s came back as %.60q, typed was %.60q", what, name, kept, value)
	}
}

// tidied is a text without what no text holds.
func tidied(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// languageOf is the language in which the browser is to be answered.
func languageOf(b *portal.Browser) string {
	if chosen := b.Cookie("__Host-language"); chosen != "" {
		return chosen
	}
	return b.Language
}

// abuse sends the form with everything that is odd.
func (f pageForm) abuse(t testing.TB, b *portal.Browser) {
	t.Helper()
	send := func(what, encoded string) *portal.Page {
		what = f.method + " " + f.action + " with " + what
		before, language := recorded(t, b.Portal), languageOf(b)
		page := f.send(t, b, encoded)
		assertClear(t, what, language, page)
		if page.Status >= 400 && recorded(t, b.Portal) != before {
			t.Errorf("%s answered %d, and something was recorded", what, page.Status)
		}
		return page
	}
	for name := range f.fields {
		for i, value := range oddValues {
			if name == "csrf" && i > 2 {
				break // a test of its own
			}
			values := url.Values{}
			for other, list := range f.fields {
				values[other] = list
			}
			values.Set(name, value)
			what := fmt.Sprintf("%s=%.30q", name, value)
			page := send(what, values.Encode())
			if slices.Contains(f.typed, name) && utf8.RuneCountInString(value) < 6000 {
				assertKept(t, what, page, name, value)
			}
		}
		good := f.fields.Encode()
		send(name+" twice", url.Values{name: {"other"}}.Encode()+"&"+good)
		send(name+" as a list", strings.ReplaceAll(good, name+"=", name+"%5B%5D="))
		send(name+" as a map", strings.ReplaceAll(good, name+"=", name+"%5B%24ne%5D="))
		without := url.Values{}
		for other, list := range f.fields {
			if other != name {
				without[other] = list
			}
		}
		send("no "+name, without.Encode())
	}
	good := f.fields.Encode()
	for _, raw := range []string{"", "&&&", "=", "%", "%zz=%zz", good + "&%ff=%ff", good + "&unknown=1", good + ";a=b", strings.ReplaceAll(good, "&", ";"), "\x00\xff"} {
		if f.method == http.MethodPost || !strings.ContainsAny(raw, "\x00") {
			send(fmt.Sprintf("the body %.30q", raw), raw)
		}
	}
	if f.method == http.MethodPost {
		much := 65 << 10
		if strings.HasSuffix(f.action, "/verify") {
			much = 2 << 20
		}
		if page := send("too much", good+"&x="+strings.Repeat("x", much)); page.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s with %d KB answered %d", f.action, much>>10, page.Status)
		}
	}
}

func recorded(t testing.TB, p *portal.Portal) int64 {
	t.Helper()
	n, err := p.App.Store.LogSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// readLessons reads every lesson of a course.
func readLessons(b *portal.Browser, course string) {
	var lessons []string
	b.Get("/courses/" + course).Find(`a[href*="/lessons/"]`).Each(func(_ int, a *goquery.Selection) {
		lessons = append(lessons, a.AttrOr("href", ""))
	})
	for _, lesson := range slices.Compact(lessons) {
		b.Get(lesson)
		b.Submit(`form[action*="/lessons/"]`, nil)
	}
}

// TestOddForms sends every form of every page as every role with what nobody
// should send.
func TestOddForms(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	abused := map[string]bool{}
	for i, role := range everyRole {
		b := browserAs(p, role)
		b.Language = []string{"ja", "en"}[i%2]
		if role == "employee" {
			readLessons(b, "annual") // before the check can begin
		}
		var queue []pageForm
		collect := func(page *portal.Page) {
			for _, f := range formsOn(b, page) {
				if shape := f.shape(); !abused[shape] {
					abused[shape] = true
					queue = append(queue, f)
				}
			}
		}
		crawl(t, b, 2, collect)
		for len(queue) > 0 {
			f := queue[0]
			queue = queue[1:]
			f.abuse(t, b)
			// Honestly, to see what comes next.
			if page := f.send(t, b, f.fields.Encode()); page.Status == http.StatusSeeOther && strings.HasPrefix(page.Header.Get("Location"), "/") {
				collect(b.Get(page.Header.Get("Location")))
			}
		}
	}
	for _, want := range []string{"POST /language", "POST /sign-in", "/policies/basic-policy/acknowledgement", "/policies/basic-policy/question", "/courses/annual/check", "/courses/annual/practice", "lessons", "GET /audit", "exemptions"} {
		if !slices.ContainsFunc(slices.Sorted(maps.Keys(abused)), func(shape string) bool { return strings.Contains(shape, want) }) {
			t.Errorf("no form of %s was found", want)
		}
	}
}

// oddParameters stand where an address names something.
var oddParameters = []string{
	"0", "-1", "99999999999999999999", "%00", "%ff", "..", "%2e%2e%2fx", "%252e", "%E6%97", "%E7%A0%94%E4%BF%AE", "%0d%0aX:y", "%20", "+", "'--", "%7B%22$ne%22:null%7D", "*", ":x", "%5c", "~", "a;b=c", "%3Cscript%3E", "%F0%9F%8F%B4",
}

// oddQueries stand behind an address.
var oddQueries = []string{
	"?", "?%", "?&&=&=x", "?after=%00&before=-1&exempted=x&department=%ff&requirement=%00&group=%ff&encoding=x&day=9999-99-99&page=-1&ruby=maybe&version=-1&from=x&until=x",
	"?before=99999999999999999999&after=99999999999999999999&department=..%2f&group=everybody&requirement=annual&version=99999999999999999999&from=9999-12-31&until=0000-00-00&reason=x",
	"?a[b][c]=d&a.b.c=d&a[999999]=1", "?" + "x=1&x=2&x=%F0%28%8C%28",
}

func TestOddAddresses(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	browsers := map[string]*portal.Browser{}
	roles := map[string][]identity.Role{}
	for i, role := range everyRole {
		browsers[role] = browserAs(p, role)
		browsers[role].Language = []string{"ja", "en"}[i%2]
		if role != "" {
			sample, _ := p.Demo.As(role)
			roles[role] = p.App.Identity.RolesOf(p.Person(sample.Number), calendar.DateOf(p.Clock.Now()))
		}
	}
	for _, route := range p.App.Web.Routes() {
		if route[0] != http.MethodGet {
			continue
		}
		i := slices.IndexFunc(everyRole, func(role string) bool {
			_, ok := identity.Allowed(http.MethodGet, route[1], roles[role])
			return ok && role != "" || route[1] == "/"
		})
		if i < 0 {
			continue // closed to everybody
		}
		b := browsers[everyRole[i]]
		ask := func(path string) {
			page := b.Do(withLanguage(get(t, p.URL+path), b.Language))
			assertClear(t, path, b.Language, page)
			assertStays(t, path, page, p.App.Identity.Origins()...)
		}
		parts := strings.Split(route[1], "/")
		for _, odd := range oddParameters {
			filled := slices.Clone(parts)
			named := false
			for j, part := range parts {
				if strings.HasPrefix(part, ":") || part == "*" {
					filled[j], named = odd, true
				}
			}
			if !named {
				filled = append(filled, odd) // behind it, where nothing is
			}
			ask(strings.Join(filled, "/"))
		}
		for _, query := range oddQueries {
			ask(strings.NewReplacer(":course", "annual", ":lesson", "why-it-matters", ":policy", "basic-policy", ":department", "all", ":seq", "0", ":provider", "city").Replace(route[1]) + query)
		}
	}
}

func withLanguage(r *http.Request, language string) *http.Request {
	r.Header.Set("Accept-Language", language)
	return r
}
