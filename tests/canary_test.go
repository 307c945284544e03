package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kokoroe/app/directory"
	"kokoroe/tests/portal"
)

// canaries are secrets of a run, and everything that browsers saw meanwhile.
type canaries struct {
	t      *testing.T
	portal *portal.Portal
	// By what they are: values of which each must stay where it belongs.
	sessions, states, nonces, codes, idTokens, forms, browsers []string
	answers                                                    []*portal.Page
}

// watch has a browser tell the canaries of every answer.
func (c *canaries) watch(b *portal.Browser) *portal.Browser {
	b.Seen = func(page *portal.Page) {
		c.answers = append(c.answers, page)
		for _, line := range page.Header.Values("Set-Cookie") {
			cookie, err := http.ParseSetCookie(line)
			if err != nil {
				c.t.Errorf("%s: %v", page, err)
				continue
			}
			switch cookie.Name {
			case sessionCookie:
				c.sessions = keep(c.sessions, cookie.Value)
			case "__Host-browser":
				c.browsers = keep(c.browsers, cookie.Value)
			}
		}
		if to, err := url.Parse(page.Header.Get("Location")); err == nil {
			c.states = keep(c.states, to.Query().Get("state"))
			c.nonces = keep(c.nonces, to.Query().Get("nonce"))
			c.codes = keep(c.codes, to.Query().Get("code"))
		}
		if value, ok := page.Find("input[name=csrf]").First().Attr("value"); ok {
			c.forms = keep(c.forms, value)
		}
	}
	return b
}

func keep(list []string, value string) []string {
	if value == "" || slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// stored reads the secrets that only the store knows.
func (c *canaries) stored() {
	db := openBeside(c.t, c.portal)
	each(c.t, db, "session", func(column string, value any) {
		if text, _ := value.(string); column == "id_token" {
			c.idTokens = keep(c.idTokens, text)
		}
	})
}

// key is the secret part of the log's signing key.
func (c *canaries) key() string {
	f, err := os.Open(filepath.Join(c.portal.Folder, "log.key"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	src, err := io.ReadAll(f)
	if err != nil {
		c.t.Fatal(err)
	}
	// PRIVATE+KEY+name+hash+base64: a name holds no plus, base64 may.
	parts := strings.SplitN(strings.TrimSpace(string(src)), "+", 5)
	return parts[len(parts)-1]
}

// secretOfDemo is what the portal proves itself to the providers with.
func secretOfDemo(p *portal.Portal) string {
	return reflect.ValueOf(p.Demo).Elem().FieldByName("secret").String()
}

const (
	questionCanary  = "かなりやの質問 canary-question-7h2k"
	exemptionCanary = "かなりやの免除理由 canary-exemption-9p4q"
	agentCanary     = "canary-agent\u2028[31m"
)

// journeys lets people do what they do.
func (c *canaries) journeys() {
	t, p := c.t, c.portal
	employee := c.watch(p.Browser())
	employee.Get("/help?canary-query=1")
	employee.SignIn("city", "000174")
	employee.Get(basicPolicy + "/question")
	employee.Submit(`form[action="`+basicPolicy+`/question"]`, url.Values{"reason": {questionCanary}}).Want(t, 422)
	employee.Submit(`form[action="`+basicPolicy+`/question"]`, url.Values{"ground": {"question"}}).Want(t, 200, questionCanary)
	sign(t, employee)
	employee.Get("/courses/annual/lessons/why-it-matters")
	employee.Get("/record")
	employee.Post("/language", url.Values{"csrf": {token(t, employee)}, "lang": {"en"}, "back": {"/record"}})

	hr := c.watch(p.Browser())
	hr.SignIn("city", "000126")
	hr.Get("/people/"+string(p.Person("000174").ID)).Want(t, 200)
	form := `form[action$="/exemptions"]`
	item, _ := hr.Page().Find(form + " input[name=item]").First().Attr("value")
	hr.Submit(form, url.Values{"item": {item}, "reason": {exemptionCanary}}).Want(t, 200, exemptionCanary)
	hr.Get("/exports/people.csv")

	auditor := c.watch(p.Browser())
	auditor.SignIn("city", "000390")
	auditor.Get(search("person", "000174")).Want(t, 200)

	worker := c.watch(p.Browser())
	worker.SignIn("contractors", "W0013")
	c.stored()
	// What goes wrong tells too: replayed, forged and broken requests.
	for _, b := range []*portal.Browser{employee, worker} {
		ask(t, b, "GET", "/sign-in/city/callback?code="+c.codes[0]+"&state="+c.states[0], nil)
		ask(t, b, "GET", "/sign-in/city/callback?error=server_error&error_description=canary-description&state="+c.states[0], nil)
		ask(t, b, "POST", "/language", url.Values{"csrf": {c.forms[0] + "x"}})
		ask(t, b, "GET", "/receipts/0?token="+c.sessions[0], nil, "User-Agent", agentCanary)
		ask(t, b, "GET", "/no-such-page/"+url.PathEscape("a\r\nlevel=ERROR canary-line"), nil)
		ask(t, b, "POST", "/sign-in/city/back-channel-logout", url.Values{"logout_token": {c.idTokens[0]}})
		ask(t, b, "POST", "/sign-out", url.Values{"csrf": {token(t, b)}})
	}
}

// TestSecretsStayWhereTheyBelong walks the journeys and then searches every
// log, every page and every address.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	c := &canaries{t: t, portal: p}
	c.journeys()
	secret, key := secretOfDemo(p), c.key()
	for name, list := range map[string][]string{
		"sessions": c.sessions, "states": c.states, "nonces": c.nonces, "codes": c.codes, "ID tokens": c.idTokens, "form tokens": c.forms, "browsers": c.browsers,
		"client secrets": {secret}, "signing keys": {key},
	} {
		if len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return len(s) < 20 }) {
			t.Fatalf("%s: %q, the search would prove nothing", name, list)
		}
	}
	logs := p.Logs.String()
	everywhere := map[string][]string{"session": c.sessions, "client secret": {secret}, "signing key": {key}, "browser cookie": c.browsers}
	inLogs := map[string][]string{
		"state": c.states, "nonce": c.nonces, "code": c.codes, "ID token": c.idTokens, "form token": c.forms,
		"reason": {questionCanary, "canary-question", exemptionCanary, "canary-exemption"},
		"text":   {"canary-query", "canary-agent", "canary-description", "canary-line"},
	}
	for name, list := range everywhere {
		absent(t, "the logs", name, logs, list)
	}
	for name, list := range inLogs {
		absent(t, "the logs", name, logs, list)
	}
	for _, page := range c.answers {
		ours := strings.HasPrefix(page.URL.String(), p.URL)
		body, to := string(page.Body), page.Header.Get("Location")
		for name, list := range everywhere {
			absent(t, "the page "+page.URL.Path, name, body, notGiven(list, page))
			absent(t, "the way on from "+page.URL.Path, name, to, notGiven(list, page))
		}
		absent(t, "the address "+page.URL.Path, "form token", page.URL.String()+to, c.forms)
		if ours {
			for name, list := range map[string][]string{"state": c.states, "nonce": c.nonces, "code": c.codes, "ID token": c.idTokens} {
				absent(t, "the page "+page.URL.Path, name, body, list)
			}
		}
		c.reasons(page)
	}
	c.addresses()
}

