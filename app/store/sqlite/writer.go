package sqlite

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
)

// maxBatch bounds how many operations share a transaction, and so how long the
// first of them waits for its answer.
const maxBatch = 256

// writer runs every write, one batch of waiting operations a transaction.
type writer struct {
	db  *sql.DB
	log *slog.Logger

	mu     sync.Mutex
	filled sync.Cond
	queue  []*operation
	closed bool
	ended  chan struct{}

	refuses atomic.Bool // the last batch could not be stored

	conn *connection // of the goroutine run; nil after it was found broken
}

// operation is one write. Its run may be undone, and is not run again.
type operation struct {
	run    func(*connection) error
	atomic bool          // a single statement: undone by itself when it fails
	state  atomic.Int32  // waiting, running or abandoned
	ran    chan struct{} // closed once run has returned; set before running
	err    error         // what run returned
	done   chan error
}

const (
	waiting int32 = iota
	running
	abandoned
)

func newWriter(db *sql.DB, log *slog.Logger) *writer {
	w := &writer{db: db, log: log, ended: make(chan struct{})}
	w.filled.L = &w.mu
	go w.loop()
	return w
}

// single runs an operation of one statement.
func (w *writer) single(ctx context.Context, run func(*connection) error) error {
	return w.do(ctx, &operation{run: run, atomic: true})
}

// several runs an operation of several statements, all or none.
func (w *writer) several(ctx context.Context, run func(*connection) error) error {
	return w.do(ctx, &operation{run: run})
}

// do queues op and waits until it is durable. When ctx ends first, op is not
// run any more if it was still waiting; if it has run, its outcome is unknown to
// the caller. While it runs, do stays: op reads the caller's memory.
func (w *writer) do(ctx context.Context, op *operation) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	op.done = make(chan error, 1)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return unavailable(errClosed)
	}
	w.queue = append(w.queue, op)
	w.mu.Unlock()
	w.filled.Signal()

	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
	}
	if op.state.CompareAndSwap(waiting, abandoned) {
		return unavailable(ctx.Err())
	}
	select {
	case err := <-op.done:
		return err
	case <-op.ran:
		return unavailable(ctx.Err())
	}
}

// close lets the queue run empty and ends the goroutine.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.filled.Signal()
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	defer func() {
		if w.conn != nil {
			w.conn.close()
		}
	}()
	var batch []*operation
	for {
		batch = w.next(batch[:0])
		if len(batch) == 0 {
			return
		}
		w.commit(batch)
		clear(batch)
	}
}

// next waits for operations and takes what is there; nothing once closed.
func (w *writer) next(batch []*operation) []*operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if w.closed {
			return nil
		}
		w.filled.Wait()
	}
	n := min(len(w.queue), maxBatch)
	batch = append(batch, w.queue[:n]...)
	rest := copy(w.queue, w.queue[n:])
	clear(w.queue[rest:])
	w.queue = w.queue[:rest]
	return batch
}

// commit runs the batch in one transaction and answers every operation in it.
func (w *writer) commit(batch []*operation) {
	ran := make(chan struct{})
	var once sync.Once
	finish := func() { once.Do(func() { close(ran) }) }
	defer finish()

	n := 0
	for _, op := range batch {
		op.ran = ran // before the state says running: who reads it has seen that
		if op.state.CompareAndSwap(waiting, running) {
			batch[n] = op
			n++
		}
	}
	batch = batch[:n]
	if n == 0 {
		return
	}
	err := w.begin()
	if err == nil {
		err = w.runAll(batch)
		finish()
	}
	if err == nil {
		_, err = w.conn.exec("COMMIT")
	}
	w.refuses.Store(err != nil)
	if err != nil {
		w.undo(err)
		err = refused(err)
	}
	for _, op := range batch {
		if err != nil {
			op.done <- err
			continue
		}
		op.done <- op.err
	}
}

// begin opens the transaction, on a new connection when the last one broke.
func (w *writer) begin() error {
	if w.conn == nil {
		conn, err := w.db.Conn(context.Background())
		if err != nil {
			return err
		}
		w.conn = &connection{conn: conn, statements: map[string]*sql.Stmt{}}
	}
	_, err := w.conn.exec("BEGIN IMMEDIATE")
	return err
}

// runAll runs each operation; an error is one that ends the whole batch.
func (w *writer) runAll(batch []*operation) error {
	for _, op := range batch {
		if err := w.runOne(op); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) runOne(op *operation) error {
	if op.atomic {
		op.err = op.run(w.conn)
		if spoils(op.err) {
			return op.err
		}
		return nil
	}
	if _, err := w.conn.exec("SAVEPOINT operation"); err != nil {
		return err
	}
	if op.err = op.run(w.conn); op.err != nil {
		if spoils(op.err) {
			return op.err
		}
		if _, err := w.conn.exec("ROLLBACK TO operation"); err != nil {
			return err
		}
	}
	_, err := w.conn.exec("RELEASE operation")
	return err
}

// undo ends a transaction that cannot be committed. SQLite may have ended it
// already; the connection is then given up, which ends it in any case.
func (w *writer) undo(cause error) {
	w.log.Error("sqlite: nothing of this batch was stored", "error", cause)
	if w.conn == nil {
		return
	}
	if _, err := w.conn.exec("ROLLBACK"); err != nil {
		w.conn.discard()
		w.conn = nil
	}
}
