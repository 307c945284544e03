package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"kokoroe/app/identity"
)

// visit is one page, or file, as one person asks for it.
type visit struct {
	as    string
	route string
	path  string
	lists bool // it lists people, page by page
	file  bool // it is an export of everybody whom it is about: streamed, and as large as they are many
	whole bool // it looks at every record there is, because that is what is asked for
}

func (v visit) name() string {
	name := v.route
	if _, query, ok := strings.Cut(v.path, "?"); ok {
		query, _ = url.QueryUnescape(query)
		name += " ?" + query
	}
	return name
}

// notPages are GET routes that render nothing for a person of the city: probes
// and files that ship with the program, ways between portal and provider.
var notPages = []string{"/healthz", "/readyz", "/static/:version/*", "/sign-in/:provider/callback", "/verify/offline", "/verify/:seq"}

// uncovered are the GET routes of the permission table that no visit asks for.
func uncovered(visits []visit) (routes []string) {
	for _, rule := range identity.Rules() {
		if rule.Method == "GET" && !slices.Contains(notPages, rule.Route) &&
			!slices.ContainsFunc(visits, func(v visit) bool { return v.route == rule.Route }) {
			routes = append(routes, rule.Route)
		}
	}
	return routes
}

// visitors signs everybody in and finds out where their pages are.
type visitors struct {
	portal  string
	city    *growingCity
	known   *answers
	signed  map[string]*browser
	visits  []visit
	samples samples // of what leads to the pages, which counts nowhere
}

func (g *visitors) close() {
	for _, b := range g.signed {
		b.close()
	}
}

func (g *visitors) browser(as string) (*browser, error) {
	if b := g.signed[as]; b != nil {
		return b, b.err
	}
	provider := "city"
	if as == asContractor {
		provider = "contractors"
	}
	hosts, err := hostsOf(g.portal, provider)
	if err != nil {
		return nil, err
	}
	b := newBrowser(newWires(g.portal, hosts...), &g.samples)
	b.patience(exportPatience)
	g.signed[as] = b
	if as != asNobody {
		b.signIn(provider, g.city.numbers[as])
	}
	return b, b.err
}

const asNobody = "nobody"

// add notes pages: route, and path where that is not the route itself.
func (g *visitors) add(as string, pages ...[2]string) {
	for _, p := range pages {
		if p[1] == "" {
			p[1] = p[0]
		}
		g.visits = append(g.visits, visit{as: as, route: p[0], path: p[1]})
	}
}

// link is where the first link of the page leads that begins so.
func link(b *browser, begins string) (string, error) {
	if b.err != nil {
		return "", b.err
	}
	rest, ok := between(b.body, `href="`+begins, `"`)
	if !ok {
		return "", fmt.Errorf("no link to %s on the page: %s", begins, heading(b.body))
	}
	return unescape.Replace(begins + string(rest)), nil
}

// find collects every visit. People do what their pages need: a whole journey,
// a check under way.
func (g *visitors) find() error {
	for _, some := range []func() error{g.nobody, g.employee, g.sitting, g.head, g.hr, g.office, g.auditor, g.others} {
		if err := some(); err != nil {
			return err
		}
	}
	if routes := uncovered(g.visits); len(routes) > 0 {
		return fmt.Errorf("nobody asks for %v", routes)
	}
	return nil
}

func (g *visitors) nobody() error {
	_, err := g.browser(asNobody)
	g.add(asNobody, [2]string{"/"}, [2]string{"/sign-in"}, [2]string{"/signed-out"}, [2]string{"/help"}, [2]string{"/accessibility"}, [2]string{"/privacy"},
		[2]string{"/official-accounts"}, [2]string{"/policies/:policy/public", "/policies/basic-policy/public"}, [2]string{"/verify"}, [2]string{"/verify/policy"})
	return err
}

