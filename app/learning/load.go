package learning

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kokoroe/app/document"
)

// languages are those that every text must be in. Lessons may be in others too.
var languages = []string{"ja", "en"}

// courseFile is courses/<id>/course.yaml.
type courseFile struct {
	Lines    document.Lines `yaml:"-"`
	ID       string         `yaml:"id"`
	Title    document.Text  `yaml:"title"`
	Summary  document.Text  `yaml:"summary"`
	Lessons  []string       `yaml:"lessons"`
	Practice int            `yaml:"practice"`
	Check    checkFile      `yaml:"check"`
}

type checkFile struct {
	Lines document.Lines `yaml:"-"`
	Draw  int            `yaml:"draw"`
	Pass  int            `yaml:"pass"`
}

// lessonFile is the front matter of courses/<id>/lessons/<lesson>.<language>.md.
type lessonFile struct {
	Lines    document.Lines `yaml:"-"`
	ID       string         `yaml:"id"`
	Language string         `yaml:"language"`
	Title    string         `yaml:"title"`
	Minutes  int            `yaml:"minutes"`
	Clauses  []string       `yaml:"clauses"`

	file string
	page document.Page
}

// questionFile is an item of courses/<id>/questions/<lesson>.yaml.
type questionFile struct {
	Lines   document.Lines `yaml:"-"`
	ID      string         `yaml:"id"`
	Clauses []string       `yaml:"clauses"`
	Stem    document.Text  `yaml:"stem"`
	Choose  int            `yaml:"choose"`
	Options []optionFile   `yaml:"options"`
}

type optionFile struct {
	Lines   document.Lines `yaml:"-"`
	ID      string         `yaml:"id"`
	Text    document.Text  `yaml:"text"`
	Correct bool           `yaml:"correct"`
	Why     document.Text  `yaml:"why"`
}

