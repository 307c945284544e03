package learning_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

// wantFault compares an error with a kind and a message for the reader.
func wantFault(t *testing.T, err error, kind fault.Kind, messageID string) {
	t.Helper()
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != kind || e.MessageID != messageID {
		t.Errorf("got %v, want %v (%s)", err, kind, messageID)
	}
}

func TestResumeAtTheFirstUnfinishedLesson(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	st, err := d.Course(ctx, who, sample)
	if err != nil || st.Resume.ID != "mail" || st.Scope != "2026" || st.Passed != nil {
		t.Fatalf("at the start: %+v, %v", st, err)
	}
	for _, l := range []learning.LessonID{"usb", "mail", "mail"} {
		if _, err := d.FinishLesson(ctx, who, sample, l); err != nil {
			t.Fatal(err)
		}
	}
	st, err = d.Course(ctx, who, sample)
	if err != nil || st.Resume.ID != "visit" || !st.Finished("usb") || st.Finished("visit") {
		t.Errorf("after two: %+v, %v", st, err)
	}
	if diff := cmp.Diff([]learning.LessonID{"usb", "mail"}, st.Place.Done); diff != "" {
		t.Error(diff)
	}
	r, err := d.Lesson(ctx, who, sample, "usb")
	if err != nil || r.Before.ID != "mail" || r.After.ID != "visit" || r.Page.Title != "usb (en)" {
		t.Errorf("lesson: %+v, %v", r, err)
	}
	if other, _ := d.Course(ctx, actor("p2"), sample); len(other.Place.Done) > 0 {
		t.Error("another person has finished lessons")
	}
	d.duties.year = "2027"
	if next, _ := d.Course(ctx, who, sample); len(next.Place.Done) > 0 {
		t.Error("the new year begins with finished lessons")
	}
}

func TestNotAsked(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	for name, call := range map[string]func() error{
		"course":         func() error { _, err := d.Course(ctx, actor("stranger"), sample); return err },
		"unknown course": func() error { _, err := d.Course(ctx, actor("p1"), "none"); return err },
		"lesson":         func() error { _, err := d.Lesson(ctx, actor("stranger"), sample, "mail"); return err },
		"unknown lesson": func() error { _, err := d.Lesson(ctx, actor("p1"), sample, "none"); return err },
		"finish":         func() error { _, err := d.FinishLesson(ctx, actor("stranger"), sample, "mail"); return err },
		"finish unknown": func() error { _, err := d.FinishLesson(ctx, actor("p1"), sample, "none"); return err },
		"practice":       func() error { _, err := d.StartPractice(ctx, actor("stranger"), sample); return err },
		"check":          func() error { _, err := d.StartCheck(ctx, actor("stranger"), sample); return err },
		"attempt":        func() error { _, err := d.SubmitCheck(ctx, actor("p1"), "none"); return err },
	} {
		wantFault(t, call(), fault.NotFound, "error.not_found")
		if len(d.store.places)+len(d.store.attempts) > 0 {
			t.Errorf("%s: something was stored", name)
		}
	}
}

func TestCheckPassed(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	_, err := d.StartCheck(ctx, who, sample)
	wantFault(t, err, fault.Conflict, "learning.lessons_unfinished")
	d.read(t, who)
	a := d.sit(t, who, 0)
	if _, err := d.CheckResult(ctx, who, a.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a result before submission: %v", err)
	}
	r, err := d.SubmitCheck(ctx, who, a.ID)
	if err != nil || !r.Passed || r.Right != 4 || r.Of != 4 || r.Pass != 80 || r.Seq != 0 || len(r.Missed) > 0 {
		t.Fatalf("result %+v, %v", r, err)
	}
	again, err := d.SubmitCheck(ctx, who, a.ID)
	if diff := cmp.Diff(r.Outcome, again.Outcome); diff != "" || err != nil {
		t.Errorf("again: %s %v", diff, err)
	}
	_, err = d.StartCheck(ctx, who, sample)
	wantFault(t, err, fault.Conflict, "learning.already_passed")
	_, err = d.AnswerCheck(ctx, who, a.ID, 1, []learning.OptionID{"a"})
	wantFault(t, err, fault.Conflict, "learning.already_submitted")
	_, err = d.CheckQuestion(ctx, who, a.ID, 1)
	wantFault(t, err, fault.Conflict, "learning.already_submitted")
	st, err := d.Course(ctx, who, sample)
	if err != nil || st.Passed == nil || st.Passed.Attempt != a.ID || st.Check != "" || st.Last.Right != 4 {
		t.Errorf("standing %+v, %v", st, err)
	}
	assertRecord(t, d, a)
}

