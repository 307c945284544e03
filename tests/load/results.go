package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// results are what was measured.
type results struct {
	options      options
	took         time.Duration
	client       time.Duration // of processor
	server       time.Duration // of processor
	serverSystem time.Duration // of which in the system
	engine       engineWork    // of MongoDB
	offices      *samples
	rssNow       int64 // kilobytes
	rssMost      int64
	startMS      int64
	startFullMS  int64
	outOfPeople  atomic.Bool

	mu       sync.Mutex
	times    samples
	journeys []time.Duration
	failed   int
	failures []error // the first of them
}

const shownFailures = 5

func (r *results) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
	if len(r.failures) < shownFailures {
		r.failures = append(r.failures, err)
	}
}

func (r *results) add(times *samples, journeys []time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range times {
		r.times[s] = append(r.times[s], times[s]...)
	}
	r.journeys = append(r.journeys, journeys...)
}

// percentile returns the value that so many percent do not exceed; sorted.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

// perSecond is how many journeys ended in a second.
func (r *results) perSecond() float64 { return float64(len(r.journeys)) / r.took.Seconds() }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func each(d time.Duration, n int) float64 {
	if n == 0 {
		return 0
	}
	return ms(d) / float64(n)
}

func (r *results) print(out io.Writer) {
	for _, err := range r.failures {
		fmt.Fprintln(out, "failed:", err)
	}
	fmt.Fprintf(out, "%-26s %8s %9s %9s %9s %9s\n", "milliseconds", "requests", "p50", "p95", "p99", "max")
	var all []time.Duration
	requests := 0
	worst, worstStep := time.Duration(0), step(0)
	for s := range steps {
		times := r.times[s]
		if s >= stepOfficeHead && r.offices != nil {
			times = r.offices[s]
		}
		line(out, s.String(), times)
		requests += len(r.times[s])
		if s.ours() {
			all = append(all, times...)
			if p := percentile(times, 95); p > worst {
				worst, worstStep = p, s
			}
		}
	}
	line(out, "every page of the journey", all)
	line(out, "whole journey", r.journeys)
	n := len(r.journeys)
	seconds := r.took.Seconds()
	fmt.Fprintf(out, "\n%d journeys in %.1f s, %d at once; %.0f requests/s\n", n, seconds, r.options.concurrency, float64(requests)/seconds)
	if r.outOfPeople.Load() {
		fmt.Fprintf(out, "everybody has been: more -people for the whole %s\n", r.options.duration)
	}
	fmt.Fprintf(out, "processor for a journey: server %.1f ms (%.1f in the system), load %.1f ms\n", each(r.server, n), each(r.serverSystem, n), each(r.client, n))
	if r.engine.calls > 0 {
		r.engine.print(out, n)
	}
	fmt.Fprintf(out, "slowest page: %s, p95 %.1f ms\n", worstStep, ms(worst))
	fmt.Fprintf(out, "memory: %d MB at the end, %d MB at most; start with everything that was done: %d ms\n", r.rssNow>>10, r.rssMost>>10, r.startFullMS)
	fmt.Fprintf(out, "journeys_per_s=%.1f p95_page_ms=%.1f failed=%d rss_mb=%d start_ms=%d\n",
		r.perSecond(), ms(percentile(all, 95)), r.failed, r.rssNow>>10, r.startMS)
}

// line prints a line of the table and leaves the times sorted.
func line(out io.Writer, name string, times []time.Duration) {
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	fmt.Fprintf(out, "%-26s %8d %9.1f %9.1f %9.1f %9.1f\n", name, len(times),
		ms(percentile(times, 50)), ms(percentile(times, 95)), ms(percentile(times, 99)), ms(times[len(times)-1]))
}