// notGiven leaves out what the request itself put into its address.
func notGiven(list []string, page *portal.Page) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.Contains(page.URL.RawQuery, s) })
}

// reasons fails the test when a reason is on the page of somebody whom it does
// not concern.
func (c *canaries) reasons(page *portal.Page) {
	for _, canary := range []string{questionCanary, exemptionCanary} {
		if !strings.Contains(string(page.Body), canary) {
			continue
		}
		known := strings.HasPrefix(page.URL.Path, "/receipts/") || strings.HasPrefix(page.URL.Path, basicPolicy) ||
			strings.HasPrefix(page.URL.Path, "/people/") || page.URL.Path == "/record" || strings.HasPrefix(page.URL.Path, "/audit/")
		if !known {
			c.t.Errorf("%s shows %q", page, canary)
		}
	}
}

// addresses checks that what passes through addresses goes to the two ends of
// a sign-in and nowhere else.
func (c *canaries) addresses() {
	for _, page := range c.answers {
		path, ours := page.URL.Path, strings.HasPrefix(page.URL.String(), c.portal.URL)
		for _, secret := range slices.Concat(c.states, c.nonces, c.codes) {
			if ours && strings.Contains(page.URL.String(), secret) && !strings.HasSuffix(path, "/callback") {
				c.t.Errorf("%s carries a value of a sign-in", page)
			}
		}
		for _, secret := range slices.Concat(c.sessions, c.browsers) {
			if strings.Contains(page.URL.String(), secret) && !strings.Contains(page.URL.RawQuery, "token=") {
				c.t.Errorf("%s carries a cookie's value", page)
			}
		}
	}
}

func absent(t *testing.T, where, what, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s)) {
			t.Errorf("%s: holds a %s", where, what)
		}
	}
}

// TestLogsNameNobody checks the shape of the logs: a line is JSON, names people
// by their opaque IDs, and only the security log has addresses.
func TestLogsNameNobody(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	c := &canaries{t: t, portal: p}
	c.journeys()
	logs := strings.TrimSpace(p.Logs.String())
	events := map[string]bool{}
	for line := range strings.SplitSeq(logs, "\n") {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%q is not JSON: %v", line, err)
			continue
		}
		for _, name := range []string{"time", "level", "msg"} {
			if entry[name] == nil {
				t.Errorf("%q has no %s", line, name)
			}
		}
		event, _ := entry["event"].(string)
		events[event] = true
		if _, ok := entry["ip"]; ok != (entry["log"] == "security") {
			t.Errorf("%q: an address belongs into the security log", line)
		}
		if strings.ContainsAny(line, "\x1b\u2028\r") {
			t.Errorf("%q holds a control character", line)
		}
	}
	for _, want := range []string{"signed in", "sign-in refused", "form token", "exempted", "person opened", "exported", "audit search", "logout token refused"} {
		if !events[want] {
			t.Errorf("the security log does not tell of %q", want)
		}
	}
	roster, err := p.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for person := range roster.People() {
		personal := []string{person.Name, person.Kana, person.Mail, `"` + person.Number + `"`}
		if person.Kind() == directory.ContractorWorker {
			personal = append(personal, person.Number)
		}
		for _, text := range personal {
			if len(text) > 3 && strings.Contains(logs, text) {
				t.Errorf("the logs name %s", text)
			}
		}
	}
}
