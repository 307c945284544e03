package tests

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/tests/portal"
)

// today is the day on which portals boot.
var today = calendar.DateOf(portal.Start)

// remindedOn is the day on which somebody of the head's department was reminded.
var remindedOn = today.AddDays(-2)

// nobody is the role of a browser in which nobody is signed in.
const nobody = "nobody"

var sampleRoles = []string{"employee", "head", "contractor", "account-owner", "hr", "security-office", "auditor"}

// world is a portal in which every sample person has something of their own: a
// receipt, a failed check, an open check, a sitting of practice.
type world struct {
	*portal.Portal
	browsers map[string]*portal.Browser
	roles    map[string][]identity.Role
	own      map[string]map[string]string // by role: parameters of routes
	digest   string                       // of a published text
}

func newWorld(t *testing.T, options ...portal.Option) *world {
	t.Helper()
	p := portal.New(t, options...)
	w := &world{Portal: p, browsers: map[string]*portal.Browser{nobody: p.Browser()}, roles: map[string][]identity.Role{}, own: map[string]map[string]string{}}
	roster, err := p.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	day := today
	for _, role := range sampleRoles {
		sample, ok := p.Demo.As(role)
		if !ok {
			t.Fatalf("no sample person shows %q", role)
		}
		person := p.Person(sample.Number)
		w.browsers[role] = p.As(role)
		w.roles[role] = p.App.Identity.RolesOf(person, day)
		w.own[role] = map[string]string{"id": string(person.ID), "name": person.Name, "department": string(person.MembershipOn(day).Department)}
		w.furnish(t, role)
	}
	head := w.own["head"]
	for other := range roster.People() {
		if at := string(other.MembershipOn(day).Department); at != "" && other.ActiveOn(day) && string(other.ID) != head["id"] {
			if inside := roster.Within(other.MembershipOn(day).Department, p.Person("000181").MembershipOn(day).Department); inside {
				head["person"] = string(other.ID)
			}
		}
	}
	elsewhere, ok := roster.DepartmentByPath("総務部/情報政策課")
	if !ok {
		t.Fatal("no department 総務部/情報政策課")
	}
	head["elsewhere"] = string(elsewhere.ID)
	noFault(t, p.App.Store.EnqueueMessages(t.Context(), []notify.Message{{
		Key: notify.ReminderKey(remindedOn, directory.PersonID(head["person"])), Person: directory.PersonID(head["person"]),
		State: notify.Withheld, Reason: notify.NoMail, At: portal.Start, SettledAt: portal.Start,
	}}))
	w.own[nobody] = maps.Clone(w.own["employee"])
	w.settle(t)
	return w
}

// furnish gives the person of a role something in every table.
func (w *world) furnish(t *testing.T, role string) {
	t.Helper()
	own, b := w.own[role], w.browsers[role]
	if role == "contractor" {
		b.Get("/policies/contractor-obligations").Want(t, 200)
		page := b.Submit(`form[action="/policies/contractor-obligations/acknowledgement"]`, nil).Want(t, 200)
		own["seq"] = strings.TrimPrefix(page.URL.Path, "/receipts/")
		return
	}
	own["seq"] = strings.TrimPrefix(sign(t, b), "/receipts/")
	ctx, actor, service := t.Context(), evidence.Actor{ID: own["id"], Language: document.Japanese}, w.App.Learning
	course, _ := service.Catalogue().Course("annual")
	for _, l := range course.Lessons {
		if _, err := service.FinishLesson(ctx, actor, course.ID, l.ID); err != nil {
			t.Fatal(err)
		}
	}
	own["submitted"] = w.fail(t, actor)
	check, err := service.StartCheck(ctx, actor, course.ID)
	if err != nil {
		t.Fatal(err)
	}
	sitting, err := service.StartPractice(ctx, actor, course.ID)
	if err != nil {
		t.Fatal(err)
	}
	own["attempt"], own["sitting"] = string(check.ID), string(sitting.ID)
}

// fail takes the check and gets everything wrong.
func (w *world) fail(t *testing.T, actor evidence.Actor) string {
	t.Helper()
	ctx, service := t.Context(), w.App.Learning
	check, err := service.StartCheck(ctx, actor, "annual")
	if err != nil {
		t.Fatal(err)
	}
	bank := service.Catalogue().Bank("annual")
	for i, drawn := range check.Drawn {
		q := bank[slices.IndexFunc(bank, func(q learning.Question) bool { return q.ID == drawn.Question })]
		if _, err := service.AnswerCheck(ctx, actor, check.ID, i+1, wrong(q)); err != nil {
			t.Fatal(err)
		}
	}
	result, err := service.SubmitCheck(ctx, actor, check.ID)
	if err != nil || result.Passed {
		t.Fatalf("failing the check came to %v, %v", result.Passed, err)
	}
	return string(check.ID)
}

// wrong returns an answer that is not right.
func wrong(q learning.Question) []learning.OptionID {
	var list []learning.OptionID
	for _, o := range q.Options {
		if !o.Correct {
			list = append(list, o.ID)
		}
	}
	for _, o := range q.Options {
		if o.Correct {
			list = append(list, o.ID)
		}
	}
	return list[:q.Choose]
}

// settle waits until the log has signed everything: nothing changes any more
// by itself.
func (w *world) settle(t *testing.T) {
	t.Helper()
	size := logSize(t, w.Portal)
	for range 200 {
		if _, err := w.App.Store.CheckpointCovering(t.Context(), size); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no checkpoint was signed")
}

// changed names the tables that differ.
func changed(before, after map[string]string) []string {
	var names []string
	for table, sum := range after {
		if before[table] != sum {
			names = append(names, table)
		}
	}
	slices.Sort(names)
	return names
}

// token returns the form token of a browser's pages.
func token(t *testing.T, b *portal.Browser) string {
	t.Helper()
	value, ok := b.Get("/help").Find("input[name=csrf]").First().Attr("value")
	if !ok || value == "" {
		t.Fatalf("no form token on %s", b.Page())
	}
	return value
}

// ask sends one request and does not follow the answer.
func ask(t *testing.T, b *portal.Browser, method, path string, form url.Values, headers ...string) *portal.Page {
	t.Helper()
	var body *strings.Reader
	r, err := http.NewRequestWithContext(context.Background(), method, b.Portal.URL+path, http.NoBody)
	if form != nil {
		body = strings.NewReader(form.Encode())
		r, err = http.NewRequestWithContext(context.Background(), method, b.Portal.URL+path, body)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", b.Language)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.Portal.URL)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return b.Do(r)
}

var backField = regexp.MustCompile(`(name="back" value=")[^"]*`)

// essence is a page without what differs from request to request: its number,
// and the address to come back to after a change of language.
func essence(p *portal.Page) string {
	body := string(p.Body)
	if id := p.Header.Get("X-Request-ID"); id != "" {
		body = strings.ReplaceAll(body, id, "")
	}
	return backField.ReplaceAllString(body, "$1")
}
