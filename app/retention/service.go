package retention

import (
	"context"
	"fmt"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
)

// Records finds entries of the log. The store satisfies it.
type Records interface {
	FindEntries(ctx context.Context, q evidence.Query) ([]evidence.Entry, error)
}

// Log erases.
type Log interface {
	Erase(ctx context.Context, actor evidence.Actor, seq int64, ground, reason string) (evidence.Entry, error)
}

// Rosters gives the roster in force.
type Rosters interface {
	Current(ctx context.Context) (*directory.Roster, error)
}

// Service erases what has outlived its time.
type Service struct {
	Rules   func() []Rule // those in force
	Records Records
	Log     Log
	Rosters Rosters
	Now     calendar.Clock
	Years   calendar.FiscalYears // zero: from April
}

// Report is what a run erased, or would.
type Report struct {
	On    string `json:"on"` // the day in Japan
	Kinds []Done `json:"kinds"`
}

// Done is what a run did for one rule.
type Done struct {
	Kind   string  `json:"kind"`
	Years  int     `json:"years"`
	Since  Since   `json:"since"`
	Before string  `json:"before"` // records made before this day are looked at
	Erased int     `json:"erased"`
	First  []int64 `json:"first,omitempty"` // the first of these, at most 100
}

// actor erases by rule; nobody is signed in.
var actor = evidence.Actor{ID: "retention"}

const (
	pageSize = 500
	named    = 100
)

// Run erases every record that has outlived its time; with rehearse it only
// counts. It can be broken off and run again at any time.
func (s *Service) Run(ctx context.Context, rehearse bool) (Report, error) {
	today := calendar.DateOf(s.Now())
	report := Report{On: today.String()}
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return report, err
	}
	for _, rule := range s.Rules() {
		before, err := s.bound(today, rule.Years)
		if err != nil {
			return report, err
		}
		done := Done{Kind: rule.Kind, Years: rule.Years, Since: rule.Since, Before: before.String()}
		err = s.apply(ctx, roster, rule, before, rehearse, &done)
		report.Kinds = append(report.Kinds, done)
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// bound is the first day that is kept: the years have passed since the end of
// every fiscal year before it.
func (s *Service) bound(today calendar.Date, years int) (calendar.Date, error) {
	fiscal := s.Years
	if fiscal == (calendar.FiscalYears{}) {
		fiscal = calendar.JapaneseYears
	}
	period, err := fiscal.Period(fiscal.Of(today))
	if err != nil {
		return calendar.Date{}, err
	}
	from := period.From
	return calendar.NewDate(from.Year-years, from.Month, from.Day), nil
}

func (s *Service) apply(ctx context.Context, roster *directory.Roster, rule Rule, before calendar.Date, rehearse bool, done *Done) error {
	q := evidence.Query{Kind: rule.Kind, Until: before.StartsAt(), Kept: true, Limit: pageSize}
	for {
		entries, err := s.Records.FindEntries(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if rule.Since == SinceLeaving && !gone(roster, e.Subject, before) {
				continue
			}
			if !rehearse {
				if _, err := s.Log.Erase(ctx, actor, e.Seq, evidence.GroundRetention, reason(rule)); err != nil {
					return err
				}
			}
			if done.Erased++; len(done.First) < named {
				done.First = append(done.First, e.Seq)
			}
		}
		if len(entries) < q.Limit {
			return nil
		}
		if q.Before = entries[len(entries)-1].Seq; q.Before == 0 {
			return nil
		}
	}
}

// gone reports whether the person left before the day, or is not known.
func gone(roster *directory.Roster, person string, before calendar.Date) bool {
	p, known := roster.Person(directory.PersonID(person))
	return !known || !p.LeftOn.IsZero() && p.LeftOn.Before(before)
}

func reason(r Rule) string {
	return fmt.Sprintf("kept for %d years since %s", r.Years, r.Since)
}
