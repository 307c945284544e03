package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/ledger"
	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/mongodb/proxy"
)

// remote is a log on MongoDB with a proxy in front of the engine, for one cycle.
type remote struct {
	*proxy.Proxy
	book   *book
	log    *ledger.Ledger // through the proxy
	direct ledger.Folder  // the same log, around it
	name   string         // of the database
	uri    string         // of it, around the proxy
}

// callers are the people who acknowledge at the same time.
const callers = 16

// onMongoDB opens a log, lets something be done to it, and looks afterwards, on
// another way to the same database, whether all that was acknowledged is there.
func (t *trial) onMongoDB(ctx context.Context, limit time.Duration, harm func(*remote) error) (err error) {
	t.means = "a proxy before MongoDB's engine"
	r, err := t.remote(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(), r.drop()) }()
	through := r.direct
	through.Elsewhere = storeAt(r.URI(r.uri), limit)
	if r.log, err = patiently(ctx, through); err != nil {
		return err
	}
	if err := harm(r); err != nil {
		return errors.Join(err, r.log.Close())
	}
	r.Follow(nil)
	t.faults += r.Harmed()
	if err := r.log.Close(); err != nil {
		return err
	}
	return r.book.everything(ctx, r.direct)
}

// patiently opens the log again until the store, which is given little time in
// some trials, lets it.
func patiently(ctx context.Context, f ledger.Folder) (*ledger.Ledger, error) {
	for {
		l, err := f.Open(ctx, ledger.Options{SignAfter: 5 * time.Millisecond})
		if err == nil || !fault.Is(err, fault.Unavailable) || ctx.Err() != nil {
			return l, err
		}
	}
}

func (t *trial) remote(ctx context.Context) (*remote, error) {
	uri := os.Getenv(engine.AddressVariable)
	if uri == "" {
		return nil, fmt.Errorf("%s is not set: go run ./tests/mongodb go run ./tests/faults sets it", engine.AddressVariable)
	}
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return nil, err
	}
	p, err := proxy.Start(uri)
	if err != nil {
		return nil, err
	}
	r := &remote{Proxy: p, book: newBook(t), name: fmt.Sprintf("f_%d_%s_%d", os.Getpid(), t.threat.name, t.cycle)}
	r.uri = engine.In(uri, r.name)
	f.Elsewhere = storeAt(r.uri, 0)
	r.direct = f
	// What is made at the first start is no part of the trial.
	s, err := f.Elsewhere(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return r, s.Close()
}

func storeAt(uri string, limit time.Duration) func(context.Context) (ledger.Store, error) {
	return func(ctx context.Context) (ledger.Store, error) {
		s, err := mongodb.Open(ctx, mongodb.Config{URI: uri, Limit: limit})
		if err != nil {
			return nil, err // no store in an interface, either
		}
		return s, nil
	}
}

// drop removes the database.
func (r *remote) drop() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(r.uri))
	if err != nil {
		return err
	}
	return errors.Join(client.Database(r.name).Drop(ctx), client.Disconnect(ctx))
}
