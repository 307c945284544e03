package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/ledger"
	"kokoroe/tests/mongodb/engine"
)

// mongodbLogs is how many instances append to one log on MongoDB.
const mongodbLogs = 3

// turns is how often the two stores take turns with the journeys: what else the
// machine does meanwhile is shared by both.
const turns = 4

// runStores measures the journeys on both stores in one run, appends from several
// instances on MongoDB, and a head's page in a large city on both.
func runStores(ctx context.Context, o options, out io.Writer) (failed int, err error) {
	both, err := walkInTurns(ctx, o)
	if err != nil {
		return 0, err
	}
	for i, store := range []string{"SQLite", "MongoDB"} {
		fmt.Fprintf(out, "\n%s\n", store)
		both[i].print(out)
		failed += both[i].failed
	}
	durable, err := appendBeside(ctx, o, out)
	if err != nil {
		return failed, err
	}
	onSQLite, onMongoDB, err := measureDepartment(ctx, o, out)
	if err != nil {
		return failed, err
	}
	fmt.Fprintf(out, "\nsqlite_journeys_per_s=%.1f mongodb_journeys_per_s=%.1f mongodb_durable_per_s=%.0f department_ms_sqlite=%.1f department_ms_mongodb=%.1f\n",
		both[0].perSecond(), both[1].perSecond(), durable, ms(onSQLite), ms(onMongoDB))
	return failed, nil
}

// walkInTurns sends the people of a city on their journeys through a portal on
// SQLite and of another through one on MongoDB, a part of them at a time.
func walkInTurns(ctx context.Context, o options) (both [2]*results, err error) {
	c := newCity(o.people, o.departments)
	var portals [2]*walks
	defer func() {
		for _, portal := range portals {
			if portal != nil {
				err = errors.Join(err, portal.close())
			}
		}
	}()
	for i, store := range []string{"", engine.In(o.mongodb, fmt.Sprintf("load_%d", time.Now().UnixNano()))} {
		o.store = store
		if portals[i], err = openWalks(ctx, o, c); err != nil {
			return both, err
		}
		both[i] = portals[i].results
	}
	people := c.walkers()
	for part := range slices.Chunk(people, (len(people)+turns-1)/turns) {
		for _, portal := range portals {
			if err := portal.walk(ctx, part, o.duration/turns); err != nil {
				return both, err
			}
		}
	}
	for _, portal := range portals {
		if err := portal.end(ctx); err != nil {
			return both, err
		}
	}
	return both, nil
}

// appendBeside appends from several instances to one new log, -concurrency at a
// time each, prints how they share the log, and returns how many acknowledgements
// a second were durable. It fails when the log has a gap.
func appendBeside(ctx context.Context, o options, out io.Writer) (perSecond float64, err error) {
	folder, err := os.MkdirTemp("", "kokoroe-load-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f, err := ledger.NewFolder(filepath.Join(folder, "log"), "")
	if err != nil {
		return 0, err
	}
	uri := engine.In(o.mongodb, fmt.Sprintf("appends_%d", time.Now().UnixNano()))
	var logs []*evidence.Log
	var stores []*mongodb.Store
	defer func() {
		for i := range stores {
			if i < len(logs) {
				err = errors.Join(err, logs[i].Close(context.WithoutCancel(ctx)))
			}
			err = errors.Join(err, stores[i].Close())
		}
	}()
	for range mongodbLogs {
		s, err := mongodb.Open(ctx, mongodb.Config{URI: uri})
		if err != nil {
			return 0, err
		}
		stores = append(stores, s)
		l, err := evidence.Open(ctx, evidence.Config{
			Store: s, Origin: ledger.Origin, Program: "load", Now: time.Now, Signer: f.Key.Signer, Verifiers: f.Verifiers(),
		})
		if err != nil {
			return 0, err
		}
		logs = append(logs, l)
	}
	var people atomic.Int64
	var group sync.WaitGroup
	var times [mongodbLogs][]time.Duration
	var failed [mongodbLogs]error
	began := time.Now()
	for i, l := range logs {
		group.Go(func() {
			times[i], failed[i] = appendFor(ctx, o.duration/2, &ledger.Ledger{Log: l}, &people, evidenceCallers)
		})
	}
	group.Wait()
	took := time.Since(began)
	if err := errors.Join(failed[:]...); err != nil {
		return 0, err
	}
	done, least, most := 0, len(times[0]), 0
	fmt.Fprintf(out, "\n%-26s %8s %9s %9s %9s %9s\n", "milliseconds", "appends", "p50", "p95", "p99", "max")
	for i, own := range times {
		line(out, fmt.Sprintf("instance %d", i+1), own)
		done, least, most = done+len(own), min(least, len(own)), max(most, len(own))
	}
	fmt.Fprintf(out, "the most that an instance appended, to the least: %.2f\n", float64(most)/float64(max(least, 1)))
	x, err := evidence.Examine(ctx, evidence.ExamineConfig{Store: stores[0], Verifiers: f.Verifiers()})
	if err == nil && (x.Found > 0 || x.Size != int64(done)) {
		err = fmt.Errorf("%d were acknowledged, the log holds %d: %v", done, x.Size, x.Disagreements)
	}
	return float64(done) / took.Seconds(), err
}
