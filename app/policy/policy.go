package policy

import (
	"html/template"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
)

// Policy is one document of the policy family, with all its versions.
type Policy struct {
	ID          ID
	Title       document.Text
	Public      bool // may be shown outside the organisation (clause 11)
	Declaration *Declaration
	Clauses     bool      // lessons and questions must cover its clauses
	Versions    []Version // by Number
}

// Version is a policy as published at one time. Published versions are
// immutable.
type Version struct {
	Number      int
	EffectiveOn calendar.Date
	Material    bool     // a material change (重要な変更) asks people to sign again
	Touches     []string // the clauses that a material change alters; empty: all
	Editions    map[string]Edition
}

// Edition is a version in one language.
type Edition struct {
	Language string
	Summary  string
	Source   []byte // Markdown, without front matter: these bytes are shown, digested and kept
	Digest   string
	HTML     template.HTML
	Clauses  []string           // clause IDs, in order
	Contents []document.Heading // of the clauses of the second level, for a table of contents
}

// In returns the edition in language, or the Japanese one, which prevails.
func (v Version) In(language string) Edition {
	if e, ok := v.Editions[language]; ok {
		return e
	}
	return v.Editions[document.Japanese]
}

// edition returns the edition with the digest.
func (v Version) edition(digest string) (Edition, bool) {
	for _, e := range v.Editions {
		if e.Digest == digest {
			return e, true
		}
	}
	return Edition{}, false
}

// InForce returns the version that is in force on day.
func (p Policy) InForce(day calendar.Date) (Version, bool) {
	for _, v := range slices.Backward(p.Versions) {
		if !v.EffectiveOn.After(day) {
			return v, true
		}
	}
	return Version{}, false
}

// Declaration is what a person promises, and the button that says so.
type Declaration struct {
	ID     string
	Text   document.Text
	Button document.Text
}

// Wording is a declaration in one language, as shown.
type Wording struct {
	Text     string
	Button   string
	Language string
}

// In returns the wording for a reader of language.
func (d Declaration) In(language string) Wording {
	text, in := d.Text.Shown(language)
	return Wording{Text: text, Button: d.Button.In(in), Language: in}
}

// Bytes are what is digested and kept of a wording: the text, a line of three
// dashes, and the label of the button that was pressed.
func (w Wording) Bytes() []byte { return []byte(w.Text + "\n---\n" + w.Button + "\n") }

// Digest names the wording.
func (w Wording) Digest() string { return document.Digest(w.Bytes()) }
