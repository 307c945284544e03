package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kokoroe/tests/mongodb/engine"
)

// The sizes of a city, unless -large says otherwise.
const (
	fewPeople  = 2000
	manyPeople = 200_000 // with five assignments each: a million
)

const (
	growthVisits  = 40  // of each page
	fewVisits     = 400 // of each page, where only some are asked for: a percentile of few is one bad moment
	exportVisits  = 3
	growthWarming = 3 // visits that count nowhere

	exportPatience = 5 * time.Minute
)

// grown is what a city of one size came to on one store.
type grown struct {
	written
	people        int
	startMS       int64
	rssMB, mostMB int64
	visits        []visit
	times         [][]time.Duration // by visit; sorted
	failures      []error           // of visits
	departmentP95 time.Duration     // the head's page
}

// runGrowth asks for every page of a small and of a large city, on SQLite and,
// when there is one, on MongoDB.
func runGrowth(ctx context.Context, o options, out io.Writer) error {
	stores := []string{"SQLite"}
	if o.mongodb != "" {
		stores = append(stores, "MongoDB")
	}
	var failures []error
	for _, name := range stores {
		var sizes [2]*grown
		for i, people := range []int{min(fewPeople, o.large), o.large} {
			g, err := measureCity(ctx, o, name, people)
			if err != nil {
				return fmt.Errorf("%s, %d people: %w", name, people, err)
			}
			sizes[i] = g
			failures = append(failures, g.failures...)
			fmt.Fprintf(out, "%s: %d people with %d assignments imported in %.1f s, %d records written and signed in %.1f s, verified in %.1f s\n",
				name, people, newGrowingCity(people).assignments, g.imported.Seconds(), g.records, g.appended.Seconds(), g.verified.Seconds())
		}
		printGrowth(out, name, sizes)
	}
	return errors.Join(failures...)
}

// measureDepartment measures what the head of a 課 waits for in a city of
// -large people with five assignments each: the 95th percentile on both stores.
func measureDepartment(ctx context.Context, o options, out io.Writer) (onSQLite, onMongoDB time.Duration, err error) {
	fmt.Fprintf(out, "\na head's page among %d people with %d assignments\n", o.large, newGrowingCity(o.large).assignments)
	var p95 [2]time.Duration
	for i, name := range []string{"SQLite", "MongoDB"} {
		g, err := measureCity(ctx, o, name, o.large, asHead)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", name, err)
		}
		p95[i] = g.departmentP95
		fmt.Fprintf(out, "%s: %d records, start %d ms, %d MB, page %.1f ms at the 95th percentile\n", name, g.records, g.startMS, g.rssMB, ms(p95[i]))
		if err := errors.Join(g.failures...); err != nil {
			return 0, 0, err
		}
	}
	return p95[0], p95[1], nil
}

// measureCity writes a city and asks for its pages; of those named only, if any
// are.
func measureCity(ctx context.Context, o options, name string, people int, only ...string) (_ *grown, err error) {
	folder, err := os.MkdirTemp("", "kokoroe-load-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	data := filepath.Join(folder, "data")
	setting := "sqlite:" + filepath.Join(data, "kokoroe.db")
	if name != "SQLite" {
		setting = engine.In(o.mongodb, fmt.Sprintf("growth_%d_%d", people, time.Now().UnixNano()))
	}
	c := newGrowingCity(people)
	city, contentFolder, err := c.write(folder)
	if err != nil {
		return nil, err
	}
	g := &grown{people: people}
	if g.written, err = writeCity(ctx, c, city, contentFolder, data, setting); err != nil {
		return nil, err
	}
	s, err := buildProgram(ctx, folder)
	if err != nil {
		return nil, err
	}
	s.args = []string{"demo", "--date", day, "--listen", "127.0.0.1:0", "--data", data, "--city", city, "--content", contentFolder, "--store", setting, "--empty"}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	g.startMS = s.startMS
	err = g.walk(ctx, s, c, only)
	rss, most := s.memory()
	g.rssMB, g.mostMB = rss>>10, most>>10
	return g, err
}

// walk asks for every page, one after the other.
func (g *grown) walk(ctx context.Context, s *server, c *growingCity, only []string) error {
	known, err := rightAnswers()
	if err != nil {
		return err
	}
	v := &visitors{portal: s.url, city: c, known: known, signed: map[string]*browser{}}
	defer v.close()
	if err := v.find(); err != nil {
		return err
	}
	for _, visit := range v.visits {
		if len(only) > 0 && !slices.Contains(only, visit.as) {
			continue
		}
		n := growthVisits
		if len(only) > 0 {
			n = fewVisits
		}
		times, err := ask(ctx, v.signed[visit.as], visit, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // said, and no reason to ask for nothing more
			g.failures = append(g.failures, fmt.Errorf("%s: %w", visit.as, err))
			v.signed[visit.as].err = nil
		}
		g.visits, g.times = append(g.visits, visit), append(g.times, times)
		if visit.as == asHead && visit.route == "/departments/:department" {
			g.departmentP95 = percentile(times, 95)
		}
	}
	return nil
}

// ask asks for a page n times, or less often for one of everything, and returns how long it
// took, sorted.
func ask(ctx context.Context, b *browser, v visit, n int) (times []time.Duration, err error) {
	if v.file || v.whole {
		n = exportVisits
	}
	b.close() // the portal has closed what lay idle for long
	for i := range growthWarming + n {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		began := time.Now()
		b.get(stepOfficeHR, v.path)
		if b.err != nil {
			return nil, b.err
		}
		if v.as != asNobody && bytes.Contains(b.body, []byte("<html")) && !bytes.Contains(b.body, []byte(signedIn)) {
			return nil, fmt.Errorf("%s: signed out: %s", v.path, heading(b.body))
		}
		if took := time.Since(began); i >= growthWarming {
			times = append(times, took)
		}
	}
	slices.Sort(times)
	return times, nil
}

// printGrowth prints a line for each page, with what it grew by.
func printGrowth(out io.Writer, name string, sizes [2]*grown) {
	small, large := sizes[0], sizes[1]
	fmt.Fprintf(out, "\n%s, milliseconds at %d and at %d people\n", name, small.people, large.people)
	fmt.Fprintf(out, "%-86s %8s %8s %8s %8s %7s\n", "", "p50", "p95", "p50", "p95", "growth")
	for i, v := range large.visits {
		few, many := small.times[i], large.times[i]
		mark := ""
		switch {
		case v.lists:
			mark = "  lists people"
		case v.file:
			mark = "  everybody, streamed"
		case v.whole:
			mark = "  every record, counted"
		}
		growth := float64(percentile(many, 50)) / float64(max(percentile(few, 50), 1))
		fmt.Fprintf(out, "%-86s %8.1f %8.1f %8.1f %8.1f %6.1fx%s\n", v.as+": "+v.name(),
			ms(percentile(few, 50)), ms(percentile(few, 95)), ms(percentile(many, 50)), ms(percentile(many, 95)), growth, mark)
	}
	fmt.Fprintf(out, "start: %d ms and %d ms; memory after all this: %d MB and %d MB, at most %d MB and %d MB\n\n",
		small.startMS, large.startMS, small.rssMB, large.rssMB, small.mostMB, large.mostMB)
}
