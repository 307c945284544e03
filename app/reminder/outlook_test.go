package reminder_test

import (
	"testing"
	"time"

	"kokoroe/app/calendar"
)

func TestNextRoundIsDueOnAWorkingDay(t *testing.T) {
	for _, c := range []struct{ at, want string }{
		{"2026-11-27 09:29", "2026-11-27 09:30"},
		{"2026-11-27 09:30", "2026-11-30 09:30"}, // behind it, over the weekend
		{"2026-11-28 00:00", "2026-11-30 09:30"},
		{"2026-11-20 18:00", "2026-11-24 09:30"}, // over a holiday
		{"2026-12-28 12:00", "2027-01-04 09:30"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, calendar.Tokyo)
		if err != nil {
			t.Fatal(err)
		}
		if got := ladder().NextRound(at).In(calendar.Tokyo).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: %s, want %s", c.at, got, c.want)
		}
	}
}
