package calendar_test

import (
	"slices"
	"strings"
	"testing"

	"kokoroe/app/calendar"
)

// published is the list of the Cabinet Office (内閣府「国民の祝日について」).
var published = map[int]string{
	2023: "01-01 01-02 01-09 02-11 02-23 03-21 04-29 05-03 05-04 05-05 07-17 08-11 09-18 09-23 10-09 11-03 11-23",
	2024: "01-01 01-08 02-11 02-12 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-22 09-23 10-14 11-03 11-04 11-23",
	2025: "01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-21 08-11 09-15 09-23 10-13 11-03 11-23 11-24",
	2026: "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23",
	2027: "01-01 01-11 02-11 02-23 03-21 03-22 04-29 05-03 05-04 05-05 07-19 08-11 09-20 09-23 10-11 11-03 11-23",
}

func TestHolidaysAreThosePublished(t *testing.T) {
	for year, want := range published {
		var got []string
		for d := calendar.NewDate(year, 1, 1); d.Year == year; d = d.AddDays(1) {
			if calendar.Holiday(d) {
				got = append(got, d.String()[5:])
			}
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%d:\ngot  %v\nwant %v", year, got, want)
		}
	}
}

// TestEquinoxes are the days that the National Astronomical Observatory works
// out ahead.
func TestEquinoxes(t *testing.T) {
	for _, day := range []string{
		"2028-03-20", "2028-09-22", "2029-03-20", "2029-09-23", "2030-03-20", "2030-09-23", "2031-03-21", "2031-09-23", "2032-03-20", "2032-09-22",
	} {
		if !calendar.Holiday(calendar.MustDate(day)) {
			t.Errorf("%s is none", day)
		}
	}
	if !calendar.Holiday(calendar.MustDate("2032-09-21")) { // between the third Monday and the equinox
		t.Error("2032-09-21 lies between two")
	}
}

func TestWorkdays(t *testing.T) {
	newYear := calendar.Closing{From: calendar.MonthDay{Month: 12, Day: 29}, Until: calendar.MonthDay{Month: 1, Day: 3}}
	city := calendar.Workdays{Closed: []calendar.Closing{
		newYear, {From: calendar.MonthDay{Month: 8, Day: 13}, Until: calendar.MonthDay{Month: 8, Day: 14}}, {On: calendar.MustDate("2027-02-15")},
	}, Open: []calendar.Date{calendar.MustDate("2027-03-28")}}
	for _, c := range []struct{ day, before, after string }{
		{"2026-11-27", "2026-11-27", "2026-11-27"},
		{"2026-11-28", "2026-11-27", "2026-11-30"}, // a weekend
		{"2026-11-23", "2026-11-20", "2026-11-24"}, // a holiday
		{"2026-05-03", "2026-05-01", "2026-05-07"}, // Golden Week
		{"2026-09-21", "2026-09-18", "2026-09-24"},
		{"2026-12-29", "2026-12-28", "2027-01-04"}, // over the end of the year
		{"2027-01-03", "2026-12-28", "2027-01-04"},
		{"2026-08-13", "2026-08-12", "2026-08-17"},
		{"2027-02-15", "2027-02-12", "2027-02-16"}, // once only
		{"2027-03-27", "2027-03-26", "2027-03-28"}, // open on a Sunday
		{"2028-02-15", "2028-02-15", "2028-02-15"},
	} {
		day := calendar.MustDate(c.day)
		if got := city.OnOrBefore(day).String(); got != c.before {
			t.Errorf("up to %s: %s, want %s", c.day, got, c.before)
		}
		if got := city.OnOrAfter(day).String(); got != c.after {
			t.Errorf("from %s: %s, want %s", c.day, got, c.after)
		}
	}
	never := calendar.Workdays{Closed: []calendar.Closing{{From: calendar.MonthDay{Month: 1, Day: 1}, Until: calendar.MonthDay{Month: 12, Day: 31}}}}
	if day := calendar.MustDate("2026-11-27"); never.Works(day) || never.OnOrAfter(day) != day || never.OnOrBefore(day) != day {
		t.Error("a city that never works has a working day")
	}
}
