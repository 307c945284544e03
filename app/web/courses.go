package web

import (
	"errors"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/web/view"
)

// mountCourses mounts the course of a learner: reading (lessons.go), practice
// (practice.go) and the graded check (check.go).
func (s *Server) mountCourses() {
	s.get("/courses/:course", s.behind(s.course))
	s.get("/courses/:course/lessons/:lesson", s.behind(s.lesson))
	s.post("/courses/:course/lessons/:lesson", s.step(s.finishLesson))
	s.get("/courses/:course/practice", s.behind(s.practice))
	s.post("/courses/:course/practice", s.step(s.answerPractice))
	s.post("/courses/:course/practice/start", s.step(s.startPractice))
	s.get("/courses/:course/check", s.behind(s.check))
	s.post("/courses/:course/check", s.step(s.startCheck))
	s.get("/courses/:course/check/:attempt", s.behind(s.checkAnswers))
	s.post("/courses/:course/check/:attempt", s.step(s.submitCheck))
	s.get("/courses/:course/check/:attempt/result", s.behind(s.checkResult)) // before /:number, which would take it
	s.get("/courses/:course/check/:attempt/:number", s.behind(s.checkQuestion))
	s.post("/courses/:course/check/:attempt/:number", s.step(s.answerCheck))
}

// step notes in the browser that this instance took its last step in a course:
// of several, this one alone may answer what comes behind it from what it has
// just written.
func (s *Server) step(h handler) handler {
	return func(x *exchange) error {
		if err := h(x); err != nil {
			return err
		}
		setCookie(x.c, instanceCookie, s.instance, learning.OwnWriteFor)
		return nil
	}
}

// behind answers a request that may come behind such a step.
func (s *Server) behind(h handler) handler {
	return func(x *exchange) error {
		if x.c.Cookies(instanceCookie) == s.instance {
			x.ctx = learning.AfterOwnWrite(x.ctx)
		}
		return h(x)
	}
}

func coursePath(id learning.CourseID) string { return "/courses/" + url.PathEscape(string(id)) }

// courseID is the course of the route.
func (x *exchange) courseID() learning.CourseID { return learning.CourseID(x.param("course")) }

// bare reports whether the reader has switched readings over words off. The
// choice travels in the addresses: a GET writes nothing, not even a cookie.
func (x *exchange) bare() bool { return x.query("ruby") == "off" }

// keepingRuby returns the path with the reader's choice about readings.
func keepingRuby(path string, bare bool) string {
	if bare {
		return path + "?ruby=off"
	}
	return path
}

// courseFrame is the frame of a page below the course.
func (s *Server) courseFrame(x *exchange, c *learning.Course, title string) *view.Page {
	return s.titled(x, title,
		view.Link{Href: "/tasks", Label: x.T("common.nav.tasks")},
		view.Link{Href: coursePath(c.ID), Label: c.Title.In(string(x.Tag()))})
}

// otherLanguage returns the language for a lang attribute when a text is not
// in the language of the page; "" when it is.
func otherLanguage(x *exchange, in string) string {
	if in == x.Lang() || in == string(x.Tag()) {
		return ""
	}
	return in
}

// inJapanese reports whether a text is shown in Japanese for want of a
// translation.
func inJapanese(x *exchange, in string) bool { return otherLanguage(x, in) == document.Japanese }

// messageOf is the message of a fault, "" for any other error.
func messageOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.MessageID
	}
	return ""
}

// coursePage is a course with how far the reader is.
type coursePage struct {
	*view.Page
	Name, Summary string
	Minutes       int
	State         duty.State
	Why           string // through which fact the reader has it
	DueOn         calendar.Date
	Lessons       []lessonRow
	Finished      int
	Resume        *resume // nil once passed
	Bare          bool

	PracticeHref string
	PracticeOpen bool // begun and not finished
	Questions    int  // that a sitting of practice draws

	CheckHref string
	Rule      checkRule
	CheckOpen bool
	Last      *learning.Outcome // of the check before, when it was not passed
	Passed    *learning.Outcome
	Receipt   string // path
}

