package view

import (
	"html/template"
	"strings"
	"sync"
)

// memo keeps what a partial of the frame made of each set of links. There are
// few, and each is on very many pages.
type memo struct {
	template *template.Template
	mu       sync.RWMutex
	markup   map[string]template.HTML
}

// maxMemo bounds what is kept: links may name people and departments.
const maxMemo = 512

// memos are the partials of a language that are kept.
type memos struct{ navigation, breadcrumb *memo }

func (r *Renderer) prepareMemos(frame *template.Template, functions template.FuncMap) error {
	for _, tag := range r.cfg.Catalogue.Languages() {
		kept := &memos{}
		for name, to := range map[string]**memo{"navigation": &kept.navigation, "breadcrumb": &kept.breadcrumb} {
			t, err := inLanguage(frame, name, r.Page(tag), functions)
			if err == nil {
				err = escape(t)
			}
			if err != nil {
				return err
			}
			*to = &memo{template: t, markup: map[string]template.HTML{}}
		}
		r.memos[tag] = kept
	}
	return nil
}

// Navigation is the main navigation as markup.
func (p *Page) Navigation() (template.HTML, error) {
	if len(p.Nav) == 0 {
		return "", nil
	}
	var key strings.Builder
	for _, item := range p.Nav {
		if item.Current {
			key.WriteByte(1)
		}
		writeLink(&key, item.Href, item.Label)
	}
	return p.memos.navigation.of(key.String(), p)
}

// Breadcrumb is the way to the page as markup.
func (p *Page) Breadcrumb() (template.HTML, error) {
	if len(p.Crumbs) == 0 {
		return "", nil
	}
	var key strings.Builder
	for _, link := range p.Crumbs {
		writeLink(&key, link.Href, link.Label)
	}
	return p.memos.breadcrumb.of(key.String(), p)
}

func writeLink(key *strings.Builder, href, label string) {
	key.WriteString(href)
	key.WriteByte(0)
	key.WriteString(label)
	key.WriteByte(0)
}

// of returns what the partial makes of the page; key stands for all of the page
// that it shows.
func (m *memo) of(key string, p *Page) (template.HTML, error) {
	m.mu.RLock()
	markup, ok := m.markup[key]
	m.mu.RUnlock()
	if ok {
		return markup, nil
	}
	var b strings.Builder
	if err := m.template.Execute(&b, p); err != nil {
		return "", err
	}
	markup = template.HTML(b.String()) //nolint:gosec // html/template wrote it
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.markup) >= maxMemo {
		clear(m.markup)
	}
	m.markup[key] = markup
	return markup, nil
}
