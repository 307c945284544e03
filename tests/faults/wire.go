package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"kokoroe/app/fault"
	"kokoroe/tests/ledger"
	"kokoroe/tests/mongodb/proxy"
)

// each lets every caller acknowledge so many times, each until it is answered.
func (r *remote) each(ctx context.Context, prefix string, times int) {
	var asking sync.WaitGroup
	for caller := range callers {
		asking.Go(func() {
			for i := range times {
				r.book.persist(ctx, r.log, keyOf(prefix, caller, i))
			}
		})
	}
	asking.Wait()
}

// once lets every caller ask once, and returns what they are told.
func (r *remote) once(ctx context.Context, prefix string) []error {
	var asking sync.WaitGroup
	errs := make([]error, callers)
	for caller := range callers {
		asking.Go(func() {
			key := keyOf(prefix, caller, 0)
			e, err := r.log.Log.Append(ctx, ledger.Statement(key, time.Time{}))
			if errs[caller] = err; err == nil {
				r.book.acknowledged(key, e.Seq)
			}
		})
	}
	asking.Wait()
	return errs
}

// unanswered says when they are not all told to come back, in one sentence that
// repeats nothing of the server, or when the log does not go on.
func (r *remote) unanswered(errs []error, when string) {
	r.book.mu.Lock() // others may still be asking
	defer r.book.mu.Unlock()
	for _, err := range errs {
		if !fault.Is(err, fault.Unavailable) || strings.ContainsAny(fmt.Sprint(err), "\r\n") || strings.Contains(fmt.Sprint(err), "the proxy says") {
			r.book.t.fail("%s, a caller is told %v", when, err)
		}
	}
	if err := r.log.Log.Trouble(); err != nil {
		r.book.t.fail("%s, the log has stopped: %v", when, err)
	}
}

// cutConnections cuts every nth message, in odd cycles every nth of those that
// write, and now and then one that is drawn.
func cutConnections(ctx context.Context, t *trial) error {
	return t.onMongoDB(ctx, 0, func(r *remote) error {
		places := []proxy.Act{{Harm: proxy.CutBefore}, {Harm: proxy.CutAfter}, {Harm: proxy.CutWithin}}
		n := 2 + t.cycle/2
		plan := proxy.Every(7*n, 6, places...)
		if t.cycle%2 == 1 {
			plan = proxy.Only(proxy.Every(n, 6, places...), "insert")
		}
		r.Follow(plan)
		r.each(ctx, "cut", 6)
		r.Follow(proxy.Drawn(rand.New(rand.NewPCG(t.rand.Uint64(), 0)), 10, 3, places...))
		r.each(ctx, "drawn", 4)
		return nil
	})
}

// slowServer lets the server hang: everybody is told so while it does, and
// neither calls nor connections pile up. Then replies are later than a call may
// last, and must not be taken for the answer to what is asked next.
func slowServer(ctx context.Context, t *trial) error {
	const limit = 300 * time.Millisecond
	return t.onMongoDB(ctx, limit, func(r *remote) error {
		r.each(ctx, "before", 1)
		r.Hold()
		first := 0
		for wave := range 5 {
			r.unanswered(r.once(ctx, fmt.Sprintf("held-%d", wave)), "while the server hangs")
			t.faults += callers
			if now := runtime.NumGoroutine(); wave == 0 {
				first = now
			} else if now > first+8*callers {
				t.fail("%d goroutines in the first wave, %d after %d", first, now, wave+1)
			}
		}
		r.Release()
		r.each(ctx, "after", 2)
		for wave := range 5 {
			r.each(ctx, fmt.Sprintf("held-%d", wave), 1) // the same once more: one record each
		}
		late := proxy.Act{Harm: proxy.Late, Delay: 2 * limit}
		r.Follow(proxy.Every(9, 6, late))
		r.each(ctx, "late", 4)
		r.Follow(proxy.Only(proxy.Every(2, 4, late), "insert log")) // done, and nobody knows
		r.each(ctx, "unknown", 4)
		if most := r.Most(); most > 120 {
			t.fail("%d connections at a time, and the driver's pool has 100", most)
		}
		return nil
	})
}

