package identity_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/identity"
)

var routePattern = regexp.MustCompile(`^/([a-z.-]+|:[a-z]+|\*)?(/([a-z.-]+|:[a-z]+|\*))*$`)

func TestTableIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range identity.Rules() {
		key := r.Method + " " + r.Route
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if r.Method != "GET" && r.Method != "POST" || !routePattern.MatchString(r.Route) {
			t.Errorf("%s is odd", key)
		}
		if r.Public == (len(r.Allow) > 0) {
			t.Errorf("%s is both public and not, or closed to everybody", key)
		}
		for role, relation := range r.Allow {
			if !slices.Contains(identity.Roles(), role) || relation <= identity.Nothing || relation > identity.All {
				t.Errorf("%s allows %q %v", key, role, relation)
			}
		}
	}
}

// questions are the forms that are posted because they are long, and change
// nothing: tests/audit_test.go sees to that.
var questions = map[string]bool{"POST /audit/checkpoints/comparison": true}

// What must hold whatever rows are added.
func TestTableKeepsApart(t *testing.T) {
	for _, r := range identity.Rules() {
		key := r.Method + " " + r.Route
		if got := r.Allow[identity.Learner]; got > identity.OwnAccount {
			t.Errorf("%s: a learner reaches %v", key, got)
		}
		if got := r.Allow[identity.ContractorWorker]; got > identity.OwnContract {
			t.Errorf("%s: a contractor's worker reaches %v", key, got)
		}
		if got := r.Allow[identity.Head]; got > identity.Below {
			t.Errorf("%s: a head reaches %v", key, got)
		}
		if r.Method == "POST" && r.Allow[identity.Auditor] != identity.Nothing && !questions[key] {
			t.Errorf("%s: an auditor changes something", key)
		}
		// To verify a receipt, its file is posted, and nothing is changed by it.
		if r.Public && r.Method == "POST" && !strings.HasPrefix(r.Route, "/sign-") && r.Route != "/language" && r.Route != "/verify" {
			t.Errorf("%s: anybody changes something", key)
		}
	}
}

func TestAllowed(t *testing.T) {
	learner, head := []identity.Role{identity.Learner}, []identity.Role{identity.Learner, identity.Head}
	hr, worker := []identity.Role{identity.Learner, identity.Head, identity.HR}, []identity.Role{identity.ContractorWorker}
	for _, c := range []struct {
		method, route string
		roles         []identity.Role
		want          identity.Relation
	}{
		{"GET", "/", nil, identity.All},
		{"HEAD", "/help", nil, identity.All},
		{"POST", "/sign-in/:provider/back-channel-logout", nil, identity.All},
		{"GET", "/tasks", nil, identity.Nothing},
		{"GET", "/tasks", learner, identity.Own},
		{"HEAD", "/tasks", learner, identity.Own},
		{"DELETE", "/tasks", learner, identity.Nothing},
		{"GET", "/tasks", worker, identity.Own},
		{"GET", "/courses/:course", worker, identity.Nothing},
		{"GET", "/departments", learner, identity.Nothing},
		{"GET", "/departments", head, identity.Below},
		{"GET", "/departments", hr, identity.All},
		{"GET", "/accounts", head, identity.OwnAccount},
		{"GET", "/accounts", hr, identity.All},
		{"POST", "/people/:person/exemptions", head, identity.Nothing},
		{"POST", "/people/:person/exemptions", hr, identity.All},
		{"GET", "/audit", hr, identity.Nothing},
		{"GET", "/permissions", []identity.Role{identity.SecurityOffice}, identity.All},
		{"GET", "/tasks", []identity.Role{"administrator"}, identity.Nothing},
		{"GET", "/no/such/route", identity.Roles(), identity.Nothing},
		{"GET", "/tasks/", learner, identity.Nothing},
	} {
		got, ok := identity.Allowed(c.method, c.route, c.roles)
		if got != c.want || ok != (c.want != identity.Nothing) {
			t.Errorf("%s %s as %v: %v, %v; want %v", c.method, c.route, c.roles, got, ok, c.want)
		}
	}
}