func (g *visitors) employee() error {
	b, err := g.browser(asEmployee)
	if err != nil {
		return err
	}
	b.learn(g.known)
	b.practise(g.known)
	attempt := b.beChecked(g.known)
	b.acknowledge()
	if b.err != nil {
		return b.err
	}
	receipt, err := link(b, "/receipts/")
	if err != nil {
		return err
	}
	for range 100 { // until the record is signed, it has no receipt
		if b.get(stepReceipt, receipt+"/file"); b.err == nil || b.answer.status != 503 {
			break
		}
		b.err = nil
		time.Sleep(200 * time.Millisecond)
	}
	if b.err != nil {
		return b.err
	}
	g.add(asEmployee, [2]string{"/tasks"}, [2]string{"/policies"}, [2]string{"/policies/:policy", policyPath}, [2]string{"/record"}, [2]string{"/glossary"},
		[2]string{"/receipts/:seq", receipt}, [2]string{"/receipts/:seq/file", receipt + "/file"}, [2]string{"/receipts/:seq/pdf", receipt + "/pdf"},
		[2]string{"/courses/:course", coursePath}, [2]string{"/courses/:course/lessons/:lesson", coursePath + "/lessons/" + g.known.lessons[0]},
		[2]string{"/courses/:course/check/:attempt/result", attempt + "/result"})
	return nil
}

func (g *visitors) sitting() error {
	b, err := g.browser(asSitting)
	if err != nil {
		return err
	}
	b.learn(g.known)
	b.practise(g.known)
	attempt := b.startCheck()
	g.add(asSitting, [2]string{"/tasks"}, [2]string{"/courses/:course", coursePath}, [2]string{"/courses/:course/practice", coursePath + "/practice"},
		[2]string{"/courses/:course/check", coursePath + "/check"}, [2]string{"/courses/:course/check/:attempt/:number", attempt + "/1"},
		[2]string{"/courses/:course/check/:attempt", attempt}, [2]string{"/policies/:policy", policyPath},
		[2]string{"/policies/:policy/question", policyPath + "/question"})
	return b.err
}

func (g *visitors) head() error {
	b, err := g.browser(asHead)
	if err != nil {
		return err
	}
	b.get(stepOfficeHead, "/departments", signedIn)
	department := firstDepartment(b.body)
	b.get(stepOfficeHead, department, signedIn)
	person, err := link(b, "/people/")
	g.add(asHead, [2]string{"/departments"}, [2]string{"/people/:person", person}, [2]string{"/contracts"}, [2]string{"/contracts/:contract", "/contracts/K-0"})
	g.list(asHead, [2]string{"/departments/:department", department},
		[2]string{"/departments/:department/people", department + "/people?requirement=annual-course"},
		[2]string{"/departments/:department/reminders", department + "/reminders?requirement=annual-course&group=open"},
		[2]string{"/reminders"}, [2]string{"/reminders/:day", g.city.reminders}, [2]string{"/reminders/:day/paper", g.city.reminders + "/paper"})
	return err
}

// list is add for pages that list people.
func (g *visitors) list(as string, pages ...[2]string) {
	from := len(g.visits)
	g.add(as, pages...)
	for i := range g.visits[from:] {
		g.visits[from+i].lists = true
	}
}

// export is add for what everybody is in.
func (g *visitors) export(as string, paths ...string) {
	for _, path := range paths {
		route, _, _ := strings.Cut(path, "?")
		g.visits = append(g.visits, visit{as: as, route: route, path: path, file: true})
	}
}

