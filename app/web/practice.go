package web

import (
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/web/view"
)

// questionPart is a question as a form, in practice and in the graded check.
// It knows nothing of the right answer, as a learning.ShownQuestion does not.
type questionPart struct {
	Stem    string
	Other   string // language of the question when it is not the page's
	Choose  int
	Choices []choicePart
	Print   string
	Again   bool
	Form    *view.Form
}

type choicePart struct {
	ID, Text string
	Value    int // its place among those shown, from 1: the bank's own ID may say where it stood there
	Chosen   bool
}

func questionOf(x *exchange, p *view.Page, q learning.ShownQuestion) questionPart {
	part := questionPart{
		Stem: q.Stem, Other: otherLanguage(x, q.Language), Choose: q.Choose, Print: q.Print, Again: q.Again, Form: view.NewForm(p, nil),
	}
	for i, o := range q.Options {
		c := choicePart{ID: "field-options", Text: o.Text, Value: i + 1, Chosen: o.Chosen}
		if i > 0 {
			c.ID += "-" + strconv.Itoa(i+1)
		}
		part.Choices = append(part.Choices, c)
	}
	return part
}

// refused is the question as the form was sent, with what was wrong with it.
// It reports whether err was something that a reader can mend.
func (part *questionPart) refused(x *exchange, err error) bool {
	values := x.formAll("options")
	for i := range part.Choices {
		c := &part.Choices[i]
		c.Chosen = false
		for _, v := range values {
			c.Chosen = c.Chosen || v == strconv.Itoa(c.Value)
		}
	}
	return part.Form.Reject(err)
}

// chosen returns the options that the form names by their place. A place that
// does not exist is an option that does not.
func chosen(x *exchange, q learning.ShownQuestion) []learning.OptionID {
	var ids []learning.OptionID
	for _, v := range x.formAll("options") {
		id := learning.OptionID("")
		if n, err := strconv.Atoi(v); err == nil && n >= 1 && n <= len(q.Options) {
			id = q.Options[n-1].ID
		}
		ids = append(ids, id)
	}
	return ids
}

// checkPrint refuses a form whose question is not the one that stands there
// now: its places would mean other options.
func checkPrint(x *exchange, q learning.ShownQuestion) error {
	if x.form("print") != q.Print {
		return fault.New(fault.Stale, "learning.content_changed", nil)
	}
	return nil
}

// sittingPath is where a question of a practice stands; number 0 is the
// sitting itself, which leads to where it stands.
func sittingPath(course learning.CourseID, sitting learning.AttemptID, number int) string {
	values := url.Values{"sitting": {string(sitting)}}
	if number > 0 {
		values.Set("number", strconv.Itoa(number))
	}
	return coursePath(course) + "/practice?" + values.Encode()
}

// practiceIntroPage is practice before it begins.
type practiceIntroPage struct {
	*view.Page
	Questions int
	Open      bool // one was begun and not finished
	StartTo   string
	Back      string
}

// practicePage is one question of practice, or what was answered and why.
type practicePage struct {
	*view.Page
	Question   questionPart
	Sitting    learning.AttemptID
	At, Of     int
	SendTo     string
	Feedback   *learning.Feedback // nil until answered
	LessonHref string
	Next       string // path; after the answer
	Last       bool   // Next is the end
	Japanese   bool
	Back       string
}

// practice shows what the address names: a question, the end of a sitting, or
// the way in.
func (s *Server) practice(x *exchange) error {
	sitting := learning.AttemptID(x.query("sitting"))
	if sitting == "" {
		return s.practiceIntro(x)
	}
	number, err := strconv.Atoi(x.query("number"))
	if err != nil {
		return s.practiceEnd(x, sitting)
	}
	st, err := s.cfg.Learning.PracticeQuestion(x.ctx, x.actor(), sitting, number)
	if err != nil {
		return s.stale(x, err, coursePath(x.courseID())+"/practice/start")
	}
	page, err := s.practicePage(x, st)
	if err != nil {
		return err
	}
	return s.render(x, "courses/practice", page)
}

func (s *Server) practicePage(x *exchange, st learning.Sitting) (practicePage, error) {
	if st.Course.ID != x.courseID() {
		return practicePage{}, fault.NotFoundf("practice %q is not of %q", st.Attempt, x.courseID())
	}
	q := st.Question
	title := x.T("course.practice.title", "Number", q.Number, "Of", q.Of)
	if st.Feedback != nil {
		title = x.T("course.feedback."+verdict(st.Feedback.Right)) + " – " + title
	}
	page := practicePage{
		Page: s.courseFrame(x, st.Course, title), Sitting: st.Attempt, At: q.Number, Of: q.Of,
		SendTo: coursePath(st.Course.ID) + "/practice", Feedback: st.Feedback,
		Japanese: inJapanese(x, q.Language), Back: coursePath(st.Course.ID),
	}
	page.Path = sittingPath(st.Course.ID, st.Attempt, q.Number)
	page.Question = questionOf(x, page.Page, q)
	if st.Feedback != nil {
		page.LessonHref = lessonPath(st.Course.ID, st.Feedback.Lesson, false)
		page.Next, page.Last = sittingPath(st.Course.ID, st.Attempt, st.Next), st.Next == 0
	}
	return page, nil
}

