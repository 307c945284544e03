package learning

import (
	"regexp"
	"slices"
	"strings"

	"kokoroe/app/document"
)

var (
	validID     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	validClause = regexp.MustCompile(`^[1-9][0-9]*(-[1-9][0-9]*)*$`)
	// The order of options is shuffled, so none may speak of the others.
	aboutOthers = regexp.MustCompile(`(?i)(上記|以上|これら|次)の?(すべて|全て|いずれも)|all of the above|none of the above|both of the above`)
)

func (l *loader) lintCourse(file, folder string, cf courseFile) {
	if cf.ID != folder || !validID.MatchString(cf.ID) {
		l.problems.Add(file, cf.Lines.Of("id"), "id %q must be the name of the folder, in lower-case letters, digits and hyphens", cf.ID)
	}
	l.add(cf.Title.Require(file, cf.Lines.Start, "title", languages...))
	l.add(cf.Summary.Require(file, cf.Lines.Start, "summary", languages...))
	if len(cf.Lessons) == 0 {
		l.problems.Add(file, cf.Lines.Of("lessons"), "has no lessons")
	}
	for i, id := range cf.Lessons {
		if !validID.MatchString(id) || slices.Contains(cf.Lessons[:i], id) {
			l.problems.Add(file, cf.Lines.Of("lessons"), "lesson %q is malformed or comes twice", id)
		}
	}
}

func (l *loader) lintCounts(file string, cf courseFile, bank int) {
	if cf.Practice < 1 || cf.Practice > bank {
		l.problems.Add(file, cf.Lines.Of("practice"), "practice draws %d of %d questions", cf.Practice, bank)
	}
	if cf.Check.Draw < 1 || cf.Check.Draw > bank {
		l.problems.Add(file, cf.Check.Lines.Of("draw"), "the check draws %d of %d questions", cf.Check.Draw, bank)
	}
	if cf.Check.Pass < 1 || cf.Check.Pass > 100 {
		l.problems.Add(file, cf.Check.Lines.Of("pass"), "pass must be 1 to 100 percent, not %d", cf.Check.Pass)
	}
}

func (l *loader) lintLesson(lf lessonFile, id, language string) {
	if lf.ID != id {
		l.problems.Add(lf.file, lf.Lines.Of("id"), "id is %q, the file is named %q", lf.ID, id)
	}
	if lf.Language != language {
		l.problems.Add(lf.file, lf.Lines.Of("language"), "language is %q, the file is named %q", lf.Language, language)
	}
	if strings.TrimSpace(lf.Title) == "" {
		l.problems.Add(lf.file, lf.Lines.Of("title"), "has no title")
	}
	if lf.Minutes < 1 || lf.Minutes > 10 {
		l.problems.Add(lf.file, lf.Lines.Of("minutes"), "minutes must be 1 to 10, not %d", lf.Minutes)
	}
	l.lintClauses(lf.file, lf.Lines.Of("clauses"), lf.Clauses)
	l.add(document.Lint(lf.file, lf.page.Body, lf.page.BodyLine))
	if strings.TrimSpace(string(lf.page.Body)) == "" {
		l.problems.Add(lf.file, lf.page.BodyLine, "has no text")
	}
}

func (l *loader) lintClauses(file string, line int, clauses []string) {
	if len(clauses) == 0 {
		l.problems.Add(file, line, "names no clauses")
	}
	for i, c := range clauses {
		if !validClause.MatchString(c) || slices.Contains(clauses[:i], c) {
			l.problems.Add(file, line, "clause %q is malformed or comes twice", c)
		}
	}
}

// lintInStep compares the translations of a lesson with the Japanese one.
func (l *loader) lintInStep(texts []lessonFile) {
	i := slices.IndexFunc(texts, func(lf lessonFile) bool { return lf.Language == document.Japanese && lf.page.File != "" })
	if i < 0 {
		return
	}
	ja := texts[i]
	want := levels(ja.page.Body)
	for _, lf := range texts {
		if lf.page.File == "" {
			continue
		}
		if lf.Minutes != ja.Minutes {
			l.problems.Add(lf.file, lf.Lines.Of("minutes"), "minutes are %d, and %d in Japanese", lf.Minutes, ja.Minutes)
		}
		if !slices.Equal(lf.Clauses, ja.Clauses) {
			l.problems.Add(lf.file, lf.Lines.Of("clauses"), "clauses are not those of the Japanese text, in its order")
		}
		if got := levels(lf.page.Body); !slices.Equal(got, want) {
			l.problems.Add(lf.file, lf.page.BodyLine, "has %d headings of levels %v, the Japanese text %d of %v", len(got), got, len(want), want)
		}
	}
}

func levels(body []byte) []int {
	var levels []int
	for _, h := range document.Headings(body) {
		levels = append(levels, h.Level)
	}
	return levels
}

func (l *loader) lintQuestion(file string, qf questionFile) {
	line := qf.Lines.Of("id")
	switch before, seen := l.questions[QuestionID(qf.ID)]; {
	case !validID.MatchString(qf.ID):
		l.problems.Add(file, line, "question ID %q is malformed", qf.ID)
	case seen:
		l.problems.Add(file, line, "question ID %s is taken in %s", qf.ID, before)
	default:
		l.questions[QuestionID(qf.ID)] = file
	}
	l.lintClauses(file, qf.Lines.Of("clauses"), qf.Clauses)
	l.add(qf.Stem.Require(file, qf.Lines.Start, "stem", languages...))
	if len(qf.Options) < 3 || len(qf.Options) > 5 {
		l.problems.Add(file, qf.Lines.Of("options"), "has %d options, want 3 to 5", len(qf.Options))
	}
	right := 0
	for i, o := range qf.Options {
		if o.Correct {
			right++
		}
		l.lintOption(file, o, qf.Options[:i])
	}
	if qf.Choose < 1 || qf.Choose > 2 || qf.Choose != right {
		l.problems.Add(file, qf.Lines.Of("choose"), "choose is %d (want 1 or 2) and %d options are correct", qf.Choose, right)
	}
}

func (l *loader) lintOption(file string, o optionFile, before []optionFile) {
	if !validID.MatchString(o.ID) {
		l.problems.Add(file, o.Lines.Of("id"), "option ID %q is malformed", o.ID)
	}
	l.add(o.Text.Require(file, o.Lines.Start, "text", languages...))
	l.add(o.Why.Require(file, o.Lines.Start, "why", languages...))
	for _, language := range o.Text.Languages() {
		if aboutOthers.MatchString(o.Text.In(language)) {
			l.problems.Add(file, o.Text.Line, "an option speaks of the others, whose order is shuffled")
		}
	}
	for _, b := range before {
		if b.ID == o.ID {
			l.problems.Add(file, o.Lines.Of("id"), "option ID %s comes twice", o.ID)
		}
		if o.Text.In(document.Japanese) == b.Text.In(document.Japanese) {
			l.problems.Add(file, o.Lines.Of("text"), "two options say the same")
		}
	}
}
