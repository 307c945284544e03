package tests

import (
	"encoding/json"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/job"
	"kokoroe/tests/portal"
)

// verifiedAtNight lets a night pass and returns what the verification said.
func verifiedAtNight(t *testing.T, p *portal.Portal) (job.Run, evidence.Examination) {
	t.Helper()
	p.Clock.Advance(24 * time.Hour)
	p.App.Jobs.RunDue(t.Context())
	run, ok, err := p.App.Jobs.Latest(t.Context(), app.JobVerify)
	if err != nil || !ok {
		t.Fatalf("no run: %v", err)
	}
	var x evidence.Examination
	if err := json.Unmarshal([]byte(run.Report), &x); err != nil {
		t.Fatalf("%q: %v", run.Report, err)
	}
	return run, x
}

func TestTheNightlyVerificationFindsWhatSomebodyChanged(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithHistory())
	p.App.Jobs.RunDue(t.Context()) // new: begins with the next night
	run, x := verifiedAtNight(t, p)
	if run.Outcome != job.Fine || x.Found != 0 || x.Size < 100 || x.Records != x.Size {
		t.Fatalf("outcome %q, found %v of %d", run.Outcome, x.Disagreements, x.Size)
	}
	tamper(t, p, dayEarlier(7), textRewritten, passWithOneLess)
	run, x = verifiedAtNight(t, p)
	found := map[string]evidence.Disagreement{}
	for _, d := range x.Disagreements {
		found[d.Where] = d
	}
	entry := found[evidence.InEntry]
	if run.Outcome != job.Finding || x.Found != 3 || entry.Seq != 7 || entry.Field != "at" ||
		found[evidence.InProjection].Field != "attempt" || found[evidence.InText].Field == "" {
		t.Errorf("outcome %q, found %v", run.Outcome, x.Disagreements)
	}
}

func TestWhatIsErasedCountsNoMore(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	sign(t, b)
	person := p.Person("000174").ID
	signed := func() bool {
		t.Helper()
		assignments, err := p.App.Ledger.Of(t.Context(), person, p.App.Ledger.Today())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range assignments {
			if a.Item == "policy:basic-policy" {
				return a.StateOn(p.App.Ledger.Today()) == duty.Completed
			}
		}
		t.Fatal("the policy is not asked for")
		return false
	}
	if !signed() {
		t.Fatal("what was acknowledged does not count")
	}
	if _, err := p.App.Log.Erase(t.Context(), evidence.Actor{ID: "p-office"}, 0, evidence.GroundRequest, "test"); err != nil {
		t.Fatal(err)
	}
	p.App.Ledger.Noticed()
	if signed() {
		t.Error("what was erased still counts")
	}
	b.Get("/receipts/0").Want(t, 404)
}
