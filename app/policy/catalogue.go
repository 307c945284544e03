package policy

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
)

// Catalogue holds the policies that are loaded. It never changes.
type Catalogue struct {
	policies  []Policy
	languages []string
	texts     map[string]Publication // by digest: of every edition, and of every wording without what it is of
}

// LoadCatalogue reads policies/ and declarations/ and reports every problem
// together.
func LoadCatalogue(fsys fs.FS, languages ...string) (*Catalogue, error) {
	l := loader{fsys: fsys, languages: languages}
	declarations := l.declarations()
	folders, err := fs.ReadDir(fsys, "policies")
	if err != nil {
		l.problems.Add("policies", 0, "cannot be read")
	}
	c := &Catalogue{languages: languages, texts: map[string]Publication{}}
	for _, folder := range folders {
		if folder.IsDir() {
			c.policies = append(c.policies, l.policy("policies/"+folder.Name(), declarations))
		}
	}
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	for _, p := range c.policies {
		for _, v := range p.Versions {
			for _, e := range v.Editions {
				c.texts[e.Digest] = Publication{Policy: p.ID, Version: v.Number, Language: e.Language, Digest: e.Digest, Text: e.Source}
			}
		}
		for _, language := range languages {
			if p.Declaration != nil {
				w := p.Declaration.In(language)
				c.texts[w.Digest()] = Publication{Digest: w.Digest(), Text: w.Bytes()}
			}
		}
	}
	return c, nil
}

// Text returns the bytes with this digest: an edition of a policy, or a wording,
// which is of none. When it was published, it does not say.
func (c *Catalogue) Text(digest string) (Publication, bool) {
	text, ok := c.texts[digest]
	return text, ok
}

// Policies returns all policies, by ID.
func (c *Catalogue) Policies() []Policy { return c.policies }

// Policy returns the policy with the ID.
func (c *Catalogue) Policy(id ID) (Policy, bool) {
	i := slices.IndexFunc(c.policies, func(p Policy) bool { return p.ID == id })
	if i < 0 {
		return Policy{}, false
	}
	return c.policies[i], true
}

// AsksAgain returns the newest material version after signed that touches one
// of the clauses (any, when none is named) and is in force on day.
func (c *Catalogue) AsksAgain(id string, signed int, clauses []string, day calendar.Date) (int, calendar.Date, bool) {
	p, ok := c.Policy(ID(id))
	if !ok {
		return 0, calendar.Date{}, false
	}
	for _, v := range slices.Backward(p.Versions) {
		if v.Number > signed && v.Material && !v.EffectiveOn.After(day) && v.touches(clauses) {
			return v.Number, v.EffectiveOn, true
		}
	}
	return 0, calendar.Date{}, false
}

func (v Version) touches(clauses []string) bool {
	if len(v.Touches) == 0 || len(clauses) == 0 {
		return true
	}
	return slices.ContainsFunc(v.Touches, func(c string) bool { return slices.Contains(clauses, c) })
}

// CoveredClauses returns the clauses that lessons must teach and questions
// examine, in the order of the newest versions: the clauses of the policies
// that ask for it, without those that only hold others (2 holds 2-1).
func (c *Catalogue) CoveredClauses() []string {
	var out []string
	for _, p := range c.policies {
		if !p.Clauses || len(p.Versions) == 0 {
			continue
		}
		all := p.Versions[len(p.Versions)-1].In(document.Japanese).Clauses
		for _, clause := range all {
			holds := func(other string) bool { return strings.HasPrefix(other, clause+"-") }
			if !slices.ContainsFunc(all, holds) {
				out = append(out, clause)
			}
		}
	}
	return out
}

type loader struct {
	fsys      fs.FS
	languages []string
	problems  document.Problems
}

func (l *loader) read(file string) []byte {
	src, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		l.problems.Add(file, 0, "cannot be read")
	}
	return src
}

func (l *loader) declarations() map[string]*Declaration {
	out := map[string]*Declaration{}
	files, err := fs.Glob(l.fsys, "declarations/*.yaml")
	if err != nil || len(files) == 0 {
		l.problems.Add("declarations", 0, "holds no declaration")
	}
	for _, file := range files {
		var row struct {
			Lines  document.Lines `yaml:"-"`
			ID     string         `yaml:"id"`
			Text   document.Text  `yaml:"text"`
			Button document.Text  `yaml:"button"`
		}
		if problems := document.Decode(file, l.read(file), &row); len(problems) > 0 {
			l.problems = append(l.problems, problems...)
			continue
		}
		if row.ID+".yaml" != path.Base(file) {
			l.problems.Add(file, row.Lines.Of("id"), "the id is %q: it must be the file's name", row.ID)
		}
		l.problems = append(l.problems, row.Text.Require(file, row.Lines.Of("text"), "text", l.languages...)...)
		l.problems = append(l.problems, row.Button.Require(file, row.Lines.Of("button"), "button", l.languages...)...)
		out[row.ID] = &Declaration{ID: row.ID, Text: row.Text, Button: row.Button}
	}
	return out
}

func (l *loader) policy(folder string, declarations map[string]*Declaration) Policy {
	file := folder + "/policy.yaml"
	var row struct {
		Lines       document.Lines `yaml:"-"`
		ID          string         `yaml:"id"`
		Title       document.Text  `yaml:"title"`
		Public      bool           `yaml:"public"`
		Declaration string         `yaml:"declaration"`
		Clauses     bool           `yaml:"clauses"`
	}
	if problems := document.Decode(file, l.read(file), &row); len(problems) > 0 {
		l.problems = append(l.problems, problems...)
		return Policy{}
	}
	if row.ID != path.Base(folder) {
		l.problems.Add(file, row.Lines.Of("id"), "the id is %q: it must be the folder's name", row.ID)
	}
	l.problems = append(l.problems, row.Title.Require(file, row.Lines.Of("title"), "title", l.languages...)...)
	p := Policy{ID: ID(row.ID), Title: row.Title, Public: row.Public, Clauses: row.Clauses}
	if row.Declaration != "" {
		p.Declaration = declarations[row.Declaration]
		if p.Declaration == nil {
			l.problems.Add(file, row.Lines.Of("declaration"), "there is no declaration %q", row.Declaration)
		}
	}
	p.Versions = l.versions(folder, row.ID)
	return p
}