// LoadCatalogue reads the folder courses of content. The error is
// document.Problems: everything wrong with any file, at once.
func LoadCatalogue(content fs.FS) (*Catalogue, error) {
	l := loader{content: content, questions: map[QuestionID]string{}}
	c := &Catalogue{courses: map[CourseID]*Course{}}
	folders, err := fs.ReadDir(content, "courses")
	if err != nil || len(folders) == 0 {
		l.problems.Add("courses", 0, "holds no course")
	}
	for _, f := range folders {
		if !f.IsDir() {
			l.problems.Add(path.Join("courses", f.Name()), 0, "is not the folder of a course")
			continue
		}
		course := l.course(f.Name())
		c.courses[course.ID] = course
	}
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// loader reads courses and gathers what is wrong with them.
type loader struct {
	content   fs.FS
	problems  document.Problems
	questions map[QuestionID]string // where each ID was seen first
}

func (l *loader) add(ps document.Problems) { l.problems = append(l.problems, ps...) }

func (l *loader) read(file string) ([]byte, bool) {
	src, err := fs.ReadFile(l.content, file)
	if errors.Is(err, fs.ErrNotExist) {
		l.problems.Add(file, 0, "is missing")
		return nil, false
	} else if err != nil {
		l.problems.Add(file, 0, "cannot be read: %v", err)
		return nil, false
	}
	return src, true
}

func (l *loader) decode(file string, into any) bool {
	src, ok := l.read(file)
	if !ok {
		return false
	}
	ps := document.Decode(file, src, into)
	l.add(ps)
	return len(ps) == 0
}

func (l *loader) course(name string) *Course {
	folder := path.Join("courses", name)
	file := path.Join(folder, "course.yaml")
	course := &Course{ID: CourseID(name)}
	var cf courseFile
	if !l.decode(file, &cf) {
		return course
	}
	l.lintCourse(file, name, cf)
	course.Title, course.Summary = cf.Title, cf.Summary
	course.Practice, course.Check = cf.Practice, CheckRule{Draw: cf.Check.Draw, Pass: cf.Check.Pass}
	lessons := once(cf.Lessons)
	texts := l.lessonFiles(folder, lessons)
	for _, id := range lessons {
		course.Lessons = append(course.Lessons, l.lesson(folder, id, texts[id]))
	}
	complete := false
	if course.bank, complete = l.bank(folder, lessons); complete {
		l.lintCounts(file, cf, len(course.bank))
	}
	course.Digest = l.digest(folder)
	return course
}

// once returns the names without those that came before.
func once(names []string) []string {
	var first []string
	for _, n := range names {
		if !slices.Contains(first, n) {
			first = append(first, n)
		}
	}
	return first
}

// lessonFiles reads every text of every lesson, by lesson.
func (l *loader) lessonFiles(folder string, lessons []string) map[string][]lessonFile {
	texts := map[string][]lessonFile{}
	folder = path.Join(folder, "lessons")
	files, err := fs.ReadDir(l.content, folder)
	if err != nil {
		l.problems.Add(folder, 0, "is missing")
	}
	for _, f := range files {
		file := path.Join(folder, f.Name())
		id, language, ok := lessonName(f.Name())
		if !ok || f.IsDir() {
			l.problems.Add(file, 0, "is not named lesson.language.md")
			continue
		}
		if !slices.Contains(lessons, id) {
			l.problems.Add(file, 0, "course.yaml does not list the lesson %s", id)
		}
		src, ok := l.read(file)
		if !ok {
			continue
		}
		lf := lessonFile{file: file}
		page, ps := document.ReadPage(file, src, &lf)
		l.add(ps)
		if len(ps) > 0 {
			lf = lessonFile{file: file, Language: language} // present, but not to be checked further
		} else {
			lf.page = page
			l.lintLesson(lf, id, language)
		}
		texts[id] = append(texts[id], lf)
	}
	return texts
}

// lessonName takes "usb-stick.pt-BR.md" apart.
func lessonName(name string) (id, language string, ok bool) {
	base, found := strings.CutSuffix(name, ".md")
	id, language, ok = strings.Cut(base, ".")
	return id, language, ok && found && id != "" && language != ""
}

func (l *loader) lesson(folder, id string, texts []lessonFile) Lesson {
	lesson := Lesson{ID: LessonID(id), pages: map[string]Page{}}
	titles := map[string]string{}
	for _, language := range languages {
		if !slices.ContainsFunc(texts, func(lf lessonFile) bool { return lf.Language == language }) {
			l.problems.Add(path.Join(folder, "lessons", id+"."+language+".md"), 0, "is missing")
		}
	}
	for _, lf := range texts {
		if lf.page.File == "" {
			continue
		}
		page := Page{Language: lf.Language, Title: lf.Title}
		var err, errBare error
		page.HTML, err = document.Render(lf.page.Body, document.Options{})
		page.Bare, errBare = document.Render(lf.page.Body, document.Options{NoRuby: true})
		if err := errors.Join(err, errBare); err != nil {
			l.problems.Add(lf.file, lf.page.BodyLine, "cannot be shown: %v", err)
		}
		lesson.pages[lf.Language] = page
		titles[lf.Language] = lf.Title
		if lf.Language == document.Japanese {
			lesson.Minutes, lesson.Clauses = lf.Minutes, lf.Clauses
		}
	}
	lesson.Title = document.NewText(titles)
	l.lintInStep(texts)
	return lesson
}

// bank reads the questions of the lessons, in order, and says whether every
// file could be read.
func (l *loader) bank(folder string, lessons []string) (bank []Question, complete bool) {
	folder = path.Join(folder, "questions")
	files, err := fs.ReadDir(l.content, folder)
	if err != nil {
		l.problems.Add(folder, 0, "is missing")
	}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".yaml")
		if !ok || f.IsDir() || !slices.Contains(lessons, id) {
			l.problems.Add(path.Join(folder, f.Name()), 0, "is not named after a lesson of the course")
		}
	}
	complete = true
	for _, lesson := range lessons {
		var qs []questionFile
		file := path.Join(folder, lesson+".yaml")
		if !l.decode(file, &qs) {
			complete = false
			continue
		}
		for _, qf := range qs {
			l.lintQuestion(file, qf)
			bank = append(bank, question(LessonID(lesson), qf))
		}
	}
	return bank, complete
}

func question(lesson LessonID, qf questionFile) Question {
	q := Question{ID: QuestionID(qf.ID), Lesson: lesson, Clauses: qf.Clauses, Stem: qf.Stem, Choose: qf.Choose}
	for _, o := range qf.Options {
		q.Options = append(q.Options, Option{ID: OptionID(o.ID), Text: o.Text, Correct: o.Correct, Why: o.Why})
	}
	return q
}

// digest names the content of all files of the course, whatever their order
// on the disk.
func (l *loader) digest(folder string) string {
	var list strings.Builder
	err := fs.WalkDir(l.content, folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(l.content, file)
		list.WriteString(strings.TrimPrefix(file, folder+"/") + " " + document.Digest(src) + "\n")
		return err
	})
	if err != nil {
		l.problems.Add(folder, 0, "cannot be read: %v", err)
	}
	return document.Digest([]byte(list.String()))
}
