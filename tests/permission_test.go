package tests

import (
	"bytes"
	"encoding/csv"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/identity"
	"kokoroe/static"
	"kokoroe/tests/portal"
)

// routeRow says how a route is asked for and what it answers to who may.
type routeRow struct {
	want    int               // status; 0: 200 for GET, 303 for POST
	params  map[string]string // instead of the person's own: another name in world.own, or "=literal"
	form    url.Values
	nothing []string // roles that may ask and own nothing of it: 404
}

// withoutAccount are the people who have no social media account.
var withoutAccount = []string{"employee", "head"}

// withoutPractice is what a form that is too old is made of.
var staleForm = url.Values{"print": {"stale"}, "number": {"1"}}

// routeRows is the golden matrix: a route without a row, or a row without a
// route, fails the test.
var routeRows = map[string]routeRow{
	"GET /": {}, "GET /sign-in": {}, "GET /signed-out": {}, "GET /help": {}, "GET /accessibility": {}, "GET /privacy": {},
	"GET /healthz": {}, "GET /readyz": {}, "GET /official-accounts": {},
	"GET /policies/:policy/public":                 {params: map[string]string{"policy": "=basic-policy"}},
	"GET /verify":                                  {},
	"POST /verify":                                 {want: 422}, // without a file
	"GET /verify/policy":                           {},
	"GET /verify/offline":                          {want: offlineStatus()},
	"GET /verify/:seq":                             {want: 404}, // without a fingerprint
	"GET /static/:version/*":                       {},
	"GET /sign-in/:provider/callback":              {want: 422},
	"POST /sign-in/:provider":                      {},
	"POST /sign-in/:provider/back-channel-logout":  {want: 400, form: url.Values{"logout_token": {"x"}}},
	"POST /sign-out":                               {},
	"POST /language":                               {form: url.Values{"lang": {"ja"}}},
	"GET /tasks":                                   {},
	"GET /policies":                                {},
	"GET /policies/:policy":                        {},
	"POST /policies/:policy/acknowledgement":       {want: 422},
	"GET /policies/:policy/question":               {want: 303}, // it is signed
	"POST /policies/:policy/question":              {want: 422},
	"GET /receipts/:seq":                           {},
	"GET /receipts/:seq/file":                      {},
	"GET /receipts/:seq/pdf":                       {},
	"GET /record":                                  {},
	"GET /glossary":                                {},
	"GET /courses/:course":                         {},
	"GET /courses/:course/lessons/:lesson":         {},
	"POST /courses/:course/lessons/:lesson":        {},
	"GET /courses/:course/practice":                {},
	"POST /courses/:course/practice":               {want: 409, form: staleForm},
	"POST /courses/:course/practice/start":         {},
	"GET /courses/:course/check":                   {},
	"POST /courses/:course/check":                  {},
	"GET /courses/:course/check/:attempt":          {},
	"POST /courses/:course/check/:attempt":         {want: 422},
	"GET /courses/:course/check/:attempt/result":   {params: map[string]string{"attempt": "submitted"}},
	"GET /courses/:course/check/:attempt/:number":  {},
	"POST /courses/:course/check/:attempt/:number": {want: 409, form: staleForm},
	"GET /departments":                             {},
	"GET /departments/:department":                 {},
	"GET /departments/:department/people":          {},
	"GET /departments/:department/reminders":       {want: 303}, // to the list: to remind whom?
	"POST /departments/:department/reminders":      {form: url.Values{"requirement": {"annual-staff"}, "group": {"open"}, "form": {"f"}}},
	"GET /reminders":                               {},
	"GET /reminders/:day":                          {},
	"GET /reminders/:day/paper":                    {},
	"GET /people/:person":                          {},
	"POST /people/:person/exemptions":              {want: 422},
	"GET /exports/completion.csv":                  {},
	"GET /exports/completion.xlsx":                 {},
	"GET /exports/people.csv":                      {},
	"GET /exports/people.xlsx":                     {},
	"GET /accounts":                                {nothing: withoutAccount},
	"GET /accounts/:account":                       {nothing: withoutAccount},
	"GET /contracts":                               {},
	"GET /contracts/:contract":                     {},
	"GET /audit":                                   {},
	"GET /audit/records/:seq":                      {},
	"GET /audit/records/:seq/file":                 {},
	"GET /audit/records/:seq/pdf":                  {},
	"GET /audit/texts/:digest":                     {},
	"GET /audit/checkpoints":                       {},
	"GET /audit/checkpoints/comparison":            {want: 422}, // which two?
	"POST /audit/checkpoints/comparison":           {want: 422},
	"GET /audit/sample":                            {},
	"GET /audit/sample.csv":                        {want: 422},
	"GET /audit/sample.xlsx":                       {want: 422},
	"GET /audit/population":                        {},
	"GET /evidence":                                {},
	"GET /permissions":                             {},
}

