package view_test

import (
	"bytes"
	"testing"
	"testing/fstest"

	"kokoroe/app/calendar"
	"kokoroe/app/locale"
	"kokoroe/app/web/view"
	"kokoroe/locales"
	"kokoroe/static"
)

// areas are the message areas of the frame and its pages. Tests of the frame do
// not depend on anybody else's catalogue.
var areas = []string{"calendar", "common", "error", "welcome", "tasks", "signout", "help", "accessibility", "privacy", "sample"}

func catalogue(t testing.TB) *locale.Catalogue {
	t.Helper()
	files := fstest.MapFS{}
	for _, area := range areas {
		for _, language := range []string{"ja", "en"} {
			name := area + "." + language + ".yaml"
			content, err := locales.FS.ReadFile(name)
			if area == "sample" {
				content, err = []byte(samples[language]), nil
			}
			if err != nil {
				t.Fatal(err)
			}
			files[name] = &fstest.MapFile{Data: content}
		}
	}
	c, err := locale.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newRenderer(t testing.TB) (*view.Renderer, *locale.Catalogue) {
	t.Helper()
	assets, err := view.NewAssets(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue(t)
	r, err := view.New(testTemplates(t), view.Config{Catalogue: c, Assets: assets})
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

// signedIn returns a page as an employee sees it on 22 November 2026.
func signedIn(r *view.Renderer, tag locale.Tag) *view.Page {
	p := r.Page(tag)
	p.Today = calendar.MustDate("2026-11-22")
	p.CSRF = "token"
	ja := tag == "ja"
	pick := func(a, b string) string {
		if ja {
			return a
		}
		return b
	}
	p.Person = &view.Person{Name: pick("見本 花子", "Hanako Mihon"), Department: pick("市民生活部 市民課 戸籍住民係", "Family Register Section")}
	p.Nav = []view.NavItem{
		{Href: "/", Label: pick("やること", "Tasks"), Current: true},
		{Href: "/record", Label: pick("わたしの記録", "My record")},
		{Href: "/policies", Label: pick("規程", "Policies")},
		{Href: "/department", Label: pick("所属の状況", "My department")},
	}
	return p
}

func render(t testing.TB, r *view.Renderer, page string, data view.Data) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Render(&b, page, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
