package tests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/directory"
	"kokoroe/app/identity"
	"kokoroe/content"
	"kokoroe/locales"
	"kokoroe/static"
	"kokoroe/tests/portal"
)

const sessionCookie = "__Host-session"

// signedIn reports whether a browser's session is one, without following.
func signedIn(t *testing.T, b *portal.Browser) bool {
	t.Helper()
	page := ask(t, b, "GET", "/tasks", nil)
	switch to := page.Header.Get("Location"); {
	case page.Status == 200:
		return true
	case page.Status == 303 && strings.HasPrefix(to, "/sign-in"):
		return false
	}
	t.Fatalf("%s leads to %q", page, page.Header.Get("Location"))
	return false
}

// with returns a browser that holds the session token.
func with(p *portal.Portal, token string) *portal.Browser {
	b := p.Browser()
	b.SetCookie(sessionCookie, token)
	return b
}

func sessions(t *testing.T, p *portal.Portal, person directory.PersonID) int {
	t.Helper()
	n := 0
	each(t, openBeside(t, p), "session", func(column string, value any) {
		if column == "person" && value == any(string(person)) {
			n++
		}
	})
	return n
}

func TestPlantedSessionIsNotTakenOver(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	attacker := p.As("head")
	stolen := attacker.Cookie(sessionCookie)
	for name, planted := range map[string]string{
		"the attacker's session": stolen, "of the attacker's making": identity.NewToken(), "nonsense": "x", "too long": strings.Repeat("A", 3000),
	} {
		victim := with(p, planted)
		victim.Get("/sign-in")
		if name == "the attacker's session" { // who is signed in is not asked at the front page
			victim.Get("/help")
			victim.Post("/sign-in/city", url.Values{"csrf": {token(t, victim)}})
		} else {
			victim.Submit(`form[action="/sign-in/city"]`, nil)
		}
		page := victim.Submit("form:has(input[name=request])", url.Values{"number": {"000174"}}).Want(t, 200)
		if got := victim.Cookie(sessionCookie); got == planted || len(got) != 43 {
			t.Errorf("%s: %s, the session is %d characters, the same: %v", name, page, len(got), got == planted)
		}
		if planted != "" && signedIn(t, with(p, planted)) {
			t.Errorf("%s: the planted token is a session after the sign-in", name)
		}
	}
}

func TestSigningInAgainMakesAnotherSession(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	first := b.Cookie(sessionCookie)
	b.Get("/help")
	b.Post("/sign-in/city", url.Values{"csrf": {token(t, b)}})
	b.Submit("form:has(input[name=request])", url.Values{"number": {"000174"}}).Want(t, 200)
	if second := b.Cookie(sessionCookie); second == first || !signedIn(t, b) || signedIn(t, with(p, first)) {
		t.Error("the session before lives on")
	}
}

