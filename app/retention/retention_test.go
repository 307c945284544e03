package retention_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/retention"
)

// kept is a log of which only what retention asks is there.
type kept struct {
	entries []evidence.Entry
	erased  []int64
}

func (k *kept) FindEntries(_ context.Context, q evidence.Query) ([]evidence.Entry, error) {
	var out []evidence.Entry
	for _, e := range slices.Backward(k.entries) {
		if e.Kind == q.Kind && e.At.Before(q.Until) && !slices.Contains(k.erased, e.Seq) && (q.Before == 0 || e.Seq < q.Before) && len(out) < q.Limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (k *kept) Erase(_ context.Context, _ evidence.Actor, seq int64, ground, _ string) (evidence.Entry, error) {
	if ground != evidence.GroundRetention {
		panic(ground)
	}
	k.erased = append(k.erased, seq)
	return evidence.Entry{}, nil
}

type rosters struct{ roster *directory.Roster }

func (r rosters) Current(context.Context) (*directory.Roster, error) { return r.roster, nil }

func service(k *kept, now string, people ...directory.Person) *retention.Service {
	return &retention.Service{
		Rules: func() []retention.Rule {
			return []retention.Rule{
				{Kind: "policy.acknowledged/v1", Years: 10, Since: retention.SinceLeaving},
				{Kind: "course.passed/v1", Years: 5, Since: retention.SinceRecord},
			}
		},
		Records: k, Log: k, Rosters: rosters{directory.NewRoster(directory.Snapshot{Revision: 1, People: people})},
		Now: func() time.Time { return calendar.MustDate(now).StartsAt() },
	}
}

func TestWhatHasOutlivedItsTime(t *testing.T) {
	at := func(day string) time.Time { return calendar.MustDate(day).StartsAt() }
	k := &kept{entries: []evidence.Entry{
		{Seq: 0, Kind: "course.passed/v1", Subject: "p-here", At: at("2021-03-31")},       // fiscal year 2020: over on 1 April 2026
		{Seq: 1, Kind: "course.passed/v1", Subject: "p-here", At: at("2021-04-01")},       // fiscal year 2021
		{Seq: 2, Kind: "policy.acknowledged/v1", Subject: "p-here", At: at("2010-05-01")}, // still here
		{Seq: 3, Kind: "policy.acknowledged/v1", Subject: "p-gone", At: at("2010-05-01")}, // left in fiscal year 2015
		{Seq: 4, Kind: "policy.acknowledged/v1", Subject: "p-late", At: at("2010-05-01")}, // left in fiscal year 2016
		{Seq: 5, Kind: "policy.acknowledged/v1", Subject: "p-unknown", At: at("2016-03-31")},
		{Seq: 6, Kind: "duty.exempted/v1", Subject: "p-gone", At: at("1990-01-01")}, // no rule
	}}
	s := service(k, "2026-04-01",
		directory.Person{ID: "p-here", Number: "1"},
		directory.Person{ID: "p-gone", Number: "2", LeftOn: calendar.MustDate("2016-03-31")},
		directory.Person{ID: "p-late", Number: "3", LeftOn: calendar.MustDate("2016-04-01")})
	report, err := s.Run(t.Context(), true)
	if err != nil || len(k.erased) != 0 || report.Kinds[0].Erased != 2 || report.Kinds[1].Erased != 1 {
		t.Fatalf("rehearsed %+v, %v, erased %v", report, err, k.erased)
	}
	if report, err = s.Run(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	slices.Sort(k.erased)
	if !slices.Equal(k.erased, []int64{0, 3, 5}) || report.On != "2026-04-01" || report.Kinds[1].Before != "2021-04-01" {
		t.Errorf("erased %v, report %+v", k.erased, report)
	}
	s.Now = func() time.Time { return calendar.MustDate("2026-03-31").StartsAt() }
	k.erased = nil
	if _, err := s.Run(t.Context(), false); err != nil || len(k.erased) != 0 {
		t.Errorf("a day before, erased %v, %v", k.erased, err)
	}
}

func TestManyAreErasedPageByPage(t *testing.T) {
	k := &kept{}
	for seq := range int64(1700) {
		k.entries = append(k.entries, evidence.Entry{Seq: seq, Kind: "course.passed/v1", At: calendar.MustDate("2000-01-01").StartsAt()})
	}
	report, err := service(k, "2026-04-01").Run(t.Context(), false)
	if err != nil || len(k.erased) != 1700 || report.Kinds[1].Erased != 1700 || len(report.Kinds[1].First) != 100 {
		t.Errorf("erased %d, %v", len(k.erased), err)
	}
}

func TestLoad(t *testing.T) {
	load := func(text string) ([]retention.Rule, error) {
		return retention.Load(fstest.MapFS{"retention.yaml": {Data: []byte(text)}}, "retention.yaml")
	}
	rules, err := load("- {kind: policy.acknowledged/v1, years: 10, since: leaving}\n")
	if err != nil || len(rules) != 1 || rules[0].Years != 10 {
		t.Errorf("%+v, %v", rules, err)
	}
	if rules, err := retention.Load(fstest.MapFS{}, "retention.yaml"); err != nil || rules != nil {
		t.Errorf("no file: %+v, %v", rules, err)
	}
	_, err = load("- {kind: a.b/v1, years: 0, since: leaving}\n- {kind: a.b/v1, years: 101, since: never}\n- {years: 1, since: record}\n")
	for _, want := range []string{"retention.yaml:1: years", "retention.yaml:2: kind", "retention.yaml:2: years", "retention.yaml:2: since", "retention.yaml:3: kind"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
