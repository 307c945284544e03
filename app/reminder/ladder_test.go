package reminder_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kokoroe/app/calendar"
	"kokoroe/app/reminder"
)

func day(s string) calendar.Date { return calendar.MustDate(s) }

func newYear() calendar.Closing {
	return calendar.Closing{From: calendar.MonthDay{Month: 12, Day: 29}, Until: calendar.MonthDay{Month: 1, Day: 3}}
}

func ladder() *reminder.Ladder {
	return &reminder.Ladder{
		Start: true, Before: []int{7, 1, 0}, Weekly: true, CopyToHead: true, RoundAt: 9*time.Hour + 30*time.Minute,
		Office: reminder.Hours{From: 8*time.Hour + 30*time.Minute, Until: 17*time.Hour + 15*time.Minute},
		Days:   calendar.Workdays{Closed: []calendar.Closing{newYear()}},
	}
}

// words are steps, as "start 2026-04-01".
func words(steps []reminder.Step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, fmt.Sprint(s.Rung, " ", s.On))
	}
	return out
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name, start, due, until string
		want                    []string
	}{
		{"the year's training", "2026-04-01", "2026-11-30", "2026-12-15", []string{
			"start 2026-04-01", "before 2026-11-20", "before 2026-11-27", "before 2026-11-30", "weekly 2026-12-07", "weekly 2026-12-14"}},
		{"due on a Sunday", "2026-04-01", "2026-11-29", "2026-12-07", []string{
			"start 2026-04-01", "before 2026-11-20", "before 2026-11-27", "before 2026-11-27", "weekly 2026-12-07"}},
		{"assigned on a Saturday", "2026-11-28", "2026-12-28", "2026-12-28", []string{
			"start 2026-11-30", "before 2026-12-21", "before 2026-12-25", "before 2026-12-28"}},
		{"over the end of the year", "2026-12-01", "2026-12-28", "2027-01-13", []string{
			"start 2026-12-01", "before 2026-12-21", "before 2026-12-25", "before 2026-12-28", "weekly 2027-01-04", "weekly 2027-01-12"}},
		{"overdue in Golden Week", "2026-04-01", "2026-04-27", "2026-05-11", []string{
			"start 2026-04-01", "before 2026-04-20", "before 2026-04-24", "before 2026-04-27", "weekly 2026-05-07", "weekly 2026-05-11"}},
		{"three days' time", "2026-11-24", "2026-11-27", "2026-11-30", []string{
			"start 2026-11-24", "before 2026-11-26", "before 2026-11-27"}},
		{"a weekend's time", "2026-11-28", "2026-11-29", "2026-12-07", []string{
			"start 2026-11-30", "before 2026-11-30", "before 2026-11-30", "weekly 2026-12-07"}},
		{"no date", "2026-11-24", "", "2027-03-31", []string{"start 2026-11-24"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := reminder.Asked{StartOn: day(c.start), DueOn: day(c.due)}
			if got := words(ladder().Steps(asked, calendar.Period{From: day("2026-03-01"), Until: day(c.until)})); !slices.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestACityMayRemindLess(t *testing.T) {
	l := ladder()
	l.Start, l.Before, l.Weekly = false, []int{3}, false
	got := words(l.Steps(reminder.Asked{StartOn: day("2026-04-01"), DueOn: day("2026-11-30")}, calendar.Period{From: day("2026-04-01"), Until: day("2027-03-31")}))
	if !slices.Equal(got, []string{"before 2026-11-27"}) {
		t.Errorf("%v", got)
	}
}

// drawnLadder is any ladder that can be loaded.
func drawnLadder(t *rapid.T) *reminder.Ladder {
	l := ladder()
	l.Start, l.Weekly = rapid.Bool().Draw(t, "start"), rapid.Bool().Draw(t, "weekly")
	l.Before = rapid.SliceOfNDistinct(rapid.IntRange(0, 30), 0, 4, rapid.ID[int]).Draw(t, "before")
	if rapid.Bool().Draw(t, "summer") {
		l.Days.Closed = append(l.Days.Closed, calendar.Closing{From: calendar.MonthDay{Month: 8, Day: 1}, Until: calendar.MonthDay{Month: 8, Day: 28}})
	}
	return l
}

// TestNoRungIsLostOrDoubled: whatever rounds are missed, each step of what is
// asked is covered by one round, and by none before its day; and it falls on a
// working day.
func TestNoRungIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawnLadder(t)
		first := day("2026-01-05").AddDays(rapid.IntRange(0, 400).Draw(t, "first round"))
		asked := reminder.Asked{StartOn: first.AddDays(rapid.IntRange(-60, 60).Draw(t, "start"))}
		if rapid.IntRange(0, 9).Draw(t, "dated") > 0 {
			asked.DueOn = asked.StartOn.AddDays(rapid.IntRange(0, 60).Draw(t, "due"))
		}
		var covered []reminder.Step
		last := reminder.Round{}
		end := first.AddDays(200)
		from := calendar.Date{}
		for on := first; !on.After(end); on = on.AddDays(1) {
			if !l.Days.Works(on) || on != first && on != end && rapid.IntRange(0, 2).Draw(t, "missed") == 0 {
				continue
			}
			days := last.Next(on)
			if from.IsZero() {
				from = days.From
			}
			for _, s := range l.Steps(asked, days) {
				if s.On.After(on) {
					t.Fatalf("%v is covered on %v", s, on)
				}
				covered = append(covered, s)
			}
			last = reminder.Round{On: on.String(), Through: on.String()}
		}
		if from.IsZero() {
			return
		}
		through := day(last.Through)
		all := l.Steps(asked, calendar.Period{From: from, Until: through})
		for _, s := range all {
			if !l.Days.Works(s.On) {
				t.Fatalf("%v is no working day", s)
			}
		}
		byDay := func(a, b reminder.Step) int { return a.On.Compare(b.On) }
		slices.SortStableFunc(covered, byDay)
		slices.SortStableFunc(all, byDay)
		if !slices.Equal(words(covered), words(all)) {
			t.Fatalf("asked %v: covered %v\nwant %v", asked, words(covered), words(all))
		}
	})
}

