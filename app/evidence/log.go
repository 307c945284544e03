package evidence

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
)

// Config is what a Log needs. Store, Origin and Now are required.
type Config struct {
	Store   Store
	Origin  string   // names the log in its checkpoints, such as "city.example/kokoroe/1"
	Former  []string // the names it had before it was begun anew, whose checkpoints go on to count
	Program string   // version of the program, kept in every record
	Now     calendar.Clock

	Signer    note.Signer    // signs checkpoints in the background; nil does not sign. Its name is Origin.
	Verifiers note.Verifiers // the public keys, also former ones; required with Signer
	Head      Head           // remembers the last checkpoint outside the store; nil does not
	SignAfter time.Duration  // how long after an append a checkpoint is signed; 300 ms when zero

	Witnesses    []Witness     // whose cosignatures are known, and who is asked for them when there is a Signer
	WitnessAfter time.Duration // how long after a checkpoint, and so how often at most, witnesses are asked; 2 s when zero

	Random io.Reader     // of the salts; crypto/rand when nil
	Limit  time.Duration // of one call to the store when committing; 10 s when zero
	Report func(error)   // is told what goes wrong in the background; nil does nothing
}

// Log is the append-only log. Several may share one store.
type Log struct {
	c     Config
	cache hashCache

	ctx    context.Context // of work that outlives its caller; ends with Close
	cancel context.CancelFunc

	mu      sync.Mutex
	queue   []*pending
	waiting map[string]*pending // by key: in the queue or being committed
	closed  bool
	wake    chan struct{} // the committer has something to do
	drained chan struct{} // the committer is gone

	// The committer's own.
	edge      edge
	edgeKnown bool
	turns     turns

	signMu  sync.Mutex
	signed  edge       // the edge of the tree whose root was signed last
	last    Checkpoint // and its checkpoint; Size 0 before the first
	unsaved chan struct{}
	signer  chan struct{} // the background signer is gone
	witness witnessing
	known   note.Verifiers // the log's keys and the witnesses'; nil without the former

	halt atomic.Pointer[fault.Error]
}

const (
	maxBatch      = 512
	maxBatchBytes = 4 << 20 // of records: a database limits the size of one call
	maxQueue      = 1 << 14
)

// Open starts the log. It compares the store with the last signed checkpoints,
// the store's own and the head's, and with what witnesses know that answer at
// once: when the store does not continue them, the
// log opens for reading, and Append answers Unavailable
// (evidence.store_went_back). Invalid for a Config that cannot work,
// Unavailable when the store does not answer.
func Open(ctx context.Context, c Config) (*Log, error) {
	if err := c.complete(); err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, MessageID: "evidence.config_invalid", Err: err}
	}
	l := &Log{c: c, waiting: map[string]*pending{}, wake: make(chan struct{}, 1), drained: make(chan struct{}),
		unsaved: make(chan struct{}, 1), signer: make(chan struct{})}
	l.cache.m = map[int64]tlog.Hash{}
	l.witness.fresh = make(chan struct{}, 1)
	if l.known = c.Verifiers; l.known != nil {
		l.known = keyRing{c.Verifiers, l.witnessKeys()}
	}
	if err := l.compare(ctx); err != nil {
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.startWitnesses()
	go l.commitLoop()
	if l.c.Signer != nil {
		go l.signLoop()
	} else {
		close(l.signer)
	}
	return l, nil
}

