package view

import (
	"errors"
	"fmt"
	"html/template"
)

// funcs are all that templates may call beside methods of their data.
func funcs(assets *Assets) template.FuncMap {
	icons := map[string]template.HTML{}
	for _, name := range assets.icons {
		//nolint:gosec // of our own file: the name is one of its symbols
		icons[name] = template.HTML(`<svg class="icon" aria-hidden="true" focusable="false" width="24" height="24"><use href="` +
			assets.URL(iconsFile) + `#` + name + `"/></svg>`)
	}
	return template.FuncMap{
		"static": func(name string) (string, error) {
			if address := assets.URL(name); address != "" {
				return address, nil
			}
			return "", fmt.Errorf("no static file %q", name)
		},
		"icon": func(name string) (template.HTML, error) {
			if markup, ok := icons[name]; ok {
				return markup, nil
			}
			return "", fmt.Errorf("no icon %q in %s", name, iconsFile)
		},
		"dict": dict,
		"list": func(items ...string) []string { return items },

		"hint":     func(text string, in Input) Input { in.Hint = text; return in },
		"optional": func(in Input) Input { in.Optional = true; return in },
		"heading":  func(in Input) Input { in.Heading = true; return in },
		"rows":     func(n int, in Input) Input { in.Rows = n; return in },
		"limit":    func(n int, in Input) Input { in.Limit = n; return in },
		"most":     func(n int, in Input) Input { in.Most = n; return in },
		"options":  func(list []Option, in Input) Input { in.Options = list; return in },
		"kind":     func(kind string, in Input) Input { in.Kind = kind; return in },
		"mode":     func(mode string, in Input) Input { in.Mode = mode; return in },
		"width":    func(width string, in Input) Input { in.Width = width; return in },
		"complete": func(token string, in Input) Input { in.Complete = token; return in },
	}
}

// dict makes a map of pairs for a partial of one's own.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: a name without a value")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// text returns the string under a string type of another package.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}
