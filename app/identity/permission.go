package identity

import "slices"

// Relation says which part of what a route shows or changes a role may reach.
// The order is from narrow to wide: who has several roles has the widest.
type Relation int

// The relations. Scope comes from the session and the roster on that day,
// never from an identifier in the request.
const (
	Nothing     Relation = iota
	Own                  // what is about the reader
	OwnAccount           // the social media accounts that the reader is custodian of
	OwnContract          // the contracts that the reader works under
	Below                // the reader's own department and all below it
	All
)

var relationNames = [...]string{
	Nothing: "nothing", Own: "own", OwnAccount: "own-account", OwnContract: "own-contract", Below: "below", All: "all",
}

// String is the relation's name in message IDs.
func (r Relation) String() string {
	if r < 0 || int(r) >= len(relationNames) {
		return "unknown"
	}
	return relationNames[r]
}

// Rule is a row of the permission table: one route.
type Rule struct {
	Method string
	Route  string            // the pattern as it is registered
	Public bool              // for everybody, signed in or not
	Fresh  bool              // administration: only soon after signing in
	Allow  map[Role]Relation // who else
}

// table is the documentation and the check. A route without a row is closed to
// everybody, and fails the tests.
var table = slices.Concat(
	// Entrance, and what everybody may read.
	open("GET", "/"),
	open("GET", "/sign-in"),
	open("POST", "/sign-in/:provider"),
	open("GET", "/sign-in/:provider/callback"),
	open("POST", "/sign-in/:provider/back-channel-logout"),
	open("POST", "/sign-out"),
	open("GET", "/signed-out"),
	open("POST", "/language"),
	open("GET", "/healthz"),
	open("GET", "/readyz"),
	open("GET", "/static/:version/*"),
	open("GET", "/help"),
	open("GET", "/accessibility"),
	open("GET", "/privacy"),
	open("GET", "/official-accounts"),
	open("GET", "/policies/:policy/public"),
	open("GET", "/verify"),
	open("POST", "/verify"),
	open("GET", "/verify/policy"),
	open("GET", "/verify/offline"),
	open("GET", "/verify/:seq"),

	// One's own duties.
	row("GET", "/tasks", to(Own, Learner, ContractorWorker)),
	row("GET", "/policies", to(Own, Learner)),
	row("GET", "/policies/:policy", to(Own, Learner, ContractorWorker)),
	row("POST", "/policies/:policy/acknowledgement", to(Own, Learner, ContractorWorker)),
	row("GET", "/policies/:policy/question", to(Own, Learner, ContractorWorker)),
	row("POST", "/policies/:policy/question", to(Own, Learner, ContractorWorker)),
	row("GET", "/receipts/:seq", to(Own, Learner, ContractorWorker)),
	row("GET", "/receipts/:seq/file", to(Own, Learner, ContractorWorker)),
	row("GET", "/receipts/:seq/pdf", to(Own, Learner, ContractorWorker)),
	row("GET", "/record", to(Own, Learner, ContractorWorker)),
	row("GET", "/glossary", to(Own, Learner, ContractorWorker)),

	// The course.
	row("GET", "/courses/:course", to(Own, Learner)),
	row("GET", "/courses/:course/lessons/:lesson", to(Own, Learner)),
	row("POST", "/courses/:course/lessons/:lesson", to(Own, Learner)),
	row("GET", "/courses/:course/practice", to(Own, Learner)),
	row("POST", "/courses/:course/practice", to(Own, Learner)),
	row("POST", "/courses/:course/practice/start", to(Own, Learner)),
	row("GET", "/courses/:course/check", to(Own, Learner)),
	row("POST", "/courses/:course/check", to(Own, Learner)),
	row("GET", "/courses/:course/check/:attempt", to(Own, Learner)),
	row("POST", "/courses/:course/check/:attempt", to(Own, Learner)),
	row("GET", "/courses/:course/check/:attempt/result", to(Own, Learner)),
	row("GET", "/courses/:course/check/:attempt/:number", to(Own, Learner)),
	row("POST", "/courses/:course/check/:attempt/:number", to(Own, Learner)),

	// Departments and their people.
	row("GET", "/departments", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/departments/:department", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/departments/:department/people", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/departments/:department/reminders", to(Below, Head), to(All, HR, SecurityOffice)),
	row("POST", "/departments/:department/reminders", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/reminders", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/reminders/:day", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/reminders/:day/paper", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/people/:person", to(Below, Head), to(All, HR, SecurityOffice)),
	fresh(row("POST", "/people/:person/exemptions", to(All, HR))),
	row("GET", "/exports/completion.csv", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/exports/completion.xlsx", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/exports/people.csv", to(Below, Head), to(All, HR, SecurityOffice)),
	row("GET", "/exports/people.xlsx", to(Below, Head), to(All, HR, SecurityOffice)),

	// Social media accounts and contracts.
	row("GET", "/accounts", to(OwnAccount, Learner), to(All, HR, SecurityOffice, Auditor)),
	row("GET", "/accounts/:account", to(OwnAccount, Learner), to(All, HR, SecurityOffice, Auditor)),
	row("GET", "/contracts", to(Below, Head), to(All, HR, SecurityOffice, Auditor)),
	row("GET", "/contracts/:contract", to(Below, Head), to(All, HR, SecurityOffice, Auditor)),

	// Audit.
	row("GET", "/audit", to(All, Auditor)),
	row("GET", "/audit/records/:seq", to(All, Auditor)),
	row("GET", "/audit/records/:seq/file", to(All, Auditor)),
	row("GET", "/audit/records/:seq/pdf", to(All, Auditor)),
	row("GET", "/audit/texts/:digest", to(All, Auditor)),
	row("GET", "/audit/checkpoints", to(All, Auditor)),
	row("GET", "/audit/checkpoints/comparison", to(All, Auditor)),
	row("POST", "/audit/checkpoints/comparison", to(All, Auditor)), // a question that is too long for an address
	row("GET", "/audit/sample", to(All, Auditor)),
	row("GET", "/audit/sample.csv", to(All, Auditor)),
	row("GET", "/audit/sample.xlsx", to(All, Auditor)),
	row("GET", "/audit/population", to(All, Auditor)),
	row("GET", "/evidence", to(All, SecurityOffice, Auditor)),
	row("GET", "/permissions", to(All, SecurityOffice, Auditor)),
)

type grant struct {
	relation Relation
	roles    []Role
}

func to(r Relation, roles ...Role) grant { return grant{r, roles} }

func row(method, route string, grants ...grant) []Rule {
	allow := map[Role]Relation{}
	for _, g := range grants {
		for _, r := range g.roles {
			allow[r] = max(allow[r], g.relation)
		}
	}
	return []Rule{{Method: method, Route: route, Allow: allow}}
}

// fresh makes a row one of administration.
func fresh(rules []Rule) []Rule {
	for i := range rules {
		rules[i].Fresh = true
	}
	return rules
}

func open(method, route string) []Rule {
	return []Rule{{Method: method, Route: route, Public: true}}
}

var byRoute = func() map[string]Rule {
	m := make(map[string]Rule, len(table))
	for _, r := range table {
		m[r.Method+" "+r.Route] = r
	}
	return m
}()

// Rules returns the permission table, for the page that shows it and for the
// tests that walk it.
func Rules() []Rule { return slices.Clone(table) }

// RuleOf returns the row of a route. HEAD is asked for as GET is.
func RuleOf(method, route string) (Rule, bool) {
	if method == "HEAD" {
		method = "GET"
	}
	r, ok := byRoute[method+" "+route]
	return r, ok
}

// Allowed reports whether someone with these roles may ask for the route, and
// how far that reaches: All for a public route, Nothing for a closed one or one
// that has no row.
func Allowed(method, route string, roles []Role) (Relation, bool) {
	rule, ok := RuleOf(method, route)
	if !ok {
		return Nothing, false
	}
	if rule.Public {
		return All, true
	}
	widest := Nothing
	for _, r := range roles {
		widest = max(widest, rule.Allow[r])
	}
	return widest, widest != Nothing
}
