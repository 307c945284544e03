package learning

import (
	"slices"

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
	Again    bool // asked again because it was missed
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
	for _, id := range d.Options {
		o, _ := q.Option(id) // the question fits
		s.Options = append(s.Options, ShownOption{ID: id, Text: o.Text.In(language), Chosen: slices.Contains(d.Answer, id)})
	}
	return s
}

// Feedback is what practice says about an answer: the why of every option.
type Feedback struct {
	Right  bool
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
