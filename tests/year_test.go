package tests

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/tests/portal"
)

// TestFirstOfApril lives through the turn of a fiscal year in Japan: what was
// done counts until midnight, the new year asks anew, and the old year's
// records stay where they were. No job runs in between.
func TestFirstOfApril(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	employee, _ := p.Demo.As("employee")
	b := p.As("employee")
	receipt := sign(t, b)
	midnight := calendar.MustDate("2027-04-01").StartsAt()
	state := func(at time.Time) string {
		t.Helper()
		p.Clock.Set(at)
		b := p.Browser()
		b.SignIn(employee.Provider, employee.Number)
		page := b.Get("/record").Want(t, 200)
		if page.Find(`a[href="`+receipt+`"]`).Length() == 0 {
			t.Errorf("%s: the receipt is not in the record any more", at)
		}
		roster, err := p.App.Rosters.Current(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		person, _ := roster.PersonByNumber(employee.Number)
		assignments, err := p.App.Ledger.Of(context.Background(), person.ID, calendar.DateOf(at))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range assignments {
			if string(a.Item) == "policy:basic-policy" {
				return a.Scope + " " + string(a.StateOn(calendar.DateOf(at)))
			}
		}
		return "nothing asked"
	}
	for _, tc := range []struct {
		at   time.Time
		want string
	}{
		{midnight.Add(-time.Second), "2026 completed"},
		{midnight, "2027 not-started"},
	} {
		if got := state(tc.at); got != tc.want {
			t.Errorf("at %s: %s, want %s", tc.at.In(calendar.Tokyo), got, tc.want)
		}
	}
	b = p.Browser()
	b.SignIn(employee.Provider, employee.Number)
	b.Get(basicPolicy)
	if second := b.Submit(signForm, nil).Want(t, 200).URL.Path; second == receipt {
		t.Errorf("signing in the new year led to the old receipt %s", receipt)
	}
	page := b.Get("/record").Want(t, 200, "令和8年度", "令和9年度")
	if page.Find(`a[href="`+receipt+`"]`).Length() == 0 {
		t.Error("the old year's receipt is gone")
	}
}

// TestGoesOnWhereItWas stops the program and starts it again on its folder.
func TestGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	clock := portal.NewClock(portal.Start)
	first := portal.New(t, portal.WithFolder(folder), portal.WithClock(clock))
	b := first.As("employee")
	b.Get(annual+"/lessons/mail").Want(t, 200)
	b.Submit(lessonForm, nil).Want(t, 200)
	receipt := sign(t, b)
	file := sealed(t, b, receipt)
	size := logSize(t, first)
	key := first.App.Keys.Public
	first.Stop()

	clock.Advance(time.Hour)
	second := portal.New(t, portal.WithFolder(folder), portal.WithClock(clock))
	if got := logSize(t, second); got != size {
		t.Errorf("%d records after the restart, want %d", got, size)
	}
	if second.App.Keys.Public != key {
		t.Error("the log has another key after the restart")
	}
	b = second.As("employee")
	b.Get(receipt).Want(t, 200)
	if again := sealed(t, b, receipt); !sameRecord(t, file, again) {
		t.Error("the receipt holds another record after the restart")
	}
	page := b.Get(annual).Want(t, 200)
	if !strings.Contains(page.Text("main"), "1/9") {
		t.Errorf("the place in the course is lost: %s", page.Text("main"))
	}
	if again := receiptOf(t, b); again != receipt {
		t.Errorf("signing again led to %s, want %s", again, receipt)
	}
}

func sameRecord(t *testing.T, a, b []byte) bool {
	t.Helper()
	first, err := evidence.ParseReceipt(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := evidence.ParseReceipt(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(first.Record) == string(second.Record) && first.Seq == second.Seq
}

// receiptOf follows the sheet of a policy that is signed to its receipt.
func receiptOf(t *testing.T, b *portal.Browser) string {
	t.Helper()
	page := b.Get(basicPolicy).Want(t, 200)
	href, ok := page.Find(`main a[href^="/receipts/"]`).First().Attr("href")
	if !ok || page.Find(signForm).Length() != 0 {
		t.Fatalf("the sheet of a signed policy leads to no receipt, or asks again:\n%s", page.Text("main"))
	}
	return href
}
