package main

import (
	"context"
	"fmt"
	"time"
)

// killed kills the program at a random time, and again, and again, on one
// folder.
func killed(ctx context.Context, t *trial) error {
	t.means = "a process of its own, SQLite at `synchronous=FULL`"
	f, err := t.home("")
	if err != nil {
		return err
	}
	if t.book == nil {
		t.book = newBook(t)
	}
	after := 5*time.Millisecond + time.Duration(t.rand.Int64N(int64(495*time.Millisecond)))
	unanswered, wasKilled, err := live(ctx, t.book, orders{
		Folder: f.Path, Prefix: fmt.Sprintf("life-%d", t.cycle), Callers: 4, Again: t.unanswered,
	}, after)
	if err != nil {
		return err
	}
	if wasKilled {
		t.faults++
	}
	t.unanswered = unanswered
	if err := t.book.reopen(ctx, f); err != nil {
		return err
	}
	if every := 250; t.cycle%every == every-1 || t.cycle == t.threat.cycles(t.options.Cycles)-1 {
		return t.book.everything(ctx, f)
	}
	return nil
}

// killedAtCall kills the program at every nth call to the store, life after life
// until everything is acknowledged.
func killedAtCall(ctx context.Context, t *trial) error {
	t.means = "a store around the store"
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return err
	}
	b := newBook(t)
	// A process that dies at its first or second call never gets to an append,
	// however often it is started.
	o := orders{Folder: f.Path, Callers: 4, Each: 8, Every: int64(1 + t.cycle/2), Harm: killBefore}
	if t.cycle%2 == 1 {
		o.Harm = killAfter
	}
	for life := range 40 {
		o.Prefix = fmt.Sprintf("life-%d", life)
		unanswered, wasKilled, err := live(ctx, b, o, 0)
		if err != nil {
			return err
		}
		if err := b.reopen(ctx, f); err != nil {
			return err
		}
		if !wasKilled {
			break
		}
		t.faults++
		if o.Again = unanswered; life == 4 && o.Every < 12 {
			break // five deaths at the same place say enough
		}
	}
	o.Every, o.Prefix = 0, "last"
	if _, _, err := live(ctx, b, o, 0); err != nil { // nothing is broken: it goes on
		return err
	}
	return b.everything(ctx, f)
}
