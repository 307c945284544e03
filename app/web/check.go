package web

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/web/view"
)

func checkPath(course learning.CourseID) string { return coursePath(course) + "/check" }

func attemptPath(course learning.CourseID, id learning.AttemptID) string {
	return checkPath(course) + "/" + url.PathEscape(string(id))
}

// numberPath is where a question of a check stands; past the last one, and for
// 0, it is the page with all answers.
func numberPath(course learning.CourseID, id learning.AttemptID, number, of int) string {
	if number < 1 || number > of {
		return attemptPath(course, id)
	}
	return attemptPath(course, id) + "/" + strconv.Itoa(number)
}

// attemptID is the attempt of the route.
func (x *exchange) attemptID() learning.AttemptID { return learning.AttemptID(x.param("attempt")) }

// checkPage is the rules of the check, before it begins.
type checkPage struct {
	*view.Page
	Rule       checkRule
	Open       bool // one was begun and not submitted
	Failed     int  // how many were not passed
	Last       *learning.Outcome
	Resume     *resume // the lesson to finish first; nil when all are
	Unfinished int
	Passed     *learning.Outcome
	Receipt    string // path
	StartTo    string
	Practice   string
	Back       string
}

// check says how the check is held. What cannot be started says why.
func (s *Server) check(x *exchange) error {
	st, err := s.cfg.Learning.Course(x.ctx, x.actor(), x.courseID())
	if err != nil {
		return err
	}
	here := coursePath(st.Course.ID)
	page := checkPage{
		Page: s.courseFrame(x, st.Course, x.T("course.check")), Rule: ruleOf(st.Course.Check),
		Open: st.Check != "", Failed: st.Place.Failed, Last: st.Last,
		Passed: st.Passed, StartTo: checkPath(st.Course.ID), Practice: here + "/practice", Back: here,
	}
	if st.Resume != nil {
		page.Resume = s.resume(x, st)
	}
	for i := range st.Course.Lessons {
		if !st.Finished(st.Course.Lessons[i].ID) {
			page.Unfinished++
		}
	}
	if st.Passed != nil {
		page.Receipt = receiptPath(st.Seq)
	}
	return s.render(x, "courses/check", page)
}

// startCheck goes on with the check that is open, or draws one. When it may
// not be taken, the page of the rules says why.
func (s *Server) startCheck(x *exchange) error {
	a, err := s.cfg.Learning.StartCheck(x.ctx, x.actor(), x.courseID())
	if fault.Is(err, fault.Conflict) {
		return x.seeOther(checkPath(x.courseID()))
	}
	if err != nil {
		return err
	}
	return x.seeOther(numberPath(a.Course, a.ID, a.Next(), len(a.Drawn)))
}

// otherwise answers what can come instead of a question of an open check: a
// check that is submitted leads to its result, as with the back button.
func (s *Server) otherwise(x *exchange, err error) error {
	switch messageOf(err) {
	case "learning.already_submitted":
		return x.seeOther(attemptPath(x.courseID(), x.attemptID()) + "/result")
	case "learning.already_passed":
		return x.seeOther(checkPath(x.courseID()))
	}
	return s.stale(x, err, checkPath(x.courseID()))
}

// checkQuestionPage is one question of the check. Nothing in it tells the
// right answer: a learning.ShownQuestion has no room for it.
type checkQuestionPage struct {
	*view.Page
	Question questionPart
	At, Of   int
	Answered int // how many are
	SendTo   string
	Previous bool
	Skip     string // path: answer later; "" when it is answered
	Change   bool   // came from the page with all answers, and goes back there
	Japanese bool
	Answers  string // path of that page
}

// questionNumber is the number of the route; no check has so many as 1000.
func (x *exchange) questionNumber() int { return int(min(x.number("number"), 1000)) }

