package demo_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/contract"
	"kokoroe/app/demo"
	"kokoroe/app/evidence"
	"kokoroe/content"
)

func TestDayInSample(t *testing.T) {
	for today, want := range map[string]string{
		"2026-03-31": "2027-03-31", "2026-04-01": "2026-04-01", "2026-11-27": "2026-11-27", "2027-02-28": "2027-02-28", "2027-03-31": "2027-03-31",
		"2027-04-01": "2026-04-01", "2027-06-01": "2026-06-01", "2031-01-15": "2027-01-15", "2028-02-29": "2027-02-28", "2028-03-01": "2027-03-01",
		"1999-12-31": "2026-12-31", "2024-02-29": "2027-02-28",
	} {
		if got := demo.DayInSample(calendar.MustDate(today)); got != calendar.MustDate(want) {
			t.Errorf("on %s it is %s there, want %s", today, got, want)
		}
	}
}

// TestTheSampleLivesInThatYear holds the days of the sample's contracts against
// those of its clock.
func TestTheSampleLivesInThatYear(t *testing.T) {
	sample, err := fs.Sub(content.FS, "sample")
	if err != nil {
		t.Fatal(err)
	}
	register, err := contract.LoadRegister(sample, "suppliers.yaml", func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	var all calendar.Period
	for _, c := range register.Contracts {
		if all.From.IsZero() || c.Period.From.Before(all.From) {
			all.From = c.Period.From
		}
		all.Until = calendar.Later(all.Until, c.Period.Until)
	}
	day := all.From
	for ; day.Compare(all.Until) <= 0; day = day.AddDays(1) {
		if got := demo.DayInSample(day); got != day {
			t.Fatalf("on %s it is %s there", day, got)
		}
	}
	if got := demo.DayInSample(day); got != all.From {
		t.Errorf("on %s it is %s there, want %s", day, got, all.From)
	}
}

// japan is an instant by the clocks of Japan.
func japan(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, calendar.Tokyo)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// open puts a demonstration together on a folder; it does not run.
func open(t *testing.T, folder string, clock calendar.Clock, changes ...func(*demo.Config)) (*demo.Demo, error) {
	t.Helper()
	cfg := demo.Config{Folder: folder, Listen: "127.0.0.1:0", Empty: true, Version: "test", Real: clock}
	for _, change := range changes {
		change(&cfg)
	}
	return demo.Open(t.Context(), cfg)
}

func on(day string) func(*demo.Config) {
	return func(c *demo.Config) { c.Date = calendar.MustDate(day) }
}

// ownCity is the sample city as somebody's own.
func ownCity(c *demo.Config) { c.City, _ = fs.Sub(content.FS, "sample") }

func TestTheClockRunsAsTheRealOne(t *testing.T) {
	for _, c := range []struct {
		name, real, want string
		changes          []func(*demo.Config)
	}{
		{"within the year", "2026-11-27 11:22:33", "2026-11-27 11:22:33", nil},
		{"behind it", "2027-06-01 08:09:10", "2026-06-01 08:09:10", nil},
		{"just after midnight", "2031-01-15 00:00:01", "2027-01-15 00:00:01", nil},
		{"another day", "2031-01-15 17:00:00", "2026-10-05 17:00:00", []func(*demo.Config){on("2026-10-05")}},
		{"an own city", "2031-01-15 17:00:00", "2031-01-15 17:00:00", []func(*demo.Config){ownCity}},
		{"an own city on another day", "2031-01-15 17:00:00", "2029-05-06 17:00:00", []func(*demo.Config){ownCity, on("2029-05-06")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := japan(t, c.real)
			d, err := open(t, t.TempDir(), func() time.Time { return now }, c.changes...)
			if err != nil {
				t.Fatal(err)
			}
			want := japan(t, c.want)
			for _, later := range []time.Duration{0, 5 * time.Second, 12 * time.Hour} {
				now = japan(t, c.real).Add(later)
				if got := d.Now(); !got.Equal(want.Add(later)) {
					t.Errorf("%s later it is %s there, want %s", later, got.In(calendar.Tokyo), want.Add(later))
				}
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheClockStopsWithTheYear(t *testing.T) {
	now := japan(t, "2030-03-31 23:59:00")
	d, err := open(t, t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now = now.Add(59 * time.Second)
		if got, most := d.Now(), japan(t, "2027-04-01 00:00:00"); !got.Before(most) || got.Before(most.Add(-time.Second)) && now.After(japan(t, "2030-04-01 00:00:00")) {
			t.Errorf("it is %s there", got.In(calendar.Tokyo))
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestADayThatIsRefused(t *testing.T) {
	for _, c := range []struct {
		day, says string
		own       bool
	}{
		{"2026-03-31", "--date 2026-03-31: the sample city lives from 2026-04-01 to 2027-03-31", false},
		{"2027-04-01", "--date 2027-04-01: the sample city lives from 2026-04-01 to 2027-03-31", false},
		{"1999-12-31", "--date 1999-12-31: want a day from 2000 to 2199", true},
		{"2200-01-01", "--date 2200-01-01: want a day from 2000 to 2199", true},
	} {
		changes := []func(*demo.Config){on(c.day)}
		if c.own {
			changes = append(changes, ownCity)
		}
		folder := filepath.Join(t.TempDir(), "data")
		if _, err := open(t, folder, time.Now, changes...); err == nil || err.Error() != c.says {
			t.Errorf("%s: %v", c.day, err)
		}
		if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v (%v)", c.day, left, err)
		}
	}
}

// TestTheClockDoesNotGoBackInAFolder begins again on a folder whose log is later
// than the clock would be.
func TestTheClockDoesNotGoBackInAFolder(t *testing.T) {
	folder, now := t.TempDir(), japan(t, "2026-11-27 11:00:00")
	lived := func(n int, changes ...func(*demo.Config)) time.Time {
		t.Helper()
		d, err := open(t, folder, func() time.Time { return now }, changes...)
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.App.Log.Append(t.Context(), evidence.Statement{Kind: "test.done/v1", Key: fmt.Sprint(n), Actor: evidence.Actor{ID: "p"}, Body: struct{}{}})
		if err != nil {
			t.Error(err)
		}
		if n > 0 {
			before, err := d.App.Store.Entry(t.Context(), e.Seq-1)
			if err != nil || e.At.Before(before.At) {
				t.Errorf("recorded for %s behind %s (%v)", e.At, before.At, err)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		return e.At
	}
	wants := func(got time.Time, want string) {
		t.Helper()
		if !got.Equal(japan(t, want)) {
			t.Errorf("it is %s there, want %s", got.In(calendar.Tokyo), want)
		}
	}
	wants(lived(0), "2026-11-27 11:00:00")
	now = japan(t, "2027-05-10 09:00:00") // 2026-05-10 there
	wants(lived(1), "2026-11-27 11:00:00")
	now = japan(t, "2027-11-27 10:00:00") // an hour before
	wants(lived(2), "2026-11-27 11:00:00")
	now = japan(t, "2027-11-27 12:00:00")
	wants(lived(3), "2026-11-27 12:00:00")
	wants(lived(4, on("2027-01-05")), "2027-01-05 12:00:00")
	now = japan(t, "2028-01-05 10:00:00")
	wants(lived(5, on("2027-01-05")), "2027-01-05 12:00:00")

	_, err := open(t, folder, func() time.Time { return now }, on("2027-01-04"))
	if err == nil || err.Error() != "--date 2027-01-04: what is kept goes on to 2027-01-05: begin on that day or later, or in another folder" {
		t.Errorf("an earlier day: %v", err)
	}

	// A folder that was in use beyond the year goes on there.
	wants(lived(6, ownCity, on("2027-04-02")), "2027-04-02 10:00:00")
	now = japan(t, "2028-06-07 08:00:00")
	wants(lived(7), "2027-04-02 10:00:00")
}

// TestTheClockGoesOnBehindWhatIsNotSigned: nor do records count that no
// checkpoint covers, and the jobs of the night.
func TestTheClockGoesOnBehindWhatIsNotSigned(t *testing.T) {
	folder, now := t.TempDir(), japan(t, "2026-11-27 11:00:00")
	clock := func() time.Time { return now }
	d, err := open(t, folder, clock)
	if err != nil {
		t.Fatal(err)
	}
	for n, at := range []string{"2026-12-24 10:00:00", "2026-12-25 10:00:00", "2026-12-01 10:00:00"} {
		if _, err := d.App.Log.Append(t.Context(), evidence.Statement{Kind: "test.done/v1", Key: fmt.Sprint(n), Actor: evidence.Actor{ID: "p"}, At: japan(t, at), Body: struct{}{}}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if d, err = open(t, folder, clock); err != nil {
			t.Fatal(err)
		}
		if got := d.Now(); !got.Equal(japan(t, want)) {
			t.Errorf("it is %s there, want %s", got.In(calendar.Tokyo), want)
		}
	}
	check("2026-12-25 10:00:00")
	now = now.AddDate(0, 0, 40)
	if _, err := d.App.Jobs.RunNow(t.Context(), "verify"); err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, -40)
	check("2027-02-03 10:00:00")
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