func (c *Config) complete() error {
	switch {
	case c.Store == nil || c.Now == nil:
		return errors.New("evidence: Store and Now are required")
	case c.Origin == "":
		return errors.New("evidence: Origin is required")
	case c.Signer != nil && c.Verifiers == nil:
		return errors.New("evidence: Signer needs Verifiers")
	case c.Signer != nil && c.Signer.Name() != c.Origin:
		return fmt.Errorf("evidence: the signing key is of %q, the log is %q", c.Signer.Name(), c.Origin)
	}
	for _, w := range c.Witnesses {
		if _, ok := w.Key.(cosignatureVerifier); !ok {
			return fmt.Errorf("evidence: the key of the witness %q is none for cosignatures", w.Title)
		}
	}
	if c.WitnessAfter == 0 {
		c.WitnessAfter = 2 * time.Second
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Limit == 0 {
		c.Limit = 10 * time.Second
	}
	if c.SignAfter == 0 {
		c.SignAfter = 300 * time.Millisecond
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	return nil
}

// Append records the statement and returns its entry once that is durable. A
// key that was recorded before, here or by another instance, is not recorded
// again: the earlier entry is returned, whatever it says (the first wins).
//
// The statement may be recorded even when Append fails because ctx ended;
// asking again with the same key tells. The entry's bytes are shared: do not
// change them.
//
// Invalid: evidence.record_invalid, evidence.record_too_large. Unavailable:
// evidence.unconfirmed (ask again), evidence.busy, evidence.closed,
// evidence.store_went_back, evidence.log_damaged, and what the store says of
// itself with fault.NothingDone (it is not recorded).
func (l *Log) Append(ctx context.Context, s Statement) (Entry, error) {
	if err := l.Trouble(); err != nil {
		return Entry{}, err
	}
	p, err := l.seal(s)
	if err != nil {
		return Entry{}, err
	}
	// Whether the key is there already, the store says when it refuses it: nearly
	// all are new, and are not asked for first.
	if p, err = l.enqueue(p); err != nil {
		return Entry{}, err
	}
	select {
	case <-p.done:
		return p.entry, p.err
	case <-ctx.Done():
		return Entry{}, unconfirmed(ctx.Err())
	}
}

// Trouble returns why the log accepts nothing, and nil while all is well.
func (l *Log) Trouble() error {
	if e := l.halt.Load(); e != nil {
		return e
	}
	return nil
}

// Close refuses new statements, commits those that wait, signs a last
// checkpoint and stops. When ctx ends before that, work under way is broken
// off, and Close answers with the context's error.
func (l *Log) Close(ctx context.Context) error {
	defer l.cancel()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	poke(l.wake)
	for _, gone := range []chan struct{}{l.drained, l.signer} {
		select {
		case <-gone:
		case <-ctx.Done():
			l.cancel()
			return ctx.Err()
		}
	}
	l.cancel()
	l.witness.gone.Wait() // what they were asked is asked again at the next start
	return nil
}

// seal makes everything of the entry that does not depend on its place, in the
// caller's goroutine, so that the committer has little to do.
func (l *Log) seal(s Statement) (*pending, error) {
	if s.At.IsZero() {
		s.At = l.c.Now()
	}
	r, err := newRecord(s, l.c.Program)
	if err != nil {
		return nil, err
	}
	record, err := r.bytes()
	if err != nil {
		return nil, err
	}
	salt := make([]byte, SaltSize)
	if _, err := io.ReadFull(l.c.Random, salt); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "error.internal")
	}
	return &pending{done: make(chan struct{}), entry: Entry{
		Key: r.Key, Kind: r.Kind, Actor: r.Actor, Subject: r.Subject, Object: r.Object, Scope: r.Scope,
		At: milli(s.At), Record: record, Salt: salt, Leaf: Leaf(salt, record),
	}}, nil
}

// enqueue puts p in the queue, or returns the one with its key that waits
// already.
func (l *Log) enqueue(p *pending) (*pending, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fault.New(fault.Unavailable, "evidence.closed", nil)
	}
	if first, ok := l.waiting[p.entry.Key]; ok {
		return first, nil
	}
	if len(l.queue) >= maxQueue {
		return nil, fault.New(fault.Unavailable, "evidence.busy", nil)
	}
	l.queue = append(l.queue, p)
	l.waiting[p.entry.Key] = p
	poke(l.wake)
	return p, nil
}

// stop makes the log refuse statements from now on. The first reason stays.
func (l *Log) stop(e *fault.Error) error {
	if l.halt.CompareAndSwap(nil, e) {
		l.c.Report(e)
	}
	return l.Trouble()
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// why is what a caller is told about cause: that the log has stopped, or that
// asking again may help.
func (l *Log) why(cause error) error {
	if err := l.Trouble(); err != nil {
		return err
	}
	return unconfirmed(cause)
}

func unconfirmed(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "evidence.unconfirmed")
}

func wentBack(format string, args ...any) *fault.Error {
	return &fault.Error{Kind: fault.Unavailable, MessageID: storeWentBack, Err: fmt.Errorf(format, args...)}
}

// WentBack reports whether err, such as a log's trouble, says that the store no
// longer holds what was signed.
func WentBack(err error) bool { return isMessage(err, storeWentBack) }

const storeWentBack = "evidence.store_went_back"

func damaged(seq int64, cause error) *fault.Error {
	return &fault.Error{Kind: fault.Unavailable, MessageID: "evidence.log_damaged", Args: fault.Args{"Seq": seq}, Err: cause}
}

// knows reports whether origin is or was the log's name.
func (c *Config) knows(origin string) bool {
	return origin == c.Origin || slices.Contains(c.Former, origin)
}
