package learning_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kokoroe/app/learning"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// course draws a course of some lessons with some questions each.
func course(t *rapid.T) (*learning.Course, []learning.Question) {
	lessons := map[string]int{}
	for i := range rapid.IntRange(1, 5).Draw(t, "lessons") {
		lessons[fmt.Sprintf("l%d", i)] = rapid.IntRange(3, 6).Draw(t, "questions")
	}
	c, err := learning.LoadCatalogue(courseFiles("sample", lessons, 3))
	if err != nil {
		t.Fatal(err)
	}
	return c.Courses()[0], c.Bank("sample")
}

func ids(drawn []learning.Drawn) []learning.QuestionID {
	questions := make([]learning.QuestionID, 0, len(drawn))
	for _, d := range drawn {
		questions = append(questions, d.Question)
	}
	return questions
}

func TestDrawProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, bank := course(t)
		n := rapid.IntRange(0, len(bank)).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		var seen []learning.QuestionID
		for _, q := range bank {
			if rapid.Bool().Draw(t, "seen") {
				seen = append(seen, q.ID)
			}
		}
		drawn := learning.Draw(bank, n, seen, source(seed))
		if diff := cmp.Diff(drawn, learning.Draw(bank, n, seen, source(seed))); diff != "" {
			t.Errorf("the same seed draws differently: %s", diff)
		}
		if len(drawn) != n {
			t.Errorf("drew %d of %d", len(drawn), n)
		}
		perLesson, newLeft := map[learning.LessonID]int{}, map[learning.LessonID]int{}
		sizes := map[learning.LessonID]int{}
		for _, q := range bank {
			i := slices.Index(ids(drawn), q.ID)
			sizes[q.Lesson]++
			if i < 0 && !slices.Contains(seen, q.ID) {
				newLeft[q.Lesson]++
			}
			if i < 0 {
				continue
			}
			perLesson[q.Lesson]++
			assertOptions(t, q, drawn[i])
		}
		if total := len(slices.Compact(slices.Sorted(slices.Values(ids(drawn))))); total != n {
			t.Errorf("%d questions twice", n-total)
		}
		for _, q := range bank {
			if slices.Contains(ids(drawn), q.ID) && slices.Contains(seen, q.ID) && newLeft[q.Lesson] > 0 {
				t.Errorf("%s was seen and drawn before a new one of its lesson", q.ID)
			}
			for other, size := range sizes {
				if perLesson[q.Lesson] > perLesson[other]+1 && perLesson[other] < size {
					t.Errorf("not spread: %v", perLesson)
				}
			}
		}
	})
}

func assertOptions(t *rapid.T, q learning.Question, d learning.Drawn) {
	if len(d.Answer) > 0 || len(d.Options) != len(q.Options) {
		t.Errorf("drawn %+v", d)
	}
	for _, o := range q.Options {
		if !slices.Contains(d.Options, o.ID) {
			t.Errorf("option %s is lost", o.ID)
		}
	}
}

func TestNextDrawIsAnother(t *testing.T) {
	t.Parallel()
	c, err := learning.LoadCatalogue(courseFiles("sample", map[string]int{"a": 4, "b": 4, "c": 4}, 6))
	if err != nil {
		t.Fatal(err)
	}
	bank := c.Bank("sample")
	first := learning.Draw(bank, 6, nil, source(1))
	second := learning.Draw(bank, 6, ids(first), source(2))
	for _, id := range ids(second) {
		if slices.Contains(ids(first), id) {
			t.Errorf("%s came again", id)
		}
	}
	orders := map[string]bool{}
	for seed := range uint64(20) {
		for _, d := range learning.Draw(bank, 6, nil, source(seed)) {
			orders[fmt.Sprint(d.Options)] = true
		}
	}
	if len(orders) < 12 {
		t.Errorf("options come in %d orders only", len(orders))
	}
}

func TestGradeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, bank := course(t)
		drawn := learning.Draw(bank, rapid.IntRange(1, len(bank)).Draw(t, "n"), nil, source(1))
		want := 0
		for i, d := range drawn {
			q := bank[slices.IndexFunc(bank, func(q learning.Question) bool { return q.ID == d.Question })]
			switch rapid.SampledFrom([]string{"right", "wrong", "too many", "open"}).Draw(t, "answer") {
			case "right":
				drawn[i].Answer = right(q.Choose)
				want++
			case "wrong":
				drawn[i].Answer = wrong(q.Choose)
			case "too many":
				drawn[i].Answer = d.Options
			}
		}
		pass := rapid.IntRange(1, 100).Draw(t, "pass")
		g := learning.Grade(c, drawn, pass)
		if g.Right != want || g.Of != len(drawn) || len(g.Missed) != len(drawn)-want {
			t.Errorf("graded %+v, want %d right", g, want)
		}
		if g.Passed != (float64(want)/float64(len(drawn)) >= float64(pass)/100-1e-9) {
			t.Errorf("%d of %d at %d%%: passed %v", want, len(drawn), pass, g.Passed)
		}
		for i := range drawn { // neither order of options nor order of choosing counts
			drawn[i].Options = rapid.Permutation(drawn[i].Options).Draw(t, "shown")
			drawn[i].Answer = rapid.Permutation(drawn[i].Answer).Draw(t, "chosen")
		}
		permuted := rapid.Permutation(drawn).Draw(t, "order")
		if other := learning.Grade(c, permuted, pass); other.Right != g.Right || other.Passed != g.Passed {
			t.Errorf("in another order: %+v, was %+v", other, g)
		}
	})
}

func TestGradeRounding(t *testing.T) {
	t.Parallel()
	c, err := learning.LoadCatalogue(courseFiles("sample", map[string]int{"mail": 10}, 10))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		misses, of, pass int
		want             bool
	}{{2, 10, 80, true}, {3, 10, 80, false}, {1, 3, 66, true}, {1, 3, 67, false}, {0, 3, 100, true}, {1, 10, 100, false}} {
		drawn := learning.Draw(c.Bank("sample"), tt.of, nil, source(3))
		for i, d := range drawn[tt.misses:] {
			q := c.Bank("sample")[slices.IndexFunc(c.Bank("sample"), func(q learning.Question) bool { return q.ID == d.Question })]
			drawn[tt.misses+i].Answer = right(q.Choose)
		}
		if g := learning.Grade(c.Courses()[0], drawn, tt.pass); g.Passed != tt.want {
			t.Errorf("%d missed of %d at %d%%: %+v", tt.misses, tt.of, tt.pass, g)
		}
	}
	if learning.Grade(c.Courses()[0], nil, 1).Passed {
		t.Error("an empty check is passed")
	}
}

func TestMend(t *testing.T) {
	t.Parallel()
	c, err := learning.LoadCatalogue(courseFiles("sample", map[string]int{"a": 3, "b": 3}, 4))
	if err != nil {
		t.Fatal(err)
	}
	course := c.Courses()[0]
	drawn := learning.Draw(c.Bank("sample"), 4, nil, source(1))
	for i := range drawn {
		drawn[i].Answer = []learning.OptionID{"a"}
	}
	drawn[1].Question, drawn[2].Options = "gone", []learning.OptionID{"a", "b", "x"}
	mended := learning.Mend(course, drawn, source(2))
	if diff := cmp.Diff([]learning.Drawn{drawn[0], drawn[3]}, []learning.Drawn{mended[0], mended[3]}); diff != "" {
		t.Errorf("the others changed: %s", diff)
	}
	if len(mended[1].Answer)+len(mended[2].Answer) > 0 || len(slices.Compact(slices.Sorted(slices.Values(ids(mended))))) != 4 {
		t.Errorf("mended %+v", mended)
	}
}
