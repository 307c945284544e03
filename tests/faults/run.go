package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"kokoroe/tests/ledger"
	"kokoroe/tests/mongodb/engine"
)

// Options are the command line.
type Options struct {
	Cycles int       // of the kill loop; the other faults in proportion
	Only   string    // name of one fault; empty: all
	Seed   uint64    // of everything that is drawn
	Cycle  int       // this cycle alone; below 0: all
	Out    io.Writer // table and last line
	Log    io.Writer // progress and failures
}

// threat is one way to do harm.
type threat struct {
	name  string
	title string
	least int // cycles in the shortest run
	full  int // cycles from -cycles 1000 on; 0: as many as -cycles says
	try   func(ctx context.Context, t *trial) error
}

// The threats, in the order of the table.
var threats = []threat{
	{"kill", "`kill -9` at 5–500 ms", 1, 0, killed},
	{"nth-kill", "`kill -9` at every nth call to the store, before and after it", 6, 60, killedAtCall},
	{"nth-fail", "every nth call to the store fails", 4, 40, failingCalls},
	{"nth-commit", "every nth call to the store is done, and answered with an error", 4, 40, forgottenCalls},
	{"disk-full", "the disk is full, and then is not", 1, 10, diskFull},
	{"fsync", "fsync fails now and then", 1, 10, failingSync},
	{"same", "one acknowledgement 50 times at once, three logs on one store", 2, 50, sameAtOnce},
	{"same-http", "one acknowledgement 50 times at once, three whole portals on one store, over HTTP", 1, 3, sameOverHTTP},
	{"backup", "an older backup is put back", 1, 10, restored},
	{"witness", "the whole folder is put back from an older copy, and only a witness knows better", 1, 10, witnessed},
	{"clock", "the clock goes a day back and forth", 1, 10, wanderingClock},
	{"rows", "a byte of a row is flipped; a row is deleted, swapped, back-dated, forged", 1, 6, tamperedRows},
	{"receipts", "a receipt is changed", 1, 5, mutatedReceipts},
}

// The threats to a log on MongoDB. They need an engine.
var threatsOnMongoDB = []threat{
	{"mongodb-cut", "the connection is cut at every nth message: before it, after it, in its reply", 2, 40, cutConnections},
	{"mongodb-slow", "the server hangs, and then is slow", 1, 10, slowServer},
	{"mongodb-gone", "the server goes away, refuses connections and comes back", 1, 10, serverGone},
	{"mongodb-refuse", "no primary, shutting down, no disk left, writes blocked, no memory, no permission", 1, 10, refusingServer},
	{"mongodb-primary", "another member becomes the primary", 1, 10, otherPrimary},
	{"mongodb-unsure", "writes are done, and a majority does not have them in time", 1, 10, unsureWrites},
	{"mongodb-twice", "every nth reply comes twice", 2, 20, repliesTwice},
	{"mongodb-instances", "of three processes one is killed, and comes back, while people acknowledge", 1, 10, dyingInstances},
	{"mongodb-leader", "the process at the work of the night is killed, and the next one paused, in the middle of it", 1, 3, dyingLeader},
}

// Names are the names of the faults that need nothing.
func Names() []string { return namesOf(threats) }

// NamesOnMongoDB are the names of the faults that need an engine.
func NamesOnMongoDB() []string { return namesOf(threatsOnMongoDB) }

func namesOf(threats []threat) []string {
	var names []string
	for _, f := range threats {
		names = append(names, f.name)
	}
	return names
}

// cycles is how often the fault is tried.
func (f threat) cycles(of int) int {
	if f.full == 0 {
		return max(of, f.least)
	}
	return min(f.full, max(f.least, f.full*of/1000))
}

