package main

import (
	"bytes"
	"html/template"
	"strings"

	"kokoroe/app"
	"kokoroe/app/document"
	"kokoroe/content"
)

const course = "annual"

// answers are the right options of each question of the course.
type answers struct {
	lessons []string            // their IDs in order
	right   map[string][][]byte // the texts of the right options, by stem; both as they stand in the page
}

// rightAnswers reads them where the authors keep them.
func rightAnswers() (*answers, error) {
	catalogue, err := app.LoadCatalogue(content.FS, document.Japanese, "en")
	if err != nil {
		return nil, err
	}
	known := &answers{right: map[string][][]byte{}}
	if c, ok := catalogue.Courses.Course(course); ok {
		for _, l := range c.Lessons {
			known.lessons = append(known.lessons, string(l.ID))
		}
	}
	for _, q := range catalogue.Courses.Bank(course) {
		stem := escaped(q.Stem.In(document.Japanese))
		for _, o := range q.Options {
			if o.Correct {
				known.right[stem] = append(known.right[stem], []byte(escaped(o.Text.In(document.Japanese))+"<"))
			}
		}
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
	_, page, _ = bytes.Cut(page, []byte("<legend><h1"))
	_, page, _ = bytes.Cut(page, []byte(">"))
	stem, page, _ := bytes.Cut(page, []byte("</h1>"))
	right, ok := k.right[string(stem)]
	if !ok {
		return nil, false
	}
	for _, text := range right {
		before, _, ok := bytes.Cut(page, text)
		at := bytes.LastIndex(before, []byte(` value="`))
		if !ok || at < 0 {
			return nil, false
		}
		values = append(values, attribute(before[at:], "value"))
	}
	return values, true
}
