package view

import (
	"html/template"
	"strings"
	"sync"
)

// navigations are the main navigations of a language as they were rendered:
// there are few, one for each set of roles and the entry that is current, and
// each is on very many pages.
type navigations struct {
	template *template.Template
	mu       sync.RWMutex
	markup   map[string]template.HTML // by their entries
}

// navigationTemplate renders Page.Nav.
const navigationTemplate = "navigation"

// maxNavigations bounds what is kept, should entries ever hold what differs
// from reader to reader.
const maxNavigations = 512

func (r *Renderer) prepareNavigation(frame *template.Template, functions template.FuncMap) error {
	if frame.Lookup(navigationTemplate) == nil {
		return nil
	}
	for _, tag := range r.cfg.Catalogue.Languages() {
		t, err := inLanguage(frame, navigationTemplate, r.Page(tag), functions)
		if err == nil {
			err = escape(t)
		}
		if err != nil {
			return err
		}
		r.navigations[tag] = &navigations{template: t, markup: map[string]template.HTML{}}
	}
	return nil
}

// Navigation is the main navigation as markup: what the template of that name
// made of Nav.
func (p *Page) Navigation() (template.HTML, error) {
	if len(p.Nav) == 0 || p.navigation == nil {
		return "", nil
	}
	return p.navigation.of(p)
}

func (n *navigations) of(p *Page) (template.HTML, error) {
	var key strings.Builder
	for _, item := range p.Nav {
		key.WriteString(item.Href)
		if item.Current {
			key.WriteByte(1)
		}
		key.WriteByte(0)
		key.WriteString(item.Label)
		key.WriteByte(0)
	}
	n.mu.RLock()
	markup, ok := n.markup[key.String()]
	n.mu.RUnlock()
	if ok {
		return markup, nil
	}
	var b strings.Builder
	if err := n.template.Execute(&b, p); err != nil {
		return "", err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.markup) >= maxNavigations {
		clear(n.markup)
	}
	n.markup[key.String()] = template.HTML(b.String()) //nolint:gosec // html/template wrote it
	return n.markup[key.String()], nil
}
