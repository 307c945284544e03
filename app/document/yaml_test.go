package document_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/document"
)

type course struct {
	Lines   document.Lines `yaml:"-"`
	ID      string         `yaml:"id"`
	Title   document.Text  `yaml:"title"`
	Lessons []string       `yaml:"lessons"`
	Check   struct {
		Lines document.Lines `yaml:"-"`
		Draw  int            `yaml:"draw"`
	} `yaml:"check"`
	Public bool    `yaml:"public"`
	Parts  []piece `yaml:"parts"`
	On     string  `yaml:"on"`
}

type piece struct {
	Lines document.Lines `yaml:"-"`
	Name  string         `yaml:"name"`
}

func TestDecodeReportsEveryProblem(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, want string }{
		{"empty", "", "f: is empty"},
		{"only a comment", "# x\n", "f: is empty"},
		{"not a mapping", "- a\n", "f:1: the document wants keys and values"},
		{"unknown keys, all of them", "id: a\nidd: b\ncheck: {draw: 1, drawn: 2}\nparts:\n  - nom: x\n", "f:2: unknown key \"idd\"\nf:3: unknown key \"drawn\"\nf:5: unknown key \"nom\""},
		{"duplicate key", "id: a\nid: b\n", "f:2: key \"id\" is already on line 1"},
		{"duplicate language", "title: {ja: a, ja: b}\n", "f:1: key \"ja\" is already on line 1"},
		{"no value", "id:\ntitle: {ja: }\n", "f:1: id has no value\nf:2: ja has no value"},
		{"wrong kinds", "id: [a]\nlessons: x\ncheck: 3\nparts: {name: x}\n", "f:1: id wants a single value\nf:2: lessons wants a list\nf:3: check wants keys and values\nf:4: parts wants a list"},
		{"not a number", "check: {draw: ten}\n", "f:1: draw wants a whole number, not \"ten\""},
		{"a fraction", "check: {draw: 1.5}\n", "f:1: draw wants a whole number, not \"1.5\""},
		{"a huge number", "check: {draw: 99999999999}\n", "f:1: draw wants a whole number, not \"99999999999\""},
		{"not a truth", "public: yes\n", "f:1: public wants true or false, not \"yes\""},
		{"anchor", "id: &a x\non: *a\n", "f:1: anchors and aliases are not accepted\nf:2: anchors and aliases are not accepted"},
		{"merge", "<<: {id: a}\n", "f:1: a key must be a plain word"},
		{"tag", "id: !!binary aGk=\n", "f:1: tags such as !!binary are not accepted"},
		{"second document", "id: a\n---\nid: b\n", "f:2: has a second document"},
		{"broken second document", "id: a\n---\n{\n", "f:3: did not find expected node content"},
		{"syntax", "id: a\n  b: c\n", "f:2: mapping values are not allowed in this context"},
		{"title of one language", "title: x\n", "f:1: want a text for each language: {ja: …, en: …}"},
		{"not a language", "title: {Japanese: x}\n", "f:1: \"Japanese\" is not a language"},
		{"a number for a text", "title: {ja: 1}\n", "f:1: ja wants a text; quote it when it looks like a number"},
		{"not UTF-8", "id: a\non: \xff\n", "f:2: is not UTF-8 here"},
		{"carriage return", "id: a\r\n", "f:1: has a carriage return: lines must end with LF alone"},
		{"byte order mark", "\uFEFFid: a\n", "f:1: has a byte order mark"},
		{"NUL", "id: a\x00\n", "f:1: has a control character"},
		{"nested", "title: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n", "f:1: an item wants a single value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c course
			if diff := cmp.Diff(tt.want, document.Decode("f", []byte(tt.source), &c).Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	source := `# a course
id: annual
title:
  ja: 年次研修
  en: Annual
lessons: [mail, "007"]
check:
  draw: 10
public: true
parts:
  - name: a
  -
    name: b
on: 2026-04-01
`
	var c course
	if ps := document.Decode("f", []byte(source), &c); len(ps) > 0 {
		t.Fatal(ps)
	}
	if c.ID != "annual" || !c.Public || c.Check.Draw != 10 || c.On != "2026-04-01" || strings.Join(c.Lessons, " ") != "mail 007" {
		t.Errorf("decoded %+v", c)
	}
	if c.Title.In("ja") != "年次研修" || c.Title.In("en") != "Annual" {
		t.Errorf("title %v", c.Title)
	}
	lines := []int{c.Lines.Start, c.Title.Line, c.Lines.Of("lessons"), c.Check.Lines.Of("draw"), c.Parts[0].Lines.Start, c.Parts[1].Lines.Start, c.Parts[1].Lines.Of("missing")}
	if diff := cmp.Diff([]int{2, 4, 6, 8, 11, 13, 13}, lines); diff != "" {
		t.Errorf("lines: -want +got\n%s", diff)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	text := document.NewText(map[string]string{"ja": "市", "en": "City", "pt": "Cidade", "vi": " "})
	for language, want := range map[string]string{"ja": "市", "en": "City", "en-GB": "City", "pt-BR": "Cidade", "fr": "市", "": "市"} {
		if got := text.In(language); got != want {
			t.Errorf("In(%q) = %q, want %q", language, got, want)
		}
	}
	if _, in := text.Shown("fr-CA"); in != "ja" {
		t.Errorf("French readers are told the text is in %s", in)
	}
	want := "f:7: title is missing in fr\nf:7: title is missing in vi"
	if got := text.Require("f", 7, "title", "ja", "fr", "vi").Error(); got != want {
		t.Errorf("Require: %s, want %s", got, want)
	}
}

func TestReadPage(t *testing.T) {
	t.Parallel()
	type matter struct {
		ID string `yaml:"id"`
	}
	tests := []struct {
		name, source, body string
		line               int
		want               string
	}{
		{"good", "---\nid: a\n---\n\n## b\n", "\n## b\n", 4, ""},
		{"no line break at the end", "---\nid: a\n---", "", 4, ""},
		{"a rule in the body", "---\nid: a\n---\na\n---\nb", "a\n---\nb", 4, ""},
		{"no front matter", "## b\n", "", 0, "f:1: want front matter between two lines of ---"},
		{"never closed", "---\nid: a\n", "", 0, "f:1: want front matter between two lines of ---"},
		{"four dashes", "---\nid: a\n----\n", "", 0, "f:1: want front matter between two lines of ---"},
		{"empty", "---\n---\nb", "b", 3, "f: is empty"},
		{"unknown key on its line", "---\nid: a\nidd: b\n---\nb", "b", 5, "f:3: unknown key \"idd\""},
		{"bad bytes in the body", "---\nid: a\n---\n\xff", "", 0, "f:4: is not UTF-8 here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var m matter
			page, ps := document.ReadPage("f", []byte(tt.source), &m)
			if ps.Error() != tt.want || string(page.Body) != tt.body || page.BodyLine != tt.line {
				t.Errorf("body %q at %d, problems %q", page.Body, page.BodyLine, ps.Error())
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	var ps document.Problems
	if ps.Err() != nil {
		t.Error("no problems are an error")
	}
	ps.Add("b", 2, "x")
	ps.Add("b", 10, "x")
	ps.Add("a", 3, "y %d", 1)
	ps.Add("b", 2, "x")
	if want := "a:3: y 1\nb:2: x\nb:10: x"; ps.Err().Error() != want {
		t.Errorf("got %s", ps.Err())
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	if got := document.Digest([]byte("abc")); got != "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}

func FuzzFrontMatter(f *testing.F) {
	f.Add([]byte("---\nid: a\n---\nbody"))
	f.Add([]byte("---\n---\n---\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		front, body, line, ok := document.SplitFront(source)
		if !ok {
			return
		}
		head := source[:len(source)-len(body)]
		if !strings.HasPrefix(string(head), "---\n"+string(front)+"---") || strings.Count(string(front), "\n")+3 != line {
			t.Errorf("split %q into %q and %q at line %d", source, front, body, line)
		}
	})
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("id: a\ntitle: {ja: x, en: y}\nlessons: [a]\ncheck: {draw: 1}\nparts:\n- name: a\n"))
	f.Add([]byte("a: &a [*a, *a]\n"))
	f.Add([]byte("? {a: b}\n: c\n"))
	f.Add([]byte("- - - -\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		var c course
		if ps := document.Decode("f", source, &c); len(ps) == 0 && c.Lines.Start < 1 {
			t.Errorf("no line for %q", source)
		}
		var list []piece
		_ = document.Decode("f", source, &list)
	})
}
