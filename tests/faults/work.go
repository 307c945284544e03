package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/tests/ledger"
)

// workVariable holds, in a process that is there to be killed, its orders.
const workVariable = "KOKOROE_FAULTS_WORK"

// orders are what such a process is to do.
type orders struct {
	Folder  string
	Again   []string // keys to ask for first: the last life may have recorded them
	Prefix  string   // of the keys
	Callers int      // who ask at the same time
	Each    int      // acknowledgements of each caller; 0: without end
	Every   int64    // of the store's calls go wrong; 0: none
	Harm    harm
	Writes  bool   // only calls that write count
	Limit   uint64 // size in bytes that a file may have; 0: any
}

// Work does what the orders in the environment say, and does not return then. A
// line on standard output is written after the log has answered:
//
//	ack SEQ KEY     recorded
//	refused KEY     not, with nothing known about it; it is asked for again
//	done            everything asked for is recorded
//
// A line on standard input takes the limit away.
func Work() {
	raw, ok := os.LookupEnv(workVariable)
	if !ok {
		return
	}
	var o orders
	err := json.Unmarshal([]byte(raw), &o)
	if err == nil {
		err = o.work(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (o orders) work(ctx context.Context) error {
	f, err := ledger.NewFolder(o.Folder, "")
	if err != nil {
		return err
	}
	var wrap func(evidence.Store) evidence.Store
	if o.Every > 0 {
		wrap = func(s evidence.Store) evidence.Store {
			return &broken{under: s, every: o.Every, harm: o.Harm, writes: o.Writes}
		}
	}
	l, err := f.Open(ctx, ledger.Options{Wrap: wrap, SignAfter: 20 * time.Millisecond})
	if err != nil {
		return err
	}
	if err := l.Log.Trouble(); err != nil {
		return err
	}
	if o.Limit > 0 {
		if err := limitFiles(o.Limit); err != nil {
			return err
		}
	}
	go func() {
		if bufio.NewScanner(os.Stdin).Scan() {
			_ = limitFiles(0)
		}
	}()
	for _, key := range o.Again {
		ask(ctx, l, key)
	}
	var callers sync.WaitGroup
	for caller := range o.Callers {
		callers.Go(func() {
			for i := 0; o.Each == 0 || i < o.Each; i++ {
				ask(ctx, l, keyOf(o.Prefix, caller, i))
			}
		})
	}
	callers.Wait()
	if err := l.Close(); err != nil {
		return err
	}
	say("done\n")
	return nil
}

func keyOf(prefix string, caller, i int) string { return fmt.Sprintf("%s/%d/%d", prefix, caller, i) }

// ask appends until that is answered, as somebody does who presses the button
// again.
func ask(ctx context.Context, l *ledger.Ledger, key string) {
	for {
		e, err := l.Log.Append(ctx, ledger.Statement(key, time.Time{}))
		if err == nil {
			say(fmt.Sprintf("ack %d %s\n", e.Seq, key))
			return
		}
		say(fmt.Sprintf("refused %s\n", key))
		if !fault.Is(err, fault.Unavailable) || l.Log.Trouble() != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// say writes a line at once and in one piece: a pipe takes so few bytes whole.
func say(line string) { _, _ = os.Stdout.WriteString(line) }
