package view_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/app/web/view"
	"kokoroe/locales"
	"kokoroe/static"
)

// TestPagesAreSound checks the structure of every sample in every language.
func TestPagesAreSound(t *testing.T) {
	r, c := newRenderer(t)
	for _, tag := range c.Languages() {
		for _, s := range pageSamples {
			t.Run(s.name+"."+string(tag), func(t *testing.T) {
				doc, err := goquery.NewDocumentFromReader(bytes.NewReader(renderSample(t, r, s, tag)))
				if err != nil {
					t.Fatal(err)
				}
				checkFrame(t, doc, string(tag))
				checkReferences(t, doc)
				checkForms(t, doc)
				checkPolicy(t, doc)
			})
		}
	}
}

// checkFrame: one of each landmark, one h1, headings without gaps.
func checkFrame(t *testing.T, doc *goquery.Document, lang string) {
	t.Helper()
	if got := doc.Find("html").AttrOr("lang", ""); got != lang {
		t.Errorf("html lang is %q, want %q", got, lang)
	}
	for _, one := range []string{"main#main", "h1", "main h1", "header.header", "footer", "title", "body > a.skip[href='#main']"} {
		if n := doc.Find(one).Length(); n != 1 {
			t.Errorf("%d of %s, want 1", n, one)
		}
	}
	if strings.TrimSpace(doc.Find("title").Text()) == "" {
		t.Error("no title")
	}
	level := 0
	doc.Find("main").Find("h1, h2, h3, h4").Each(func(_ int, h *goquery.Selection) {
		var n int
		if _, err := fmt.Sscanf(goquery.NodeName(h), "h%d", &n); err != nil {
			t.Fatal(err)
		}
		if n > level+1 && level > 0 {
			t.Errorf("h%d %q follows h%d", n, h.Text(), level)
		}
		level = n
	})
	prevails := doc.Find(".footer-prevails").Length()
	if (lang == "ja") != (prevails == 0) {
		t.Errorf("the notice that Japanese prevails is there %d times in %s", prevails, lang)
	}
}

// checkReferences: ids are unique, and what is pointed to exists.
func checkReferences(t *testing.T, doc *goquery.Document) {
	t.Helper()
	ids := map[string]int{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q is there %d times", id, n)
		}
	}
	for _, attribute := range []string{"for", "aria-labelledby", "aria-describedby", "data-count-for"} {
		doc.Find("[" + attribute + "]").Each(func(_ int, s *goquery.Selection) {
			for _, id := range strings.Fields(s.AttrOr(attribute, "")) {
				if ids[id] == 0 {
					t.Errorf("%s=%q points to nothing", attribute, id)
				}
			}
		})
	}
	doc.Find("a[href^='#']").Each(func(_ int, s *goquery.Selection) {
		if id := strings.TrimPrefix(s.AttrOr("href", ""), "#"); ids[id] == 0 {
			t.Errorf("link to #%s, which is not there", id)
		}
	})
}

// checkForms: every field has a label and every form that posts a token.
func checkForms(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		if id == "" || doc.Find(fmt.Sprintf("label[for=%q]", id)).Length() != 1 {
			t.Errorf("field %q has no label", s.AttrOr("name", "?"))
		}
	})
	doc.Find("fieldset").Each(func(_ int, s *goquery.Selection) {
		if s.ChildrenFiltered("legend").Length() != 1 {
			t.Error("fieldset without legend")
		}
	})
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("method", "get") == "post" && s.Find("input[type=hidden][name="+view.CSRFField+"]").Length() != 1 {
			t.Errorf("form to %s without a token", s.AttrOr("action", "?"))
		}
	})
	doc.Find("img:not([alt])").Each(func(int, *goquery.Selection) { t.Error("picture without alt") })
	doc.Find("a, button").Each(func(_ int, s *goquery.Selection) {
		if strings.TrimSpace(s.Text()) == "" && s.Find("img[alt]:not([alt=''])").Length() == 0 {
			t.Errorf("%s without words", goquery.NodeName(s))
		}
	})
}

var inlineHandler = regexp.MustCompile(`^on[a-z]+$`)

