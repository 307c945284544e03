package tests

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/PuerkitoBio/goquery"
	"go.yaml.in/yaml/v3"
	"golang.org/x/net/html"

	"kokoroe/app/spreadsheet"
	"kokoroe/content"
	"kokoroe/tests/portal"
)

//go:embed testdata/markup.txt
var markupFile string

// markup are texts that somebody might hope a browser would run.
func markup() []string { return strings.Split(strings.TrimSpace(markupFile), "\n") }

// allowedElements are the elements that a page is made of, each with the
// attributes of its own. A page that needs another one adds it here, knowingly.
var allowedElements = map[string][]string{
	"html": {"data-variant"}, "head": {}, "title": {}, "body": {}, "meta": {"charset", "name", "content"},
	"link": {"rel", "href", "type"}, "script": {"type", "src"},
	"a": {"href", "rel", "hreflang", "download"}, "img": {"src", "alt", "width", "height"},
	"form": {"method", "action", "novalidate", "enctype", "data-unsaved", "data-saved"}, "button": {"name", "value", "type", "data-busy"},
	"input":    {"name", "type", "value", "checked", "required", "autocomplete", "inputmode", "maxlength", "disabled", "accept"},
	"textarea": {"name", "rows", "required", "data-limit", "maxlength"}, "select": {"name", "required"}, "option": {"value", "selected"},
	"label": {"for"}, "fieldset": {}, "legend": {}, "output": {"for"},
	"svg": {"viewbox", "width", "height", "focusable", "preserveaspectratio"}, "use": {"href"}, "rect": {"x", "y", "width", "height", "rx"},
	"g": {}, "path": {"d"}, "circle": {"cx", "cy", "r"}, "line": {"x1", "y1", "x2", "y2"},
	"progress": {"value", "max"}, "meter": {"value", "min", "max", "low", "high", "optimum"},
	"table": {}, "caption": {}, "thead": {}, "tbody": {}, "tfoot": {}, "tr": {}, "colgroup": {}, "col": {"span"},
	"th": {"scope", "colspan", "rowspan", "aria-sort"}, "td": {"colspan", "rowspan"},
	"ol": {"start", "reversed"}, "ul": {}, "li": {"value"}, "dl": {}, "dt": {}, "dd": {},
	"header": {}, "nav": {}, "main": {}, "section": {}, "article": {}, "aside": {}, "address": {}, "footer": {}, "div": {"data-count-for", "data-count-text"},
	"h1": {}, "h2": {}, "h3": {}, "h4": {}, "h5": {}, "h6": {}, "hgroup": {},
	"p": {"data-count-for", "data-count-text"}, "span": {}, "em": {}, "strong": {}, "b": {}, "i": {}, "small": {}, "br": {}, "wbr": {}, "hr": {}, "code": {}, "pre": {},
	"kbd": {}, "samp": {}, "blockquote": {}, "q": {}, "cite": {}, "abbr": {"title"}, "dfn": {}, "del": {}, "ins": {}, "mark": {}, "sub": {}, "sup": {}, "bdi": {},
	"ruby": {}, "rt": {}, "rp": {}, "time": {"datetime"}, "data": {"value"}, "details": {"open"}, "summary": {}, "figure": {}, "figcaption": {},
}

// everywhere are the attributes that any element may have.
var everywhere = []string{"id", "class", "lang", "dir", "hidden", "tabindex", "role", "autofocus", "title"}

// assertClean reads the page as a browser does and refuses everything that a
// page of ours is not made of.
func assertClean(t testing.TB, page *portal.Page) {
	t.Helper()
	if isPage(page) {
		for _, complaint := range foreign(page) {
			t.Errorf("%s: %s", page, complaint)
		}
	} else if page.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: a file that browsers may take for a page", page)
	}
}

