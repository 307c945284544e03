package learning_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

// tabs is one person with two open tabs, each on a check of its own memory,
// on a machine that stops now and then.
type tabs struct {
	*desk
	open    [2]learning.AttemptID
	answers map[learning.AttemptID]map[int]string // what was accepted, by question
	passed  learning.AttemptID
}

func TestTwoTabsNeverBreakACheck(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &tabs{answers: map[learning.AttemptID]map[int]string{}}
		m.desk = rapidDesk(t)
		t.Repeat(map[string]func(*rapid.T){
			"finish": m.finish, "start": m.startCheck, "answer": m.answerOne, "answer all": m.answerAll,
			"submit": m.submitOne, "stop while submitting": m.stopAndSubmit, "look": m.look,
			"": m.check,
		})
	})
}

func rapidDesk(t *rapid.T) *desk {
	catalogue, err := learning.LoadCatalogue(courseFiles("sample", map[string]int{"mail": 3, "usb": 3}, 3))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{store: newMemory(), log: &log{}, duties: &duties{year: "2026"}}
	d.Service = &learning.Service{Store: d.store, Log: d.log, Records: d.log, Catalogue: always(catalogue), Duties: d.duties, Now: clock()}
	return d
}

func (m *tabs) tab(t *rapid.T) int { return rapid.IntRange(0, 1).Draw(t, "tab") }

func (m *tabs) finish(t *rapid.T) {
	lesson := rapid.SampledFrom([]learning.LessonID{"mail", "usb"}).Draw(t, "lesson")
	if _, err := m.FinishLesson(ctx, actor("p1"), sample, lesson); err != nil {
		t.Fatal(err)
	}
}

func (m *tabs) startCheck(t *rapid.T) {
	tab := m.tab(t)
	a, err := m.StartCheck(ctx, actor("p1"), sample)
	switch {
	case err == nil && m.passed != "":
		t.Fatal("a check began after the pass")
	case err == nil:
		m.open[tab] = a.ID
		if m.answers[a.ID] == nil {
			m.answers[a.ID] = map[int]string{}
		}
	case !fault.Is(err, fault.Conflict):
		t.Fatal(err)
	}
}

func (m *tabs) answerOne(t *rapid.T) {
	m.put(t, m.open[m.tab(t)], rapid.IntRange(1, 3).Draw(t, "number"), rapid.Bool().Draw(t, "rightly"))
}

func (m *tabs) answerAll(t *rapid.T) {
	id, rightly := m.open[m.tab(t)], rapid.Bool().Draw(t, "rightly")
	for number := 1; number <= 3; number++ {
		m.put(t, id, number, rightly)
	}
}

func (m *tabs) put(t *rapid.T, id learning.AttemptID, number int, rightly bool) {
	p, err := m.CheckQuestion(ctx, actor("p1"), id, number)
	if id == "" || fault.Is(err, fault.Conflict) {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", p.Question); strings.Contains(text, "Reason") || strings.Contains(text, "orrect") {
		t.Fatalf("the page says %s", text)
	}
	chosen := wrong(p.Question.Choose)
	if rightly {
		chosen = right(p.Question.Choose)
	}
	if _, err := m.AnswerCheck(ctx, actor("p1"), id, number, chosen); err != nil {
		t.Fatal(err)
	}
	m.answers[id][number] = fmt.Sprint(chosen)
}

func (m *tabs) submitOne(t *rapid.T) { m.submit(t, m.open[m.tab(t)]) }

func (m *tabs) stopAndSubmit(t *rapid.T) {
	m.stop()
	m.submit(t, m.open[m.tab(t)])
	m.start()
}

func (m *tabs) submit(t *rapid.T, id learning.AttemptID) {
	before, _ := m.store.Attempt(ctx, id)
	r, err := m.SubmitCheck(ctx, actor("p1"), id)
	switch {
	case err == nil && r.Passed:
		if m.passed != "" && m.passed != id {
			t.Fatalf("%s passed, and %s before", id, m.passed)
		}
		m.passed = id
	case err == nil && before.SubmittedAt.IsZero() && len(m.answers[id]) < 3:
		t.Fatalf("submitted with %d answers", len(m.answers[id]))
	case errors.Is(err, errStopped):
		m.passed = id // the record is what counts
	case err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict):
		t.Fatal(err)
	}
}

func (m *tabs) look(t *rapid.T) {
	st, err := m.Course(ctx, actor("p1"), sample)
	if err != nil {
		t.Fatal(err)
	}
	if (st.Passed != nil) != (m.passed != "") || (st.Passed != nil && st.Passed.Attempt != m.passed) {
		t.Fatalf("standing %+v, passed %q", st.Passed, m.passed)
	}
	if id := m.open[m.tab(t)]; id != "" {
		if r, err := m.CheckResult(ctx, actor("p1"), id); err == nil && r.Passed != (id == m.passed) {
			t.Fatalf("result of %s: %+v", id, r.Outcome)
		}
	}
}

// check holds after every step.
func (m *tabs) check(t *rapid.T) {
	if len(m.log.entries) > 1 || (len(m.log.entries) == 1) != (m.passed != "") {
		t.Fatalf("%d records, passed %q", len(m.log.entries), m.passed)
	}
	failed, open := 0, 0
	for _, a := range m.store.attempts {
		switch {
		case a.SubmittedAt.IsZero():
			open++
		case !a.Passed:
			failed++
		case a.ID != m.passed:
			t.Fatalf("%s is marked as passed", a.ID)
		}
		if a.ID != m.passed { // of a passed check the record counts
			m.assertAnswers(t, a)
		}
	}
	if open > 1 {
		t.Fatalf("%d open checks", open)
	}
	if place := m.store.places[placeKey{"p1", sample, "2026"}]; place.Failed != failed {
		t.Fatalf("the place counts %d failed checks of %d", place.Failed, failed)
	}
}

func (m *tabs) assertAnswers(t *rapid.T, a learning.Attempt) {
	for number, want := range m.answers[a.ID] {
		if got := fmt.Sprint(a.Drawn[number-1].Answer); got != want {
			t.Fatalf("question %d of %s: kept %s, accepted %s", number, a.ID, got, want)
		}
	}
	questions := ids(a.Drawn)
	slices.Sort(questions)
	if len(slices.Compact(questions)) != 3 {
		t.Fatalf("drawn %v", a.Drawn)
	}
}