// ofThisCourse refuses a check of another course than the route's.
func (x *exchange) ofThisCourse(p learning.Paper) error {
	if p.Course.ID != x.courseID() {
		return fault.NotFoundf("check %q is not of %q", p.Attempt, x.courseID())
	}
	return nil
}

func (s *Server) checkQuestion(x *exchange) error {
	p, err := s.cfg.Learning.CheckQuestion(x.ctx, x.actor(), x.attemptID(), x.questionNumber())
	if err == nil {
		err = x.ofThisCourse(p)
	}
	if err != nil {
		return s.otherwise(x, err)
	}
	return s.render(x, "courses/question", s.checkQuestionPage(x, p))
}

func (s *Server) checkQuestionPage(x *exchange, p learning.Paper) checkQuestionPage {
	q, id := p.Question, p.Course.ID
	here := numberPath(id, p.Attempt, q.Number, q.Of)
	page := checkQuestionPage{
		Page: s.courseFrame(x, p.Course, x.T("course.question.title", "Number", q.Number, "Of", q.Of)), At: q.Number, Of: q.Of,
		SendTo: here, Previous: q.Number > 1, Change: x.query("change") == "yes",
		Japanese: inJapanese(x, q.Language), Answers: attemptPath(id, p.Attempt),
	}
	page.Path = here
	page.Question = questionOf(x, page.Page, q)
	for _, answered := range p.Answered {
		if answered {
			page.Answered++
		}
	}
	if page.Change {
		page.SendTo += "?change=yes"
	} else if !q.Answered {
		page.Skip = numberPath(id, p.Attempt, q.Number+1, q.Of)
	}
	return page
}

// errLeft says that the reader goes back without having chosen anything.
var errLeft = errors.New("nothing was chosen")

// answerCheck keeps an answer and goes where the reader wants to go next.
func (s *Server) answerCheck(x *exchange) error {
	var p learning.Paper // the question as it was shown
	back := x.form("go") == "previous"
	_, err := s.cfg.Learning.AnswerPaper(x.ctx, x.actor(), x.attemptID(), x.questionNumber(), func(shown learning.Paper) ([]learning.OptionID, error) {
		p = shown
		if err := x.ofThisCourse(p); err != nil {
			return nil, err
		}
		options := chosen(x, p.Question)
		if back && len(options) == 0 {
			return nil, errLeft
		}
		return options, checkPrint(x, p.Question)
	})
	if fault.Is(err, fault.Invalid) {
		page := s.checkQuestionPage(x, p)
		if page.Question.refused(x, err) {
			x.c.Status(fiber.StatusUnprocessableEntity)
			return s.render(x, "courses/question", page)
		}
	}
	if err != nil && !errors.Is(err, errLeft) {
		return s.otherwise(x, err)
	}
	id, number, of := p.Course.ID, p.Question.Number, p.Question.Of
	switch {
	case err == nil && x.query("change") == "yes":
		return x.seeOther(attemptPath(id, p.Attempt))
	case back:
		return x.seeOther(numberPath(id, p.Attempt, number-1, of))
	default:
		return x.seeOther(numberPath(id, p.Attempt, number+1, of))
	}
}

// checkAnswersPage lists every answer before they are submitted.
type checkAnswersPage struct {
	*view.Page
	Rows     []answerRow
	Open     int // how many are not answered
	Form     *view.Form
	SubmitTo string
	Japanese bool
}

type answerRow struct {
	Number   int
	Anchor   string // the error summary leads there
	Stem     string
	Other    string // language, when it is not the page's
	Answers  []string
	Change   string // path
	Answered bool
}

// checkAnswers shows all answers before they are submitted.
func (s *Server) checkAnswers(x *exchange) error {
	page, err := s.checkAnswersPage(x)
	if err != nil {
		return s.otherwise(x, err)
	}
	return s.render(x, "courses/answers", page)
}

