package view_test

import (
	"bytes"
	"flag"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/app/web/view"
	"kokoroe/static"
)

var gallery = flag.String("gallery", "", "write every sample page and the static files into this folder")

// A sample is a page as somebody sees it. samples of the parts live in a page
// of the tests' own.
type sample struct {
	name, page string
	data       func(*view.Page) view.Data
	public     bool
}

type welcomePage struct {
	*view.Page
	Providers []provider
	ReturnTo  string
	Asked     bool
}

type provider struct{ ID, Title string }

type tasksPage struct {
	*view.Page
	Open, Total int
	Groups      []taskGroup
}

type taskGroup struct {
	Heading string
	Tasks   []view.Task
}

func plain(p *view.Page) view.Data { p.Title = "sample"; return p }

func trouble(status int) func(*view.Page) view.Data {
	return func(p *view.Page) view.Data { return p.Trouble(status, "4f9c2a17e0b35d68", "") }
}

var pageSamples = []sample{
	{"welcome", "home/welcome", welcome, true},
	{"welcome-asked", "home/welcome", welcomeAsked, true},
	{"tasks", "home/tasks", tasks, false},
	{"tasks-clear", "home/tasks", tasksClear, false},
	{"tasks-none", "home/tasks", func(p *view.Page) view.Data { p.Title = p.T("tasks.heading"); return tasksPage{Page: p} }, false},
	{"signed-out", "signin/signed_out", plain, true},
	{"help", "home/help", plain, true},
	{"accessibility", "home/accessibility", plain, true},
	{"privacy", "home/privacy", plain, true},
	{"error-400", "error/error", trouble(400), true},
	{"error-403", "error/error", trouble(403), false},
	{"error-404", "error/error", trouble(404), false},
	{"error-405", "error/error", trouble(405), true},
	{"error-401", "error/error", trouble(401), true},
	{"error-409", "error/error", trouble(409), false},
	{"error-413", "error/error", trouble(413), true},
	{"error-415", "error/error", trouble(415), false},
	{"error-421", "error/error", trouble(421), true},
	{"error-422", "error/error", trouble(422), true},
	{"error-429", "error/error", trouble(429), false},
	{"error-500", "error/error", trouble(500), false},
	{"error-503", "error/error", trouble(503), true},
	{"error-418", "error/error", trouble(418), true},
	{"parts", "test/parts", parts, false},
	{"form", "test/form", form, false},
}

func welcome(p *view.Page) view.Data {
	p.Title = p.T("welcome.title")
	return welcomePage{Page: p, Providers: []provider{
		{"staff", p.T("sample.provider.staff")}, {"contractor", p.T("sample.provider.contractor")},
	}}
}

func welcomeAsked(p *view.Page) view.Data {
	page := welcome(p).(welcomePage)
	page.ReturnTo, page.Asked = "/policies/basic-policy", true
	return page
}

func tasks(p *view.Page) view.Data {
	p.Title = p.T("tasks.heading")
	on := calendar.MustDate
	return tasksPage{Page: p, Open: 4, Total: 7, Groups: []taskGroup{
		{Heading: p.T("tasks.group.overdue"), Tasks: []view.Task{
			{Href: "/policies/sns", Title: p.T("sample.task.sns"), Hint: p.T("sample.task.sns.hint"), Minutes: 5, DueOn: on("2026-11-20"), State: "overdue"},
		}},
		{Heading: p.T("tasks.group.week"), Tasks: []view.Task{
			{Href: "/courses/annual", Title: p.T("sample.task.course"), Hint: p.T("sample.task.course.hint"), Minutes: 25, DueOn: on("2026-11-30"), State: "in-progress"},
			{Title: p.T("sample.task.check"), Hint: p.T("sample.task.check.hint"), Minutes: 10, DueOn: on("2026-11-30"), State: "not-started"},
		}},
		{Heading: p.T("tasks.group.later"), Tasks: []view.Task{
			{Href: "/inspection", Title: p.T("sample.task.inspection"), Minutes: 10, DueOn: on("2027-01-29"), State: "not-started"},
		}},
		{Heading: p.T("tasks.group.done"), Tasks: []view.Task{
			{Href: "/receipts/1", Title: p.T("sample.task.policy"), DoneOn: on("2026-04-14"), State: "completed"},
			{Href: "/receipts/2", Title: p.T("sample.task.usb"), DoneOn: on("2026-06-02"), State: "completed-late"},
			{Href: "/receipts/3", Title: p.T("sample.task.mail"), DoneOn: on("2026-09-18"), State: "completed"},
		}},
	}}
}

func tasksClear(p *view.Page) view.Data {
	p.Flash = &view.Notice{Kind: "success", Heading: p.T("sample.flash"), Links: []view.Link{{Href: "/receipts/9", Label: p.T("sample.receipt")}}}
	page := tasks(p).(tasksPage)
	page.Groups, page.Open, page.Total = page.Groups[3:], 0, 3
	return page
}