// checkPolicy: nothing that the content security policy would drop, nothing
// from another host.
func checkPolicy(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, a := range s.Nodes[0].Attr {
			if a.Key == "style" || inlineHandler.MatchString(a.Key) {
				t.Errorf("%s has %s", goquery.NodeName(s), a.Key)
			}
			if (a.Key == "src" || a.Key == "href" || a.Key == "action") &&
				(strings.Contains(a.Val, "//") || strings.HasPrefix(a.Val, "javascript:") || strings.Contains(a.Val, "ZgotmplZ")) {
				t.Errorf("%s leads to %q", goquery.NodeName(s), a.Val)
			}
		}
	})
	doc.Find("style").Each(func(int, *goquery.Selection) { t.Error("style in the page") })
	doc.Find("script").Each(func(_ int, s *goquery.Selection) {
		if s.Text() != "" || s.AttrOr("src", "") == "" {
			t.Error("script in the page")
		}
	})
}

func TestTitleSaysFirstThatAFormFailed(t *testing.T) {
	r, _ := newRenderer(t)
	for tag, want := range map[locale.Tag]string{"ja": "エラー: ", "en": "Error: "} {
		p := signedIn(r, tag)
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(render(t, r, "test/form", form(p))))
		if err != nil {
			t.Fatal(err)
		}
		if title := doc.Find("title").Text(); !strings.HasPrefix(title, want) {
			t.Errorf("title %q does not begin with %q", title, want)
		}
		if n := doc.Find("#error-summary[tabindex='-1'] a").Length(); n != 3 {
			t.Errorf("%d errors in the summary, want 3", n)
		}
		if v := doc.Find("#field-mail").AttrOr("value", ""); v != "not an address" {
			t.Errorf("what was typed is %q", v)
		}
		if n := doc.Find("input[name=answers][checked]").Length(); n != 2 {
			t.Errorf("%d boxes ticked, want 2", n)
		}
	}
}

func TestRejectLeavesOtherErrorsAlone(t *testing.T) {
	r, _ := newRenderer(t)
	for _, tc := range []struct {
		name   string
		err    error
		taken  bool
		errors int
	}{
		{"fields", fault.InvalidFields(fault.Field{Name: "a", MessageID: "error.invalid"}, fault.Field{Name: "b", MessageID: "error.invalid"}), true, 2},
		{"whole form", fault.New(fault.Invalid, "error.invalid", nil), true, 1},
		{"wrapped", fmt.Errorf("outer: %w", fault.New(fault.Invalid, "error.invalid", nil)), true, 1},
		{"stale", fault.New(fault.Stale, "error.stale", nil), false, 0},
		{"no fault", io.EOF, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			page := r.Page("ja")
			f := view.NewForm(page, url.Values{})
			if f.Reject(tc.err) != tc.taken || len(f.Errors) != tc.errors || page.Failed != tc.taken {
				t.Errorf("taken %v, %d errors", page.Failed, len(f.Errors))
			}
		})
	}
}

func TestRenderWritesNothingWhenItFails(t *testing.T) {
	r, c := newRenderer(t)
	var b bytes.Buffer
	if err := r.Render(&b, "home/nothing", r.Page("ja")); err == nil || b.Len() > 0 {
		t.Errorf("unknown page: error %v, %d bytes", err, b.Len())
	}
	if err := r.Render(&b, "home/tasks", r.Page("ja")); err == nil || b.Len() > 0 {
		t.Errorf("wrong data: error %v, %d bytes", err, b.Len())
	}
	for _, tag := range c.Languages() {
		page := string(r.Fallback(tag, `<id&>`))
		if !strings.Contains(page, `lang="`+string(tag)+`"`) || !strings.Contains(page, "&lt;id&amp;&gt;") || strings.Contains(page, "<id") {
			t.Errorf("fallback in %s:\n%s", tag, page)
		}
	}
	if !bytes.Equal(r.Fallback("xx", "1"), r.Fallback("ja", "1")) {
		t.Error("a language that is not ours has no fallback")
	}
}