// TestEveryRungIsThere: of what is asked, as the definition of the ladder counts
// them, and never later than the due day when it is not overdue.
func TestEveryRungIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawnLadder(t)
		start := day("2026-01-05").AddDays(rapid.IntRange(0, 400).Draw(t, "start"))
		asked := reminder.Asked{StartOn: start, DueOn: start.AddDays(rapid.IntRange(0, 60).Draw(t, "due"))}
		until := asked.DueOn.AddDays(100)
		counts := map[reminder.Rung]int{}
		for _, s := range l.Steps(asked, calendar.Period{From: start.AddDays(-100), Until: until}) {
			counts[s.Rung]++
			if s.On.Before(asked.StartOn) || s.Rung == reminder.Weekly && !s.On.After(asked.DueOn) {
				t.Fatalf("%v is too early for %v", s, asked)
			}
			if s.Rung == reminder.Before && s.On.After(asked.DueOn) && l.Days.OnOrAfter(asked.StartOn).Compare(s.On) != 0 {
				t.Fatalf("%v is too late for %v", s, asked)
			}
		}
		want := map[reminder.Rung]int{}
		if l.Start {
			want[reminder.Start] = 1
		}
		for _, n := range l.Before {
			if !asked.DueOn.AddDays(-n).Before(start) {
				want[reminder.Before]++
			}
		}
		for k := 7; l.Weekly && k <= 100; k += 7 {
			if !l.Days.OnOrAfter(asked.DueOn.AddDays(k)).After(until) {
				want[reminder.Weekly]++
			}
		}
		for _, rung := range []reminder.Rung{reminder.Start, reminder.Before, reminder.Weekly} {
			if counts[rung] != want[rung] {
				t.Fatalf("%d of %s, want %d: %+v, %v", counts[rung], rung, want[rung], asked, l.Before)
			}
		}
	})
}

func TestNextRound(t *testing.T) {
	for _, c := range []struct{ through, day, from string }{
		{"", "2026-11-30", "2026-11-30"}, // the first of all: nobody is flooded
		{"2026-11-27", "2026-11-30", "2026-11-28"},
		{"2026-11-20", "2026-11-30", "2026-11-21"}, // missed ones are caught up
		{"2026-11-30", "2026-11-30", ""},           // held already
		{"2026-12-01", "2026-11-30", ""},
	} {
		want := calendar.Period{}
		if c.from != "" {
			want = calendar.Period{From: day(c.from), Until: day(c.day)}
		}
		if got := (reminder.Round{Through: c.through}).Next(day(c.day)); got != want {
			t.Errorf("through %q, on %s: %v", c.through, c.day, got)
		}
	}
}

func TestOfficeHour(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Tokyo)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ at, want string }{
		{"2026-11-27 09:30", "2026-11-27 09:30"},
		{"2026-11-27 08:30", "2026-11-27 08:30"},
		{"2026-11-27 00:00", "2026-11-27 08:30"},
		{"2026-11-27 17:14", "2026-11-27 17:14"},
		{"2026-11-27 17:15", "2026-11-30 08:30"}, // over the weekend
		{"2026-11-28 10:00", "2026-11-30 08:30"},
		{"2026-12-28 18:00", "2027-01-04 08:30"},
		{"2026-11-23 10:00", "2026-11-24 08:30"}, // a holiday
	} {
		if got := ladder().OfficeHour(at(c.at)); !got.Equal(at(c.want)) {
			t.Errorf("%s: %s, want %s", c.at, got.In(calendar.Tokyo), c.want)
		}
	}
}