// Run tries the faults and prints the table. It reports whether every invariant
// held; an error is one that kept it from finding out.
func Run(ctx context.Context, o Options) (held bool, err error) {
	folder, err := os.MkdirTemp("", "kokoroe-faults-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	shared, err := ledger.NewFolder(filepath.Join(folder, "key"), "")
	if err != nil {
		return false, err
	}
	fmt.Fprintf(o.Log, "seed %d\n", o.Seed)
	r := &report{options: o, others: newOthers(folder, shared.Key.Public, o)}
	known := false
	all := slices.Clone(threats)
	if os.Getenv(engine.AddressVariable) != "" || o.Only != "" {
		all = append(all, threatsOnMongoDB...)
	} else {
		fmt.Fprintf(o.Log, "%s is not set: nothing is tried on MongoDB\n", engine.AddressVariable)
	}
	for _, f := range all {
		if o.Only != "" && o.Only != f.name {
			continue
		}
		known = true
		t := &trial{threat: f, options: o, folder: filepath.Join(folder, f.name), secret: filepath.Join(shared.Path, "log.key"), others: r.others}
		r.trials = append(r.trials, t)
		if err := errors.Join(t.run(ctx), os.RemoveAll(t.folder)); err != nil {
			r.print(o.Out) // as far as it came
			return false, fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Fprintf(o.Log, "%s: done, %d cycles\n", f.name, t.cycles)
	}
	if !known {
		return false, fmt.Errorf("no fault is called %q", o.Only)
	}
	err = r.others.verify(ctx)
	r.print(o.Out)
	return r.held() && err == nil, err
}

// trial is one fault being tried.
type trial struct {
	threat  threat
	options Options
	folder  string // its own
	secret  string // file with the key that all logs here sign with
	others  *others

	cycle int
	rand  *rand.Rand // of this cycle: what is drawn follows from seed, fault and cycle
	means string     // how the fault is done on this machine

	book       *book    // of a folder that all cycles share
	unanswered []string // keys that the last life was asked for

	counts
	failures int
}

// counts are what the table says.
type counts struct {
	cycles       int
	acknowledged int
	lost         int
	doubled      int
	receipts     int // verified
	faults       int
	tampered     int
	found        int
}

func (c *counts) add(d counts) {
	c.cycles += d.cycles
	c.acknowledged += d.acknowledged
	c.lost += d.lost
	c.doubled += d.doubled
	c.receipts += d.receipts
	c.faults += d.faults
	c.tampered += d.tampered
	c.found += d.found
}

// run tries every cycle.
func (t *trial) run(ctx context.Context) error {
	if err := os.MkdirAll(t.folder, 0o700); err != nil {
		return err
	}
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.threat.name))
	n := t.threat.cycles(t.options.Cycles)
	for cycle := range max(n, t.options.Cycle+1) {
		if t.options.Cycle >= 0 && cycle != t.options.Cycle {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		t.cycle = cycle
		t.rand = rand.New(rand.NewPCG(t.options.Seed, name.Sum64()+uint64(cycle)))
		if err := t.threat.try(ctx, t); err != nil {
			return fmt.Errorf("cycle %d, seed %d: %w", cycle, t.options.Seed, err)
		}
		t.cycles++
		if n >= 100 && (cycle+1)%100 == 0 {
			fmt.Fprintf(t.options.Log, "%s: %d cycles, %d acknowledged\n", t.threat.name, cycle+1, t.acknowledged)
		}
	}
	return nil
}

// fail says which invariant was broken, and how to see it again.
func (t *trial) fail(format string, args ...any) {
	if t.failures++; t.failures > 20 {
		return
	}
	fmt.Fprintf(t.options.Log, "%s: %s\n    seed %d, cycle %d; again: go run ./tests/faults -only %s -seed %d -cycle %d\n",
		t.threat.name, fmt.Sprintf(format, args...), t.options.Seed, t.cycle, t.threat.name, t.options.Seed, t.cycle)
}

// home returns the folder of a log, made when it is not there. An empty name is
// the one that all cycles share.
func (t *trial) home(name string) (ledger.Folder, error) {
	secret, err := os.ReadFile(t.secret)
	if err != nil {
		return ledger.Folder{}, err
	}
	return ledger.NewFolder(filepath.Join(t.folder, "log"+name), string(secret))
}