func TestNewRefusesBrokenTemplates(t *testing.T) {
	assets, err := view.NewAssets(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, page, want string }{
		{"syntax", `{{define "main"}}{{.T`, "unclosed action"},
		{"no main", `<h1>x</h1>`, `does not define "main"`},
		{"unknown function", `{{define "main"}}{{shell "ls"}}{{end}}`, "not defined"},
		{"cannot be escaped", `{{define "main"}}<a href="{{if .Title}}">{{end}}{{end}}`, "broken.html"},
		{"no such partial", `{{define "main"}}{{template "nothing" .}}{{end}}`, "nothing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := testTemplates(t).(fstest.MapFS)
			files["pages/test/broken.html"] = &fstest.MapFile{Data: []byte(tc.page)}
			_, err := view.New(files, view.Config{Catalogue: catalogue(t), Assets: assets})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestAssets(t *testing.T) {
	assets, err := view.NewAssets(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	sheet, ok := assets.Lookup(assets.URL("css/kokoroe.css"))
	if !ok || !sheet.Immutable || sheet.ContentType != "text/css; charset=utf-8" {
		t.Fatalf("style sheet: %v %v", ok, sheet.ContentType)
	}
	if bytes.Contains(sheet.Bytes, []byte("@import")) || !bytes.Contains(sheet.Bytes, []byte("--color-primitive-blue-900")) {
		t.Error("the style sheet is not whole")
	}
	if bytes.Contains(sheet.Bytes, []byte("//fonts")) || bytes.Contains(sheet.Bytes, []byte("url(http")) {
		t.Error("the style sheet loads something from elsewhere")
	}
	for _, tc := range []struct {
		address       string
		ok, immutable bool
	}{
		{assets.URL("js/kokoroe.js"), true, true},
		{"/static/0123456789ab/js/kokoroe.js", true, false},
		{"/static/0123456789ab/js/../js/kokoroe.js", false, false},
		{"/static/0123456789ab/fs.go", false, false},
		{"/static/0123456789ab/", false, false},
		{"/static/", false, false},
		{"/elsewhere/js/kokoroe.js", false, false},
	} {
		asset, ok := assets.Lookup(tc.address)
		if ok != tc.ok || asset.Immutable != tc.immutable {
			t.Errorf("%s: found %v, immutable %v", tc.address, ok, asset.Immutable)
		}
	}
	if assets.URL("css/nothing.css") != "" {
		t.Error("address of a file that is not there")
	}
	changed := fstest.MapFS{"css/kokoroe.css": {Data: []byte("a{}")}, "img/icons.svg": {Data: []byte("<svg/>")}}
	other, err := view.NewAssets(changed)
	if err != nil {
		t.Fatal(err)
	}
	if other.URL("css/kokoroe.css") == assets.URL("css/kokoroe.css") {
		t.Error("another content has the same address")
	}
	if _, err := view.NewAssets(fstest.MapFS{"css/a.css": {Data: []byte("@import \"gone.css\";\n")}}); err == nil {
		t.Error("an import of nothing was accepted")
	}
}

// TestEveryIconIsDrawn finds icons named in templates that the sprite lacks,
// also in branches that no sample takes.
func TestEveryIconIsDrawn(t *testing.T) {
	sprite, err := fs.ReadFile(static.FS, "img/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`icon "([^"]+)"`)
	err = fs.WalkDir(view.Templates, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(view.Templates, name)
		for _, m := range named.FindAllStringSubmatch(string(content), -1) {
			if !strings.Contains(string(sprite), `<symbol id="`+m[1]+`"`) {
				t.Errorf("%s: no icon %q", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryMessageOfATemplateExists holds all templates against the catalogue
// of the program, also where no sample goes.
func TestEveryMessageOfATemplateExists(t *testing.T) {
	c, err := locale.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	called := regexp.MustCompile(`[.]T "([^"]+)"`)
	err = fs.WalkDir(view.Templates, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(view.Templates, name)
		for _, m := range called.FindAllStringSubmatch(string(content), -1) {
			if !c.Printer(locale.Prevailing).Has(m[1]) {
				t.Errorf("%s: no message %q", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkRender(b *testing.B) {
	r, _ := newRenderer(b)
	for _, s := range pageSamples[:3] {
		page := signedIn(r, "ja")
		data := s.data(page)
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Render(io.Discard, s.page, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
