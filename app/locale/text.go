package locale

import (
	"fmt"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// A text is a message cut at its arguments. Messages know nothing but
// {{.Name}}: a translator's file cannot call functions or loop.
type text []piece

type piece struct {
	literal  string
	argument string // the literal stands before the argument; "" for none
}

func parseText(src string) (text, error) {
	var t text
	for {
		before, rest, found := strings.Cut(src, "{{")
		if strings.Contains(before, "}}") {
			return nil, fmt.Errorf("}} without {{")
		}
		if !found {
			return append(t, piece{literal: before}), nil
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, fmt.Errorf("{{ without }}")
		}
		name, dotted := strings.CutPrefix(strings.TrimSpace(inside), ".")
		if !dotted || !isName(name) {
			return nil, fmt.Errorf("{{%s}} is not an argument such as {{.Name}}", inside)
		}
		t = append(t, piece{before, name})
		src = after
	}
}

func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func (t text) arguments(into map[string]bool) {
	for _, p := range t {
		if p.argument != "" {
			into[p.argument] = true
		}
	}
}

// fill writes the text with the values that value answers.
func (t text) fill(value func(name string) (string, error)) (string, error) {
	if len(t) == 1 && t[0].argument == "" {
		return t[0].literal, nil
	}
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.literal)
		if p.argument == "" {
			continue
		}
		s, err := value(p.argument)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// textParser lets go-i18n, which knows the plural rules of every language, fill
// our texts.
type textParser struct{}

func (textParser) Cacheable() bool { return true }

func (textParser) Parse(src, _, _ string) (template.ParsedTemplate, error) { return parseText(src) }

// Execute fills the text with data, which is the func that fill wants.
func (t text) Execute(data any) (string, error) {
	return t.fill(data.(func(string) (string, error)))
}
