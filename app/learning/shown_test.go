package learning_test

import (
	"testing"

	"kokoroe/app/learning"
)

func TestCheckAnswersShowsEveryQuestionAsDrawn(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a, err := d.StartCheck(ctx, who, sample)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Next(); got != 1 {
		t.Errorf("next of a new check: %d", got)
	}
	d.answer(t, who, a.ID, 2, true)
	all, err := d.CheckAnswers(ctx, who, a.ID)
	if err != nil || len(all.Questions) != len(a.Drawn) {
		t.Fatalf("%+v, %v", all, err)
	}
	for i, q := range all.Questions {
		if q.Number != i+1 || q.Answered != (i == 1) {
			t.Errorf("question %d: %+v", i+1, q)
		}
		for j, o := range q.Options {
			if o.ID != a.Drawn[i].Options[j] {
				t.Errorf("question %d: option %d is not the one drawn", i+1, j+1)
			}
		}
	}
	if _, err := d.CheckAnswers(ctx, actor("p2"), a.ID); err == nil {
		t.Error("another person sees the answers")
	}
}

func TestFingerprintNamesWhatIsShown(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 0)
	prints := map[string]bool{}
	for number := range a.Drawn {
		english, err := d.CheckQuestion(ctx, who, a.ID, number+1)
		if err != nil {
			t.Fatal(err)
		}
		who := who
		who.Language = "ja"
		japanese, err := d.CheckQuestion(ctx, who, a.ID, number+1)
		if err != nil || english.Question.Print != japanese.Question.Print {
			t.Errorf("question %d has a print for each language: %v", number+1, err)
		}
		prints[english.Question.Print] = true
	}
	if len(prints) != len(a.Drawn) {
		t.Errorf("%d questions have %d prints", len(a.Drawn), len(prints))
	}
}

func TestStandingNamesWhatIsOpen(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	practice, err := d.StartPractice(ctx, who, sample)
	if err != nil {
		t.Fatal(err)
	}
	st, err := d.Course(ctx, who, sample)
	if err != nil || st.Practice != practice.ID || st.Check != "" || st.Seq != -1 {
		t.Errorf("practising: %+v, %v", st, err)
	}
	d.read(t, who)
	check := d.sit(t, who, 0)
	if st, err = d.Course(ctx, who, sample); err != nil || st.Check != check.ID || st.Practice != practice.ID {
		t.Errorf("in the check: %+v, %v", st, err)
	}
	result, err := d.SubmitCheck(ctx, who, check.ID)
	if err != nil {
		t.Fatal(err)
	}
	if st, err = d.Course(ctx, who, sample); err != nil || st.Check != "" || st.Passed == nil || st.Seq != result.Seq {
		t.Errorf("passed: %+v, %v", st, err)
	}
}

func TestMissedQuestionSaysThatItComesBack(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	a, err := d.StartPractice(ctx, who, sample)
	if err != nil {
		t.Fatal(err)
	}
	for _, rightly := range []bool{false, true} {
		number := 1
		if rightly {
			number = 2
		}
		st, err := d.PracticeQuestion(ctx, who, a.ID, number)
		if err != nil {
			t.Fatal(err)
		}
		chosen := map[bool][]learning.OptionID{true: right(st.Question.Choose), false: wrong(st.Question.Choose)}[rightly]
		if st, err = d.AnswerPractice(ctx, who, a.ID, number, chosen); err != nil || st.Feedback.Again == rightly {
			t.Errorf("answered rightly %v: %+v, %v", rightly, st.Feedback, err)
		}
	}
}