func (g *visitors) hr() error {
	b, err := g.browser(asHR)
	if err != nil {
		return err
	}
	b.get(stepOfficeHR, "/departments", signedIn)
	bureau := firstDepartment(b.body)
	const people, route = "/departments/all/people", "/departments/:department/people"
	b.get(stepOfficeHR, people+"?requirement=annual-course", signedIn)
	person, err := link(b, "/people/")
	g.add(asHR, [2]string{"/departments"}, [2]string{"/departments", "/departments?levels=1"}, [2]string{"/departments", "/departments?levels=3"},
		[2]string{"/people/:person", person}, [2]string{"/accounts/:account", "/accounts/account-0"}, [2]string{"/contracts/:contract", "/contracts/K-0"})
	g.list(asHR, [2]string{"/departments/:department", bureau}, [2]string{route, people + "?requirement=annual-course"},
		[2]string{route, people + "?requirement=annual-course&group=open"}, [2]string{route, people + "?requirement=media-course&group=overdue"},
		[2]string{route, people + "?requirement=handling&group=exempt"}, [2]string{route, people + "?requirement=account-owner"},
		[2]string{"/accounts"}, [2]string{"/contracts"}, [2]string{"/reminders"}, [2]string{"/reminders/:day", g.city.reminders},
		[2]string{"/reminders/:day", g.city.reminders + "?state=withheld"}, [2]string{"/reminders/:day", g.city.reminders + strings.Replace(bureau, "/departments/", "?department=", 1)})
	if next, ok := between(b.body, `rel="next" href="`, `"`); ok {
		g.list(asHR, [2]string{route, unescape.Replace(string(next))})
	}
	g.export(asHR, "/exports/completion.csv", "/exports/completion.xlsx", "/exports/people.csv?requirement=annual-course",
		"/exports/people.csv?requirement=annual-course&encoding=cp932", "/exports/people.xlsx?requirement=annual-course")
	return err
}

func (g *visitors) office() error {
	_, err := g.browser(asOffice)
	g.add(asOffice, [2]string{"/evidence"}, [2]string{"/permissions"})
	return err
}

func (g *visitors) auditor() error {
	b, err := g.browser(asAuditor)
	if err != nil {
		return err
	}
	record := fmt.Sprint("/audit/records/", g.city.staff+7) // the second thing that everybody did, which was an acknowledgement
	b.get(stepOfficeHR, record, signedIn)
	text, err := link(b, "/audit/texts/")
	if err != nil {
		return err
	}
	b.get(stepOfficeHR, "/audit/checkpoints", signedIn)
	comparison, err := link(b, "/audit/checkpoints/comparison?")
	const draw = "?n=10&seed=load&reason=load"
	g.add(asAuditor, [2]string{"/audit"}, [2]string{"/audit", "/audit?reason=load"}, [2]string{"/audit", "/audit?reason=load&seq=7"},
		[2]string{"/audit", "/audit?reason=load&person=" + g.city.numbers[asEmployee]}, [2]string{"/audit", "/audit?reason=load&kind=policy.acknowledged/v1"},
		[2]string{"/audit", "/audit?reason=load&item=course:annual&from=2026-11-01"},
		[2]string{"/audit/records/:seq", record}, [2]string{"/audit/records/:seq/file", record + "/file"},
		[2]string{"/audit/records/:seq/pdf", record + "/pdf"}, [2]string{"/audit/texts/:digest", text}, [2]string{"/audit/checkpoints"},
		[2]string{"/audit/checkpoints/comparison", comparison}, [2]string{"/audit/sample"}, [2]string{"/audit/sample", "/audit/sample" + draw},
		[2]string{"/audit/sample.csv", "/audit/sample.csv" + draw}, [2]string{"/audit/sample.xlsx", "/audit/sample.xlsx" + draw},
		[2]string{"/audit/population"}, [2]string{"/evidence"})
	g.visits = append(g.visits, visit{as: asAuditor, route: "/audit/population", path: "/audit/population?count=now", whole: true})
	return err
}

func (g *visitors) others() error {
	if _, err := g.browser(asOwner); err != nil {
		return err
	}
	g.add(asOwner, [2]string{"/accounts"}, [2]string{"/accounts/:account", "/accounts/account-0"}, [2]string{"/tasks"})
	_, err := g.browser(asContractor)
	g.add(asContractor, [2]string{"/tasks"}, [2]string{"/policies/:policy", "/policies/contractor-obligations"}, [2]string{"/record"})
	return err
}
