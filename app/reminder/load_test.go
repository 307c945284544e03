package reminder_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/calendar"
	"kokoroe/app/reminder"
	"kokoroe/content"
)

const file = "reminders.yaml"

func load(text string) (*reminder.Ladder, error) {
	return reminder.Load(fstest.MapFS{file: {Data: []byte(text)}}, file)
}

func TestLoad(t *testing.T) {
	shipped, err := reminder.Load(content.FS, file)
	if err != nil || len(shipped.Before) != 3 || shipped.Days.Works(day("2026-12-29")) || !shipped.CopyToHead || shipped.Office != ladder().Office {
		t.Errorf("%+v, %v", shipped, err)
	}
	if none, err := reminder.Load(fstest.MapFS{}, file); err != nil || none != nil {
		t.Errorf("without the file: %+v, %v", none, err)
	}
	l, err := load(`start: false
before: []
weekly: true
copy_to_head: false
round: "13:00"
office: {from: "09:00", until: "16:30"}
closed: [{on: "2027-02-15"}]
open: ["2027-03-28"]
`)
	if err != nil || l.Start || len(l.Before) != 0 || !l.Weekly || l.RoundAt.Hours() != 13 || l.Days.Works(day("2027-02-15")) || !l.Days.Works(day("2027-03-28")) {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestEveryProblemHasItsLine(t *testing.T) {
	good := "start: true\nbefore: [7, 1, 0]\nweekly: true\ncopy_to_head: true\nround: \"09:30\"\noffice: {from: \"08:30\", until: \"17:15\"}\nclosed: []\n"
	if _, err := load(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"start: true\n", "", ":1: start is missing"},
		{"[7, 1, 0]", "[7, 7]", ":2: before: 7"},
		{"[7, 1, 0]", "[-1]", ":2: before: -1"},
		{"[7, 1, 0]", "[181]", ":2: before: 181"},
		{"[7, 1, 0]", "[1,2,3,4,5,6,7,8,9,10,11]", ":2: before has more than"},
		{"[7, 1, 0]", "seven", ":2: before wants a list"},
		{"weekly: true", "weekly: often", ":3: weekly wants true or false"},
		{"weekly: true", "weekly: false", ":4: the head is told"},
		{"round: \"09:30\"\n", "", "round is \"\""},
		{"09:30", "25:00", ":5: round is \"25:00\""},
		{"09:30", "18:00", ":5: the round is outside"},
		{"09:30", "17:15", ":5: the round is outside"},
		{"until: \"17:15\"", "until: \"08:00\"", ":6: the office closes"},
		{"until: \"17:15\"", "until: \"5 pm\"", ":6: until is"},
		{"closed: []", "closed: [{from: \"12-29\"}]", ":7: closed: from and until"},
		{"closed: []", "closed: [{on: \"2027-02-30\"}]", ":7: closed: on is one day"},
		{"closed: []", "closed: [{on: \"2027-02-15\", from: \"01-01\"}]", ":7: closed: on is one day"},
		{"closed: []", "closed: [{from: \"01-01\", until: \"12-31\"}]", ":7: the city is closed"},
		{"closed: []", "closed: [{from: \"07-01\", until: \"08-15\"}]", ":7: the city is closed"},
		{"closed: []", "open: [tomorrow]", ":7: open: \"tomorrow\""},
		{"closed: []", "mode: quick", ":7: unknown key \"mode\""},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: %v, want %q", c.to, c.from, err, c.want)
		}
	}
}

func TestReadRound(t *testing.T) {
	r, ok := reminder.ReadRound(`{"on":"2026-11-27","state":"held","through":"2026-11-27","people":3}`)
	if !ok || r.People != 3 || r.Next(day("2026-11-30")).From != calendar.MustDate("2026-11-28") {
		t.Errorf("%+v", r)
	}
	for _, report := range []string{"", "{}", "null", "x"} {
		if r, ok := reminder.ReadRound(report); ok {
			t.Errorf("%q is read as %+v", report, r)
		}
	}
}
