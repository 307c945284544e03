package reminder

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
)

const (
	mostBefore = 10
	mostDays   = 180

	// longestGap is how many days a city may be closed in a row.
	longestGap = 31
)

// ladderYAML is the file's shape.
type ladderYAML struct {
	Lines      document.Lines `yaml:"-"`
	Start      *bool          `yaml:"start"`
	Before     []int          `yaml:"before"`
	Weekly     *bool          `yaml:"weekly"`
	CopyToHead *bool          `yaml:"copy_to_head"`
	Round      string         `yaml:"round"`
	Office     struct {
		Lines document.Lines `yaml:"-"`
		From  string         `yaml:"from"`
		Until string         `yaml:"until"`
	} `yaml:"office"`
	Closed []closingYAML `yaml:"closed"`
	Open   []string      `yaml:"open"`
}

type closingYAML struct {
	Lines document.Lines `yaml:"-"`
	From  string         `yaml:"from"`
	Until string         `yaml:"until"`
	On    string         `yaml:"on"`
}

// Load reads reminders.yaml. Without the file nobody is reminded: nil. All
// problems are reported together.
func Load(fsys fs.FS, name string) (*Ladder, error) {
	src, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, document.Problems{{File: name, Message: "cannot be read"}}
	}
	var row ladderYAML
	if problems := document.Decode(name, src, &row); len(problems) > 0 {
		return nil, problems
	}
	r := reading{name: name}
	ladder := &Ladder{
		Start:      r.decided(row.Lines, "start", row.Start),
		Before:     r.before(row),
		Weekly:     r.decided(row.Lines, "weekly", row.Weekly),
		CopyToHead: r.decided(row.Lines, "copy_to_head", row.CopyToHead),
		RoundAt:    r.clock(row.Lines, "round", row.Round),
		Office:     Hours{From: r.clock(row.Office.Lines, "from", row.Office.From), Until: r.clock(row.Office.Lines, "until", row.Office.Until)},
	}
	for _, c := range row.Closed {
		ladder.Days.Closed = append(ladder.Days.Closed, r.closing(c))
	}
	for _, day := range row.Open {
		date, err := calendar.ParseDate(day)
		if err != nil || date.IsZero() {
			r.problems.Add(name, row.Lines.Of("open"), "open: %q is not a day such as 2027-03-28", day)
		}
		ladder.Days.Open = append(ladder.Days.Open, date)
	}
	r.check(row, ladder)
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	return ladder, nil
}

// reading collects what is wrong.
type reading struct {
	name     string
	problems document.Problems
}

func (r *reading) decided(lines document.Lines, key string, value *bool) bool {
	if value == nil {
		r.problems.Add(r.name, lines.Of(key), "%s is missing: true or false", key)
		return false
	}
	return *value
}

func (r *reading) before(row ladderYAML) []int {
	line := row.Lines.Of("before")
	if len(row.Before) > mostBefore {
		r.problems.Add(r.name, line, "before has more than %d days", mostBefore)
	}
	for i, n := range row.Before {
		if n < 0 || n > mostDays || slices.Contains(row.Before[:i], n) {
			r.problems.Add(r.name, line, "before: %d is not 0 to %d, or stands twice", n, mostDays)
		}
	}
	return row.Before
}

func (r *reading) clock(lines document.Lines, key, value string) time.Duration {
	t, err := time.Parse("15:04", value)
	if err != nil || len(value) != len("15:04") {
		r.problems.Add(r.name, lines.Of(key), "%s is %q: a time such as \"09:30\"", key, value)
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func (r *reading) closing(c closingYAML) calendar.Closing {
	if c.On != "" {
		day, err := calendar.ParseDate(c.On)
		if err != nil || c.From != "" || c.Until != "" {
			r.problems.Add(r.name, c.Lines.Of("on"), "closed: on is one day such as 2027-02-15, without from and until")
		}
		return calendar.Closing{On: day}
	}
	from, errFrom := calendar.ParseMonthDay(c.From)
	until, errUntil := calendar.ParseMonthDay(c.Until)
	if err := errors.Join(errFrom, errUntil); err != nil {
		r.problems.Add(r.name, c.Lines.Start, "closed: from and until are days of every year such as \"12-29\", or on is one day")
	}
	return calendar.Closing{From: from, Until: until}
}

// check finds what is wrong between the parts.
func (r *reading) check(row ladderYAML, l *Ladder) {
	if len(r.problems) > 0 {
		return
	}
	if l.Office.From >= l.Office.Until {
		r.problems.Add(r.name, row.Office.Lines.Start, "the office closes before it opens")
	} else if l.RoundAt < l.Office.From || l.RoundAt >= l.Office.Until {
		r.problems.Add(r.name, row.Lines.Of("round"), "the round is outside the office hours")
	}
	if l.CopyToHead && !l.Weekly {
		r.problems.Add(r.name, row.Lines.Of("copy_to_head"), "the head is told of weekly reminders, and there are none")
	}
	gap := 0
	for day := calendar.NewDate(2028, 1, 1); day.Year < 2030; day = day.AddDays(1) { // a leap year, and over the end of a year
		if gap++; l.Days.Works(day) {
			gap = 0
		}
		if gap > longestGap {
			r.problems.Add(r.name, row.Lines.Of("closed"), "the city is closed for more than %d days", longestGap)
			return
		}
	}
}
