package learning

import (
	"html/template"
	"maps"
	"slices"

	"kokoroe/app/document"
)

// Catalogue is every course, read-only once loaded.
type Catalogue struct {
	courses map[CourseID]*Course
}

// Courses returns the courses in order of their IDs.
func (c *Catalogue) Courses() []*Course {
	courses := make([]*Course, 0, len(c.courses))
	for _, id := range slices.Sorted(maps.Keys(c.courses)) {
		courses = append(courses, c.courses[id])
	}
	return courses
}

// Course returns the course.
func (c *Catalogue) Course(id CourseID) (*Course, bool) {
	course, ok := c.courses[id]
	return course, ok
}

// Bank returns the questions of the course, by lesson and in order. They hold
// the right answers: they are for reports and checks of content, not for pages.
func (c *Catalogue) Bank(id CourseID) []Question {
	if course, ok := c.courses[id]; ok {
		return slices.Clone(course.bank)
	}
	return nil
}

// Course is lessons to read, questions to practise with, and a check. Pages
// get it, so nothing that it shows leads to the questions.
type Course struct {
	ID       CourseID
	Title    document.Text
	Summary  document.Text
	Lessons  []Lesson // in order
	Practice int      // how many questions a sitting of practice draws
	Check    CheckRule
	Digest   string     // of all files of the course
	bank     []Question // by lesson, in order of the lessons
}

// CheckRule is how the graded check is held.
type CheckRule struct {
	Draw int // questions
	Pass int // percent
}

// Lesson returns the lesson.
func (c *Course) Lesson(id LessonID) (*Lesson, bool) {
	i := slices.IndexFunc(c.Lessons, func(l Lesson) bool { return l.ID == id })
	if i < 0 {
		return nil, false
	}
	return &c.Lessons[i], true
}

func (c *Course) question(id QuestionID) (*Question, bool) {
	i := slices.IndexFunc(c.bank, func(q Question) bool { return q.ID == id })
	if i < 0 {
		return nil, false
	}
	return &c.bank[i], true
}

// Unfinished returns the first lesson that is not among done: where to resume.
func (c *Course) Unfinished(done []LessonID) (*Lesson, bool) {
	for i := range c.Lessons {
		if !slices.Contains(done, c.Lessons[i].ID) {
			return &c.Lessons[i], true
		}
	}
	return nil, false
}

// Minutes returns how long all lessons take.
func (c *Course) Minutes() int {
	sum := 0
	for _, l := range c.Lessons {
		sum += l.Minutes
	}
	return sum
}

// Lesson is something to read in a few minutes.
type Lesson struct {
	ID      LessonID
	Title   document.Text
	Minutes int
	Clauses []string // that it teaches
	pages   map[string]Page
}

// Page is a lesson in one language.
type Page struct {
	Language string
	Title    string
	HTML     template.HTML
	Bare     template.HTML // without readings over difficult words
}

// Page returns the lesson in language, else in Japanese; Page.Language says
// which.
func (l *Lesson) Page(language string) Page {
	_, in := l.Title.Shown(language)
	return l.pages[in]
}

// Question is one question of the bank. It holds the right answer: what a page
// gets of a graded check is a ShownQuestion.
type Question struct {
	ID      QuestionID
	Lesson  LessonID
	Clauses []string // that it examines
	Stem    document.Text
	Choose  int // how many options are right
	Options []Option
}

// Option is one possible answer.
type Option struct {
	ID      OptionID
	Text    document.Text
	Correct bool
	Why     document.Text
}

// Option returns the option.
func (q *Question) Option(id OptionID) (Option, bool) {
	i := slices.IndexFunc(q.Options, func(o Option) bool { return o.ID == id })
	if i < 0 {
		return Option{}, false
	}
	return q.Options[i], true
}

// Right reports whether exactly the right options are chosen, in any order.
func (q *Question) Right(chosen []OptionID) bool {
	for _, o := range q.Options {
		if o.Correct != slices.Contains(chosen, o.ID) {
			return false
		}
	}
	return true
}

// fits reports whether the drawn question is still the one of the bank.
func (q *Question) fits(d Drawn) bool {
	if len(d.Options) != len(q.Options) {
		return false
	}
	for _, o := range q.Options {
		if !slices.Contains(d.Options, o.ID) {
			return false
		}
	}
	return true
}

// LessonRef names a lesson of a course.
type LessonRef struct {
	Course CourseID
	Lesson LessonID
}

// Coverage is which clauses are taught and examined, and where.
type Coverage struct {
	Taught   map[string][]LessonRef
	Examined map[string][]QuestionID
}

// Coverage returns what all courses together cover.
func (c *Catalogue) Coverage() Coverage {
	cover := Coverage{Taught: map[string][]LessonRef{}, Examined: map[string][]QuestionID{}}
	for _, course := range c.Courses() {
		for _, l := range course.Lessons {
			for _, clause := range l.Clauses {
				cover.Taught[clause] = append(cover.Taught[clause], LessonRef{course.ID, l.ID})
			}
		}
		for _, q := range course.bank {
			for _, clause := range q.Clauses {
				cover.Examined[clause] = append(cover.Examined[clause], q.ID)
			}
		}
	}
	return cover
}

// Missing returns those of the clauses that no lesson teaches, and those that
// no question examines.
func (c Coverage) Missing(clauses []string) (untaught, unexamined []string) {
	for _, clause := range clauses {
		if len(c.Taught[clause]) == 0 {
			untaught = append(untaught, clause)
		}
		if len(c.Examined[clause]) == 0 {
			unexamined = append(unexamined, clause)
		}
	}
	return untaught, unexamined
}
