package calendar

import (
	"fmt"
	"time"
	_ "time/tzdata" // a closed network's container may have no zone files
)

// Tokyo is Japan time. It has had no summer time since 1951.
var Tokyo = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		panic(err) // the zone data is compiled in
	}
	return loc
}()

// Date is a civil date. The zero Date means "none": no end, not known.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDate returns the date; it does not normalise or check it.
func NewDate(year int, month time.Month, day int) Date { return Date{year, month, day} }

// DateOf returns the date in Japan at the instant t.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Tokyo).Date()
	return Date{y, m, d}
}

// ParseDate reads 2006-01-02, 2006/1/2 or 2006/01/02. The empty string is the
// zero Date. A date that does not exist (30 February) is an error.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	for _, layout := range []string{"2006-01-02", "2006/1/2", "2006-1-2"} {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := t.Date()
			return Date{y, m, d}, nil
		}
	}
	return Date{}, fmt.Errorf("%q is not a date", s)
}

// MustDate is ParseDate for literals; it panics on a bad one.
func MustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String is the ISO 8601 form, and "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// Compare orders dates; the zero Date comes first.
func (d Date) Compare(e Date) int {
	switch {
	case d.Year != e.Year:
		return d.Year - e.Year
	case d.Month != e.Month:
		return int(d.Month - e.Month)
	default:
		return d.Day - e.Day
	}
}

// Before reports whether d is earlier than e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After reports whether d is later than e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// AddDays returns the date n days later.
func (d Date) AddDays(n int) Date {
	y, m, day := time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC).Date()
	return Date{y, m, day}
}

// DaysUntil returns the number of days from d to e, negative when e is past.
func (d Date) DaysUntil(e Date) int {
	return int(e.utc().Sub(d.utc()) / (24 * time.Hour))
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// StartsAt returns the first instant of the day in Japan.
func (d Date) StartsAt() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Tokyo).UTC()
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// Later returns the later of two dates.
func Later(a, b Date) Date {
	if a.Before(b) {
		return b
	}
	return a
}

// Period is the days from From to Until, both included. A zero From is open to
// the past, a zero Until to the future.
type Period struct{ From, Until Date }

// Holds reports whether day lies in the period.
func (p Period) Holds(day Date) bool {
	return !day.Before(p.From) && (p.Until.IsZero() || !day.After(p.Until))
}

// Clock tells the time. Tests and the demo give their own.
type Clock func() time.Time
