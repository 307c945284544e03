package learning_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/learning"
)

// courseFiles are the files of a course with this many questions a lesson.
// Every third question asks for two options.
func courseFiles(id string, lessons map[string]int, draw int) fstest.MapFS {
	files := fstest.MapFS{}
	put := func(name, text string) { files["courses/"+id+"/"+name] = &fstest.MapFile{Data: []byte(text)} }
	names := make([]string, 0, len(lessons))
	for name := range lessons {
		names = append(names, name)
	}
	slices.Sort(names)
	put("course.yaml", fmt.Sprintf("id: %s\ntitle: {ja: 研修, en: Course}\nsummary: {ja: 概要, en: Summary}\nlessons: [%s]\npractice: 3\ncheck: {draw: %d, pass: 80}\n", id, strings.Join(names, ", "), draw))
	for _, name := range names {
		for _, language := range []string{"ja", "en"} {
			put("lessons/"+name+"."+language+".md", fmt.Sprintf("---\nid: %s\nlanguage: %s\ntitle: %s (%s)\nminutes: 5\nclauses: [\"4-1\", \"7-4\"]\n---\n\n## {場面|ばめん}\n\n本文\n\n### 小見出し\n", name, language, name, language))
		}
		var bank strings.Builder
		for i := range lessons[name] {
			bank.WriteString(questionYAML(fmt.Sprintf("%s-%s-%d", id, name, i+1), 1+i%3/2))
		}
		put("questions/"+name+".yaml", bank.String())
	}
	return files
}

// questionYAML is a question whose first options are the right ones.
func questionYAML(id string, choose int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- id: %s\n  clauses: [\"7-4\"]\n  stem: {ja: 問い %s, en: Question %s}\n  choose: %d\n  options:\n", id, id, id, choose)
	for i, o := range []string{"a", "b", "c", "d"} {
		fmt.Fprintf(&b, "    - id: %s\n      text: {ja: 選択肢%s, en: Option %s}\n", o, o, o)
		if i < choose {
			b.WriteString("      correct: true\n")
		}
		fmt.Fprintf(&b, "      why: {ja: 理由%s, en: Reason %s}\n", o, o)
	}
	return b.String()
}

// right and wrong are answers to a question of questionYAML.
func right(choose int) []learning.OptionID { return []learning.OptionID{"a", "b"}[:choose] }
func wrong(choose int) []learning.OptionID { return []learning.OptionID{"d", "a"}[:choose] }

// desk is a service with everything around it.
// always is a catalogue that stays in force.
func always(c *learning.Catalogue) func() *learning.Catalogue {
	return func() *learning.Catalogue { return c }
}

type desk struct {
	*learning.Service
	store  *memory
	log    *log
	duties *duties
}

func newDesk(t testing.TB, files fstest.MapFS) *desk {
	t.Helper()
	catalogue, err := learning.LoadCatalogue(files)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{store: newMemory(), log: &log{}, duties: &duties{year: "2026"}}
	seed := uint64(0)
	d.Service = &learning.Service{
		Store: d.store, Log: d.log, Records: d.log, Catalogue: always(catalogue), Duties: d.duties,
		Now: clock(),
		Rand: func() *rand.Rand {
			seed++
			return rand.New(rand.NewPCG(seed, 1))
		},
	}
	return d
}

// clock goes on a second each time that it is asked.
func clock() func() time.Time {
	now := time.Date(2026, 6, 1, 1, 0, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(time.Second); return now }
}

var ctx = context.Background()

const sample = learning.CourseID("sample")

func actor(id string) evidence.Actor { return evidence.Actor{ID: id, Language: "en"} }

func sampleDesk(t testing.TB) *desk {
	return newDesk(t, courseFiles("sample", map[string]int{"mail": 4, "usb": 3, "visit": 3}, 4))
}

// read finishes every lesson.
func (d *desk) read(t testing.TB, who evidence.Actor) {
	t.Helper()
	for _, l := range []learning.LessonID{"mail", "usb", "visit"} {
		if _, err := d.FinishLesson(ctx, who, sample, l); err != nil {
			t.Fatal(err)
		}
	}
}

// sit starts a check and answers it, the first misses questions wrongly.
func (d *desk) sit(t testing.TB, who evidence.Actor, misses int) learning.Attempt {
	t.Helper()
	a, err := d.StartCheck(ctx, who, sample)
	if err != nil {
		t.Fatal(err)
	}
	for number := range a.Drawn {
		d.answer(t, who, a.ID, number+1, number >= misses)
	}
	return a
}

func (d *desk) answer(t testing.TB, who evidence.Actor, id learning.AttemptID, number int, rightly bool) {
	t.Helper()
	p, err := d.CheckQuestion(ctx, who, id, number)
	if err != nil {
		t.Fatal(err)
	}
	chosen := wrong(p.Question.Choose)
	if rightly {
		chosen = right(p.Question.Choose)
	}
	if _, err := d.AnswerCheck(ctx, who, id, number, chosen); err != nil {
		t.Fatal(err)
	}
}