// foreign names what does not belong on the page, each sort once.
func foreign(page *portal.Page) (complaints []string) {
	scripts := 0
	for n := range page.Nodes[0].Descendants() {
		switch n.Type {
		case html.CommentNode:
			complaints = append(complaints, fmt.Sprintf("a comment %q", n.Data))
		case html.ElementNode:
			complaints = append(complaints, foreignElement(page.URL, n)...)
			if n.Data == "script" {
				scripts++
			}
		}
	}
	if scripts != 1 {
		complaints = append(complaints, fmt.Sprintf("%d scripts, want the one", scripts))
	}
	slices.Sort(complaints)
	return slices.Compact(complaints)
}

func foreignElement(on *url.URL, n *html.Node) (complaints []string) {
	own, known := allowedElements[n.Data]
	if !known || n.Namespace != "" && n.Namespace != "svg" {
		return []string{fmt.Sprintf("an element %q", n.Data)}
	}
	for _, a := range n.Attr {
		name := strings.ToLower(a.Key)
		if !slices.Contains(own, name) && !slices.Contains(everywhere, name) && !strings.HasPrefix(name, "aria-") {
			complaints = append(complaints, fmt.Sprintf("an attribute %s of %s, %q", a.Key, n.Data, a.Val))
		}
		switch name {
		case "href", "src", "action", "formaction":
			if why := foreignAddress(on, n.Data, a.Val); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s of %s: %s", name, n.Data, why))
			}
		}
	}
	if n.Data == "script" && (n.FirstChild != nil || attribute(n, "type") != "module") {
		complaints = append(complaints, "a script that is not the module")
	}
	if name := attribute(n, "name"); n.Data == "meta" && !slices.Contains([]string{"", "viewport", "color-scheme", "referrer", "description"}, name) {
		complaints = append(complaints, fmt.Sprintf("meta %q", name))
	}
	return complaints
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// foreignAddress follows an address as browsers do, who forgive much, and says
// what is wrong with where it leads.
func foreignAddress(on *url.URL, element, address string) string {
	plain := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimFunc(address, func(r rune) bool { return r <= ' ' }))
	to, err := on.Parse(plain)
	if err != nil {
		return fmt.Sprintf("%q: %v", address, err)
	}
	local := to.Scheme == on.Scheme && to.Host == on.Host
	ok := false
	switch element {
	case "script", "link", "img", "use":
		ok = local && strings.HasPrefix(to.Path, "/static/")
	case "form", "button", "input":
		ok = local
	default:
		ok = local || to.Scheme == "tel" || to.Scheme == "mailto" ||
			strings.HasPrefix(address, "https://") && !strings.Contains(to.Host, "evil")
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("leads to %q", address)
}

// rosterText reports whether a roster may hold the text as a name: everything
// that a name may hold must be harmless.
func rosterText(s string) bool {
	return len([]rune(s)) < 60 && !strings.ContainsFunc(s, unicode.IsControl) && strings.ContainsFunc(s, unicode.IsLetter)
}

