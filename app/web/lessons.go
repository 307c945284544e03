package web

import (
	"html/template"
	"net/url"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/web/view"
)

func lessonPath(course learning.CourseID, lesson learning.LessonID, bare bool) string {
	return keepingRuby(coursePath(course)+"/lessons/"+url.PathEscape(string(lesson)), bare)
}

// lessonPage is a lesson before a reader.
type lessonPage struct {
	*view.Page
	Heading    string
	HTML       template.HTML // made by document.Render when the program started
	At, Of     int
	Minutes    int
	Finished   bool
	Other      string // language of the lesson when it is not the page's
	Japanese   bool   // shown in Japanese for want of a translation
	Bare       bool   // without readings over words
	RubyHref   string // switches readings on or off; "" when there are none
	Before     string // path; "" for the first
	After      string // path; "" for the last
	SendTo     string
	CourseHref string
}

// lesson shows a lesson. It is the page that most people look at most of the
// time: one read of the store beside the session's.
func (s *Server) lesson(x *exchange) error {
	r, err := s.cfg.Learning.Lesson(x.ctx, x.actor(), x.courseID(), learning.LessonID(x.param("lesson")))
	if err != nil {
		return err
	}
	id, bare := r.Course.ID, x.bare()
	page := lessonPage{
		Page: s.courseFrame(x, r.Course, r.Page.Title), Heading: r.Page.Title, HTML: r.Page.HTML,
		At: r.Number, Of: len(r.Course.Lessons), Minutes: r.Lesson.Minutes, Finished: r.Finished(r.Lesson.ID),
		Other: otherLanguage(x, r.Page.Language), Japanese: inJapanese(x, r.Page.Language), Bare: bare,
		SendTo: lessonPath(id, r.Lesson.ID, bare), CourseHref: keepingRuby(coursePath(id), bare),
	}
	if r.Page.Bare != r.Page.HTML {
		page.RubyHref = lessonPath(id, r.Lesson.ID, !bare)
	}
	if bare {
		page.HTML = r.Page.Bare
	}
	if r.Before != nil {
		page.Before = lessonPath(id, r.Before.ID, bare)
	}
	if r.After != nil {
		page.After = lessonPath(id, r.After.ID, bare)
	}
	return s.render(x, "courses/lesson", page)
}

// finishLesson keeps that the lesson was read and goes on to the next one;
// after the last, back to the course.
func (s *Server) finishLesson(x *exchange) error {
	id, lesson := x.courseID(), learning.LessonID(x.param("lesson"))
	if _, err := s.cfg.Learning.FinishLesson(x.ctx, x.actor(), id, lesson); err != nil {
		return err
	}
	course, ok := s.cfg.Learning.Catalogue().Course(id)
	if !ok {
		return fault.NotFoundf("course %q", id)
	}
	for i := range course.Lessons[:len(course.Lessons)-1] {
		if course.Lessons[i].ID == lesson {
			return x.seeOther(lessonPath(id, course.Lessons[i+1].ID, x.bare()))
		}
	}
	return x.seeOther(keepingRuby(coursePath(id), x.bare()))
}
