package portal

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// Browser walks through the portal as a browser without script does: it keeps
// cookies, follows redirects, and sends forms with all their fields.
type Browser struct {
	Portal   *Portal
	Language string      // Accept-Language
	Seen     func(*Page) // is told of every answer, of redirects and providers too; may be nil

	t       testing.TB
	client  *http.Client
	cookies map[string]*http.Cookie
	page    *Page
}

// Page is what the browser shows.
type Page struct {
	*goquery.Document
	Status int
	Header http.Header
	URL    *url.URL
	Body   []byte
}

// Text returns the words of the elements that a selector finds, with single
// spaces.
func (p *Page) Text(selector string) string {
	return strings.Join(strings.Fields(p.Find(selector).Text()), " ")
}

// Page returns the page that is shown.
func (b *Browser) Page() *Page { return b.page }

// Get goes to a path of the portal, or to an address.
func (b *Browser) Get(path string) *Page {
	b.t.Helper()
	return b.follow(b.request(http.MethodGet, b.absolute(path), nil))
}

// Post sends a form without having seen it: for what a browser would not send.
func (b *Browser) Post(path string, form url.Values) *Page {
	b.t.Helper()
	return b.follow(b.request(http.MethodPost, b.absolute(path), form))
}

// PostOnly is Post that does not follow the answer.
func (b *Browser) PostOnly(path string, form url.Values) *Page {
	b.t.Helper()
	return b.send(b.request(http.MethodPost, b.absolute(path), form))
}

// Click follows the link that a selector finds, or whose words are text.
func (b *Browser) Click(selectorOrText string) *Page {
	b.t.Helper()
	link := b.page.Find("a").FilterFunction(func(_ int, s *goquery.Selection) bool {
		return strings.Join(strings.Fields(s.Text()), " ") == selectorOrText
	})
	if link.Length() == 0 && !strings.ContainsAny(selectorOrText, "「」。、") {
		link = b.page.Find(selectorOrText)
	}
	href, ok := link.First().Attr("href")
	if !ok {
		b.t.Fatalf("no link %q on %s:\n%s", selectorOrText, b.page.URL, b.page.Text("main"))
	}
	return b.Get(href)
}

// Submit sends the form that a selector finds, with the values that it holds
// and those given instead. Of several submit buttons the first counts, unless
// a given value names another.
func (b *Browser) Submit(selector string, values url.Values) *Page {
	b.t.Helper()
	path, form := b.Form(selector, values)
	return b.Post(path, form)
}

// Form returns where the form that a selector finds goes, and what it sends.
func (b *Browser) Form(selector string, values url.Values) (action string, form url.Values) {
	b.t.Helper()
	found := b.page.Find(selector)
	if found.Length() == 0 {
		b.t.Fatalf("no form %q on %s (status %d):\n%s", selector, b.page.URL, b.page.Status, b.page.Text("body"))
	}
	found = found.First()
	to, err := b.page.URL.Parse(found.AttrOr("action", "")) // on the page that is shown, which may be a provider's
	if err != nil {
		b.t.Fatalf("form %q on %s: %v", selector, b.page.URL, err)
	}
	action = to.String()
	form = url.Values{}
	found.Find("input, textarea, select").Each(func(_ int, field *goquery.Selection) {
		addField(form, field)
	})
	if button := found.Find("button[name]").First(); button.Length() > 0 {
		form.Set(button.AttrOr("name", ""), button.AttrOr("value", ""))
	}
	for name, list := range values {
		form[name] = list
	}
	return action, form
}

func addField(form url.Values, field *goquery.Selection) {
	name, kind := field.AttrOr("name", ""), field.AttrOr("type", "text")
	_, checked := field.Attr("checked")
	switch {
	case name == "" || kind == "submit" || kind == "button" || (kind == "radio" || kind == "checkbox") && !checked:
	case goquery.NodeName(field) == "textarea":
		form.Add(name, field.Text())
	case goquery.NodeName(field) == "select":
		chosen := field.Find("option[selected]")
		if chosen.Length() == 0 {
			chosen = field.Find("option").First()
		}
		form.Add(name, chosen.AttrOr("value", chosen.Text()))
	default:
		form.Add(name, field.AttrOr("value", ""))
	}
}