// hostileCity is the sample city with markup in everything that a city may
// say, and the texts that it says.
func hostileCity(t testing.TB) (city fs.FS, names, departments, titles []string) {
	t.Helper()
	for _, attack := range markup() {
		if rosterText(attack) {
			names = append(names, attack)
		}
		if rosterText(attack) && len([]rune(attack)) < 26 && !strings.ContainsAny(attack, "/／") {
			departments = append(departments, attack)
		}
	}
	files := fstest.MapFS{}
	read := func(name string) []byte {
		src, err := fs.ReadFile(content.FS, "sample/"+name)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	files["sign-ins.yaml"] = &fstest.MapFile{Data: read("sign-ins.yaml")}
	files["roles.yaml"] = &fstest.MapFile{Data: read("roles.yaml")}
	renamed := map[string]string{}
	files["roster.csv"] = &fstest.MapFile{Data: hostileRoster(t, read("roster.csv"), names, departments, renamed)}
	titles = names
	for _, register := range []string{"accounts.yaml", "suppliers.yaml"} {
		var tree any
		if err := yaml.Unmarshal(read(register), &tree); err != nil {
			t.Fatal(err)
		}
		next := 0
		hostileRegister(tree, renamed, func() string { next++; return titles[(next-1)%len(titles)] })
		src, err := json.MarshalIndent(tree, "", " ") // JSON is YAML
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", "T00:00:00Z", "").Replace(string(src))
		files[register] = &fstest.MapFile{Data: []byte(text)}
	}
	return files, names, departments, titles
}

// hostileRoster renames everybody, every post and every department.
func hostileRoster(t testing.TB, src []byte, names, departments []string, renamed map[string]string) []byte {
	t.Helper()
	table, err := spreadsheet.Read("roster.csv", src)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(path string) string {
		parts := strings.Split(path, "/")
		for i, part := range parts {
			if _, ok := renamed[part]; !ok {
				renamed[part] = part + " " + departments[len(renamed)%len(departments)]
			}
			parts[i] = renamed[part]
		}
		return strings.Join(parts, "/")
	}
	for i := range table.Rows {
		row := table.Rows[i].Cells
		attack := names[i%len(names)]
		row[1] = attack
		row[2] = strings.Map(func(r rune) rune { return map[bool]rune{true: 'カ', false: r}[unicode.Is(unicode.Han, r)] }, attack)
		row[5], row[6] = rename(row[5]), attack
	}
	var out strings.Builder
	if _, err := spreadsheet.WriteCSV(&out, table, spreadsheet.UTF8); err != nil {
		t.Fatal(err)
	}
	return []byte(out.String())
}

// hostileRegister puts markup into the texts of a register.
func hostileRegister(tree any, renamed map[string]string, attack func() string) {
	switch node := tree.(type) {
	case []any:
		for _, child := range node {
			hostileRegister(child, renamed, attack)
		}
	case map[string]any:
		for key, child := range node {
			value, isText := child.(string)
			switch {
			case !isText:
				hostileRegister(child, renamed, attack)
			case key == "department":
				parts := strings.Split(value, "/")
				for i, part := range parts {
					if to, ok := renamed[part]; ok {
						parts[i] = to
					}
				}
				node[key] = strings.Join(parts, "/")
			case slices.Contains([]string{"ja", "en", "name", "name_en", "handle", "service"}, key):
				node[key] = attack()
			case key == "url":
				node[key] = value + `?"><script>alert(1)</script>`
			}
		}
	}
}

// A check that finds nothing proves nothing: what is not escaped is found.
func TestForeignMarkupIsFound(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	help := p.Browser().Get("/help").Want(t, 200)
	if found := foreign(help); found != nil {
		t.Fatalf("a page of ours: %v", found)
	}
	tried := 0
	for _, attack := range markup() {
		// Only what a browser takes for markup where text stands.
		if !regexp.MustCompile(`^[^<]*<[a-zA-Z!?]`).MatchString(attack) || strings.HasPrefix(attack, "<javascript:") {
			continue
		}
		tried++
		source := strings.Replace(string(help.Body), "</h1>", attack+"</h1>", 1)
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		if len(foreign(&portal.Page{Document: doc, URL: help.URL})) == 0 {
			t.Errorf("nothing is found in a page with %s", attack)
		}
	}
	if tried < 30 {
		t.Errorf("only %d were tried", tried)
	}
}

func TestMarkupInTheCity(t *testing.T) {
	t.Parallel()
	city, names, departments, titles := hostileCity(t)
	p := portal.New(t, portal.WithCity(city), portal.WithHistory())
	var words strings.Builder
	for _, role := range everyRole {
		b := browserAs(p, role)
		crawl(t, b, 12, func(page *portal.Page) {
			if page.Status >= 500 {
				t.Errorf("%s as %q: %s", page, role, page.Text("main"))
			}
			assertClean(t, page)
			words.WriteString(page.Text("body") + "\n")
		})
	}
	said := words.String()
	for what, list := range map[string][]string{"name": names, "department": departments, "title": titles} {
		for _, attack := range list {
			if !strings.Contains(said, strings.Join(strings.Fields(attack), " ")) {
				t.Errorf("no page says the %s %q as it is written", what, attack)
			}
		}
	}
}

func TestMarkupThatReadersType(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	employee, hr, auditor := p.As("employee"), p.As("hr"), p.As("auditor")
	everything := strings.Join(markup(), "\n")
	reasons := []string{everything[:900], everything[900:1800], everything[1800:]}
	for i, reason := range reasons {
		reasons[i] = strings.ToValidUTF8(reason, "")[:min(len(reason), 950)]
	}
	showsAll := func(page *portal.Page, text, where string) {
		t.Helper()
		assertClean(t, page)
		said := strings.Join(strings.Fields(page.Text("body")), " ")
		for line := range strings.Lines(text) {
			if !strings.Contains(said, strings.Join(strings.Fields(line), " ")) {
				t.Errorf("%s does not say %q as it was typed", where, line)
			}
		}
	}

	for _, reason := range reasons {
		employee.Get("/policies/basic-policy/question").Want(t, 200)
		receipt := employee.Submit(`form[action="/policies/basic-policy/question"]`, url.Values{"ground": {"question"}, "reason": {reason}})
		receipt.Want(t, 200)
		showsAll(receipt, reason, "the receipt")
		seq := strings.TrimPrefix(receipt.URL.Path, "/receipts/")
		assertClean(t, employee.Get("/record"))
		showsAll(auditor.Get("/audit/records/"+seq).Want(t, 200), reason, "the auditor's page")
	}

	person := "/people/" + string(p.Person("000174").ID)
	hr.Get(person).Want(t, 200)
	form := hr.Page().Find(`form[action$="/exemptions"]`)
	item, ok := form.Find("input[name=item], option[value!='']").First().Attr("value")
	if !ok {
		t.Fatalf("nothing to exempt from on %s", hr.Page())
	}
	hr.Submit(`form[action$="/exemptions"]`, url.Values{"item": {item}, "reason": {reasons[0][:min(300, len(reasons[0]))]}}).Want(t, 200)
	showsAll(hr.Get(person), strings.ToValidUTF8(reasons[0][:250], ""), "the person's page")
	assertClean(t, employee.Get("/record"))
	assertClean(t, employee.Get("/tasks"))
}

func TestMarkupInRequests(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	employee, hr, auditor, nobody := p.As("employee"), p.As("hr"), p.As("auditor"), p.Browser()
	for _, attack := range markup() {
		q, path := url.QueryEscape(attack), url.PathEscape(attack)
		for _, ask := range []struct {
			b    *portal.Browser
			path string
			says bool // shows what was sent
		}{
			{nobody, "/sign-in?return=/" + q, false},
			{nobody, "/sign-in?return=" + q, false},
			{nobody, "/" + path, false},
			{nobody, "/tasks?x=" + q, false},
			{nobody, "/sign-in/city/callback?state=" + q + "&error=" + q + "&error_description=" + q, false},
			{employee, "/policies/" + path, false},
			{employee, "/help?x=" + q + "&" + q + "=x", false},
			{hr, "/departments/all/people?requirement=" + q + "&group=" + q + "&after=" + q, false},
			{hr, "/departments/all/people?after=" + q, false},
			{hr, "/departments/" + path, false},
			{auditor, "/audit?person=" + q + "&item=" + q + "&from=" + q + "&until=" + q + "&reason=" + q, true},
		} {
			page := ask.b.Get(ask.path)
			if page.Status >= 500 {
				t.Errorf("%s: %s", page, page.Text("main"))
			}
			assertClean(t, page)
			if value, _ := page.Find("input[name=person]").Attr("value"); ask.says && value != attack {
				t.Errorf("the search for %q came back as %q", attack, value)
			}
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/help", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Accept-Language"] = []string{attack}
		r.Header["Cookie"] = []string{"__Host-language=" + strings.ReplaceAll(attack, ";", ",")}
		r.Header["User-Agent"], r.Header["Referer"] = []string{attack}, []string{attack}
		r.Header["X-Request-Id"] = []string{attack}
		page := p.Browser().Do(r)
		if page.Status != 200 || page.Header.Get("X-Request-Id") == attack {
			t.Errorf("headers with %q: %s", attack, page)
		}
		assertClean(t, page)
	}
}