func verdict(right bool) string {
	if right {
		return "right"
	}
	return "wrong"
}

// practiceIntro says what practice is. Somebody in the middle of a sitting is
// offered to go on.
func (s *Server) practiceIntro(x *exchange) error {
	st, err := s.cfg.Learning.Course(x.ctx, x.actor(), x.courseID())
	if err != nil {
		return err
	}
	here := coursePath(st.Course.ID)
	return s.render(x, "courses/practice_intro", practiceIntroPage{
		Page: s.courseFrame(x, st.Course, x.T("course.practice")), Questions: st.Course.Practice, Open: st.Practice != "",
		StartTo: here + "/practice/start", Back: here,
	})
}

// startPractice goes on with the sitting that is open, or begins one.
func (s *Server) startPractice(x *exchange) error {
	a, err := s.cfg.Learning.StartPractice(x.ctx, x.actor(), x.courseID())
	if err != nil {
		return err
	}
	return x.seeOther(sittingPath(a.Course, a.ID, a.Next()))
}

// answerPractice takes an answer. The page after it shows the why of every
// choice in the same place; a second click shows the same.
func (s *Server) answerPractice(x *exchange) error {
	sitting := learning.AttemptID(x.form("sitting"))
	number, _ := strconv.Atoi(x.form("number")) // 0 is no question
	startTo := coursePath(x.courseID()) + "/practice/start"
	var st learning.Sitting // the question as it was shown
	_, err := s.cfg.Learning.AnswerSitting(x.ctx, x.actor(), sitting, number, func(shown learning.Sitting) ([]learning.OptionID, error) {
		st = shown
		if st.Course.ID != x.courseID() {
			return nil, fault.NotFoundf("practice %q is not of %q", sitting, x.courseID())
		}
		return chosen(x, st.Question), checkPrint(x, st.Question)
	})
	if fault.Is(err, fault.Invalid) {
		page, pageErr := s.practicePage(x, st)
		if pageErr != nil {
			return pageErr
		}
		if page.Question.refused(x, err) {
			x.c.Status(fiber.StatusUnprocessableEntity)
			return s.render(x, "courses/practice", page)
		}
	}
	if err != nil {
		return s.stale(x, err, startTo)
	}
	return x.seeOther(sittingPath(x.courseID(), sitting, number) + "#feedback")
}

// practiceEndPage is a finished sitting.
type practiceEndPage struct {
	*view.Page
	Right, Of int
	Topics    []topic
	StartTo   string
	CheckHref string
	Back      string
}

// topic is a lesson to read again, with the questions that say why.
type topic struct {
	Href, Title string
	Stems       []string
}

// topics gathers what was missed by lesson, in order of the first question of
// each.
func topics(course learning.CourseID, missed []learning.MissedQuestion) []topic {
	var list []topic
	at := map[learning.LessonID]int{}
	for _, m := range missed {
		i, ok := at[m.Lesson]
		if !ok {
			i = len(list)
			at[m.Lesson] = i
			list = append(list, topic{Href: lessonPath(course, m.Lesson, false), Title: m.Title})
		}
		list[i].Stems = append(list[i].Stems, m.Stem)
	}
	return list
}

// practiceEnd shows what a sitting came to. One that is not finished leads to
// its next question.
func (s *Server) practiceEnd(x *exchange, sitting learning.AttemptID) error {
	r, err := s.cfg.Learning.PracticeResult(x.ctx, x.actor(), sitting)
	if messageOf(err) == "learning.not_submitted" {
		return s.practiceGoOn(x, sitting)
	}
	if err != nil {
		return err
	}
	if r.Course.ID != x.courseID() {
		return fault.NotFoundf("practice %q is not of %q", sitting, x.courseID())
	}
	here := coursePath(r.Course.ID)
	return s.render(x, "courses/practice_end", practiceEndPage{
		Page: s.courseFrame(x, r.Course, x.T("course.practice.end")), Right: r.Right, Of: r.Of,
		Topics: topics(r.Course.ID, r.Missed), StartTo: here + "/practice/start", CheckHref: here + "/check", Back: here,
	})
}

func (s *Server) practiceGoOn(x *exchange, sitting learning.AttemptID) error {
	st, err := s.cfg.Learning.PracticeQuestion(x.ctx, x.actor(), sitting, 1)
	if err != nil {
		return s.stale(x, err, coursePath(x.courseID())+"/practice/start")
	}
	return x.seeOther(sittingPath(x.courseID(), sitting, max(st.Next, 1)))
}
