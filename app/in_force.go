package app

import (
	"context"
	"errors"
	"time"

	"kokoroe/app/edition"
	"kokoroe/app/fault"
)

// inForce is one edition as this program has read it. It never changes: what
// comes after it is another one. Who takes it once sees nothing of two.
type inForce struct {
	edition   edition.Edition // without its bundle
	catalogue *Catalogue
	registers *RegisterSet
}

func newInForce(e edition.Edition, c *Catalogue, r *RegisterSet) *inForce {
	e.Bundle = nil
	return &inForce{edition: e, catalogue: c, registers: r}
}

// Catalogue is the content in force.
func (a *App) Catalogue() *Catalogue { return a.inForce.Load().catalogue }

// Edition is the edition in force on this instance, without its bundle.
func (a *App) Edition() edition.Edition { return a.inForce.Load().edition }

// start puts into force what was never in force, and takes over the rest. Of
// instances that start at once one publishes, and the others find that done.
func (a *App) start(ctx context.Context, own drafts) error {
	for {
		s, err := a.standing(ctx, own, false)
		if err != nil {
			return err
		}
		var f *inForce
		if s.same() {
			f, err = a.take(ctx, s.Edition, s.was, own.load)
		} else {
			f, err = a.put(ctx, s, own, "")
		}
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err != nil {
			return err
		}
		a.inForce.Store(f)
		if err := a.recordInForce(ctx); err != nil { // follow tries again
			a.cfg.Logger.Error("the publication of the edition in force is not recorded yet", "cause", err.Error())
		}
		return nil
	}
}

// recordInForce sees to it that the log says who put into force what is in force
// here.
func (a *App) recordInForce(ctx context.Context) error {
	e := a.Edition()
	if a.recorded == e.Number {
		return nil
	}
	if err := a.recordPublished(ctx, e); err != nil {
		return err
	}
	a.recorded = e.Number
	return nil
}

// reader reads a bundle as this program understands it.
type reader func(edition.Bundle) (*Catalogue, *RegisterSet, error)

// take reads an edition that is in force already.
func (a *App) take(ctx context.Context, e edition.Edition, b edition.Bundle, load reader) (*inForce, error) {
	catalogue, registers, err := load(b)
	if err != nil {
		return nil, notTaken(e, err)
	}
	// Who published it may have had other languages.
	if err := a.texts().Publish(ctx, catalogue.Policies); fault.Is(err, fault.Unavailable) {
		return nil, err
	} else if err != nil {
		return nil, notTaken(e, err)
	}
	a.cfg.Logger.Info("in force", "edition", e.Number, "content", e.Content, "registers", e.Registers, "published_by", e.Program)
	return newInForce(e, catalogue, registers), nil
}

// refusal is an edition that this program does not take over.
type refusal struct {
	number int64
	cause  error
}

func (r *refusal) err() error {
	if r == nil {
		return nil
	}
	return r.cause
}

// followEvery is how often an instance asks for a newer edition: with the time
// that it takes to read one, all instances show the same within 2 s.
const followEvery = time.Second

// follow takes over newer editions until ctx ends.
func (a *App) follow(ctx context.Context) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		err := a.TakeNewest(ctx)
		if err != nil && !failed && ctx.Err() == nil { // said once, not every second
			a.cfg.Logger.Error("following the newest edition", "cause", err.Error())
		}
		failed = err != nil
	}
}

// TakeNewest takes over the newest edition, if it is another than the one in
// force here, and records its publication if whoever published it did not. One
// that this program cannot read is refused: what was in force stays, the instance
// is not ready, and so a load balancer leaves it out instead of showing two truths.
// Unavailable when the store does not answer, or the log takes nothing.
func (a *App) TakeNewest(ctx context.Context) error {
	a.taking.Lock()
	defer a.taking.Unlock()
	number, err := a.Store.EditionNumber(ctx)
	if err != nil {
		return err
	}
	if refused := a.refused.Load(); refused != nil && refused.number == number {
		return nil
	}
	if number == 0 || number == a.Edition().Number {
		a.refused.Store(nil)
		return a.recordInForce(ctx)
	}
	e, err := a.Store.EditionInForce(ctx)
	if err != nil {
		return err
	}
	f, err := a.opened(ctx, e)
	if fault.Is(err, fault.Unavailable) {
		return err
	}
	if err != nil {
		a.cfg.Logger.Error("the newest edition is not taken over", "cause", err.Error())
		a.refused.Store(&refusal{e.Number, err})
		return nil
	}
	a.inForce.Store(f)
	a.Ledger.Follow(f.catalogue.Requirements, f.catalogue.Policies)
	a.refused.Store(nil)
	return a.recordInForce(ctx)
}

func (a *App) opened(ctx context.Context, e edition.Edition) (*inForce, error) {
	b, err := e.Open()
	if err != nil {
		return nil, notTaken(e, err)
	}
	return a.take(ctx, e, b, func(b edition.Bundle) (*Catalogue, *RegisterSet, error) { return load(b, a.languages) })
}
