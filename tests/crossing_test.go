package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/tests/portal"
)

const (
	clients  = 64
	walkFor  = 1500 * time.Millisecond
	pageRows = 5 // kinds of requests that a walker makes
)

var marker = regexp.MustCompile(`marker-[0-9]{3}-[a-z]+`)

// TestNothingCrossesRequests lets 64 people ask at the same moment, each with
// values of their own in every place that a request has; whatever an answer
// holds of anybody's is the reader's own.
func TestNothingCrossesRequests(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	roster, err := p.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var people []directory.Person
	for person := range roster.People() {
		if person.Kind() == directory.Employee && person.ActiveOn(today) && !person.OnLeave(today) && len(people) < clients {
			people = append(people, person)
		}
	}
	if len(people) < clients {
		t.Fatalf("%d people", len(people))
	}
	var requests sync.Map
	start := make(chan struct{})
	var done sync.WaitGroup
	for i, person := range people {
		b := p.Browser()
		b.SignIn("city", person.Number)
		w := &walker{t: t, b: b, person: person, mark: fmt.Sprintf("marker-%03d", i), english: i%2 == 1, requests: &requests, csrf: token(t, b)}
		done.Go(func() {
			<-start
			for round, until := 0, time.Now().Add(walkFor); round < pageRows || time.Now().Before(until); round++ {
				w.walk(round)
			}
		})
	}
	close(start)
	done.Wait()
	answered := 0
	requests.Range(func(any, any) bool { answered++; return true })
	if answered < clients*pageRows {
		t.Errorf("%d answers only", answered)
	}
	t.Logf("%d answers to %d clients", answered, clients)
}

// walker is one person who asks again and again.
type walker struct {
	t        *testing.T
	b        *portal.Browser
	person   directory.Person
	mark     string
	csrf     string
	english  bool
	requests *sync.Map // by X-Request-ID
}

// walk makes one request of several kinds and checks the answer.
func (w *walker) walk(round int) {
	path, query, field := w.mark+"-path", w.mark+"-query", w.mark+"-field"
	headers := []string{"Accept-Language", "ja", "User-Agent", w.mark + "-agent", "X-Forwarded-For", w.mark + "-forwarded", "Referer", "/" + w.mark + "-referer"}
	if w.english {
		headers[1] = "en"
	}
	switch round % pageRows {
	case 0: // in the query, and back in the form that changes the language
		page := ask(w.t, w.b, http.MethodGet, "/tasks?x="+query, nil, headers...)
		w.check(page, 200, query)
		if !strings.Contains(page.Text("header"), strings.Join(strings.Fields(w.person.Name), " ")) {
			w.t.Errorf("%s: the page is not %s's: %q", w.mark, w.person.Number, page.Text("header"))
		}
	case 1: // in the path
		w.check(ask(w.t, w.b, http.MethodGet, "/courses/"+path, nil, headers...), 404, path)
	case 2: // in a form that comes back with what was typed
		form := url.Values{"csrf": {w.csrf}, "reason": {field}}
		w.check(ask(w.t, w.b, http.MethodPost, basicPolicy+"/question", form, headers...), 422, field)
	case 3: // in where an answer leads
		form := url.Values{"csrf": {w.csrf}, "lang": {"ja"}, "back": {"/" + field}}
		if w.english {
			form.Set("lang", "en")
		}
		page := ask(w.t, w.b, http.MethodPost, "/language", form, headers...)
		if to := page.Header.Get("Location"); page.Status != 303 || to != "/"+field {
			w.t.Errorf("%s is led to %q with %d", w.mark, to, page.Status)
		}
		w.noted(page)
	case 4: // in a form that is refused
		form := url.Values{"csrf": {field}, "lang": {"ja"}}
		w.check(ask(w.t, w.b, http.MethodPost, "/language", form, headers...), 403, "")
	}
}

// check fails the test unless the answer is the reader's own, in the reader's
// language, with the value that it must hold.
func (w *walker) check(page *portal.Page, status int, holds string) {
	if page.Status != status {
		w.t.Errorf("%s: %s, want %d", w.mark, page, status)
	}
	body := string(page.Body)
	if !strings.Contains(body, holds) {
		w.t.Errorf("%s: %s does not hold %q", w.mark, page, holds)
	}
	for _, found := range marker.FindAllString(body+fmt.Sprint(page.Header), -1) {
		if !strings.HasPrefix(found, w.mark+"-") {
			w.t.Errorf("%s: %s holds %q", w.mark, page, found)
		}
	}
	want := "ja"
	if w.english {
		want = "en"
	}
	if lang := page.Find("html").AttrOr("lang", ""); !strings.HasPrefix(lang, want) {
		w.t.Errorf("%s: %s is in %q, want %q", w.mark, page, lang, want)
	}
	if csrf := page.Find("input[name=csrf]").First().AttrOr("value", ""); csrf != w.csrf {
		w.t.Errorf("%s: %s has another session's form token", w.mark, page)
	}
	w.noted(page)
}

// noted fails the test when two answers have the same number.
func (w *walker) noted(page *portal.Page) {
	if other, twice := w.requests.LoadOrStore(page.Header.Get("X-Request-ID"), w.mark); twice {
		w.t.Errorf("%s and %s have the same request", w.mark, other)
	}
}
