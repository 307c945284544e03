package locale

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// message is one entry of a file.
type message struct {
	forms  map[string]string // by plural form; a plain message has "other" only
	plural bool
	texts  []text
	where  string // file:line
}

func (m message) arguments() []string {
	set := map[string]bool{}
	for _, t := range m.texts {
		t.arguments(set)
	}
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

var pluralForms = []string{"zero", "one", "two", "few", "many", "other"}

// Load reads every *.<language>.yaml of files and checks the whole: all problems
// are reported together, each with its file and line.
func Load(files fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	l := loader{messages: map[Tag]map[string]message{}}
	for _, name := range names {
		l.file(files, name)
	}
	if len(l.messages[Prevailing]) == 0 {
		l.problem("no messages in the prevailing language %q", Prevailing)
	}
	l.compare()
	if len(l.problems) > 0 {
		return nil, errors.New("catalogue:\n" + strings.Join(l.problems, "\n"))
	}
	return newCatalogue(l.messages)
}

type loader struct {
	messages map[Tag]map[string]message
	problems []string
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *loader) file(files fs.FS, name string) {
	base := strings.TrimSuffix(path.Base(name), ".yaml")
	area, suffix, ok := strings.Cut(base, ".")
	if _, err := language.Parse(suffix); !ok || err != nil {
		l.problem("%s: the name is not <area>.<language>.yaml", name)
		return
	}
	tag := Tag(suffix)
	if l.messages[tag] == nil {
		l.messages[tag] = map[string]message{}
	}
	source, err := fs.ReadFile(files, name)
	if err != nil {
		l.problem("%s: %v", name, err)
		return
	}
	var document yaml.Node
	if err := yaml.Unmarshal(source, &document); err != nil {
		l.problem("%s: %v", name, err)
		return
	}
	if len(document.Content) == 0 {
		return
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		l.problem("%s:%d: not a mapping of message IDs", name, root.Line)
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		where := fmt.Sprintf("%s:%d", name, key.Line)
		if !strings.HasPrefix(key.Value, area+".") {
			l.problem("%s: %s does not begin with %q", where, key.Value, area+".")
		}
		if earlier, twice := l.messages[tag][key.Value]; twice {
			l.problem("%s: %s is already at %s", where, key.Value, earlier.where)
			continue
		}
		l.messages[tag][key.Value] = l.message(where, key.Value, value)
	}
}

func (l *loader) message(where, id string, value *yaml.Node) message {
	m := message{where: where, forms: map[string]string{}}
	switch value.Kind {
	case yaml.ScalarNode:
		m.forms["other"] = value.Value
	case yaml.MappingNode:
		m.plural = true
		for i := 0; i+1 < len(value.Content); i += 2 {
			form := value.Content[i].Value
			if !slices.Contains(pluralForms, form) || value.Content[i+1].Kind != yaml.ScalarNode {
				l.problem("%s: %s: %q is not a plural form with a text", where, id, form)
				continue
			}
			m.forms[form] = value.Content[i+1].Value
		}
	default:
		l.problem("%s: %s is not a text", where, id)
	}
	for form, source := range m.forms {
		t, err := parseText(strings.TrimSuffix(source, "\n"))
		if err != nil {
			l.problem("%s: %s: %v", where, id, err)
		}
		m.forms[form] = strings.TrimSuffix(source, "\n")
		m.texts = append(m.texts, t)
	}
	if strings.TrimSpace(m.forms["other"]) == "" {
		l.problem("%s: %s has no text", where, id)
	}
	if m.plural && !slices.Contains(m.arguments(), "Count") {
		l.problem("%s: %s has plural forms and no {{.Count}}", where, id)
	}
	return m
}

// compare holds the languages against each other: the same messages, with the
// same arguments. The calendar's own messages differ by nature: an era in one
// language is nothing in the next.
func (l *loader) compare() {
	found := map[string]message{} // any language's entry, to point to
	for _, tag := range l.tags() {
		for id, m := range l.messages[tag] {
			if _, ok := found[id]; !ok || tag == Prevailing {
				found[id] = m
			}
		}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		for _, tag := range l.tags() {
			m, ok := l.messages[tag][id]
			switch {
			case !ok:
				l.problem("%s: %s is missing in %q", found[id].where, id, tag)
			case strings.HasPrefix(id, calendarArea):
				for _, name := range m.arguments() {
					if !slices.Contains(calendarArguments, name) {
						l.problem("%s: %s: the calendar has no {{.%s}}", m.where, id, name)
					}
				}
			case !slices.Equal(m.arguments(), found[id].arguments()):
				l.problem("%s: %s has arguments %v, and at %s %v",
					m.where, id, m.arguments(), found[id].where, found[id].arguments())
			}
		}
	}
}

func (l *loader) tags() []Tag {
	tags := make([]Tag, 0, len(l.messages))
	for tag := range l.messages {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags
}