var editionName = regexp.MustCompile(`^([1-9][0-9]{0,3})\.([A-Za-z-]+)\.md$`)

func (l *loader) versions(folder, id string) []Version {
	files, err := fs.ReadDir(l.fsys, folder)
	if err != nil {
		l.problems.Add(folder, 0, "cannot be read")
	}
	byNumber := map[int]*Version{}
	for _, f := range files {
		if f.Name() == "policy.yaml" {
			continue
		}
		file := folder + "/" + f.Name()
		name := editionName.FindStringSubmatch(f.Name())
		if name == nil {
			l.problems.Add(file, 0, "is not named VERSION.LANGUAGE.md")
			continue
		}
		number, _ := strconv.Atoi(name[1]) // digits, by the expression
		l.edition(file, id, number, name[2], byNumber)
	}
	var out []Version
	for number := 1; len(byNumber) > 0; number++ {
		v, ok := byNumber[number]
		if !ok {
			l.problems.Add(folder, 0, "version %d is missing", number)
			break
		}
		delete(byNumber, number)
		l.inStep(fmt.Sprintf("%s/%d", folder, number), *v)
		if n := len(out); n > 0 && v.EffectiveOn.Before(out[n-1].EffectiveOn) {
			l.problems.Add(folder, 0, "version %d comes into force before version %d", number, number-1)
		}
		out = append(out, *v)
	}
	if len(out) == 0 {
		l.problems.Add(folder, 0, "has no version")
	}
	return out
}

// front is the front matter of an edition.
type front struct {
	Lines       document.Lines `yaml:"-"`
	Policy      string         `yaml:"policy"`
	Version     int            `yaml:"version"`
	Language    string         `yaml:"language"`
	EffectiveOn string         `yaml:"effective_on"`
	Change      string         `yaml:"change"`
	Touches     []string       `yaml:"touches"`
	Summary     string         `yaml:"summary"`
}

func (l *loader) edition(file, id string, number int, language string, byNumber map[int]*Version) {
	var f front
	page, problems := document.ReadPage(file, l.read(file), &f)
	if len(problems) > 0 {
		l.problems = append(l.problems, problems...)
		return
	}
	if f.Policy != id || f.Version != number || f.Language != language {
		l.problems.Add(file, 1, "the front matter speaks of %s %d in %q", f.Policy, f.Version, f.Language)
	}
	on, err := calendar.ParseDate(f.EffectiveOn)
	if err != nil || on.IsZero() {
		l.problems.Add(file, f.Lines.Of("effective_on"), "effective_on wants a date such as 2026-04-01")
	}
	if f.Change != "material" && f.Change != "editorial" {
		l.problems.Add(file, f.Lines.Of("change"), "change is material or editorial")
	}
	if strings.TrimSpace(f.Summary) == "" {
		l.problems.Add(file, f.Lines.Of("summary"), "a summary of one sentence is missing")
	}
	l.problems = append(l.problems, document.Lint(file, page.Body, page.BodyLine)...)
	html, err := document.Render(page.Body, document.Options{})
	if err != nil {
		l.problems.Add(file, page.BodyLine, "%v", err)
	}
	e := Edition{Language: language, Summary: f.Summary, Source: page.Body, Digest: document.Digest(page.Body), HTML: html}
	for _, s := range document.Sections(page.Body) {
		if s.ID != "" {
			e.Clauses = append(e.Clauses, s.ID)
		}
	}
	for _, h := range document.Headings(page.Body) {
		if h.ID != "" && h.Level == 2 {
			e.Contents = append(e.Contents, h)
		}
	}
	v := byNumber[number]
	if v == nil {
		v = &Version{Number: number, EffectiveOn: on, Material: f.Change == "material", Touches: f.Touches, Editions: map[string]Edition{}}
		byNumber[number] = v
	}
	if v.EffectiveOn != on || v.Material != (f.Change == "material") || !slices.Equal(v.Touches, f.Touches) {
		l.problems.Add(file, 1, "effective_on, change or touches differ from another language of the same version")
	}
	v.Editions[language] = e
}

// inStep checks that the languages of a version have the same clauses.
func (l *loader) inStep(name string, v Version) {
	ja := v.Editions[document.Japanese]
	for _, language := range l.languages {
		e, ok := v.Editions[language]
		if !ok {
			l.problems.Add(name+"."+language+".md", 0, "is missing")
			continue
		}
		if !slices.Equal(e.Clauses, ja.Clauses) {
			l.problems.Add(name+"."+language+".md", 0, "has other clauses than the Japanese text: %s", differing(e.Clauses, ja.Clauses))
		}
	}
	for _, clause := range v.Touches {
		if !slices.Contains(ja.Clauses, clause) {
			l.problems.Add(name+".ja.md", 0, "touches clause %q, which is not there", clause)
		}
	}
}

// differing names the first clause in which two lists part.
func differing(a, b []string) string {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return fmt.Sprintf("%q is missing", b[i])
		case i >= len(b):
			return fmt.Sprintf("%q is too many", a[i])
		case a[i] != b[i]:
			return fmt.Sprintf("%q instead of %q", a[i], b[i])
		}
	}
	return "none"
}
