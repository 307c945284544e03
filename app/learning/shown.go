package learning

import (
	"hash/fnv"
	"slices"
	"strconv"

	"kokoroe/app/document"
)

// ShownQuestion is a question as a page gets it. It has no room for the right
// answer, so that no template can give it away.
type ShownQuestion struct {
	Number   int
	Of       int
	Language string // that the stem is in
	Stem     string
	Choose   int
	Options  []ShownOption // in the order drawn
	Answered bool
	Again    bool   // asked again because it was missed
	Print    string // changes with the question and the order of its options
}

// ShownOption is an option without its worth.
type ShownOption struct {
	ID     OptionID
	Text   string
	Chosen bool
}

func shown(q *Question, d Drawn, number, of int, language string) ShownQuestion {
	stem, in := q.Stem.Shown(language)
	s := ShownQuestion{Number: number, Of: of, Language: in, Stem: stem, Choose: q.Choose, Answered: len(d.Answer) > 0, Again: d.Again}
	s.Print = fingerprint(q, d)
	for _, id := range d.Options {
		o, _ := q.Option(id) // the question fits
		s.Options = append(s.Options, ShownOption{ID: id, Text: o.Text.In(language), Chosen: slices.Contains(d.Answer, id)})
	}
	return s
}

// fingerprint is of the Japanese words as they are shown, whatever language the
// reader has, so that it tells nothing that the page does not.
func fingerprint(q *Question, d Drawn) string {
	sum := fnv.New64a()
	write := func(t document.Text) { _, _ = sum.Write([]byte(t.In(document.Japanese) + "\x00")) } // never fails
	write(q.Stem)
	for _, id := range d.Options {
		o, _ := q.Option(id) // the question fits
		write(o.Text)
	}
	return strconv.FormatUint(sum.Sum64(), 36)
}

// Feedback is what practice says about an answer: the why of every option.
type Feedback struct {
	Right  bool
	Again  bool // it was missed and comes back at the end
	Lesson LessonID
	Title  string // of the lesson
	Whys   []Why  // in the order drawn
}

// Why explains one option.
type Why struct {
	ID      OptionID
	Text    string
	Why     string
	Correct bool
	Chosen  bool
}

func feedback(course *Course, q *Question, d Drawn, language string) Feedback {
	f := Feedback{Right: q.Right(d.Answer), Lesson: q.Lesson, Title: titleOf(course, q.Lesson).In(language)}
	for _, id := range d.Options {
		o, _ := q.Option(id) // the question fits
		f.Whys = append(f.Whys, Why{ID: id, Text: o.Text.In(language), Why: o.Why.In(language), Correct: o.Correct, Chosen: slices.Contains(d.Answer, id)})
	}
	return f
}

func titleOf(course *Course, id LessonID) document.Text {
	if l, ok := course.Lesson(id); ok {
		return l.Title
	}
	return document.Text{}
}