// beside boots the program a second time on the same store, as another
// instance behind the same address would be.
func beside(t *testing.T, p *portal.Portal) *portal.Portal {
	t.Helper()
	issuer := ""
	each(t, openBeside(t, p), "session", func(column string, value any) {
		if column == "issuer" {
			issuer = value.(string)
		}
	})
	city, err := fs.Sub(content.FS, "sample")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	a, err := app.New(ctx, app.Config{
		Listen: ln.Addr().String(), Zone: "demo.example/kokoroe/1", Store: p.Store, State: p.Folder,
		Content: content.FS, Locales: locales.FS, Static: static.FS, Registers: city, Version: "test", Now: p.Clock.Now,
		Providers: []identity.ProviderConfig{{ID: "city", Issuer: issuer, ClientID: "kokoroe-demo", ClientSecret: "unused", Kinds: []directory.Kind{directory.Employee}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stopping the second instance: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("closing the second instance: %v", err)
		}
	})
	other := *p
	other.URL, other.App = "http://"+ln.Addr().String(), a
	return &other
}

func TestSignOutHoldsOnEveryInstance(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b, parallel := p.As("employee"), p.As("employee")
	kept := b.Cookie(sessionCookie)
	second := beside(t, p)
	if !signedIn(t, with(second, kept)) {
		t.Fatal("the other instance does not know the session")
	}
	form := token(t, b)
	out := ask(t, b, "POST", "/sign-out", url.Values{"csrf": {form}})
	if out.Status != 303 || out.Header.Get("Clear-Site-Data") == "" || b.Cookie(sessionCookie) != "" {
		t.Errorf("signing out: %s, %v", out, out.Header)
	}
	if signedIn(t, with(p, kept)) {
		t.Error("the same instance takes the session after sign-out")
	}
	time.Sleep(time.Second) // another instance trusts what it read for half of one
	for name, at := range map[string]*portal.Portal{"the same instance": p, "the other instance": second} {
		replay := with(at, kept)
		if signedIn(t, replay) {
			t.Errorf("%s takes the session after sign-out", name)
		}
		replay.SetCookie(sessionCookie, kept) // the answer dropped it
		if page := ask(t, replay, "POST", "/policies/basic-policy/acknowledgement", url.Values{"csrf": {form}}); page.Status != 401 {
			t.Errorf("%s takes a form after sign-out: %s", name, page)
		}
	}
	if !signedIn(t, parallel) {
		t.Error("signing out ended another browser's session")
	}
}

func TestIdleSessionEnds(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	p.Clock.Advance(30 * time.Minute)
	if !signedIn(t, b) {
		t.Error("the session ended before its time")
	}
	kept := b.Cookie(sessionCookie)
	p.Clock.Advance(30*time.Minute + time.Second)
	if signedIn(t, b) || b.Cookie(sessionCookie) != "" {
		t.Error("an idle session lives on, or its cookie was left")
	}
	p.Clock.Advance(-time.Minute)
	if signedIn(t, with(p, kept)) {
		t.Error("a session came back when the clock went back")
	}
	if page := b.Get("/tasks"); page.URL.Path != "/sign-in" || page.URL.Query().Get("return") != "/tasks" {
		t.Errorf("the reader is sent to %s", page)
	}
}

func TestActiveSessionEndsToo(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	for range 12 * 60 / 20 {
		p.Clock.Advance(20 * time.Minute)
		if !signedIn(t, b) {
			t.Fatalf("activity did not keep the session alive until %v", p.Clock.Now())
		}
	}
	p.Clock.Advance(time.Second)
	if signedIn(t, b) {
		t.Error("the session lives for more than twelve hours")
	}
}

// roster is the sample city's with one person's row changed.
func roster(t *testing.T, number string, change func(cells []string)) []byte {
	t.Helper()
	src, err := fs.ReadFile(content.FS, "sample/roster.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(src), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, number+",") {
			cells := strings.Split(strings.TrimSuffix(line, "\r"), ",")
			change(cells)
			lines[i] = strings.Join(cells, ",")
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// reimport imports the roster with one cell of a person's row changed.
func reimport(t *testing.T, p *portal.Portal, number string, change func(cells []string)) {
	t.Helper()
	plan, err := app.PlanRoster(t.Context(), p.App.Rosters, "roster.csv", roster(t, number, change), today, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Empty() {
		t.Fatalf("nothing changes for %s", number)
	}
	if _, err := p.App.Rosters.Apply(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
}

// The columns of roster.csv.
const (
	columnDepartment = 5
	columnPost       = 6
	columnLeft       = 8
)

func TestWhoLeavesLosesEverySession(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	one, two, other := p.As("employee"), p.As("employee"), p.As("head")
	person := p.Person("000174")
	reimport(t, p, "000174", func(cells []string) { cells[columnLeft] = "2026-11-21" })
	for name, b := range map[string]*portal.Browser{"the one browser": one, "the other": two} {
		kept := b.Cookie(sessionCookie)
		if signedIn(t, b) || signedIn(t, with(p, kept)) {
			t.Errorf("%s is signed in after its person left", name)
		}
	}
	if n := sessions(t, p, person.ID); n != 0 {
		t.Errorf("%d sessions are left of who left", n)
	}
	if !signedIn(t, other) {
		t.Error("who stayed was signed out")
	}
	one.Get("/sign-in")
	one.Submit(`form[action="/sign-in/city"]`, nil)
	if page := one.Submit("form:has(input[name=request])", url.Values{"number": {"000174"}}); page.Status != 403 || one.Cookie(sessionCookie) != "" {
		t.Errorf("who left came in again: %s", page)
	}
}

// What a role reaches is decided anew at each request.
func TestHeadWhoIsMovedReachesOtherPeople(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("head")
	roster, err := p.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before, _ := roster.DepartmentByPath("市民生活部/税務課")
	after, _ := roster.DepartmentByPath("市民生活部/環境課")
	status := func(d directory.Department) int {
		return ask(t, b, http.MethodGet, "/departments/"+string(d.ID), nil).Status
	}
	if status(before) != 200 || status(after) != 404 {
		t.Fatalf("the head reaches the own department with %d and another with %d", status(before), status(after))
	}
	reimport(t, p, "000181", func(cells []string) { cells[columnDepartment] = "市民生活部/環境課" })
	if status(before) != 404 || status(after) != 200 {
		t.Errorf("after the move the old department answers %d, the new one %d", status(before), status(after))
	}
	reimport(t, p, "000181", func(cells []string) {
		cells[columnDepartment], cells[columnPost] = "市民生活部/環境課", "主査"
	})
	if status(after) != 404 || ask(t, b, http.MethodGet, "/departments", nil).Status != 404 || !signedIn(t, b) {
		t.Error("who is head no more still reads the department")
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.Browser()
	seen := map[string]bool{}
	b.Seen = func(page *portal.Page) {
		if !strings.HasPrefix(page.URL.String(), p.URL) {
			return
		}
		for _, line := range page.Header.Values("Set-Cookie") {
			name, rest, _ := strings.Cut(line, "=")
			seen[name] = true
			attributes := strings.Split(strings.ToLower(rest), "; ")[1:]
			all := "; " + strings.Join(attributes, "; ") + ";"
			for _, want := range []string{"; secure;", "; httponly;", "; samesite=lax;", "; path=/;"} {
				if !strings.Contains(all, want) {
					t.Errorf("%s sets %q without %q", page, line, want)
				}
			}
			if !strings.HasPrefix(name, "__Host-") || strings.Contains(all, "domain") {
				t.Errorf("%s sets %q", page, line)
			}
			if name == "__Host-instance" && !strings.Contains(all, "; max-age=1;") {
				t.Errorf("%s names the instance for more than a second: %q", page, line)
			}
			if name == sessionCookie && (strings.Contains(all, "max-age=1") || strings.Contains(all, "expires") && !strings.Contains(all, "1970")) {
				t.Errorf("%s keeps the session when the browser is closed: %q", page, line)
			}
		}
	}
	b.SignIn("city", "000174")
	b.Post("/language", url.Values{"csrf": {token(t, b)}, "lang": {"en"}})
	b.Get("/tasks").Want(t, 200, "Tasks")
	b.Get(annual + "/lessons/" + string(p.App.Learning.Catalogue().Courses()[0].Lessons[0].ID))
	b.Submit(lessonForm, nil)
	p.Clock.Advance(time.Hour)
	b.Get("/tasks")
	b.SignIn("city", "000174")
	b.Post("/sign-out", url.Values{"csrf": {token(t, b)}})
	for _, name := range []string{sessionCookie, "__Host-browser", "__Host-language", "__Host-instance"} {
		if !seen[name] {
			t.Errorf("%s was never set", name)
		}
	}
	if len(seen) != 4 {
		t.Errorf("cookies: %v, want four", seen)
	}
}

func TestSessionIsKeptAsAHashOnly(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	secret := b.Cookie(sessionCookie)
	sum := sha256.Sum256([]byte(secret))
	db, hashed := openBeside(t, p), false
	for table := range tables(t, db) {
		each(t, db, table, func(column string, value any) {
			text, _ := value.(string)
			hashed = hashed || text == hex.EncodeToString(sum[:])
			if strings.Contains(text, secret) {
				t.Errorf("%s.%s holds the session token", table, column)
			}
		})
	}
	if !hashed {
		t.Error("the session was not found by its hash")
	}
}

// TestAdministrationAsksForAFreshSignIn walks every row of administration.
func TestAdministrationAsksForAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := openBeside(t, w.Portal)
	rules := 0
	for _, rule := range identity.Rules() {
		if !rule.Fresh {
			continue
		}
		rules++
		key, role := rule.Method+" "+rule.Route, w.somebody(t, rule)
		sample, _ := w.Demo.As(role)
		b, params := w.As(role), w.params(t, role)
		row, address := routeRows[key], routeRows[key].address(rule.Route, params)
		w.Clock.Advance(14*time.Minute + 50*time.Second) // providers tell whole seconds
		if page := ask(t, b, rule.Method, address, row.fields(token(t, b), params)); page.Status != w.wanted(rule, row, role) {
			t.Errorf("%s within 15 minutes: %s", key, page)
		}
		w.Clock.Advance(time.Minute)
		before := digest(t, db)
		page := ask(t, b, rule.Method, address, row.fields(token(t, b), params)).Want(t, 401, "もう一度サインインしてください", "まだ何も変更していません")
		if tables := changed(before, digest(t, db)); tables != nil {
			t.Errorf("%s changed %v before the sign-in", key, tables)
		}
		if page.Find(`main form[action="/sign-in/city"] button`).Length() != 1 {
			t.Errorf("%s does not lead to the provider", page)
		}
		old, form := b.Cookie(sessionCookie), address[:strings.LastIndex(address, "/")]
		b.Submit(`main form[action="/sign-in/city"]`, nil)
		if !strings.Contains(w.Logs.String(), "fresh sign-in asked") {
			t.Error("the security log does not tell")
		}
		b.Submit("form:has(input[name=request])", url.Values{"number": {sample.Number}}).Want(t, 200)
		if b.Page().URL.Path != form {
			t.Errorf("the sign-in leads to %s, want the form's page %s", b.Page(), form)
		}
		if b.Cookie(sessionCookie) == old {
			t.Error("the session is still the one before")
		}
		if page := ask(t, b, rule.Method, address, row.fields(token(t, b), params)); page.Status != w.wanted(rule, row, role) {
			t.Errorf("%s after signing in again: %s", key, page)
		}
	}
	if rules == 0 {
		t.Error("no route is one of administration")
	}
}
