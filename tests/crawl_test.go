package tests

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/tests/portal"
)

// everyRole are the sample people whom a crawl walks as; "" is nobody.
var everyRole = []string{"", "employee", "head", "contractor", "account-owner", "hr", "security-office", "auditor"}

// browserAs returns the browser of a role.
func browserAs(p *portal.Portal, role string) *portal.Browser {
	if role == "" {
		return p.Browser()
	}
	return p.As(role)
}

// shapeOf is what pages of one kind have in common: the path without what
// names a thing, and the names of the query.
var named = regexp.MustCompile(`[0-9A-Z%.]`)

func shapeOf(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if named.MatchString(part) && !strings.HasPrefix(u.Path, "/exports") && !strings.HasPrefix(u.Path, "/audit/sample.") {
			parts[i] = ":"
		}
	}
	names := slices.Sorted(maps.Keys(u.Query()))
	return strings.Join(parts, "/") + "?" + strings.Join(names, "&")
}

// crawl walks every link of the portal from the front page on, up to so many
// pages of a shape, and shows each page to visit.
func crawl(t testing.TB, b *portal.Browser, ofShape int, visit func(*portal.Page)) {
	t.Helper()
	queue := []string{"/", "/tasks", "/record", "/policies", "/departments", "/accounts", "/contracts", "/audit", "/evidence", "/permissions", "/glossary", "/official-accounts", "/verify"}
	seen, shapes := map[string]bool{}, map[string]int{}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		u, err := url.Parse(next)
		if err != nil {
			t.Errorf("a link to %q: %v", next, err)
			continue
		}
		u.Fragment = ""
		shape := shapeOf(u)
		if seen[u.String()] || shapes[shape] >= ofShape || strings.HasPrefix(u.Path, "/static/") {
			continue
		}
		seen[u.String()] = true
		shapes[shape]++
		page := b.Get(u.String())
		visit(page)
		if !strings.HasPrefix(page.URL.String(), b.Portal.URL) || !isPage(page) {
			continue
		}
		page.Find("a[href]").Each(func(_ int, a *goquery.Selection) {
			to, err := page.URL.Parse(a.AttrOr("href", ""))
			if err == nil && strings.HasPrefix(to.String(), b.Portal.URL+"/") {
				queue = append(queue, strings.TrimPrefix(to.String(), b.Portal.URL))
			}
		})
	}
}

// isPage reports whether an answer is a page and not a file.
func isPage(p *portal.Page) bool {
	return strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") && p.Header.Get("Content-Disposition") == ""
}
