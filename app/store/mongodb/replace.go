package mongodb

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// maxTogether is how many documents one command replaces at most.
const maxTogether = 64

// turn is how long a document waits for the command under way, and no longer: the
// connection may hang that it is on.
const turn = 20 * time.Millisecond

// replacements are the documents of a collection that are about to be replaced.
// Those that come while a command is under way go with the next one, together:
// where many write at once, one command does the work of several and costs hardly
// more.
type replacements struct {
	store *Store
	of    *mongo.Collection
	turn  time.Duration

	mu      sync.Mutex
	waiting []*replacement
	busy    bool // somebody sends, and what comes is waited for
}

// replacement is a document in the place of the one before it. What came of it is
// there once done is closed.
type replacement struct {
	model mongo.WriteModel
	done  chan struct{}
	won   bool
	err   error // as the driver has it
}

// codeNoObject is what the server says of a document that would be replaced by
// none.
const codeNoObject = 40228

var errUnsaid = errors.New("mongodb: the server does not say what came of each replacement")

// replacementOf replaces the document if its revision is the one before.
//
// The server finds a document by _id alone at half the price of one by _id and
// revision, so that the revision is looked at by the replacement. How many were
// replaced is said of a command as a whole; which one was not, an error alone
// says: so that one of another revision becomes nothing, which is refused. One
// that is not there has no revision either, and for it to be refused as well it
// is asked for as one that would be added.
func replacementOf(id any, revision int64, document any) (*replacement, error) {
	raw, err := bson.Marshal(document)
	if err != nil {
		return nil, err
	}
	if err := holds(len(raw)); err != nil { // or it would be refused with all that go with it
		return nil, err
	}
	same := is("$eq", bson.A{"$revision", revision - 1})
	return &replacement{done: make(chan struct{}), model: mongo.NewUpdateOneModel().SetFilter(is("_id", id)).SetUpsert(true).
		SetUpdate(mongo.Pipeline{is("$replaceWith", is("$cond", bson.A{same, is("$literal", bson.Raw(raw)), nil}))})}, nil
}

// put sends the replacement, with others if there are any, and returns whether
// the document had the revision before. When ctx ends first, nobody knows.
func (q *replacements) put(ctx context.Context, r *replacement) (won bool, err error) {
	q.mu.Lock()
	q.waiting = append(q.waiting, r)
	idle := !q.busy
	q.busy = true
	q.mu.Unlock()
	if idle {
		go q.send(context.WithoutCancel(ctx))
	}
	select {
	case <-r.done:
		return r.won, r.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// send sends what waits until nothing does, or until another goes on because a
// command takes long.
func (q *replacements) send(ctx context.Context) {
	for {
		q.mu.Lock()
		n := min(len(q.waiting), maxTogether)
		batch := q.waiting[:n:n]
		q.waiting = q.waiting[n:]
		q.busy = n > 0
		q.mu.Unlock()
		if n == 0 {
			return
		}
		another := time.AfterFunc(q.turn, func() { q.send(ctx) })
		q.command(ctx, batch)
		if !another.Stop() {
			return
		}
	}
}

// command replaces the documents of a batch, each for itself, and tells who
// waits what came of theirs.
func (q *replacements) command(ctx context.Context, batch []*replacement) {
	ctx, cancel := context.WithTimeout(ctx, q.store.limit)
	defer cancel()
	models := make([]mongo.WriteModel, len(batch))
	for i, r := range batch {
		models[i] = r.model
	}
	result, err := q.of.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	several, each := errors.AsType[mongo.BulkWriteException](err)
	if each {
		// What is left of it is about all that were not refused.
		if err = nil; several.WriteConcernError != nil {
			err = mongo.WriteException{WriteConcernError: several.WriteConcernError, Labels: several.Labels}
		}
	}
	if err == nil && int(result.MatchedCount)+len(several.WriteErrors) != len(batch) {
		err = errUnsaid
	}
	for _, r := range batch {
		r.won, r.err = err == nil, err
	}
	for _, e := range several.WriteErrors {
		r := batch[e.Index]
		r.won, r.err = false, nil
		if e.Code != codeNoObject {
			r.err = mongo.WriteException{WriteErrors: mongo.WriteErrors{e.WriteError}, Labels: several.Labels}
		}
	}
	for _, r := range batch {
		close(r.done)
	}
}
