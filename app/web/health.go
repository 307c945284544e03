package web

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/reminder"
	"kokoroe/app/retention"
	"kokoroe/app/web/view"
)

// The jobs whose runs the page shows.
const (
	jobVerify    = "verify"    // its report is an evidence.Examination
	jobRetention = "retention" // its report is a retention.Report
	jobReminders = "reminders" // its report is a reminder.Round
)

// Jobs reads what ran by itself. The store satisfies it.
type Jobs interface {
	// Runs returns the runs of a job, the latest first, at most limit.
	Runs(ctx context.Context, job string, limit int) ([]job.Run, error)
	// RunsUntil returns those that were due at the time or before it.
	RunsUntil(ctx context.Context, job string, due time.Time, limit int) ([]job.Run, error)
}

const (
	unsignedLong  = time.Minute        // after which an entry without a signature means trouble
	nightlyLong   = 36 * time.Hour     // after which a nightly job has not run
	witnessLong   = time.Hour          // after which a witness that is asked by itself is behind
	filesLong     = 8 * 24 * time.Hour // the same, where files are carried
	shownFindings = 100
)

// healthPage is how the evidence is, for those who answer for it.
type healthPage struct {
	*view.Page
	Notice    view.Notice
	Do        []string // what to do, in order
	Log       []view.SummaryRow
	Verify    runView
	Findings  *view.Table // what the last verification found
	MoreFound int64       // that the table does not show
	Retention runView
	Reminders runView
	Witnesses *view.Table
}

// runView is the last run of a job.
type runView struct {
	None   bool
	Status view.Status
	Rows   []view.SummaryRow
}

// evidenceHealth shows the state of the log, its checks, and its witnesses.
func (s *Server) evidenceHealth(x *exchange) error {
	page := healthPage{Page: s.titled(x, x.T("health.title"))}
	page.Printed = x.T("health.printed", "At", s.cfg.Now())
	unsigned, err := s.logState(x, &page)
	if err != nil {
		return err
	}
	examination, err := s.verification(x, &page)
	if err != nil {
		return err
	}
	if page.Retention, err = s.lastRun(x, page.Page, jobRetention, retentionRows); err != nil {
		return err
	}
	if page.Reminders, err = s.lastRun(x, page.Page, jobReminders, reminderRows); err != nil {
		return err
	}
	if err := s.witnessStates(x, &page); err != nil {
		return err
	}
	s.verdict(x, &page, unsigned, examination.Found)
	return s.render(x, "audit/health", page)
}

// logState tells how large the log is, and since when something waits for a
// signature.
func (s *Server) logState(x *exchange, page *healthPage) (unsigned time.Duration, err error) {
	size, err := s.cfg.Records.LogSize(x.ctx)
	if err != nil {
		return 0, err
	}
	page.Log = append(page.Log, view.SummaryRow{Term: x.T("health.row.size"), Text: recordsWord(x, size)})
	last, err := s.cfg.Records.LastCheckpoint(x.ctx)
	switch {
	case fault.Is(err, fault.NotFound):
		page.Log = append(page.Log, view.SummaryRow{Term: x.T("health.row.checkpoint"), Text: x.T("health.checkpoint.none")})
	case err != nil:
		return 0, err
	default:
		page.Log = append(page.Log, view.SummaryRow{Term: x.T("health.row.checkpoint"), Lines: []string{
			recordsWord(x, last.Size), instant(page.Page, last.At), s.ago(x, last.At)}})
	}
	waiting := max(0, size-last.Size)
	page.Log = append(page.Log, view.SummaryRow{Term: x.T("health.row.unsigned"), Text: recordsWord(x, waiting)})
	if waiting == 0 {
		return 0, nil
	}
	oldest, err := s.cfg.Records.Entry(x.ctx, last.Size)
	if err != nil {
		return 0, err
	}
	return s.cfg.Now().Sub(oldest.At), nil
}