func TestRolesOf(t *testing.T) {
	day := calendar.MustDate("2026-11-20")
	grants := identity.Grants{identity.HR: {"1", "9"}, identity.Auditor: {"1"}}
	person := func(number string, change func(*directory.Person)) directory.Person {
		p := directory.Person{Number: number, Employment: directory.Regular, JoinedOn: calendar.MustDate("2020-04-01")}
		if change != nil {
			change(&p)
		}
		return p
	}
	for _, c := range []struct {
		name   string
		person directory.Person
		want   []identity.Role
	}{
		{"employee", person("2", nil), []identity.Role{identity.Learner}},
		{"head", person("2", func(p *directory.Person) { p.Post = "課長" }), []identity.Role{identity.Learner, identity.Head}},
		{"granted two", person("1", nil), []identity.Role{identity.Learner, identity.HR, identity.Auditor}},
		{"worker", person("3", func(p *directory.Person) { p.Employment = directory.Contracted }), []identity.Role{identity.ContractorWorker}},
		{"worker with a grant and a post", person("9", func(p *directory.Person) { p.Employment, p.Post = directory.Contracted, "課長" }), []identity.Role{identity.ContractorWorker}},
		{"left", person("1", func(p *directory.Person) { p.LeftOn = day.AddDays(-1) }), nil},
		{"last day", person("1", func(p *directory.Person) { p.LeftOn = day }), []identity.Role{identity.Learner, identity.HR, identity.Auditor}},
		{"not here yet", person("1", func(p *directory.Person) { p.JoinedOn = day.AddDays(1) }), nil},
	} {
		if got := grants.RolesOf(c.person, day); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLoadGrants(t *testing.T) {
	got, err := identity.LoadGrants("roles.yaml", []byte("roles:\n  hr: [\"001204\", 001377, 0915]\n  security-office: []\n  auditor:\n    - K-1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[identity.HR], []string{"001204", "001377", "0915"}) || !slices.Equal(got[identity.Auditor], []string{"K-1"}) {
		t.Errorf("grants %v", got)
	}
	for _, empty := range []string{"", "# nobody yet\n", "roles: {}\n"} {
		if got, err := identity.LoadGrants("roles.yaml", []byte(empty)); err != nil || len(got) != 0 {
			t.Errorf("%q: %v, %v", empty, got, err)
		}
	}
	for _, c := range []struct{ name, text, want string }{
		{"unknown role", "roles:\n  admin: [\"1\"]\n", `roles.yaml:2: "admin"`},
		{"role of the roster", "roles:\n  head: [\"1\"]\n", "roles.yaml:2:"},
		{"unknown key", "roles: {}\nusers: {}\n", "roles.yaml:2:"},
		{"role twice", "roles:\n  hr: [\"1\"]\n  hr: [\"2\"]\n", "roles.yaml:3:"},
		{"number twice", "roles:\n  hr:\n    - \"1\"\n    - \"1\"\n", "roles.yaml:4:"},
		{"mail address", "roles:\n  hr: [a@city.example]\n", "roles.yaml:2:"},
		{"single number", "roles:\n  hr: \"1\"\n", "roles.yaml:2:"},
		{"list at the top", "- hr\n", "roles.yaml:1:"},
		{"roles is text", "roles: hr\n", "roles.yaml:1:"},
		{"second document", "roles: {}\n---\nroles: {}\n", "second document"},
		{"alias", "roles:\n  hr: &a [\"1\"]\n  auditor: *a\n", "roles.yaml:3:"},
		{"not YAML", "roles: [\n", "roles.yaml"},
		{"two problems", "roles:\n  admin: []\n  hr: [\"\"]\n", "roles.yaml:3:"},
	} {
		if _, err := identity.LoadGrants("roles.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