func assertRecord(t *testing.T, d *desk, a learning.Attempt) {
	t.Helper()
	if len(d.log.entries) != 1 {
		t.Fatalf("%d records", len(d.log.entries))
	}
	e := d.log.entries[0]
	if e.Kind != "course.passed/v1" || e.Key != "course.passed/v1|p1|sample|2026" || e.Object != "course:sample" || e.Scope != "2026" || e.Subject != "p1" {
		t.Errorf("recorded %+v", e)
	}
	var body learning.Passed
	if err := e.Body(&body); err != nil {
		t.Fatal(err)
	}
	if body.Attempt != string(a.ID) || body.Content != d.Catalogue().Courses()[0].Digest || body.Right != 4 || body.Of != 4 || body.Pass != 80 || len(body.Questions) != 4 {
		t.Errorf("body %+v", body)
	}
	for i, q := range body.Questions {
		if q.Question != string(a.Drawn[i].Question) || len(q.Options) != 4 || q.Answer[0] != "a" {
			t.Errorf("question %+v", q)
		}
	}
}

func TestCheckFailedAndRetried(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 2)
	r, err := d.SubmitCheck(ctx, who, a.ID)
	if err != nil || r.Passed || r.Right != 2 || r.Seq != -1 || len(r.Missed) != 2 || len(d.log.entries) > 0 {
		t.Fatalf("result %+v, %v", r, err)
	}
	for i, m := range r.Missed {
		if m.Number != i+1 || !strings.HasPrefix(m.Stem, "Question "+string(sample)+"-"+string(m.Lesson)) || m.Title != string(m.Lesson)+" (en)" {
			t.Errorf("missed %+v", m)
		}
	}
	if _, err := d.SubmitCheck(ctx, who, a.ID); err != nil {
		t.Error(err)
	}
	st, _ := d.Course(ctx, who, sample)
	if st.Place.Failed != 1 || st.Last == nil || st.Last.Passed || st.Passed != nil {
		t.Errorf("standing %+v", st)
	}
	b, err := d.StartCheck(ctx, who, sample)
	if err != nil || b.ID == a.ID {
		t.Fatalf("retry %+v, %v", b, err)
	}
	for _, id := range ids(b.Drawn) {
		if slices.Contains(ids(a.Drawn), id) {
			t.Errorf("%s came again though the bank has others", id)
		}
	}
}

func TestTwoTabsShareOneCheck(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a, b := d.sit(t, who, 4), d.sit(t, who, 0) // the second tab changes every answer
	if a.ID != b.ID {
		t.Fatal("two tabs have two checks")
	}
	if r, err := d.SubmitCheck(ctx, who, a.ID); err != nil || !r.Passed {
		t.Errorf("result %+v, %v", r, err)
	}
}