// verification shows the last nightly check.
func (s *Server) verification(x *exchange, page *healthPage) (evidence.Examination, error) {
	var e evidence.Examination
	var err error
	page.Verify, err = s.lastRun(x, page.Page, jobVerify, func(x *exchange, report string) []view.SummaryRow {
		if json.Unmarshal([]byte(report), &e) != nil {
			return nil
		}
		records := func(word string, n int64) view.SummaryRow {
			return view.SummaryRow{Term: x.T(word), Text: recordsWord(x, n)}
		}
		return []view.SummaryRow{
			records("health.verify.size", e.Size), records("health.verify.records", e.Records), records("health.verify.erased", e.Erased),
			{Term: x.T("health.verify.checkpoints"), Text: x.Number(int(e.Checkpoints))},
			{Term: x.T("health.verify.found"), Text: x.Number(int(e.Found))},
		}
	})
	if err != nil || len(e.Disagreements) == 0 {
		return e, err
	}
	shown := e.Disagreements[:min(len(e.Disagreements), shownFindings)]
	page.MoreFound = e.Found - int64(len(shown))
	page.Findings = &view.Table{Caption: x.T("health.findings"), Heads: []view.Head{
		{Text: x.T("health.head.where")}, {Text: x.T("health.head.seq"), Numeric: true}, {Text: x.T("health.head.field")}, {Text: x.T("health.head.detail")},
	}}
	for _, d := range shown {
		where := "health.where." + d.Where
		if !x.Has(where) {
			where = "health.where.other"
		}
		page.Findings.Rows = append(page.Findings.Rows, []view.Cell{
			{Text: x.T(where)}, {Text: x.Number(int(d.Seq)), Numeric: true}, {Text: d.Field}, {Text: d.Detail}})
	}
	return e, nil
}

// lastRun shows the last run of a job that has ended, or the one under way.
func (s *Server) lastRun(x *exchange, p *view.Page, name string, report func(*exchange, string) []view.SummaryRow) (runView, error) {
	var runs []job.Run
	if s.cfg.Jobs != nil {
		var err error
		if runs, err = s.cfg.Jobs.Runs(x.ctx, name, 10); err != nil {
			return runView{}, err
		}
	}
	i := slices.IndexFunc(runs, func(r job.Run) bool { return !r.EndedAt.IsZero() && r.Outcome != job.Skipped })
	if i < 0 {
		return runView{None: true, Status: p.Chip("waiting", x.T("health.run.none"))}, nil
	}
	run := runs[i]
	shown := runView{Status: runStatus(p, run), Rows: []view.SummaryRow{
		{Term: x.T("health.run.ended"), Lines: []string{instant(p, run.EndedAt), s.ago(x, run.EndedAt)}},
	}}
	if s.cfg.Now().Sub(run.DueAt) > nightlyLong {
		shown.Status = p.Chip("warning", x.T("health.run.late"))
	}
	if i > 0 && runs[0].EndedAt.IsZero() {
		shown.Rows = append(shown.Rows, view.SummaryRow{Term: x.T("health.run.running"), Text: instant(p, runs[0].StartedAt)})
	}
	shown.Rows = append(shown.Rows, report(x, run.Report)...)
	return shown, nil
}

func runStatus(p *view.Page, run job.Run) view.Status {
	switch run.Outcome {
	case job.Fine:
		return p.Chip("ok", p.T("health.run.fine"))
	case job.Finding:
		return p.Chip("error", p.T("health.run.finding"))
	}
	return p.Chip("error", p.T("health.run.failed"))
}

// retentionRows say how many records of each kind were erased.
func retentionRows(x *exchange, report string) []view.SummaryRow {
	var r retention.Report
	if json.Unmarshal([]byte(report), &r) != nil {
		return nil
	}
	var rows []view.SummaryRow
	for _, k := range r.Kinds {
		rows = append(rows, view.SummaryRow{Term: kindWord(x, k.Kind),
			Text: x.T("health.retention.erased", "Records", recordsWord(x, int64(k.Erased)), "Rule", retentionWords(x, k.Years, k.Since))})
	}
	return rows
}

// reminderRows say what became of the last round.
func reminderRows(x *exchange, report string) []view.SummaryRow {
	r, ok := reminder.ReadRound(report)
	if !ok {
		return nil
	}
	rows := []view.SummaryRow{{Term: x.T("health.reminders.round"), Text: x.T("health.reminders." + string(r.State))}}
	if r.State == reminder.Held {
		rows = append(rows, view.SummaryRow{Term: x.T("health.reminders.people"), Text: x.T("department.people", "Count", r.People)},
			view.SummaryRow{Term: x.T("health.reminders.unmailed"), Text: x.T("department.people", "Count", r.NoAddress+r.NoMail)})
	}
	return rows
}

// retentionWords are a rule of retention in words.
func retentionWords(x *exchange, years int, since retention.Since) string {
	if since == retention.SinceLeaving {
		return x.T("health.retention.leaving", "Years", years)
	}
	return x.T("health.retention.record", "Years", years)
}

