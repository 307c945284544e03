package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"kokoroe/tests/mongodb/engine"
)

// options are the command line.
type options struct {
	duration    time.Duration
	concurrency int
	people      int
	departments int
	url         string
	provider    string
	city        string
	cpuProfile  string
	memProfile  string
	evidence    bool
	records     int
	stores      bool
	mongodb     string
	store       string // of the portal; "": a file
	growth      bool
	large       int // people
}

func main() {
	examineHere()
	var o options
	flag.DurationVar(&o.duration, "duration", 20*time.Second, "how long new journeys begin")
	flag.IntVar(&o.concurrency, "concurrency", 32, "how many people are on their way at once")
	flag.IntVar(&o.people, "people", 2000, "how many people the city has; each makes one journey")
	flag.IntVar(&o.departments, "departments", 40, "how many departments the city has")
	flag.StringVar(&o.url, "url", "", "address of a portal that runs already, with the city that -city wrote; nothing is started")
	flag.StringVar(&o.provider, "provider", "city", "ID of the demonstration provider that staff come in by")
	flag.StringVar(&o.city, "city", "", "only write the city to this folder, for kokoroe demo --city")
	flag.StringVar(&o.cpuProfile, "cpuprofile", "", "run the portal in this process and write its CPU profile, and the load's, to this file")
	flag.StringVar(&o.memProfile, "memprofile", "", "run the portal in this process and write its allocations to this file")
	flag.BoolVar(&o.evidence, "evidence", false, "measure the evidence log alone, with 64 at once unless -concurrency says otherwise")
	flag.IntVar(&o.records, "records", 1_000_000, "with -evidence: size of the log that is verified; 0: none is")
	flag.BoolVar(&o.stores, "stores", false, "measure on SQLite and on MongoDB, whose address is in "+engine.AddressVariable+"; new databases are made there")
	flag.BoolVar(&o.growth, "growth", false, "ask for every page of a city of 2,000 and of -large people; also on MongoDB, when "+engine.AddressVariable+" has its address")
	flag.IntVar(&o.large, "large", manyPeople, "with -growth and -stores: how many people the large city has, of each of whom five things are asked")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := measure(ctx, o, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func measure(ctx context.Context, o options, out io.Writer) (failed int, err error) {
	if o.growth {
		o.mongodb = os.Getenv(engine.AddressVariable)
		return 0, runGrowth(ctx, o, out)
	}
	if o.stores {
		if o.mongodb = os.Getenv(engine.AddressVariable); o.mongodb == "" {
			return 0, errors.New("no MongoDB: go run ./tests/mongodb go run ./tests/load -stores")
		}
		return runStores(ctx, o, out)
	}
	if !o.evidence {
		return run(ctx, o, out)
	}
	many := false
	flag.Visit(func(f *flag.Flag) { many = many || f.Name == "concurrency" })
	if !many {
		o.concurrency = evidenceCallers
	}
	return 0, runEvidence(ctx, o, out)
}

func run(ctx context.Context, o options, out io.Writer) (failed int, err error) {
	if o.city != "" {
		return 0, newCity(o.people, o.departments).write(o.city)
	}
	c := newCity(o.people, o.departments)
	w, err := openWalks(ctx, o, c)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.walk(ctx, c.walkers(), o.duration); err != nil {
		return 0, err
	}
	if err := w.end(ctx); err != nil {
		return 0, err
	}
	w.print(out)
	return w.failed, nil
}

// profile begins what the profiling flags ask for and returns how to end it.
func profile(o options) (end func() error, err error) {
	var files []*os.File
	open := func(name string) (*os.File, error) {
		f, err := os.Create(filepath.Clean(name))
		files = append(files, f)
		return f, err
	}
	if o.cpuProfile != "" {
		f, err := open(o.cpuProfile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			return nil, err
		}
	}
	return func() error {
		pprof.StopCPUProfile()
		if o.memProfile != "" {
			f, err := open(o.memProfile)
			if err != nil {
				return err
			}
			runtime.GC()
			if err := pprof.Lookup("allocs").WriteTo(f, 0); err != nil {
				return err
			}
		}
		var errs []error
		for _, f := range files {
			errs = append(errs, f.Close())
		}
		return errors.Join(errs...)
	}, nil
}