// offlineStatus is 200 when the page that verifies offline is among the static
// files, and 404 when this build is without it.
func offlineStatus() int {
	if _, err := fs.Stat(static.FS, "verify/kokoroe-verify.html"); err != nil {
		return 404
	}
	return 200
}

// fallback are parameters for who owns none: somebody's, which exist.
func (w *world) fallback(t *testing.T) map[string]string {
	t.Helper()
	doc, ok := w.App.Catalogue().Policies.Policy("basic-policy")
	if !ok {
		t.Fatal("no basic policy")
	}
	css, ok := w.Portal.Browser().Get("/help").Find("link[rel=stylesheet]").First().Attr("href")
	if !ok {
		t.Fatal("no stylesheet")
	}
	w.digest = document.Digest(doc.Versions[0].In("ja").Source)
	return map[string]string{
		"static": css, "provider": "city", "policy": "basic-policy", "course": "annual", "lesson": "why-it-matters", "number": "1",
		"attempt": w.own["employee"]["attempt"], "submitted": w.own["employee"]["submitted"], "sitting": w.own["employee"]["sitting"],
		"department": w.own["head"]["department"], "person": w.own["head"]["person"],
		"account": "koho-x", "contract": "K-2026-02", "digest": w.digest, "day": remindedOn.String(),
	}
}

// params are what a role puts into the parameters of a route.
func (w *world) params(t *testing.T, role string) map[string]string {
	t.Helper()
	all := w.fallback(t)
	for name, value := range w.own[role] {
		if name != "department" || role == "head" {
			all[name] = value
		}
	}
	if role == "contractor" {
		all["policy"] = "contractor-obligations"
	}
	return all
}

// address fills a route's parameters in.
func (r routeRow) address(route string, params map[string]string) string {
	if strings.HasPrefix(route, "/static/") {
		return params["static"]
	}
	parts := strings.Split(route, "/")
	for i, part := range parts {
		name, ok := strings.CutPrefix(part, ":")
		if !ok {
			continue
		}
		if other := r.params[name]; strings.HasPrefix(other, "=") {
			parts[i] = other[1:]
			continue
		} else if other != "" {
			name = other
		}
		parts[i] = url.PathEscape(params[name])
	}
	return strings.Join(parts, "/")
}

// fields is the form of a row with a token and the role's own sitting.
func (r routeRow) fields(token string, params map[string]string) url.Values {
	form := url.Values{"csrf": {token}, "sitting": {params["sitting"]}}
	maps.Copy(form, r.form)
	return form
}

// wanted is the status that the table promises a role.
func (w *world) wanted(rule identity.Rule, row routeRow, role string) int {
	may := rule.Public
	for _, r := range w.roles[role] {
		may = may || rule.Allow[r] != identity.Nothing
	}
	switch {
	case role == nobody && !may && rule.Method == "GET":
		return 303
	case role == nobody && !may:
		return 401
	case !may, slices.Contains(row.nothing, role):
		return 404
	case role != nobody && rule.Method == "GET" && (rule.Route == "/" || rule.Route == "/sign-in"):
		return 303 // on to the tasks
	case row.want != 0:
		return row.want
	case rule.Method == "POST":
		return 303
	}
	return 200
}

func TestRolesOfSamplePeople(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	for role, want := range map[string][]identity.Role{
		"employee": {identity.Learner}, "account-owner": {identity.Learner}, "contractor": {identity.ContractorWorker},
		"head": {identity.Learner, identity.Head}, "hr": {identity.Learner, identity.HR},
		"security-office": {identity.Learner, identity.SecurityOffice}, "auditor": {identity.Learner, identity.Auditor},
	} {
		sample, _ := p.Demo.As(role)
		if got := p.App.Identity.RolesOf(p.Person(sample.Number), today); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v: the matrix would prove less", role, got, want)
		}
	}
}

