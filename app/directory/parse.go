package directory

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
)

// Row is one person in a roster file.
type Row struct {
	Line       int // in the file
	Number     string
	Name       string
	Kana       string
	Mail       string
	Employment Employment
	Department string // path, with PathSeparator
	Post       string
	JoinedOn   calendar.Date
	LeftOn     calendar.Date   // last day; zero: none
	Leave      calendar.Period // zero: none
	MovedOn    calendar.Date   // since when in Department; zero: not said
	OutOfScope bool            // says it of Department
}

// Rows are the people of a roster file, read and checked row by row.
type Rows struct {
	people []Row
	layout layout
	broken bool
}

// Len returns how many people the file holds.
func (r Rows) Len() int { return len(r.people) }

// ParseRoster reads a roster file. Every problem names its "line:column"; a
// file with problems cannot be planned.
func ParseRoster(t spreadsheet.Table) (Rows, []fault.Field) {
	p := &problems{}
	rows := Rows{layout: readLayout(t, p)}
	if len(p.fields) == 0 {
		rows.people = make([]Row, 0, len(t.Rows))
		x := parser{layout: rows.layout, problems: p, lines: make(map[string]int, len(t.Rows)), width: len(t.Columns)}
		for _, row := range t.Rows {
			rows.people = append(rows.people, x.row(row))
		}
		if len(t.Rows) == 0 {
			p.add(fault.Field{MessageID: "roster.empty"})
		}
	}
	rows.broken = len(p.fields) > 0
	return rows, p.all()
}

// parser reads rows.
type parser struct {
	layout   layout
	problems *problems
	lines    map[string]int // of each number
	width    int
}

func (x *parser) row(r spreadsheet.Row) Row {
	if len(r.Cells) > x.width {
		// A comma within a cell has moved everything to the right.
		x.problems.add(fault.Field{
			Name: place(r.Line, x.width+1), MessageID: "roster.row.long", Args: fault.Args{"Value": r.Cells[x.width]},
		})
	}
	row := Row{
		Line:       r.Line,
		Number:     x.number(r),
		Name:       x.name(r),
		Kana:       x.kana(r),
		Mail:       x.mail(r),
		Employment: x.employment(r),
		Department: x.department(r),
		Post:       x.text(r, postColumn),
		JoinedOn:   x.date(r, joinedColumn),
		LeftOn:     x.end(r, leftColumn),
		Leave:      calendar.Period{From: x.date(r, leaveFromColumn), Until: x.end(r, leaveUntilColumn)},
		MovedOn:    x.date(r, movedColumn),
		OutOfScope: x.mark(r, outOfScopeColumn),
	}
	x.checkOrder(row)
	return row
}

func (x *parser) cell(r spreadsheet.Row, c column) string { return r.Cell(x.layout[c]) }

func (x *parser) bad(r spreadsheet.Row, c column, messageID string, args fault.Args) {
	x.problems.add(x.layout.field(r.Line, c, messageID, args))
}

// compatible turns full-width letters and digits into plain ones and
// half-width kana into full-width.
func compatible(s string) string { return norm.NFKC.String(s) }