type lessonRow struct {
	Href, Title string
	Minutes     int
	Finished    bool
}

// resume is where the one primary button leads.
type resume struct {
	Href  string
	What  string
	First bool // nothing has been done yet
}

// checkRule is how the check is held, in words that need no percentage.
type checkRule struct{ Draw, Need, Pass int }

func ruleOf(r learning.CheckRule) checkRule {
	return checkRule{Draw: r.Draw, Need: (r.Draw*r.Pass + 99) / 100, Pass: r.Pass}
}

// course shows what the course is, how far the reader is, and one button that
// goes on from there.
func (s *Server) course(x *exchange) error {
	st, err := s.cfg.Learning.Course(x.ctx, x.actor(), x.courseID())
	if err != nil {
		return err
	}
	a, err := s.cfg.Ledger.Assigned(x.ctx, x.person(), duty.CourseItem(string(st.Course.ID)))
	if err != nil {
		return err
	}
	if !st.Place.UpdatedAt.IsZero() {
		a.Activity = &duty.Activity{At: st.Place.UpdatedAt, Failed: st.Place.Failed, Done: len(st.Place.Done)}
	}
	c, lang, here := st.Course, string(x.Tag()), coursePath(st.Course.ID)
	page := coursePage{
		Page: s.titled(x, c.Title.In(lang), view.Link{Href: "/tasks", Label: x.T("common.nav.tasks")}),
		Name: c.Title.In(lang), Summary: c.Summary.In(lang), Minutes: c.Minutes(),
		State: a.StateOn(s.today()), Why: s.why(x, a), DueOn: a.DueOn, Bare: x.bare(),
		PracticeHref: here + "/practice", PracticeOpen: st.Practice != "", Questions: c.Practice,
		CheckHref: here + "/check", Rule: ruleOf(c.Check), CheckOpen: st.Check != "",
		Passed: st.Passed,
	}
	for i := range c.Lessons {
		l := &c.Lessons[i]
		row := lessonRow{Href: lessonPath(c.ID, l.ID, page.Bare), Title: l.Title.In(lang), Minutes: l.Minutes, Finished: st.Finished(l.ID)}
		if row.Finished {
			page.Finished++
		}
		page.Lessons = append(page.Lessons, row)
	}
	if st.Last != nil && !st.Last.Passed {
		page.Last = st.Last
	}
	if st.Passed != nil {
		page.Receipt = receiptPath(st.Seq)
	} else {
		page.Resume = s.resume(x, st)
	}
	return s.render(x, "courses/course", page)
}

// resume decides what comes next: the first lesson not finished, the check
// that was begun, practice for who has not practised yet, the check.
func (s *Server) resume(x *exchange, st learning.Standing) *resume {
	here := coursePath(st.Course.ID)
	switch {
	case st.Resume != nil:
		return &resume{
			Href: lessonPath(st.Course.ID, st.Resume.ID, x.bare()), What: st.Resume.Title.In(string(x.Tag())),
			First: len(st.Place.Done) == 0,
		}
	case st.Check == "" && st.Last == nil && len(st.Place.Practised) == 0:
		return &resume{Href: here + "/practice", What: x.T("course.practice")}
	default:
		return &resume{Href: here + "/check", What: x.T("course.check")}
	}
}

// changedPage says that the questions before the reader are not in use any
// more, and offers to go on with those that are.
type changedPage struct {
	*view.Page
	Text       string
	StartTo    string // address of the button that mends it
	CourseHref string
}

// stale answers a fault of stale content with its page, and returns any other
// error as it is.
func (s *Server) stale(x *exchange, err error, startTo string) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Stale {
		return err
	}
	page := changedPage{
		Page: s.titled(x, x.T("course.changed.title")), Text: x.T(f.MessageID, f.Args),
		StartTo: startTo, CourseHref: coursePath(x.courseID()),
	}
	if learning.YearOver(err) {
		page.StartTo = "" // the new year begins with the lessons
	}
	page.Path = page.CourseHref
	x.c.Status(fiber.StatusConflict)
	return s.render(x, "courses/changed", page)
}