func (s *Server) checkAnswersPage(x *exchange) (checkAnswersPage, error) {
	all, err := s.cfg.Learning.CheckAnswers(x.ctx, x.actor(), x.attemptID())
	if err != nil {
		return checkAnswersPage{}, err
	}
	if all.Course.ID != x.courseID() {
		return checkAnswersPage{}, fault.NotFoundf("check %q is not of %q", all.Attempt, x.courseID())
	}
	frame := s.courseFrame(x, all.Course, x.T("course.answers.title"))
	here := attemptPath(all.Course.ID, all.Attempt)
	frame.Path = here
	page := checkAnswersPage{Page: frame, Form: view.NewForm(frame, nil), SubmitTo: here}
	for _, q := range all.Questions {
		row := answerRow{
			Number: q.Number, Anchor: "field-question-" + strconv.Itoa(q.Number), Stem: q.Stem, Other: otherLanguage(x, q.Language),
			Change: numberPath(all.Course.ID, all.Attempt, q.Number, q.Of) + "?change=yes", Answered: q.Answered,
		}
		for _, o := range q.Options {
			if o.Chosen {
				row.Answers = append(row.Answers, o.Text)
			}
		}
		if !q.Answered {
			page.Open++
		}
		page.Japanese = page.Japanese || inJapanese(x, q.Language)
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

// submitCheck grades the check. Sent twice, it is graded once.
func (s *Server) submitCheck(x *exchange) error {
	result, err := s.cfg.Learning.SubmitCheck(x.ctx, x.actor(), x.attemptID())
	if fault.Is(err, fault.Invalid) {
		page, pageErr := s.checkAnswersPage(x)
		if pageErr != nil {
			return s.otherwise(x, pageErr)
		}
		page.Form.Reject(err)
		x.c.Status(fiber.StatusUnprocessableEntity)
		return s.render(x, "courses/answers", page)
	}
	if err != nil {
		return s.otherwise(x, err)
	}
	return x.seeOther(attemptPath(result.Course.ID, result.Attempt) + "/result")
}

// checkResultPage is what a submitted check came to.
type checkResultPage struct {
	*view.Page
	Outcome  learning.Outcome
	Rule     checkRule // of as many questions as were drawn
	Topics   []topic
	Done     view.Done
	Receipt  string // path
	Next     []view.Task
	StartTo  string
	Practice string
	Back     string
}

// checkResult shows the result: what to read again, and never the right
// answers.
func (s *Server) checkResult(x *exchange) error {
	r, err := s.cfg.Learning.CheckResult(x.ctx, x.actor(), x.attemptID())
	if messageOf(err) == "learning.not_submitted" {
		return x.seeOther(attemptPath(x.courseID(), x.attemptID()))
	}
	if err != nil {
		return err
	}
	if r.Course.ID != x.courseID() {
		return fault.NotFoundf("check %q is not of %q", x.attemptID(), x.courseID())
	}
	here := coursePath(r.Course.ID)
	page := checkResultPage{
		Page: s.courseFrame(x, r.Course, x.T("course.result.failed")), Outcome: r.Outcome,
		Rule: ruleOf(learning.CheckRule{Draw: r.Of, Pass: r.Pass}), Topics: topics(r.Course.ID, r.Missed),
		StartTo: checkPath(r.Course.ID), Practice: here + "/practice", Back: here,
	}
	if !r.Passed {
		return s.render(x, "courses/result", page)
	}
	page.Title = x.T("course.result.passed")
	page.Done = view.Done{
		Heading: page.Title, Text: x.T("course.result.score", "Right", r.Right, "Of", r.Of),
		ReferenceLabel: x.T("receipt.reference"), Reference: strconv.FormatInt(r.Seq, 10),
	}
	page.Receipt = receiptPath(r.Seq)
	next, _, err := s.nextTask(x)
	if err != nil {
		return err
	}
	if next != nil {
		page.Next = []view.Task{*next}
	}
	return s.render(x, "courses/result", page)
}
