package evidence

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	witnessLimit    = 30 * time.Second // of one request with all its turns
	witnessPatience = 2 * time.Second  // at the start: a witness that is away stops nothing
	witnessRetry    = 10 * time.Minute // at most between two tries
)

// witnessing is the part of a Log that asks witnesses in the background. Nothing
// waits for it, neither an append nor a checkpoint.
type witnessing struct {
	newest atomic.Pointer[Checkpoint]
	target atomic.Pointer[Checkpoint] // what all are asked to cosign, so that it has many cosignatures
	fresh  chan struct{}              // there is a newer checkpoint than target
	gone   sync.WaitGroup
}

// advance goes on to a checkpoint that was signed here or by another instance.
// What was signed under a former name is no witness's business any more.
func (l *Log) advance(e edge, c Checkpoint) {
	l.signed, l.last = e, c
	if l.isOurs(c) {
		l.witness.newest.Store(&c)
		poke(l.witness.fresh)
	}
}

// isOurs reports whether c is a checkpoint of the log under its present name.
func (l *Log) isOurs(c Checkpoint) bool {
	_, origin, err := ParseCheckpoint(c.Note)
	return err == nil && origin == l.c.Origin
}

// asked are the witnesses that can be asked. A log that does not sign asks
// nobody.
func (l *Log) asked() (out []Witness) {
	for _, w := range l.c.Witnesses {
		if w.Asks != nil && l.c.Signer != nil {
			out = append(out, w)
		}
	}
	return out
}

// compareWithWitnesses shows each witness the checkpoint that the log starts
// from, and says which of them have cosigned it. The log has stopped afterwards
// when one knows better. It waits a moment and no longer: who has not answered is
// asked again in the background.
func (l *Log) compareWithWitnesses(asked []Witness) []bool {
	met := make([]bool, len(asked))
	start := l.last
	if !l.isOurs(start) { // also a store that was lost as a whole is noticed
		var err error
		if start, err = l.sign(edge{}); err != nil {
			l.c.Report(err)
			return met
		}
	}
	ctx, cancel := context.WithTimeout(l.ctx, witnessPatience)
	defer cancel()
	var answered sync.WaitGroup
	for i, w := range asked {
		answered.Go(func() {
			err := l.askWitness(ctx, w, start, false)
			if met[i] = err == nil; err != nil && l.Trouble() == nil {
				l.c.Report(err)
			}
		})
	}
	answered.Wait()
	return met
}

// startWitnesses asks at the start, and then after checkpoints.
func (l *Log) startWitnesses() {
	asked := l.asked()
	if len(asked) == 0 {
		return
	}
	met := l.compareWithWitnesses(asked)
	var wakes []chan struct{}
	for i, w := range asked {
		wake := make(chan struct{}, 1)
		wakes = append(wakes, wake)
		l.witness.gone.Go(func() { l.witnessLoop(w, met[i], wake) })
	}
	l.witness.gone.Go(func() { l.paceLoop(wakes) })
}

// paceLoop chooses what is cosigned next: in a busy time one checkpoint of many.
func (l *Log) paceLoop(wakes []chan struct{}) {
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.witness.fresh:
		}
		if !l.rest(l.c.WitnessAfter) {
			return
		}
		l.witness.target.Store(l.witness.newest.Load())
		for _, wake := range wakes {
			poke(wake)
		}
	}
}

// witnessLoop asks one witness, and again after a while when it does not
// cosign. The others do not wait for it.
func (l *Log) witnessLoop(w Witness, met bool, wake chan struct{}) {
	failures := 0
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-wake:
		}
		if l.Trouble() != nil {
			continue
		}
		err := l.askNow(w, *l.witness.target.Load(), met)
		switch {
		case err == nil:
			met, failures = true, 0
		case l.ctx.Err() != nil || l.Trouble() != nil: // said already
		default:
			l.c.Report(err)
			pause := min(l.c.WitnessAfter<<min(failures, 20), witnessRetry)
			if !l.rest(pause + upTo(pause/4+1)) {
				return
			}
			failures++
			poke(wake)
		}
	}
}

func (l *Log) askNow(w Witness, c Checkpoint, met bool) error {
	ctx, cancel := context.WithTimeout(l.ctx, witnessLimit)
	defer cancel()
	return l.askWitness(ctx, w, c, met)
}

// rest waits, and says whether the log goes on.
func (l *Log) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.ctx.Done():
		return false
	}
}