// serverGone takes the server away in the middle of work and brings it back.
func serverGone(ctx context.Context, t *trial) error {
	return t.onMongoDB(ctx, 500*time.Millisecond, func(r *remote) error {
		for turn := range 3 {
			working := make(chan struct{})
			go func() {
				defer close(working)
				r.each(ctx, fmt.Sprintf("busy-%d", turn), 4)
			}()
			r.Leave()
			again := fmt.Sprintf("gone-%d", turn)
			r.unanswered(r.once(ctx, again), "while the server is away")
			t.faults += callers
			r.Return()
			<-working
			r.each(ctx, again, 1)
		}
		return nil
	})
}

// refusingServer answers all, or what writes, with errors that will pass.
func refusingServer(ctx context.Context, t *trial) error {
	return t.onMongoDB(ctx, time.Second, func(r *remote) error {
		for _, a := range []proxy.Act{
			{Code: 10107, Name: "NotWritablePrimary"},
			{Code: 13435, Name: "NotPrimaryNoSecondaryOk"},
			{Code: 11600, Name: "InterruptedAtShutdown"},
			{Code: 14031, Name: "OutOfDiskSpace"},
			{Code: 371, Name: "UserWritesBlocked"},
			{Code: 146, Name: "ExceededMemoryLimit"},
			{Code: 13, Name: "Unauthorized"},
		} {
			a.Harm = proxy.Refused
			for _, what := range []string{"all", "writes"} {
				plan := proxy.Every(1, 0, a)
				if what == "writes" {
					plan = proxy.Only(plan, "insert")
				}
				r.Follow(plan)
				again := fmt.Sprintf("%s-%s", a.Name, what)
				r.unanswered(r.once(ctx, again), "with "+again)
				r.Follow(nil)
				r.each(ctx, again, 1)
			}
		}
		return nil
	})
}

// otherPrimary plays what a client of a replica set sees while another member
// becomes the primary: writes in flight are done or not, and nobody says which;
// connections are cut; the old primary says that it is none; and then all is well.
func otherPrimary(ctx context.Context, t *trial) error {
	return t.onMongoDB(ctx, time.Second, func(r *remote) error {
		for turn := range 3 {
			working := make(chan struct{})
			go func() {
				defer close(working)
				r.each(ctx, fmt.Sprintf("busy-%d", turn), 4)
			}()
			again := fmt.Sprintf("between-%d", turn)
			r.Follow(proxy.Only(proxy.Every(1, 2+t.rand.IntN(3),
				proxy.Act{Harm: proxy.CutAfter},
				proxy.Act{Harm: proxy.Unsure, Code: 189, Name: "PrimarySteppedDown"},
				proxy.Act{Harm: proxy.Refused, Code: 11602, Name: "InterruptedDueToReplStateChange"},
			), "insert"))
			r.each(ctx, fmt.Sprintf("down-%d", turn), 1)
			r.Leave()
			r.Follow(proxy.Every(1, 0, proxy.Act{Harm: proxy.Refused, Code: 10107, Name: "NotWritablePrimary"}))
			r.Return()
			r.unanswered(r.once(ctx, again), "while there is no primary")
			t.faults += callers
			r.Follow(nil)
			<-working
			r.each(ctx, again, 1)
		}
		return nil
	})
}

// unsureWrites are done, and answered with an error that does not say so.
func unsureWrites(ctx context.Context, t *trial) error {
	return t.onMongoDB(ctx, 0, func(r *remote) error {
		r.Follow(proxy.Only(proxy.Every(1+t.cycle%3, 40,
			proxy.Act{Harm: proxy.Unsure, Code: 64, Name: "WriteConcernTimeout"},
			proxy.Act{Harm: proxy.Unsure, Code: 91, Name: "ShutdownInProgress"},
		), "insert"))
		r.each(ctx, "unsure", 8)
		return nil
	})
}

// repliesTwice doubles replies: none may be taken for the answer to another
// request.
func repliesTwice(ctx context.Context, t *trial) error {
	return t.onMongoDB(ctx, 0, func(r *remote) error {
		plan := proxy.Every(5+t.cycle, 8, proxy.Act{Harm: proxy.Twice})
		if t.cycle%2 == 1 {
			plan = proxy.Only(plan, "insert")
		}
		r.Follow(plan)
		r.each(ctx, "twice", 10)
		return nil
	})
}
