package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cycle is one occurrence of a duty: a fiscal year ("2026" is 令和8年度), or
// "once" for a duty that does not come back.
type Cycle string

// Once is the cycle of a duty that is done a single time.
const Once Cycle = "once"

// FiscalYears tells fiscal years apart. FirstMonth is April for every Japanese
// city; it is configurable for others.
type FiscalYears struct{ FirstMonth time.Month }

// JapaneseYears are the fiscal years from 1 April to 31 March.
var JapaneseYears = FiscalYears{FirstMonth: time.April}

// Of returns the cycle that day lies in.
func (y FiscalYears) Of(day Date) Cycle {
	year := day.Year
	if day.Month < y.FirstMonth {
		year--
	}
	return Cycle(strconv.Itoa(year))
}

// Period returns the first and the last day of the fiscal year c.
func (y FiscalYears) Period(c Cycle) (Period, error) {
	year, err := strconv.Atoi(string(c))
	if err != nil || year < 1900 || year > 9000 {
		return Period{}, fmt.Errorf("%q is not a fiscal year", c)
	}
	from := NewDate(year, y.FirstMonth, 1)
	return Period{From: from, Until: NewDate(year+1, y.FirstMonth, 1).AddDays(-1)}, nil
}

// MonthDay is a day of every year, such as 30 November ("11-30").
type MonthDay struct {
	Month time.Month
	Day   int
}

// ParseMonthDay reads "11-30".
func ParseMonthDay(s string) (MonthDay, error) {
	m, d, ok := strings.Cut(s, "-")
	month, errM := strconv.Atoi(m)
	day, errD := strconv.Atoi(d)
	md := MonthDay{time.Month(month), day}
	if !ok || errM != nil || errD != nil || month < 1 || month > 12 || day < 1 || md.in(2024) != NewDate(2024, md.Month, day) {
		return MonthDay{}, fmt.Errorf("%q is not a month and day such as 11-30", s)
	}
	return md, nil
}

// In returns the day within the period of a fiscal year. 29 February becomes
// the last of February in a common year.
func (md MonthDay) In(p Period) Date {
	d := md.in(p.From.Year)
	if d.Before(p.From) {
		d = md.in(p.From.Year + 1)
	}
	return d
}

func (md MonthDay) in(year int) Date {
	last := NewDate(year, md.Month+1, 1).AddDays(-1)
	if md.Month == time.December {
		last = NewDate(year, time.December, 31)
	}
	return NewDate(year, md.Month, min(md.Day, last.Day))
}
