package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// drive sends people on their journeys, so many at once, until the time is up
// or everybody has been, and adds what it measures to the results.
func drive(ctx context.Context, r *results, portal string, numbers []string, most time.Duration, known *answers) {
	o := r.options
	hosts, err := hostsOf(portal, o.provider)
	if err != nil {
		r.fail(err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var next atomic.Int64
	var walkers sync.WaitGroup
	own := clientCPU()
	began := time.Now()
	for range o.concurrency {
		walkers.Go(func() {
			times := new(samples)
			connections := newWires(portal, hosts...)
			defer connections.close()
			var journeys []time.Duration
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(numbers) {
					r.outOfPeople.Store(true)
					break
				}
				took, err := newBrowser(connections, times).journey(o.provider, numbers[i], known)
				if err != nil {
					r.fail(fmt.Errorf("%s: %w", numbers[i], err))
					continue
				}
				journeys = append(journeys, took)
			}
			r.add(times, journeys)
		})
	}
	walkers.Wait()
	r.took += time.Since(began)
	r.client += clientCPU() - own
}

// hostsOf finds out which host the provider answers at, by beginning a sign-in.
func hostsOf(portal, provider string) ([]string, error) {
	u, err := url.Parse(portal)
	if err != nil {
		return nil, err
	}
	var times samples
	connections := newWires(portal, u.Host)
	defer connections.close()
	b := newBrowser(connections, &times)
	b.get(stepWelcome, "/", `name="csrf"`)
	b.submit(stepBegin, "/sign-in/"+provider)
	if b.err != nil {
		return nil, b.err
	}
	away, err := url.Parse(b.location)
	if err != nil || away.Host == "" {
		return nil, fmt.Errorf("the sign-in leads to %q", b.location)
	}
	return []string{u.Host, away.Host}, nil
}

func clientCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// officeVisits is how often each of the offices' pages is asked for.
const officeVisits = 50

// measureOffices asks for the pages of a head and of HR, one after the other,
// when the journeys are over.
func measureOffices(o options, portal string, c *city) (*samples, error) {
	hosts, err := hostsOf(portal, o.provider)
	if err != nil {
		return nil, err
	}
	connections := newWires(portal, hosts...)
	defer connections.close()
	times := new(samples)
	for _, office := range []struct {
		step   step
		number string
	}{{stepOfficeHead, c.head}, {stepOfficeHR, c.hr}} {
		var arrival samples
		b := newBrowser(connections, &arrival)
		b.signIn(o.provider, office.number)
		b.get(office.step, "/departments", signedIn)
		path := "/departments"
		if office.step == stepOfficeHead {
			path = firstDepartment(b.body)
		}
		b.times = times
		for range officeVisits {
			b.get(office.step, path, signedIn)
		}
		if b.err != nil {
			return times, b.err
		}
	}
	return times, nil
}

// firstDepartment is the first department that the page leads to; numbers lead
// to the names behind them.
func firstDepartment(page []byte) string {
	for {
		id, ok := between(page, `href="/departments/`, `"`)
		if !ok {
			return "/departments"
		}
		if !bytes.ContainsAny(id, "/?") {
			return "/departments/" + string(id)
		}
		_, page, _ = bytes.Cut(page, []byte(`href="/departments/`))
	}
}