func TestCheckAnswers(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a, err := d.StartCheck(ctx, who, sample)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.CheckQuestion(ctx, who, a.ID, 1)
	if err != nil || p.Next != 1 || p.Question.Of != 4 || p.Question.Answered {
		t.Fatalf("paper %+v, %v", p, err)
	}
	for name, chosen := range map[string][]learning.OptionID{
		"none": nil, "unknown": {"x"}, "twice": {"a", "a"}, "three": {"a", "b", "c"}, "all": {"a", "b", "c", "d"},
	} {
		_, err := d.AnswerCheck(ctx, who, a.ID, 1, chosen)
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != "options" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, number := range []int{0, -1, 5} {
		if _, err := d.AnswerCheck(ctx, who, a.ID, number, right(1)); !fault.Is(err, fault.NotFound) {
			t.Errorf("question %d: %v", number, err)
		}
	}
	d.answer(t, who, a.ID, 3, true)
	_, err = d.SubmitCheck(ctx, who, a.ID)
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.MessageID != "learning.unanswered" || e.Args["Numbers"] != "1, 2, 4" || len(e.Fields) != 3 || e.Fields[2].Name != "question-4" {
		t.Errorf("unanswered: %v", err)
	}
	p, err = d.CheckQuestion(ctx, who, a.ID, 3)
	if err != nil || !p.Question.Answered || !slices.Equal(p.Answered, []bool{false, false, true, false}) {
		t.Errorf("paper %+v, %v", p, err)
	}
}

func TestAnotherPersonsAttemptIsNotFound(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	d.read(t, actor("p1"))
	a := d.sit(t, actor("p1"), 0)
	practice, err := d.StartPractice(ctx, actor("p1"), sample)
	if err != nil {
		t.Fatal(err)
	}
	other := actor("p2")
	for name, call := range map[string]func() error{
		"question":          func() error { _, err := d.CheckQuestion(ctx, other, a.ID, 1); return err },
		"answer":            func() error { _, err := d.AnswerCheck(ctx, other, a.ID, 1, right(1)); return err },
		"submit":            func() error { _, err := d.SubmitCheck(ctx, other, a.ID); return err },
		"result":            func() error { _, err := d.CheckResult(ctx, other, a.ID); return err },
		"practice":          func() error { _, err := d.PracticeQuestion(ctx, other, practice.ID, 1); return err },
		"practise":          func() error { _, err := d.AnswerPractice(ctx, other, practice.ID, 1, right(1)); return err },
		"practised":         func() error { _, err := d.PracticeResult(ctx, other, practice.ID); return err },
		"check as practice": func() error { _, err := d.PracticeQuestion(ctx, actor("p1"), a.ID, 1); return err },
		"why of a check":    func() error { _, err := d.AnswerPractice(ctx, actor("p1"), a.ID, 1, right(1)); return err },
		"practice as check": func() error { _, err := d.SubmitCheck(ctx, actor("p1"), practice.ID); return err },
	} {
		if err := call(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPractice(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	a, err := d.StartPractice(ctx, who, sample)
	if err != nil || len(a.Drawn) != 3 {
		t.Fatalf("practice %+v, %v", a, err)
	}
	s, err := d.PracticeQuestion(ctx, who, a.ID, 1)
	if err != nil || s.Feedback != nil || s.Next != 1 {
		t.Fatalf("sitting %+v, %v", s, err)
	}
	answer := func(number int, rightly bool) learning.Sitting {
		t.Helper()
		s, err := d.PracticeQuestion(ctx, who, a.ID, number)
		if err != nil {
			t.Fatal(err)
		}
		chosen := wrong(s.Question.Choose)
		if rightly {
			chosen = right(s.Question.Choose)
		}
		if s, err = d.AnswerPractice(ctx, who, a.ID, number, chosen); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s = answer(1, false)
	if s.Feedback == nil || s.Feedback.Right || len(s.Feedback.Whys) != 4 || s.Question.Of != 4 {
		t.Fatalf("after a miss: %+v", s)
	}
	for _, w := range s.Feedback.Whys {
		if w.Why != "Reason "+string(w.ID) {
			t.Errorf("why %+v", w)
		}
	}
	if s = answer(1, true); s.Feedback.Right {
		t.Error("the first answer was replaced")
	}
	answer(2, true)
	answer(3, true)
	if s = answer(4, true); !s.Question.Again || s.Next != 0 || !s.Feedback.Right {
		t.Errorf("at the end: %+v", s)
	}
	r, err := d.PracticeResult(ctx, who, a.ID)
	if err != nil || r.Right != 2 || r.Of != 3 || len(r.Missed) != 1 || r.Missed[0].Number != 1 {
		t.Errorf("result %+v, %v", r, err)
	}
	b, err := d.StartPractice(ctx, who, sample)
	if err != nil || b.ID == a.ID {
		t.Fatal(err)
	}
	for _, id := range ids(b.Drawn) {
		if slices.Contains(ids(a.Drawn), id) {
			t.Errorf("%s was practised already", id)
		}
	}
}

func TestPracticeEndsForWhoAlwaysMisses(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	a, err := d.StartPractice(ctx, who, sample)
	if err != nil {
		t.Fatal(err)
	}
	number := 1
	for rounds := 0; number > 0; rounds++ {
		s, err := d.PracticeQuestion(ctx, who, a.ID, number)
		if err != nil || rounds > 9 {
			t.Fatalf("round %d: %v", rounds, err)
		}
		if s, err = d.AnswerPractice(ctx, who, a.ID, number, wrong(s.Question.Choose)); err != nil {
			t.Fatal(err)
		}
		number = s.Next
	}
	if r, err := d.PracticeResult(ctx, who, a.ID); err != nil || r.Right != 0 || len(r.Missed) != 3 {
		t.Errorf("result %+v, %v", r, err)
	}
}
