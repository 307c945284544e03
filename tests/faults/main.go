package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	Work() // in a process that is there to be killed, this does not return
	o := Options{Out: os.Stdout, Log: os.Stderr}
	flag.IntVar(&o.Cycles, "cycles", 100, "how often the program is killed; the other faults are tried in proportion, all of them from 1,000 on")
	flag.StringVar(&o.Only, "only", "", "try this fault alone: "+strings.Join(append(Names(), NamesOnMongoDB()...), ", "))
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "of everything that is drawn")
	flag.IntVar(&o.Cycle, "cycle", -1, "run this cycle of the fault alone")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	held, err := Run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if err != nil || !held {
		os.Exit(1)
	}
}
