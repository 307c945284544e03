package storetest

import (
	"fmt"
	"testing"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/store"
)

func sampleRun(owner string) job.Run {
	return job.Run{Job: "verify", DueAt: at, Owner: owner, LeaseAt: after(30 * time.Second), StartedAt: after(time.Second)}
}

var jobContracts = []contract{
	{"a run comes back whole", func(t *testing.T, s store.Store) {
		same(t, len(value[[]job.Run](t)(s.Runs(t.Context(), "verify", 10))), 0)
		run := sampleRun("one")
		noError(t, s.ClaimRun(t.Context(), run, at))
		same(t, value[[]job.Run](t)(s.Runs(t.Context(), "verify", 10)), []job.Run{run})
		run.LeaseAt = after(time.Minute)
		noError(t, s.RenewRun(t.Context(), run))
		run.EndedAt, run.Outcome, run.Report = after(5*time.Second), job.Finding, `{"found":3,"名":"検証"}`
		noError(t, s.EndRun(t.Context(), run))
		same(t, value[[]job.Run](t)(s.Runs(t.Context(), "verify", 10)), []job.Run{run})
		wantKind(t, s.RenewRun(t.Context(), run), fault.Conflict)
		wantKind(t, s.EndRun(t.Context(), run), fault.Conflict)
		wantKind(t, s.ClaimRun(t.Context(), sampleRun("two"), after(time.Hour)), fault.Conflict)
	}},
	{"a claim holds as long as its lease", func(t *testing.T, s store.Store) {
		first, second := sampleRun("one"), sampleRun("two")
		second.LeaseAt, second.StartedAt = after(2*time.Minute), after(time.Minute)
		noError(t, s.ClaimRun(t.Context(), first, at))
		wantKind(t, s.ClaimRun(t.Context(), second, after(29*time.Second)), fault.Conflict)
		noError(t, s.ClaimRun(t.Context(), second, after(31*time.Second)))
		same(t, value[[]job.Run](t)(s.Runs(t.Context(), "verify", 10)), []job.Run{second})
		wantKind(t, s.RenewRun(t.Context(), first), fault.Conflict)
		first.EndedAt = after(time.Hour)
		wantKind(t, s.EndRun(t.Context(), first), fault.Conflict)
		same(t, value[[]job.Run](t)(s.Runs(t.Context(), "verify", 10)), []job.Run{second})
	}},
	{"of 20 claims one is kept", func(t *testing.T, s store.Store) {
		errs := together(20, func(i int) error { return s.ClaimRun(background, sampleRun(fmt.Sprint(i)), at) })
		same(t, count(t, errs, fault.Conflict), 1)
	}},
	{"runs come the latest first, of one job", func(t *testing.T, s store.Store) {
		var want []job.Run
		for i := range 4 {
			run := sampleRun("one")
			run.DueAt = after(time.Duration(i) * 24 * time.Hour)
			noError(t, s.ClaimRun(t.Context(), run, at))
			want = append([]job.Run{run}, want...)
		}
		other := sampleRun("one")
		other.Job = "retention"
		noError(t, s.ClaimRun(t.Context(), other, at))
		same(t, value[[]job.Run](t)(s.Runs(t.Context(), "verify", 3)), want[:3])
		same(t, value[[]job.Run](t)(s.Runs(t.Context(), "verify", 100)), want)
		same(t, value[[]job.Run](t)(s.RunsUntil(t.Context(), "verify", want[1].DueAt, 2)), want[1:3])
		same(t, value[[]job.Run](t)(s.RunsUntil(t.Context(), "verify", want[1].DueAt.Add(-time.Millisecond), 100)), want[2:])
		same(t, len(value[[]job.Run](t)(s.RunsUntil(t.Context(), "verify", at.Add(-time.Millisecond), 100))), 0)
		same(t, len(value[[]job.Run](t)(s.RunsUntil(t.Context(), "Verify", want[0].DueAt, 100))), 0)
		same(t, len(value[[]job.Run](t)(s.RunsUntil(t.Context(), "verify", want[0].DueAt, 0))), 0)
		same(t, len(value[[]job.Run](t)(s.Runs(t.Context(), "Verify", 100))), 0)
		same(t, len(value[[]job.Run](t)(s.Runs(t.Context(), "verify", 0))), 0)
	}},
}
