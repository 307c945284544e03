package tests

import (
	"sync"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/demo"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/job"
	"kokoroe/tests/instances"
	"kokoroe/tests/portal"
)

// stale is how old what an instance knows of the others may be.
const stale = 2 * time.Second

// several boots three instances in this process on one store behind one address.
// With each request the clock moves on by as much as an instance may be behind,
// so that whatever one did the next must know.
func several(t *testing.T) (*portal.Portal, []*app.App, *portal.Clock) {
	t.Helper()
	balancer, err := instances.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := balancer.Close(); err != nil {
			t.Errorf("stopping the balancer: %v", err)
		}
	})
	clock := portal.NewClock(portal.Start)
	balancer.Before = func() { clock.Advance(stale) }

	p := portal.New(t, portal.WithClock(clock), func(c *demo.Config) { c.BaseURL = balancer.URL })
	addresses, apps := []string{p.Demo.Address()}, []*app.App{p.App}
	for range 2 {
		a, err := p.Demo.Beside(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Errorf("closing an instance: %v", err)
			}
		})
		addresses, apps = append(addresses, serve(t, a)), append(apps, a)
	}
	balancer.Share(addresses...)
	return p, apps, clock
}

// TestNoSessionSticksToAnInstance: signing in begins on one instance and ends on
// the next, each page, each answer and the acknowledgement come to another, and
// all know what was done.
func TestNoSessionSticksToAnInstance(t *testing.T) {
	p, apps, _ := several(t)
	b := p.As("employee")
	readAll(t, b)
	sit(t, p, b, 0)
	b.Submit(questionForm, nil).Want(t, 200)
	receipt := sign(t, b)
	for _, a := range apps {
		assignments, err := a.Ledger.Of(t.Context(), p.Person("000174").ID, a.Ledger.Today())
		if err != nil || len(assignments) != 2 {
			t.Fatalf("%d assignments, %v", len(assignments), err)
		}
		for _, one := range assignments {
			if state := one.StateOn(a.Ledger.Today()); state != duty.Completed {
				t.Errorf("%s is %v on an instance", one.Item, state)
			}
		}
		b.Get(receipt).Want(t, 200, "「情報セキュリティ基本方針」に誓約しました")
	}
	file, err := evidence.ParseReceipt(sealed(t, b, receipt))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Verify(p.App.Keys.Verifiers()); err != nil {
		t.Error(err)
	}
	x, err := apps[2].Examine(t.Context(), nil)
	if err != nil || x.Size != 2 || x.Found != 0 {
		t.Errorf("examined %+v, %v", x, err)
	}

	token := b.Cookie(sessionCookie)
	b.Get("/tasks")
	b.Submit(`form[action="/sign-out"]`, nil)
	// An instance trusts a session that it has just read for half a second, by the
	// machine's own clock.
	for range 100 {
		let := 0
		for range apps {
			if signedIn(t, with(p, token)) {
				let++
			}
		}
		if let == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("an instance goes on letting in who has signed out at another")
}

// TestOfSeveralInstancesOneVerifies: what is due at night is done once.
func TestOfSeveralInstancesOneVerifies(t *testing.T) {
	p, apps, clock := several(t)
	p.App.Jobs.RunDue(t.Context())
	clock.Advance(24 * time.Hour)
	var group sync.WaitGroup
	for _, a := range apps {
		group.Go(func() { a.Jobs.RunDue(t.Context()) })
	}
	group.Wait()
	runs, err := p.App.Store.Runs(t.Context(), app.JobVerify, 10)
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, r := range runs {
		if r.Outcome == job.Fine {
			done++
		}
	}
	if done != 1 {
		t.Errorf("verified %d times: %+v", done, runs)
	}
}
