package locale

import (
	"fmt"
	"strconv"
	"time"

	"kokoroe/app/calendar"
)

const calendarArea = "calendar."

// calendarArguments are what the messages calendar.* may name.
var calendarArguments = []string{
	"Era", "EraYear", "Year", "Month", "MonthName", "Day", "Weekday", "Clock", "Days", "Count", "Date",
}

// An era begins on a day; the year that it begins in is its first.
type era struct {
	name string // calendar.era.<name>
	from calendar.Date
}

// eras, newest first. 明治 was put back to New Year of the old calendar, which
// is 25 January 1868.
var eras = []era{
	{"reiwa", calendar.NewDate(2019, time.May, 1)},
	{"heisei", calendar.NewDate(1989, time.January, 8)},
	{"showa", calendar.NewDate(1926, time.December, 25)},
	{"taisho", calendar.NewDate(1912, time.July, 30)},
	{"meiji", calendar.NewDate(1868, time.January, 25)},
}

// Date writes a day with its weekday: 令和8年11月30日(月), 30 November 2026 (Mon).
// No date is a dash.
func (p *Printer) Date(d calendar.Date) string { return p.day("calendar.date", d, "") }

// DateBoth also writes the Western year where Date does not: 令和8年（2026年）
// 11月30日(月). For receipts and certificates.
func (p *Printer) DateBoth(d calendar.Date) string { return p.day("calendar.date.both", d, "") }

// DateShort leaves out the year: 11月30日(月), 30 Nov (Mon).
func (p *Printer) DateShort(d calendar.Date) string { return p.day("calendar.date.short", d, "") }

// DateISO is for <time datetime> and for tables that are compared: 2026-11-30.
func (p *Printer) DateISO(d calendar.Date) string { return d.String() }

// Time writes an instant in Japan time: 令和8年11月30日(月) 14:05. The zero
// instant is a dash.
func (p *Printer) Time(t time.Time) string {
	if t.IsZero() {
		return p.T("calendar.none")
	}
	return p.day("calendar.time", calendar.DateOf(t), p.Clock(t))
}

// Clock is the time of day in Japan: 14:05.
func (p *Printer) Clock(t time.Time) string { return t.In(calendar.Tokyo).Format("15:04") }

// TimeISO is for <time datetime>: 2026-11-30T14:05:09+09:00.
func (p *Printer) TimeISO(t time.Time) string { return t.In(calendar.Tokyo).Format(time.RFC3339) }

// DaysLeft says how far due is from today: あと8日, 今日まで, 8日超過.
func (p *Printer) DaysLeft(today, due calendar.Date) string {
	if due.IsZero() {
		return ""
	}
	switch days := today.DaysUntil(due); {
	case days > 0:
		return p.T("calendar.left.future", "Count", days)
	case days == 0:
		return p.T("calendar.left.today")
	default:
		return p.T("calendar.left.past", "Count", -days)
	}
}

// FiscalYear writes a cycle: 令和8年度（2026年度）, FY2026. The era is the
// one at the end of the calendar year: 2019年度 is 令和元年度, as the state counts.
func (p *Printer) FiscalYear(c calendar.Cycle) string {
	if c == calendar.Once {
		return p.T("calendar.once")
	}
	year, err := strconv.Atoi(string(c))
	if err != nil {
		return string(c)
	}
	return p.day("calendar.fiscal_year", calendar.NewDate(year, time.December, 31), "")
}

// day fills the calendar message id with the parts of d.
func (p *Printer) day(id string, d calendar.Date, clock string) string {
	if d.IsZero() {
		return p.T("calendar.none")
	}
	message, ok := p.texts[id]
	if !ok {
		return p.lost(id)
	}
	name, eraYear := p.era(d)
	s, err := message.fill(func(argument string) (string, error) {
		switch argument {
		case "Era":
			return name, nil
		case "EraYear":
			return eraYear, nil
		case "Year":
			return strconv.Itoa(d.Year), nil
		case "Month":
			return strconv.Itoa(int(d.Month)), nil
		case "MonthName":
			return p.T(monthIDs[d.Month]), nil
		case "Day":
			return strconv.Itoa(d.Day), nil
		case "Weekday":
			return p.T(weekdayIDs[d.Weekday()]), nil
		case "Clock":
			return clock, nil
		}
		return "", fmt.Errorf("%s has no %s", id, argument)
	})
	if err != nil {
		return p.lost(id)
	}
	return s
}

// era returns the era's name and the year in it; before the first era, no name
// and the Western year.
func (p *Printer) era(d calendar.Date) (name, year string) {
	for _, e := range eras {
		if d.Before(e.from) {
			continue
		}
		n := d.Year - e.from.Year + 1
		if n == 1 {
			return p.T("calendar.era." + e.name), p.T("calendar.era.first")
		}
		return p.T("calendar.era." + e.name), strconv.Itoa(n)
	}
	return p.T("calendar.era.before"), strconv.Itoa(d.Year)
}

var (
	weekdayIDs [7]string
	monthIDs   [13]string
)

func init() {
	for i := range weekdayIDs {
		weekdayIDs[i] = fmt.Sprintf("calendar.weekday.%d", i)
	}
	for i := range monthIDs {
		monthIDs[i] = fmt.Sprintf("calendar.month.%d", i)
	}
}