func TestEveryRouteHasARow(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	mounted := map[string]bool{}
	for _, r := range p.App.Web.Routes() {
		key := r[0] + " " + r[1]
		mounted[key] = true
		if _, ok := routeRows[key]; !ok {
			t.Errorf("%s has no row in the matrix", key)
		}
		if _, ok := identity.RuleOf(r[0], r[1]); !ok {
			t.Errorf("%s has no row in the permission table", key)
		}
	}
	for _, rule := range identity.Rules() {
		if key := rule.Method + " " + rule.Route; !mounted[key] {
			t.Errorf("%s is in the permission table and not mounted", key)
		}
	}
	for key := range routeRows {
		if !mounted[key] {
			t.Errorf("%s is in the matrix and not mounted", key)
		}
	}
}

// lastRoute is asked last: it ends the session.
const lastRoute = "POST /sign-out"

func TestEveryRouteForEveryRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := identity.Rules()
	slices.SortStableFunc(rules, func(a, b identity.Rule) int {
		return last(a.Method+" "+a.Route) - last(b.Method+" "+b.Route)
	})
	for _, role := range append([]string{nobody}, sampleRoles...) {
		t.Run(role, func(t *testing.T) {
			b, params := w.browsers[role], w.params(t, role)
			for _, rule := range rules {
				key := rule.Method + " " + rule.Route
				row, address := routeRows[key], routeRows[key].address(rule.Route, params)
				var form url.Values
				if rule.Method == "POST" {
					form = row.fields(token(t, b), params)
				}
				page, want := ask(t, b, rule.Method, address, form), w.wanted(rule, row, role)
				if page.Status != want {
					t.Errorf("%s at %s answered %d, want %d: %.300s", key, address, page.Status, want, page.Text("main"))
				}
				back := "/sign-in?" + url.Values{"return": {address}}.Encode()
				if to := page.Header.Get("Location"); want == 303 && !rule.Public && role == nobody && to != back {
					t.Errorf("%s leads to %q, want the sign-in page and back", key, to)
				}
			}
		})
	}
}

func last(key string) int {
	if key == lastRoute {
		return 1
	}
	return 0
}

// hostile are identifiers of nothing, or of nothing that is not elsewhere.
var hostile = []string{
	"-1", "0x0", "00", "1e0", "99999999999999999999", "9223372036854775807", "１", "..", "..%2f..%2ftasks", "%2e%2e%2ftasks", "%252e%252e",
	"%00", "a%0d%0ab", "'%20OR%201=1--", "%24ne", "*", "null", "all%2F..", strings.Repeat("x", 2000),
}

// TestWhatIsNotOnesOwnDoesNotExist asks every route that a role may ask for,
// with identifiers that are not theirs. Each answer is the one for an
// identifier of nothing, to the letter.
func TestWhatIsNotOnesOwnDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := map[string]string{} // the role that tries a route's hostile identifiers
	for _, role := range sampleRoles {
		b, params := w.browsers[role], w.params(t, role)
		csrf := token(t, b)
		for _, rule := range identity.Rules() {
			key := rule.Method + " " + rule.Route
			if rule.Public || w.wanted(rule, routeRow{}, role) == 404 {
				continue
			}
			if first[key] == "" {
				first[key] = role
			}
			for _, name := range parametersOf(rule.Route) {
				identifiers := w.foreign(role, name)
				if first[key] == role {
					identifiers = append(identifiers, hostile...)
				}
				w.sameAsNothing(t, b, rule, name, csrf, params, identifiers)
			}
		}
	}
}

// parametersOf returns the names of a route's parameters.
func parametersOf(route string) []string {
	var names []string
	for part := range strings.SplitSeq(route, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			names = append(names, name)
		}
	}
	return names
}

// foreign are identifiers that exist, and not for the role: what other people
// have of the sort, and one of every other sort.
func (w *world) foreign(role, name string) []string {
	var list []string
	head, hr := w.own["head"], w.own["hr"]
	for sort, values := range map[string][]string{
		"seq": {"0", "1", "2", "3", "4", "5", "6"}, "attempt": nil, "course": {"annual", "social-media-owner"}, "lesson": {"why-it-matters"},
		"policy": {"basic-policy", "contractor-obligations"}, "account": {"koho-x", "bosai-x"}, "contract": {"K-2026-01", "K-2026-02"},
		"department": {head["elsewhere"]}, "person": {hr["id"], w.own["contractor"]["id"]}, "number": {"1"}, "digest": {w.digest},
	} {
		if sort == "attempt" {
			for _, other := range sampleRoles {
				if other != role {
					values = append(values, w.own[other]["attempt"], w.own[other]["submitted"], w.own[other]["sitting"])
				}
			}
		}
		if sort != name {
			values = values[:1]
		}
		list = append(list, values...)
	}
	if name == "attempt" {
		list = append(list, w.own[role]["sitting"]) // one's own, and not a check
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == "" || w.reaches(role, name, v) })
}

