package calendar

import (
	"slices"
	"time"
)

// Holiday reports whether the day is a public holiday in Japan (国民の祝日, with
// 振替休日 and 国民の休日). It follows the Act on National Holidays (昭和23年法律
// 第178号) as it stands since 2023: what single laws moved in earlier years
// it does not know. The equinoxes are those of the astronomers' formula, which
// the Cabinet Office's yearly announcement has always agreed with; it holds
// until 2099.
func Holiday(d Date) bool {
	if national(d) {
		return true
	}
	// 振替休日 (article 3(2)): the first day behind a holiday on a Sunday that is
	// no holiday itself.
	for before := d.AddDays(-1); national(before); before = before.AddDays(-1) {
		if before.Weekday() == time.Sunday {
			return true
		}
	}
	// 国民の休日 (article 3(3)): a day between two holidays.
	return national(d.AddDays(-1)) && national(d.AddDays(1))
}

// fixed are the holidays that stand on a day, and onMondays those that stand on
// the n-th Monday of a month.
var (
	fixed = map[MonthDay]bool{
		{time.January, 1}: true, {time.February, 11}: true, {time.February, 23}: true, {time.April, 29}: true, {time.May, 3}: true,
		{time.May, 4}: true, {time.May, 5}: true, {time.August, 11}: true, {time.November, 3}: true, {time.November, 23}: true,
	}
	onMondays = map[time.Month]int{time.January: 2, time.July: 3, time.September: 3, time.October: 2}
)

// national reports whether the day is a holiday by itself (article 2).
func national(d Date) bool {
	if fixed[MonthDay{d.Month, d.Day}] {
		return true
	}
	if nth, ok := onMondays[d.Month]; ok && d.Weekday() == time.Monday && (d.Day+6)/7 == nth {
		return true
	}
	switch d.Month {
	case time.March:
		return d.Day == equinox(d.Year, 20.8431)
	case time.September:
		return d.Day == equinox(d.Year, 23.2488)
	}
	return false
}

// equinox is the day of the month, from what it was in 1980.
func equinox(year int, in1980 float64) int {
	years := year - 1980
	return int(in1980+0.242194*float64(years)) - years/4
}

// Closing is a span of days on which a city is closed beside weekends and
// holidays: the same days of every year, as 29 December to 3 January, or, when
// On is given, that one day.
type Closing struct {
	From, Until MonthDay
	On          Date
}

// holds reports whether the day lies in the closing.
func (c Closing) holds(d Date) bool {
	if !c.On.IsZero() {
		return d == c.On
	}
	day, from, until := MonthDay{d.Month, d.Day}, c.From, c.Until
	if until.before(from) { // over the end of the year
		return !day.before(from) || !until.before(day)
	}
	return !day.before(from) && !until.before(day)
}

func (md MonthDay) before(o MonthDay) bool {
	return md.Month < o.Month || md.Month == o.Month && md.Day < o.Day
}

// Workdays are the days on which a city is at work: all but Saturdays, Sundays,
// public holidays and its own closings, and in any case those on which it opens
// its doors all the same (休日開庁).
type Workdays struct {
	Closed []Closing
	Open   []Date
}

// Works reports whether the city is at work on the day.
func (w Workdays) Works(d Date) bool {
	if slices.Contains(w.Open, d) {
		return true
	}
	if day := d.Weekday(); day == time.Saturday || day == time.Sunday || Holiday(d) {
		return false
	}
	for _, c := range w.Closed {
		if c.holds(d) {
			return false
		}
	}
	return true
}

// longestClosing bounds the search for a working day.
const longestClosing = 366

// OnOrAfter is the first working day from d on; d itself when a year has none.
func (w Workdays) OnOrAfter(d Date) Date { return w.search(d, 1) }

// OnOrBefore is the last working day up to d; d itself when a year has none.
func (w Workdays) OnOrBefore(d Date) Date { return w.search(d, -1) }

func (w Workdays) search(d Date, step int) Date {
	for n := 0; n < longestClosing; n++ {
		if day := d.AddDays(n * step); w.Works(day) {
			return day
		}
	}
	return d
}
