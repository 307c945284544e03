package tests

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/job"
	"kokoroe/app/reminder"
	"kokoroe/tests/portal"
)

// BenchmarkRound holds a round in which everybody of a large city is a week
// overdue, over and over, a week later each time.
func BenchmarkRound(b *testing.B) {
	for _, people := range []int{20_000, 200_000} {
		b.Run(fmt.Sprint(people, " people"), func(b *testing.B) {
			clock := portal.NewClock(calendar.MustDate("2026-12-07").StartsAt().Add(10 * time.Hour))
			p := portal.New(b, portal.WithCity(bigCity(people)), portal.WithClock(clock))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				run, err := p.App.Jobs.RunNow(b.Context(), app.JobReminders)
				if err != nil || run.Outcome != job.Fine {
					b.Fatalf("%+v, %v", run, err)
				}
				if r, _ := reminder.ReadRound(run.Report); r.People != people || r.Overdue != people {
					b.Fatalf("%+v", r)
				}
				clock.Advance(7 * 24 * time.Hour)
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "people/s")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(people*b.N), "B/person")
		})
	}
}