type partsPage struct {
	*view.Page
	States  []string
	Rows    []view.SummaryRow
	Table   view.Table
	Changes []view.Change
	Done    view.Done
}

func parts(p *view.Page) view.Data {
	p.Title = "Parts"
	p.Wide = true
	p.Crumbs = []view.Link{{Href: "/", Label: p.T("tasks.heading")}, {Href: "/courses", Label: p.T("sample.task.course")}}
	p.Printed = p.Date(p.Today)
	done := p.Status("completed")
	late := p.Status("overdue")
	return partsPage{
		Page: p,
		States: []string{"overdue", "declined", "failed", "interrupted", "in-progress", "not-started", "paused", "exempt",
			"completed", "completed-late", "withdrawn", "superseded", "ok", "warning", "error", "waiting", "draft", "ended"},
		Rows: []view.SummaryRow{
			{Term: p.T("sample.name"), Text: "見本 花子", ChangeHref: "/change"},
			{Term: p.T("sample.state"), Status: &done},
			{Term: p.T("sample.lines"), Lines: []string{p.T("sample.task.usb"), p.T("sample.task.mail")}, ChangeHref: "/change"},
		},
		Table: view.Table{
			Caption: p.T("sample.caption"),
			Heads:   []view.Head{{Text: p.T("sample.name")}, {Text: p.T("sample.state")}, {Text: "n", Numeric: true}, {Text: "%", Numeric: true}},
			Rows: [][]view.Cell{
				{{Text: "市民課", Href: "/d/1"}, {Status: &done}, {Text: p.Number(1234), Numeric: true}, {Text: p.Percent(1233, 1234), Numeric: true}},
				{{Text: "税務課", Href: "/d/2"}, {Status: &late}, {Text: p.Number(23), Numeric: true}, {Text: p.Percent(20, 23), Numeric: true}},
			},
		},
		Changes: []view.Change{
			{Kind: "same", Text: p.T("sample.diff.a")}, {Kind: "removed", Text: p.T("sample.diff.b")},
			{Kind: "added", Text: p.T("sample.diff.c")}, {Kind: "same", Text: p.T("sample.diff.d")},
		},
		Done: view.Done{Heading: p.T("sample.done"), ReferenceLabel: p.T("sample.reference"), Reference: "K8-0042-7731", Text: p.T("sample.done.text")},
	}
}

type formPage struct {
	*view.Page
	Form *view.Form
	List []view.Option
}

func form(p *view.Page) view.Data {
	p.Title = p.T("sample.form")
	f := view.NewForm(p, url.Values{"mail": {"not an address"}, "note": {"<b>&"}, "answer": {"b"}, "answers": {"a", "c"}})
	f.Reject(fault.InvalidFields(
		fault.Field{Name: "mail", MessageID: "sample.wrong.mail"},
		fault.Field{Name: "kind", MessageID: "sample.wrong.kind"},
		fault.Field{Name: "answer2", MessageID: "sample.wrong.answer", Args: fault.Args{"On": p.Today}},
	))
	return formPage{Page: p, Form: f, List: []view.Option{
		{Value: "a", Label: p.T("sample.option.a")}, {Value: "b", Label: p.T("sample.option.b"), Hint: p.T("sample.hint")}, {Value: "c", Label: p.T("sample.option.c")},
	}}
}

// testTemplates are the program's and the pages of testdata that show the parts.
func testTemplates(t testing.TB) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, root := range []fs.FS{view.Templates, os.DirFS("testdata")} {
		err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(root, name)
			files[name] = &fstest.MapFile{Data: content}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// renderSample renders a sample in a language.
func renderSample(t testing.TB, r *view.Renderer, s sample, tag locale.Tag) []byte {
	t.Helper()
	page := signedIn(r, tag)
	if s.public {
		page.Person, page.Nav = nil, nil
	}
	page.Path = "/" + s.name
	return render(t, r, s.page, s.data(page))
}

// TestGallery renders every sample in every language; with -gallery it writes
// them, to be looked at in a browser.
func TestGallery(t *testing.T) {
	r, c := newRenderer(t)
	for _, tag := range c.Languages() {
		for _, s := range pageSamples {
			html := renderSample(t, r, s, tag)
			if *gallery == "" {
				continue
			}
			html = bytes.ReplaceAll(html, []byte(`="/static/`), []byte(`="static/`))
			write(t, s.name+"."+string(tag)+".html", html)
		}
	}
	if missing := c.Missing(); len(missing) > 0 {
		t.Errorf("no such messages: %v", missing)
	}
	if *gallery != "" {
		writeAssets(t)
	}
}

func writeAssets(t *testing.T) {
	assets, err := view.NewAssets(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(static.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		address := assets.URL(name)
		if err != nil || address == "" {
			return err
		}
		asset, _ := assets.Lookup(address)
		write(t, address, asset.Bytes)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	file := filepath.Join(*gallery, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
