package document

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Japanese is the language that prevails, and that a missing translation
// falls back to.
const Japanese = "ja"

// Text is one text in several languages: {ja: …, en: …}.
type Text struct {
	Line       int // in the file it came from; 0 for one made by NewText
	byLanguage map[string]string
}

// NewText returns the text with these translations.
func NewText(byLanguage map[string]string) Text {
	return Text{byLanguage: maps.Clone(byLanguage)}
}

// In returns the text in language, in its base language ("pt" for "pt-BR"),
// else in Japanese.
func (t Text) In(language string) string {
	s, _ := t.Shown(language)
	return s
}

// Shown returns the text for a reader of language, and the language that it is
// in: a page says so when it is another.
func (t Text) Shown(language string) (text, in string) {
	if s, ok := t.byLanguage[language]; ok {
		return s, language
	}
	base, _, _ := strings.Cut(language, "-")
	if s, ok := t.byLanguage[base]; ok {
		return s, base
	}
	return t.byLanguage[Japanese], Japanese
}

// IsZero reports whether there is no text in any language.
func (t Text) IsZero() bool { return len(t.byLanguage) == 0 }

// Languages returns the languages that the text is in, sorted.
func (t Text) Languages() []string { return slices.Sorted(maps.Keys(t.byLanguage)) }

// Require reports the languages that are missing or blank. name is what the
// text is called in the file, and line is used when the text is not there.
func (t Text) Require(file string, line int, name string, languages ...string) Problems {
	var ps Problems
	if t.Line > 0 {
		line = t.Line
	}
	for _, l := range languages {
		if strings.TrimSpace(t.byLanguage[l]) == "" {
			ps.Add(file, line, "%s is missing in %s", name, l)
		}
	}
	return ps
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// UnmarshalYAML reads the mapping; Decode has looked for duplicates and
// aliases already.
func (t *Text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return typeError(n.Line, "want a text for each language: {ja: …, en: …}")
	}
	t.Line = n.Line
	t.byLanguage = map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !languageTag.MatchString(key.Value):
			return typeError(key.Line, "%q is not a language", key.Value)
		case value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str":
			return typeError(value.Line, "%s wants a text; quote it when it looks like a number", key.Value)
		}
		t.byLanguage[key.Value] = value.Value
	}
	return nil
}
