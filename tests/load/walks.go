package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// walks are journeys through one portal, and what was measured of them.
type walks struct {
	*results
	city   *city
	server *server
	right  *answers
	folder string
}

// openWalks boots a portal with a city.
func openWalks(ctx context.Context, o options, c *city) (_ *walks, err error) {
	w := &walks{results: &results{options: o}, city: c}
	if w.right, err = rightAnswers(); err != nil {
		return nil, err
	}
	if w.folder, err = os.MkdirTemp("", "kokoroe-load-"); err != nil {
		return nil, err
	}
	if w.server, err = boot(ctx, o, c, w.folder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(w.folder))
	}
	w.startMS = w.server.startMS
	return w, nil
}

// close ends the portal.
func (w *walks) close() error {
	return errors.Join(w.server.stop(), os.RemoveAll(w.folder))
}

// walk sends people on their journeys for so long, or until each has been.
func (w *walks) walk(ctx context.Context, people []string, most time.Duration) error {
	o := w.options
	if o.cpuProfile == "" && o.memProfile == "" {
		// The load is to take as little of the processors as it can.
		debug.SetGCPercent(400)
		runtime.GOMAXPROCS(1)
	}
	stopProfile, err := profile(o)
	if err != nil {
		return err
	}
	before, err := workOf(ctx, o.store)
	if err != nil {
		return err
	}
	total, system := w.server.cpu()
	drive(ctx, w.results, w.server.url, people, most, w.right)
	after, err := workOf(ctx, o.store)
	if err != nil {
		return err
	}
	w.engine = w.engine.plus(after.since(before))
	totalAfter, systemAfter := w.server.cpu()
	w.results.server += totalAfter - total
	w.serverSystem += systemAfter - system
	return stopProfile()
}

// end measures what is measured once the journeys are over.
func (w *walks) end(ctx context.Context) (err error) {
	if w.offices, err = measureOffices(w.options, w.server.url, w.city); err != nil {
		w.fail(err)
	}
	w.rssNow, w.rssMost = w.server.memory()
	w.startFullMS, err = w.server.startAgain(ctx)
	return err
}