// SignIn signs the person with the number in through a provider, from the
// front page on, and ends on the page that follows.
func (b *Browser) SignIn(provider, number string) *Page {
	b.t.Helper()
	b.Get("/sign-in")
	b.Submit(`form[action="/sign-in/`+provider+`"]`, nil)
	if b.page.Status != http.StatusOK {
		b.t.Fatalf("the provider %s answered %d:\n%s", provider, b.page.Status, b.page.Text("body"))
	}
	page := b.Submit("form:has(input[name=request])", url.Values{"number": {number}})
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.String(), b.Portal.URL) {
		b.t.Fatalf("signing %s in ended at %s with %d:\n%s", number, page.URL, page.Status, page.Text("main"))
	}
	return page
}

// Cookie returns the value of a cookie of the portal, "" for none.
func (b *Browser) Cookie(name string) string {
	if c, ok := b.cookies[b.Portal.URL+" "+name]; ok {
		return c.Value
	}
	return ""
}

// SetCookie plants a cookie for the portal.
func (b *Browser) SetCookie(name, value string) {
	b.cookies[b.Portal.URL+" "+name] = &http.Cookie{Name: name, Value: value}
}

func (b *Browser) absolute(path string) string {
	base, err := url.Parse(b.Portal.URL)
	if b.page != nil {
		base = b.page.URL
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.HasPrefix(path, "/") {
		return b.Portal.URL + path
	}
	u, err := base.Parse(path)
	if err != nil {
		b.t.Fatalf("address %q: %v", path, err)
	}
	return u.String()
}

func (b *Browser) request(method, address string, form url.Values) *http.Request {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin(r.URL))
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept-Language", b.Language)
	return r
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// follow sends a request and follows redirects, as GET.
func (b *Browser) follow(r *http.Request) *Page {
	b.t.Helper()
	for range 10 {
		page := b.send(r)
		to := page.Header.Get("Location")
		if page.Status < 300 || page.Status > 399 || to == "" {
			return page
		}
		next, err := page.URL.Parse(to)
		if err != nil {
			b.t.Fatalf("redirected to %q: %v", to, err)
		}
		r = b.request(http.MethodGet, next.String(), nil)
	}
	b.t.Fatal("ten redirects and no page")
	return nil
}

// Do sends a request of the test's own making with the browser's cookies.
func (b *Browser) Do(r *http.Request) *Page { return b.send(r) }

func (b *Browser) send(r *http.Request) *Page {
	b.t.Helper()
	for key, c := range b.cookies {
		if host, _, _ := strings.Cut(key, " "); host == origin(r.URL) {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	for _, c := range response.Cookies() {
		key := origin(r.URL) + " " + c.Name
		if c.MaxAge < 0 || c.Value == "" {
			delete(b.cookies, key)
			continue
		}
		b.cookies[key] = c
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	b.page = &Page{Document: doc, Status: response.StatusCode, Header: response.Header, URL: r.URL, Body: body}
	if b.Seen != nil {
		b.Seen(b.page)
	}
	return b.page
}

// Want fails the test unless the page has the status and all the words.
func (p *Page) Want(t testing.TB, status int, words ...string) *Page {
	t.Helper()
	if p.Status != status {
		t.Fatalf("%s answered %d, want %d:\n%s", p.URL, p.Status, status, p.Text("body"))
	}
	text := p.Text("body")
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Fatalf("%s does not say %q:\n%s", p.URL, w, text)
		}
	}
	return p
}

// inCodes matches what may stand in a random code by chance.
var inCodes = regexp.MustCompile(`^[A-Za-z0-9_-]{0,4}$`)

// Lacks fails the test if the page holds one of the words, anywhere in its
// source. A word of fewer than five letters or digits is refused: every page holds
// random codes, and one in a few thousand of them holds any three letters.
func (p *Page) Lacks(t testing.TB, words ...string) *Page {
	t.Helper()
	for _, w := range words {
		if inCodes.MatchString(w) {
			t.Fatalf("%q is so short that a random code may hold it", w)
		}
		if bytes.Contains(p.Body, []byte(w)) {
			t.Fatalf("%s holds %q", p.URL, w)
		}
	}
	return p
}

// String is for messages.
func (p *Page) String() string { return fmt.Sprintf("%s (%d)", p.URL, p.Status) }