var validNumber = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,31}$`)

func (x *parser) number(r spreadsheet.Row) string {
	number := compatible(x.cell(r, numberColumn))
	switch first, seen := x.lines[number]; {
	case number == "":
		x.bad(r, numberColumn, "roster.number.missing", nil)
	case !validNumber.MatchString(number):
		x.bad(r, numberColumn, "roster.number.invalid", fault.Args{"Value": number})
	case seen:
		x.bad(r, numberColumn, "roster.number.duplicate", fault.Args{"Value": number, "Line": first})
	default:
		x.lines[number] = r.Line
	}
	return number
}

func (x *parser) name(r spreadsheet.Row) string {
	name := x.text(r, nameColumn)
	if name == "" {
		x.bad(r, nameColumn, "roster.name.missing", nil)
	} else if strings.ContainsRune(name, '@') || !strings.ContainsFunc(name, unicode.IsLetter) {
		x.bad(r, nameColumn, "roster.name.invalid", fault.Args{"Value": name})
	}
	return name
}

func (x *parser) kana(r spreadsheet.Row) string {
	kana := compatible(x.text(r, kanaColumn))
	if strings.ContainsFunc(kana, func(c rune) bool { return unicode.Is(unicode.Han, c) || c == '@' }) {
		x.bad(r, kanaColumn, "roster.kana.invalid", fault.Args{"Value": kana})
	}
	return kana
}

// maxText is the length of the longest text, in characters.
const maxText = 100

// text returns a cell that readers will see. 〓 and � stand for characters
// that an export has lost already: they must not replace the true ones.
func (x *parser) text(r spreadsheet.Row, c column) string {
	s := x.cell(r, c)
	switch {
	case utf8.RuneCountInString(s) > maxText:
		x.bad(r, c, "roster.text.long", fault.Args{"Limit": maxText})
	case strings.ContainsAny(s, "〓\uFFFD"):
		x.bad(r, c, "roster.text.lost", fault.Args{"Value": s})
	case strings.ContainsFunc(s, unicode.IsControl):
		x.bad(r, c, "roster.text.control", nil)
	}
	return s
}

var validMail = regexp.MustCompile(`^[0-9A-Za-z.!#$%&'*+/=?^_{|}~-]{1,64}@([0-9A-Za-z-]{1,63}\.)+[0-9A-Za-z-]{2,63}$`)

func (x *parser) mail(r spreadsheet.Row) string {
	mail := compatible(x.cell(r, mailColumn))
	if mail != "" && !validMail.MatchString(mail) {
		x.bad(r, mailColumn, "roster.mail.invalid", fault.Args{"Value": mail})
	}
	return mail
}

var employments = map[string]Employment{
	"正職員": Regular, "正規": Regular, "正規職員": Regular, "regular": Regular,
	"会計年度任用職員": FiscalYear, "会計年度": FiscalYear, "fiscal-year": FiscalYear,
	"派遣": Dispatched, "派遣職員": Dispatched, "dispatched": Dispatched,
	"委託": Contracted, "委託従事者": Contracted, "contracted": Contracted,
}

func (x *parser) employment(r spreadsheet.Row) Employment {
	value := compatible(x.cell(r, employmentColumn))
	e, ok := employments[strings.ToLower(value)]
	if !ok {
		x.bad(r, employmentColumn, "roster.employment.unknown", fault.Args{"Value": value})
	}
	return e
}

// maxDepth is how many names a path may have.
const maxDepth = 6

func (x *parser) department(r spreadsheet.Row) string {
	value := x.text(r, departmentColumn)
	if value == "" {
		x.bad(r, departmentColumn, "roster.department.missing", nil)
		return ""
	}
	names := strings.Split(strings.ReplaceAll(value, "／", PathSeparator), PathSeparator)
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if names[i] == "" || len(names) > maxDepth {
			x.bad(r, departmentColumn, "roster.department.invalid", fault.Args{"Value": value})
			break
		}
	}
	return strings.Join(names, PathSeparator)
}

var marks = map[string]bool{
	"": false, "×": false, "-": false, "0": false, "false": false, "no": false, "いいえ": false, "対象": false,
	"○": true, "◯": true, "〇": true, "1": true, "true": true, "yes": true, "はい": true, "x": true, "対象外": true,
}

func (x *parser) mark(r spreadsheet.Row, c column) bool {
	value := strings.ToLower(compatible(x.cell(r, c)))
	marked, ok := marks[value]
	if !ok {
		x.bad(r, c, "roster.mark.unknown", fault.Args{"Value": value})
	}
	return marked
}

func (x *parser) date(r spreadsheet.Row, c column) calendar.Date {
	value := x.cell(r, c)
	day, err := parseDate(value)
	if err != nil || !day.IsZero() && (day.Year < 1926 || day.Year > 2200) {
		x.bad(r, c, "roster.date.invalid", fault.Args{"Value": value})
		return calendar.Date{}
	}
	if c == joinedColumn && value == "" {
		x.bad(r, c, "roster.joined.missing", nil)
	}
	return day
}

// end is date for a day that something ends on. Personnel systems write the
// last day of the year 9999 for "no end".
func (x *parser) end(r spreadsheet.Row, c column) calendar.Date {
	if day, err := parseDate(x.cell(r, c)); err == nil && day.Year == 9999 {
		return calendar.Date{}
	}
	return x.date(r, c)
}

func (x *parser) checkOrder(row Row) {
	wrong := func(c column, messageID string, on, other calendar.Date) {
		x.problems.add(x.layout.field(row.Line, c, messageID, fault.Args{"On": on.String(), "Other": other.String()}))
	}
	if !row.LeftOn.IsZero() && row.LeftOn.Before(row.JoinedOn) {
		wrong(leftColumn, "roster.left.before_joined", row.LeftOn, row.JoinedOn)
	}
	if !row.MovedOn.IsZero() && row.MovedOn.Before(row.JoinedOn) {
		wrong(movedColumn, "roster.moved.before_joined", row.MovedOn, row.JoinedOn)
	}
	if !row.LeftOn.IsZero() && row.MovedOn.After(row.LeftOn) {
		wrong(movedColumn, "roster.moved.after_left", row.MovedOn, row.LeftOn)
	}
	switch {
	case row.Leave.Until.IsZero():
	case row.Leave.From.IsZero():
		wrong(leaveUntilColumn, "roster.leave.without_start", row.Leave.Until, row.Leave.From)
	case row.Leave.Until.Before(row.Leave.From):
		wrong(leaveUntilColumn, "roster.leave.order", row.Leave.Until, row.Leave.From)
	}
}
