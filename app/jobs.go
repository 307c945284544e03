package app

import (
	"context"
	"log/slog"
	"time"

	"kokoroe/app/job"
	"kokoroe/app/retention"
)

// The jobs of the night, and the round of reminders in the morning.
const (
	JobVerify    = "verify"    // its report is an evidence.Examination
	JobRetention = "retention" // its report is a retention.Report
	JobReminders = "reminders" // its report is a reminder.Round
)

const (
	verifyAt    = 2 * time.Hour // after midnight in Japan
	retentionAt = 3 * time.Hour
)

func (a *App) openJobs() {
	a.Retention = &retention.Service{Rules: func() []retention.Rule { return a.Catalogue().Retention }, Records: a.Store, Log: a.Installation, Rosters: a.Rosters, Now: a.cfg.Now}
	a.Jobs = &job.Runner{Store: a.Store, Now: a.cfg.Now, Logger: a.cfg.Logger, Jobs: []job.Job{
		{Name: JobVerify, At: job.Daily(verifyAt), Do: a.verify},
		{Name: JobRetention, At: job.Daily(retentionAt), Do: a.retain},
		{Name: JobReminders, At: a.Reminders.roundAt, Do: a.Reminders.hold},
	}}
}

// verify examines everything that is kept.
func (a *App) verify(ctx context.Context, _ time.Time) (any, job.Outcome, error) {
	x, err := a.Examine(ctx, nil)
	if err != nil {
		return nil, job.Failed, err
	}
	if x.Found > 0 {
		a.cfg.Logger.Error("the nightly verification found disagreements", slog.Int64("found", x.Found),
			slog.String("first", x.Disagreements[0].String()))
		x.Disagreements = x.Disagreements[:min(len(x.Disagreements), shownDisagreements)]
		return x, job.Finding, nil
	}
	return x, job.Fine, nil
}

// shownDisagreements is how many a report keeps; kokoroe verify names all.
const shownDisagreements = 100

// retain erases what has outlived its time, and first what an erasure that was
// cut off has left.
func (a *App) retain(ctx context.Context, _ time.Time) (any, job.Outcome, error) {
	if _, err := a.Log.FinishErasures(ctx); err != nil {
		return nil, job.Failed, err
	}
	if _, err := a.Store.ExpireMessages(ctx, a.cfg.Now().Add(-messagesKept)); err != nil {
		return nil, job.Failed, err
	}
	report, err := a.Retention.Run(ctx, false)
	return report, job.Fine, err
}

// messagesKept is how long is kept which receipt was mailed to whom, and when.
const messagesKept = 400 * 24 * time.Hour
