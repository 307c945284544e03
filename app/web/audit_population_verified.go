package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/job"
	"kokoroe/app/web/view"
)

// verifiedPopulation is what the nightly examinations say about the population
// of a checkpoint.
type verifiedPopulation struct {
	any   bool  // there was an examination that counted
	found int64 // disagreements that the last one found

	covers     bool      // one of them looked at no more than the checkpoint signs; the rest is of that one
	size       int64     // of the log that was examined
	at         time.Time // when that was done
	continues  bool      // the checkpoint's tree begins with the one that was examined
	population evidence.Population
}

// verifiedPopulation counts on from the newest examination that the checkpoint
// covers: the last one, or of former nights one that found nothing.
func (s *Server) verifiedPopulation(ctx context.Context, x *exchange, checkpoint evidence.Checkpoint) (v verifiedPopulation, err error) {
	if s.cfg.Jobs == nil {
		return v, nil
	}
	runs, err := s.cfg.Jobs.Runs(ctx, jobVerify, 10)
	if err != nil {
		return v, err
	}
	base, run, ok := newestExamination(runs, func(evidence.Examination) bool { return true })
	if !ok {
		return v, nil
	}
	v.any, v.found = true, base.Found
	if base.Size > checkpoint.Size {
		if runs, err = s.formerRuns(ctx, checkpoint, runs); err != nil {
			return v, err
		}
		base, run, ok = newestExamination(runs, func(e evidence.Examination) bool { return e.Size <= checkpoint.Size && e.Found == 0 })
		if !ok {
			return v, nil
		}
	}
	v.covers, v.size, v.at = true, base.Size, run.EndedAt
	if v.continues, err = s.cfg.Log.Continues(ctx, checkpoint.Note, base.Size, base.Root); err != nil && !fault.Is(err, fault.Invalid) {
		return v, err
	}
	if base.Found == 0 && !v.continues {
		s.security(x, "the tree of the last examination does not fit", slog.Int64("examined", base.Size), slog.Int64("signed", checkpoint.Size))
	}
	v.population, err = base.Population.Advance(ctx, s.cfg.Records, base.Size, checkpoint.Size)
	return v, err
}

// formerRuns are the examinations from when the next checkpoint was signed
// backwards: what came in after this one, only later ones saw. Without a next,
// these are the last, which are at hand.
func (s *Server) formerRuns(ctx context.Context, checkpoint evidence.Checkpoint, last []job.Run) ([]job.Run, error) {
	next, err := s.cfg.Records.CheckpointCovering(ctx, checkpoint.Size+1)
	if fault.Is(err, fault.NotFound) {
		return last, nil
	}
	if err != nil {
		return nil, err
	}
	return s.cfg.Jobs.RunsUntil(ctx, jobVerify, next.At, 10)
}

// newestExamination is the first of the runs whose examination counted and is
// good enough.
func newestExamination(runs []job.Run, good func(evidence.Examination) bool) (evidence.Examination, job.Run, bool) {
	for _, run := range runs {
		var e evidence.Examination
		if run.Report != "" && json.Unmarshal([]byte(run.Report), &e) == nil && e.Population != nil && good(e) {
			return e, run, true
		}
	}
	return evidence.Examination{}, job.Run{}, false
}

// tell says what was verified, and what of it does not fit.
func (p *populationPage) tell(s *Server, x *exchange, v verifiedPopulation) {
	row := func(word string, lines ...string) {
		p.Rows = append(p.Rows, view.SummaryRow{Term: x.T("population.row." + word), Lines: lines})
	}
	switch {
	case !v.any:
		row("verified", x.T("population.verified.none"))
	case !v.covers:
		row("verified", x.T("population.verified.beyond"))
	default:
		row("verified", instant(p.Page, v.at), s.ago(x, v.at), x.T("population.verified.text", "Records", recordsWord(x, v.size)))
		row("since", x.T("population.since.text", "Records", recordsWord(x, p.Checkpoint.Size-v.size)))
	}
	if v.found > 0 {
		p.Findings = true
		p.Wrong = append(p.Wrong, x.T("population.wrong.found", "Count", x.Number(int(v.found))))
	} else if v.covers {
		status := p.Chip("ok", x.T("population.root.fits"))
		if !v.continues {
			status = p.Chip("error", x.T("population.root.contradicts"))
			p.Wrong = append(p.Wrong, x.T("population.wrong.root"))
		}
		p.Rows = append(p.Rows, view.SummaryRow{Term: x.T("population.row.root"), Status: &status})
	}
}

// populationDifferences lists what two counts do not agree about; nil when they
// do.
func (s *Server) populationDifferences(x *exchange, verified, counted evidence.Population) *view.Table {
	t := &view.Table{Caption: x.T("population.differences"), Heads: []view.Head{{Text: x.T("population.head.what")}}}
	for _, head := range []string{"verified_kept", "verified_erased", "now_kept", "now_erased"} {
		t.Heads = append(t.Heads, view.Head{Text: x.T("population.head." + head), Numeric: true})
	}
	now := s.groupings(x, counted)
	for i, by := range s.groupings(x, verified) {
		before, after := by.groups(), now[i].groups()
		names := maps.Clone(before)
		maps.Copy(names, after)
		for _, name := range slices.SortedFunc(maps.Keys(names), strings.Compare) {
			a, b := before[name].Tally, after[name].Tally
			if a == b {
				continue
			}
			t.Rows = append(t.Rows, []view.Cell{{Text: x.T("population.difference", "By", x.T("population.head."+by.word), "Name", name)},
				countCell(x, a.Kept), countCell(x, a.Erased), countCell(x, b.Kept), countCell(x, b.Erased)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}
