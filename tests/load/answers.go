package main

import (
	"bytes"
	"html/template"
	"slices"
	"strings"

	"kokoroe/app"
	"kokoroe/app/document"
	"kokoroe/content"
)

const course = "annual"

// answers are the right options of each question of the course.
type answers struct {
	lessons []string // their IDs in order
	bank    []answer
}

type answer struct {
	stem  []byte   // as it stands in the page
	right [][]byte // the texts of the right options, as they stand in the page
}

// rightAnswers reads them where the authors keep them.
func rightAnswers() (*answers, error) {
	catalogue, err := app.LoadCatalogue(content.FS, document.Japanese, "en")
	if err != nil {
		return nil, err
	}
	known := &answers{}
	if c, ok := catalogue.Courses.Course(course); ok {
		for _, l := range c.Lessons {
			known.lessons = append(known.lessons, string(l.ID))
		}
	}
	for _, q := range catalogue.Courses.Bank(course) {
		a := answer{stem: []byte(escaped(q.Stem.In(document.Japanese)))}
		for _, o := range q.Options {
			if o.Correct {
				a.right = append(a.right, []byte(escaped(o.Text.In(document.Japanese))+"<"))
			}
		}
		known.bank = append(known.bank, a)
	}
	return known, nil
}

// escaped is text as html/template writes it.
func escaped(text string) string {
	return strings.ReplaceAll(template.HTMLEscapeString(text), "+", "&#43;")
}

// on finds the question that the page asks, and returns the values of its right
// options: each stands before the option's text.
func (k *answers) on(page []byte) (values []string, ok bool) {
	if _, main, ok := bytes.Cut(page, []byte("<main")); ok {
		page = main
	}
	i := slices.IndexFunc(k.bank, func(a answer) bool { return bytes.Contains(page, a.stem) })
	if i < 0 {
		return nil, false
	}
	for _, text := range k.bank[i].right {
		before, _, ok := bytes.Cut(page, text)
		at := bytes.LastIndex(before, []byte(` value="`))
		if !ok || at < 0 {
			return nil, false
		}
		values = append(values, attribute(before[at:], "value"))
	}
	return values, true
}