// reaches tells what a role may well reach among the values of foreign.
func (w *world) reaches(role, name, value string) bool {
	switch name {
	case "policy":
		return value == "basic-policy" || value == "contractor-obligations" // staff read all, contractors the two
	case "course":
		return value == "annual" || value == "social-media-owner" && role == "account-owner"
	case "lesson":
		return value == "why-it-matters"
	case "digest":
		return value == w.digest
	case "account":
		return role == "account-owner" && value == "koho-x" || w.relation(role, "/accounts/:account") == identity.All
	case "contract":
		return value == "K-2026-02" || w.relation(role, "/contracts/:contract") == identity.All
	case "department", "person":
		return w.relation(role, "/people/:person") == identity.All
	case "seq":
		return role == "auditor" || value == w.own[role]["seq"]
	case "number":
		return len(value) == 1 // 0 to 9: questions
	}
	return false
}

// relation is how far a page reaches for a role.
func (w *world) relation(role, route string) identity.Relation {
	rule, _ := identity.RuleOf("GET", route)
	widest := identity.Nothing
	for _, r := range w.roles[role] {
		widest = max(widest, rule.Allow[r])
	}
	return widest
}

// sameAsNothing asks a route for each identifier, and for one of nothing.
func (w *world) sameAsNothing(t *testing.T, b *portal.Browser, rule identity.Rule, name, csrf string, params map[string]string, identifiers []string) {
	t.Helper()
	key := rule.Method + " " + rule.Route
	row := routeRows[key]
	answer := func(identifier string) *portal.Page {
		with := row
		with.params = maps.Clone(row.params)
		if with.params == nil {
			with.params = map[string]string{}
		}
		with.params[name] = "=" + identifier
		var form url.Values
		if rule.Method == "POST" {
			form = row.fields(csrf, params)
		}
		return ask(t, b, rule.Method, with.address(rule.Route, params), form)
	}
	nothing := answer("no-such-thing")
	if nothing.Status != 404 {
		t.Errorf("%s answers %d for a %s that does not exist", key, nothing.Status, name)
		return
	}
	want := essence(nothing)
	for _, identifier := range identifiers {
		page := answer(identifier)
		if page.Status != 404 {
			t.Errorf("%s answers %d to the %s %.40q: %.200s", key, page.Status, name, identifier, page.Text("main"))
		} else if essence(page) != want {
			t.Errorf("%s tells the %s %.40q from nothing", key, name, identifier)
		}
	}
}

// What is named in a query or a form is not one's own either.
func TestForeignIdentifiersInFormsAndQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	others, elsewhere := w.own["account-owner"], url.QueryEscape(w.own["head"]["elsewhere"])
	b := w.browsers["employee"]
	csrf := token(t, b)
	for _, path := range []string{
		"/courses/annual/practice?sitting=" + others["sitting"], "/courses/annual/practice?number=1&sitting=" + others["sitting"],
		"/courses/annual/practice?number=1&sitting=" + others["attempt"], "/courses/annual/practice?number=1&sitting=" + w.own["employee"]["attempt"],
	} {
		if page := ask(t, b, "GET", path, nil); page.Status != 404 {
			t.Errorf("%s answered %d", path, page.Status)
		}
	}
	for _, sitting := range []string{others["sitting"], others["attempt"], w.own["employee"]["attempt"], "", "x"} {
		form := url.Values{"csrf": {csrf}, "sitting": {sitting}, "number": {"1"}, "options": {"1"}}
		if page := ask(t, b, "POST", "/courses/annual/practice", form); page.Status != 404 {
			t.Errorf("the sitting %q answered %d", sitting, page.Status)
		}
	}
	head := w.browsers["head"]
	for _, path := range []string{"/exports/completion.csv", "/exports/completion.xlsx", "/exports/people.csv", "/exports/people.xlsx"} {
		for _, department := range []string{elsewhere, "x", others["id"], "%00"} {
			if page := ask(t, head, "GET", path+"?department="+department, nil); page.Status != 404 {
				t.Errorf("%s of %s answered %d", path, department, page.Status)
			}
		}
	}
}

