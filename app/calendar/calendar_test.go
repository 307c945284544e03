package calendar_test

import (
	"testing"
	"time"

	"kokoroe/app/calendar"
)

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "2026-04-01": "2026-04-01", "2026/4/1": "2026-04-01", "2026-4-1": "2026-04-01", "2024-02-29": "2024-02-29",
	} {
		if d, err := calendar.ParseDate(in); err != nil || d.String() != want {
			t.Errorf("%q: %s, %v", in, d, err)
		}
	}
	for _, in := range []string{"2026-02-29", "2026-13-01", "2026-04-31", "R8.4.1", "20260401", "2026-04-01T00:00"} {
		if d, err := calendar.ParseDate(in); err == nil {
			t.Errorf("%q is taken for %s", in, d)
		}
	}
}

func TestDateOfIsTheDayInJapan(t *testing.T) {
	for _, tc := range []struct {
		at   string
		want string
	}{
		{"2027-03-31T14:59:59Z", "2027-03-31"},
		{"2027-03-31T15:00:00Z", "2027-04-01"},
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.DateOf(at).String(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.at, got, tc.want)
		}
	}
	if at := calendar.MustDate("2027-04-01").StartsAt(); at.Format(time.RFC3339) != "2027-03-31T15:00:00Z" {
		t.Errorf("1 April begins at %s", at)
	}
}

func TestFiscalYears(t *testing.T) {
	for day, want := range map[string]calendar.Cycle{
		"2026-03-31": "2025", "2026-04-01": "2026", "2026-12-31": "2026", "2027-01-01": "2026", "2027-03-31": "2026",
	} {
		cycle := calendar.JapaneseYears.Of(calendar.MustDate(day))
		if cycle != want {
			t.Errorf("%s lies in %s, want %s", day, cycle, want)
		}
		period, err := calendar.JapaneseYears.Period(cycle)
		if err != nil || !period.Holds(calendar.MustDate(day)) {
			t.Errorf("the period of %s, %+v, does not hold %s (%v)", cycle, period, day, err)
		}
	}
	for _, c := range []calendar.Cycle{calendar.Once, "", "令和8", "99999"} {
		if p, err := calendar.JapaneseYears.Period(c); err == nil {
			t.Errorf("%q is taken for the year %+v", c, p)
		}
	}
}

func TestMonthDay(t *testing.T) {
	year, err := calendar.JapaneseYears.Period("2026")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"11-30": "2026-11-30", "04-01": "2026-04-01", "03-31": "2027-03-31", "01-01": "2027-01-01", "02-29": "2027-02-28", "12-31": "2026-12-31",
	} {
		md, err := calendar.ParseMonthDay(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := md.In(year).String(); got != want {
			t.Errorf("%s in fiscal 2026: %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "11", "13-01", "02-30", "00-10", "04-00", "x-y"} {
		if md, err := calendar.ParseMonthDay(in); err == nil {
			t.Errorf("%q is taken for %+v", in, md)
		}
	}
}

func TestPeriodAndArithmetic(t *testing.T) {
	day := calendar.MustDate
	p := calendar.Period{From: day("2026-04-01"), Until: day("2026-04-30")}
	for d, want := range map[string]bool{"2026-03-31": false, "2026-04-01": true, "2026-04-30": true, "2026-05-01": false} {
		if p.Holds(day(d)) != want {
			t.Errorf("%s in April: %t", d, !want)
		}
	}
	if !(calendar.Period{}).Holds(day("1900-01-01")) {
		t.Error("an open period does not hold a day")
	}
	if got := day("2024-02-28").AddDays(2); got != day("2024-03-01") {
		t.Errorf("two days after 28 February 2024: %s", got)
	}
	if got := day("2026-11-22").DaysUntil(day("2026-11-30")); got != 8 {
		t.Errorf("%d days left, want 8", got)
	}
	if got := day("2026-12-01").DaysUntil(day("2026-11-30")); got != -1 {
		t.Errorf("%d days, want -1", got)
	}
}