// witnessStates shows how far each witness has come.
func (s *Server) witnessStates(x *exchange, page *healthPage) error {
	list, err := s.cfg.Log.WitnessStates(x.ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	page.Witnesses = &view.Table{Caption: x.T("health.witnesses"), Heads: []view.Head{
		{Text: x.T("health.head.witness")}, {Text: x.T("health.head.state")}, {Text: x.T("health.head.cosigned"), Numeric: true},
		{Text: x.T("health.head.cosigned_at")}, {Text: x.T("health.head.way")},
	}}
	for _, w := range list {
		way := x.T("health.witness.asked")
		if w.ByFile {
			way = x.T("health.witness.by_file")
		}
		status, err := s.witnessStatus(x, page.Page, w)
		if err != nil {
			return err
		}
		page.Witnesses.Rows = append(page.Witnesses.Rows, []view.Cell{
			{Text: w.Title}, {Status: &status}, {Text: x.Number(int(w.Size)), Numeric: true}, {Text: x.Time(w.At)}, {Text: way}})
	}
	return nil
}

// witnessStatus says whether a witness keeps up: how old the oldest checkpoint
// is that it has not cosigned. Files may be carried weekly.
func (s *Server) witnessStatus(x *exchange, p *view.Page, w evidence.WitnessState) (view.Status, error) {
	if w.Size == 0 {
		return p.Chip("waiting", p.T("health.witness.never")), nil
	}
	fine := p.Chip("ok", p.T("health.witness.fine"))
	missing, err := s.cfg.Records.CheckpointCovering(x.ctx, w.Size+1)
	if fault.Is(err, fault.NotFound) {
		return fine, nil
	}
	patience := witnessLong
	if w.ByFile {
		patience = filesLong
	}
	if err == nil && s.cfg.Now().Sub(missing.At) > patience {
		return p.Chip("warning", p.T("health.witness.late", "At", missing.At)), nil
	}
	return fine, err
}

// verdict says at the top of the page how things are, and what to do.
func (s *Server) verdict(x *exchange, page *healthPage, unsigned time.Duration, found int64) {
	do := func(words ...string) {
		for _, w := range words {
			page.Do = append(page.Do, x.T(w))
		}
	}
	trouble, isFault := errors.AsType[*fault.Error](s.cfg.Log.Trouble())
	switch {
	case isFault:
		page.Notice = view.Notice{Kind: "error", Heading: x.T("health.stopped"), Text: x.T(trouble.MessageID, trouble.Args)}
		do("audit.failed.dont")
		if own := "health.do." + strings.TrimPrefix(trouble.MessageID, "evidence."); x.Has(own) {
			do(own)
		}
		do("audit.failed.do")
	case found > 0:
		page.Notice = view.Notice{Kind: "error", Heading: x.T("health.found"), Text: x.T("health.found.text")}
		do("audit.failed.dont", "health.do.found", "audit.failed.do")
	case unsigned > unsignedLong:
		page.Notice = view.Notice{Kind: "warning", Heading: x.T("health.unsigned"), Text: x.T("health.unsigned.text")}
		do("health.do.unsigned")
	case s.cfg.Ready != nil && s.cfg.Ready(x.ctx) != nil:
		page.Notice = view.Notice{Kind: "warning", Heading: x.T("health.unready"), Text: x.T("health.unready.text")}
	case page.Verify.None:
		page.Notice = view.Notice{Kind: "info", Heading: x.T("health.ready"), Text: x.T("health.ready.unverified")}
	case page.Verify.Status.Tone != "success":
		page.Notice = view.Notice{Kind: "warning", Heading: x.T("health.ready.doubtful"), Text: x.T("health.ready.doubtful.text")}
	default:
		page.Notice = view.Notice{Kind: "success", Heading: x.T("health.ready"), Text: x.T("health.ready.text")}
	}
}

// ago is how long ago something was, in the one unit that says enough.
func (s *Server) ago(x *exchange, at time.Time) string {
	switch d := s.cfg.Now().Sub(at); {
	case d < 2*time.Minute:
		return x.T("health.ago.seconds", "Count", max(0, int(d/time.Second)))
	case d < 2*time.Hour:
		return x.T("health.ago.minutes", "Count", int(d/time.Minute))
	case d < 48*time.Hour:
		return x.T("health.ago.hours", "Count", int(d/time.Hour))
	default:
		return x.T("health.ago.days", "Count", int(d/(24*time.Hour)))
	}
}