// A head's lists hold nobody from elsewhere, whatever is asked for.
func TestHeadReadsOwnPeopleOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	roster, err := w.App.Rosters.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	own := directory.DepartmentID(w.own["head"]["department"])
	b := w.browsers["head"]
	for _, query := range []string{"", "?department=all", "?department=" + string(own), "?group=open", "?requirement=annual&group=over"} {
		page := ask(t, b, "GET", "/exports/people.csv"+query, nil)
		if page.Status == 404 {
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(page.Body)).ReadAll()
		if err != nil || page.Status != 200 {
			t.Fatalf("%s: %d, %v", query, page.Status, err)
		}
		held := 0
		for p := range roster.People() {
			if !bytes.Contains(page.Body, []byte(p.Number)) {
				continue
			}
			held++
			if !roster.Within(p.MembershipOn(today).Department, own) {
				t.Errorf("%s holds %s of elsewhere", query, p.Number)
			}
		}
		if query == "" && (held == 0 || len(rows) < 2) {
			t.Error("the head's own people are not in the file")
		}
	}
	for _, path := range []string{"/departments", "/departments/" + string(own), "/departments/all/people", "/contracts"} {
		page := b.Get(path)
		for p := range roster.People() {
			outside := p.Kind() == directory.Employee && !roster.Within(p.MembershipOn(today).Department, own)
			if outside && bytes.Contains(page.Body, []byte(p.Number)) {
				t.Errorf("%s shows %s of elsewhere", path, p.Number)
			}
		}
	}
}

// Fields that a form does not have change nothing.
func TestFieldsOfTheReadersOwnMaking(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	other := string(p.Person("000390").ID)
	fresh := p.As("employee")
	fresh.Get(basicPolicy)
	extra := url.Values{"person": {other}, "subject": {other}, "actor": {other}, "at": {"2020-01-01"}, "role": {"auditor"}, "version": {"9"}, "score": {"100"}}
	receipt := fresh.Submit(signForm, extra).Want(t, 200)
	e, err := p.App.Store.Entry(t.Context(), 0)
	if err != nil || e.Subject != string(p.Person("000174").ID) || e.Actor != e.Subject || !e.At.Equal(portal.Start) {
		t.Errorf("%s: the record is about %s at %v, %v", receipt, e.Subject, e.At, err)
	}
	if page := fresh.Get("/audit?role=auditor"); page.Status != 404 {
		t.Errorf("a role was taken from the query: %s", page)
	}
}

// TestRolesBeyondOnesOwn says in its own words who reads or changes what is not
// their own, so that a row that grows wider is noticed.
func TestRolesBeyondOnesOwn(t *testing.T) {
	t.Parallel()
	departments := "GET /departments, GET /departments/:department, GET /departments/:department/people, GET /people/:person, " +
		"GET /reminders, GET /reminders/:day, GET /reminders/:day/paper, GET /departments/:department/reminders, POST /departments/:department/reminders, " +
		"GET /exports/completion.csv, GET /exports/completion.xlsx, GET /exports/people.csv, GET /exports/people.xlsx"
	accounts, contracts := ", GET /accounts, GET /accounts/:account", ", GET /contracts, GET /contracts/:contract"
	audit := "GET /audit, GET /audit/records/:seq, GET /audit/records/:seq/file, GET /audit/records/:seq/pdf, GET /audit/texts/:digest, GET /permissions, GET /evidence, " +
		"GET /audit/checkpoints, GET /audit/checkpoints/comparison, POST /audit/checkpoints/comparison, " +
		"GET /audit/sample, GET /audit/sample.csv, GET /audit/sample.xlsx, GET /audit/population"
	for role, want := range map[identity.Role]string{
		identity.Learner: "", identity.ContractorWorker: "", identity.Head: departments + contracts,
		identity.HR:             departments + accounts + contracts + ", POST /people/:person/exemptions",
		identity.SecurityOffice: departments + accounts + contracts + ", GET /permissions, GET /evidence",
		identity.Auditor:        audit + accounts + contracts,
	} {
		wanted := slices.DeleteFunc(strings.Split(want, ", "), func(s string) bool { return s == "" })
		var got []string
		for _, rule := range identity.Rules() {
			if r := rule.Allow[role]; r == identity.Below || r == identity.All {
				got = append(got, rule.Method+" "+rule.Route)
			}
		}
		slices.Sort(wanted)
		slices.Sort(got)
		if !slices.Equal(got, wanted) {
			t.Errorf("%s reaches %v, want %v", role, got, wanted)
		}
	}
}
