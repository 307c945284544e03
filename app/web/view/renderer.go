package view

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"sort"
	"strings"
	"sync"

	"kokoroe/app/locale"
)

//go:embed templates
var embedded embed.FS

// Templates are the templates that come with the program.
var Templates = func() fs.FS {
	sub, err := fs.Sub(embedded, "templates")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}()

// Config is what all pages share.
type Config struct {
	Catalogue    *locale.Catalogue
	Assets       *Assets
	Organisation func(*locale.Printer) string  // the city's name; nil: common.organisation
	Contact      func(*locale.Printer) Contact // nil: the office of common.contact.office
}

// Renderer turns a page's data into HTML. It is safe for concurrent use.
type Renderer struct {
	cfg       Config
	pages     map[string]map[locale.Tag]*template.Template
	languages map[locale.Tag][]Language
	fallback  map[locale.Tag][2][]byte // around the request ID

	memos map[locale.Tag]*memos
}

// New parses every template and renders what is shown when rendering fails.
func New(templates fs.FS, cfg Config) (*Renderer, error) {
	if cfg.Organisation == nil {
		cfg.Organisation = func(p *locale.Printer) string { return p.T("common.organisation") }
	}
	if cfg.Contact == nil {
		cfg.Contact = func(p *locale.Printer) Contact { return Contact{Office: p.T("common.contact.office")} }
	}
	r := &Renderer{cfg: cfg, pages: map[string]map[locale.Tag]*template.Template{}, fallback: map[locale.Tag][2][]byte{}, memos: map[locale.Tag]*memos{}}
	r.languages = languages(cfg.Catalogue)
	functions := funcs(cfg.Assets)
	frame, err := template.New("frame").Funcs(functions).ParseFS(templates, "layout.html", "partials/*.html")
	if err != nil {
		return nil, err
	}
	if err := r.prepareMemos(frame, functions); err != nil {
		return nil, err
	}
	err = fs.WalkDir(templates, "pages", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".html") {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "pages/"), ".html")
		page, err := parsePage(frame, templates, file)
		if err != nil {
			return err
		}
		r.pages[name] = map[locale.Tag]*template.Template{}
		for _, tag := range cfg.Catalogue.Languages() {
			t, err := inLanguage(page, "layout", r.Page(tag), functions)
			if err == nil {
				err = escape(t)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			r.pages[name][tag] = t
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, r.prepareFallback()
}

func parsePage(frame *template.Template, templates fs.FS, file string) (*template.Template, error) {
	t, err := frame.Clone()
	if err != nil {
		return nil, err
	}
	if t, err = t.ParseFS(templates, file); err != nil {
		return nil, err
	}
	if t.Lookup("main") == nil {
		return nil, fmt.Errorf("%s does not define \"main\"", file)
	}
	return t, nil
}

// escape checks that everything can be escaped where it stands. The first
// execution does that, before it looks at the data: only that error counts.
func escape(t *template.Template) error {
	err := t.Execute(io.Discard, nil)
	if bad, ok := errors.AsType[*template.Error](err); ok {
		return bad
	}
	return nil
}

func languages(c *locale.Catalogue) map[locale.Tag][]Language {
	m := map[locale.Tag][]Language{}
	for _, shown := range c.Languages() {
		for _, tag := range c.Languages() {
			p := c.Printer(tag)
			m[shown] = append(m[shown], Language{tag, p.Lang(), p.T("common.language.name"), tag == shown})
		}
	}
	return m
}

// Page returns a page in the language, with nobody signed in.
func (r *Renderer) Page(tag locale.Tag) *Page {
	p := r.cfg.Catalogue.Printer(tag)
	return &Page{
		Printer: p, Path: "/", Languages: r.languages[p.Tag()],
		Organisation: r.cfg.Organisation(p), Contact: r.cfg.Contact(p), memos: r.memos[p.Tag()],
	}
}

// Pages lists the names of all pages.
func (r *Renderer) Pages() []string {
	names := make([]string, 0, len(r.pages))
	for name := range r.pages {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// largestKept is the size of buffer that goes back to the pool: one long list
// must not stay in memory for ever.
const largestKept = 256 << 10

// Render writes the page. When it returns an error nothing was written.
func (r *Renderer) Render(w io.Writer, page string, data Data) error {
	t := r.pages[page][data.Frame().Tag()]
	if t == nil {
		return fmt.Errorf("no page %q", page)
	}
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer func() {
		if buffer.Cap() <= largestKept {
			buffers.Put(buffer)
		}
	}()
	if err := t.Execute(buffer, data); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	_, err := w.Write(buffer.Bytes())
	return err
}
