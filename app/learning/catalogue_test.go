package learning_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/learning"
)

func TestLoadCatalogue(t *testing.T) {
	t.Parallel()
	files := courseFiles("sample", map[string]int{"mail": 2, "usb": 2}, 3)
	files["courses/sample/lessons/mail.pt-BR.md"] = &fstest.MapFile{Data: []byte(strings.Replace(string(files["courses/sample/lessons/mail.en.md"].Data), "language: en\ntitle: mail (en)", "language: pt-BR\ntitle: Correio", 1))}
	c, err := learning.LoadCatalogue(files)
	if err != nil {
		t.Fatal(err)
	}
	course, ok := c.Course("sample")
	if !ok || len(c.Courses()) != 1 || len(course.Lessons) != 2 || len(c.Bank("sample")) != 4 || course.Minutes() != 10 {
		t.Fatalf("loaded %+v", course)
	}
	mail, _ := course.Lesson("mail")
	for language, want := range map[string]string{"ja": "mail (ja)", "en-GB": "mail (en)", "pt-BR": "Correio", "vi": "mail (ja)"} {
		if got := mail.Page(language); got.Title != want || !strings.Contains(string(got.HTML), "<rt>ばめん</rt>") || strings.Contains(string(got.Bare), "ばめん") {
			t.Errorf("page in %s: %+v", language, got)
		}
	}
	if again, err := learning.LoadCatalogue(files); err != nil || again.Courses()[0].Digest != course.Digest {
		t.Error("the same files have another digest")
	}
	files["courses/sample/questions/mail.yaml"].Data = append(files["courses/sample/questions/mail.yaml"].Data, "# x\n"...)
	if changed, err := learning.LoadCatalogue(files); err != nil || changed.Courses()[0].Digest == course.Digest {
		t.Error("other files have the same digest")
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	c, err := learning.LoadCatalogue(courseFiles("sample", map[string]int{"mail": 3}, 3))
	if err != nil {
		t.Fatal(err)
	}
	cover := c.Coverage()
	if diff := cmp.Diff([]learning.LessonRef{{Course: "sample", Lesson: "mail"}}, cover.Taught["4-1"]); diff != "" {
		t.Error(diff)
	}
	if len(cover.Examined["7-4"]) != 3 {
		t.Errorf("examined: %v", cover.Examined)
	}
	untaught, unexamined := cover.Missing([]string{"4-1", "7-4", "9"})
	if diff := cmp.Diff([][]string{{"9"}, {"4-1", "9"}}, [][]string{untaught, unexamined}); diff != "" {
		t.Error(diff)
	}
}

func TestLoadCatalogueReportsProblems(t *testing.T) {
	t.Parallel()
	const course, ja, en, bank = "course.yaml", "lessons/mail.ja.md", "lessons/mail.en.md", "questions/mail.yaml"
	tests := []struct{ name, file, before, after, want string }{
		{"unknown key", course, "practice: 3", "practise: 3", "courses/sample/course.yaml:5: unknown key \"practise\""},
		{"another ID", course, "id: sample", "id: simple", "courses/sample/course.yaml:1: id \"simple\" must be the name of the folder, in lower-case letters, digits and hyphens"},
		{"missing language", course, "ja: 研修, en: Course", "ja: 研修", "courses/sample/course.yaml:2: title is missing in en"},
		{"lesson twice", course, "[mail]", "[mail, mail]", "courses/sample/course.yaml:4: lesson \"mail\" is malformed or comes twice"},
		{"lesson missing", course, "[mail]", "[mail, usb]", "courses/sample/lessons/usb.en.md: is missing\ncourses/sample/lessons/usb.ja.md: is missing\ncourses/sample/questions/usb.yaml: is missing"},
		{"draws too many", course, "draw: 3", "draw: 5", "courses/sample/course.yaml:6: the check draws 5 of 4 questions"},
		{"draws none", course, "practice: 3", "practice: 0", "courses/sample/course.yaml:5: practice draws 0 of 4 questions"},
		{"pass over 100", course, "pass: 80", "pass: 101", "courses/sample/course.yaml:6: pass must be 1 to 100 percent, not 101"},
		{"lesson's ID", ja, "id: mail", "id: post", "courses/sample/lessons/mail.ja.md:2: id is \"post\", the file is named \"mail\""},
		{"lesson's language", en, "language: en", "language: fr", "courses/sample/lessons/mail.en.md: is missing\ncourses/sample/lessons/mail.en.md:3: language is \"fr\", the file is named \"en\""},
		{"too long", ja, "minutes: 5", "minutes: 11", "courses/sample/lessons/mail.en.md:5: minutes are 5, and 11 in Japanese\ncourses/sample/lessons/mail.ja.md:5: minutes must be 1 to 10, not 11"},
		{"clauses out of step", en, "\"4-1\", ", "", "courses/sample/lessons/mail.en.md:6: clauses are not those of the Japanese text, in its order"},
		{"malformed clause", bank, "\"7-4\"", "\"7(4)\"", "courses/sample/questions/mail.yaml:2: clause \"7(4)\" is malformed or comes twice"},
		{"headings out of step", en, "### 小見出し\n", "", "courses/sample/lessons/mail.en.md:8: has 1 headings of levels [2], the Japanese text 2 of [2 3]"},
		{"raw HTML", en, "本文", "<b>本文</b>", "courses/sample/lessons/mail.en.md:11: raw HTML is not shown: write Markdown, and < as &lt;"},
		{"question ID twice", bank, "sample-mail-2\n", "sample-mail-1\n", "courses/sample/questions/mail.yaml:19: question ID sample-mail-1 is taken in courses/sample/questions/mail.yaml"},
		{"choose one, two right", bank, "choose: 1", "choose: 2", "courses/sample/questions/mail.yaml:4: choose is 2 (want 1 or 2) and 1 options are correct"},
		{"no choose", bank, "  choose: 1\n", "", "courses/sample/questions/mail.yaml:1: choose is 0 (want 1 or 2) and 1 options are correct"},
		{"no why", bank, "why: {ja: 理由a, en: Reason a}", "why: {ja: 理由a}", "courses/sample/questions/mail.yaml:9: why is missing in en"},
		{"option twice", bank, "- id: b", "- id: a", "courses/sample/questions/mail.yaml:10: option ID a comes twice"},
		{"same words", bank, "選択肢b", "選択肢a", "courses/sample/questions/mail.yaml:11: two options say the same"},
		{"about the others", bank, "Option b", "All of the above", "courses/sample/questions/mail.yaml:11: an option speaks of the others, whose order is shuffled"},
		{"syntax", bank, "choose: 1", "choose: {", "courses/sample/questions/mail.yaml:5: did not find expected node content"},
		{"stray lesson", "lessons/old.ja.md", "", "---\nid: old\nlanguage: ja\ntitle: x\nminutes: 1\nclauses: [\"1\"]\n---\nx", "courses/sample/lessons/old.ja.md: course.yaml does not list the lesson old"},
		{"stray questions", "questions/old.yaml", "", "[]", "courses/sample/questions/old.yaml: is not named after a lesson of the course"},
		{"stray file", "lessons/notes.txt", "", "x", "courses/sample/lessons/notes.txt: is not named lesson.language.md"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := courseFiles("sample", map[string]int{"mail": 4}, 3)
			name := "courses/sample/" + tt.file
			if tt.before == "" && files[name] == nil {
				files[name] = &fstest.MapFile{Data: []byte(tt.after)}
			} else {
				files[name].Data = []byte(strings.Replace(string(files[name].Data), tt.before, tt.after, 1))
			}
			_, err := learning.LoadCatalogue(files)
			if err == nil {
				t.Fatal("no problem was found")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestLoadCatalogueWithoutCourses(t *testing.T) {
	t.Parallel()
	if _, err := learning.LoadCatalogue(fstest.MapFS{}); err == nil || err.Error() != "courses: holds no course" {
		t.Error(err)
	}
}

func FuzzQuestions(f *testing.F) {
	f.Add([]byte(questionYAML("sample-mail-1", 1) + questionYAML("sample-mail-2", 2) + questionYAML("sample-mail-3", 1)))
	f.Add([]byte("- {}\n- id: a\n"))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		files := courseFiles("sample", map[string]int{"mail": 3}, 3)
		files["courses/sample/questions/mail.yaml"].Data = src
		c, err := learning.LoadCatalogue(files)
		if err != nil {
			return
		}
		for _, q := range c.Bank("sample") {
			correct := 0
			for _, o := range q.Options {
				if o.Correct {
					correct++
				}
			}
			if correct != q.Choose || correct == 0 || q.Stem.In("en") == "" {
				t.Errorf("accepted %+v", q)
			}
		}
	})
}
