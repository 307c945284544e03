package mongodb

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store"
)

// Config says which database to open.
type Config struct {
	// URI is the address, mongodb:// or mongodb+srv://, with the name of the
	// database, credentials, TLS, pool and application name as MongoDB defines
	// them. Read and write concern and read preference in it are not followed.
	// How long a primary is looked for (serverSelectionTimeoutMS) is 3 s unless it
	// says otherwise, and so is the silence after which calls are refused at once.
	URI    string
	Logger *slog.Logger  // nil: nothing is logged
	Limit  time.Duration // of one call; 10 s when zero. An import of the roster has twelve times as long.

	// Existing says that the installation must be there already: opening it makes
	// nothing, unless it is of an older program and is to be brought up to date.
	Existing bool
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	log    *slog.Logger
	limit  time.Duration
	client *mongo.Client
	db     *mongo.Database

	entries    *mongo.Collection
	size       *mongo.Collection // the same, to ask for the size of the log
	checkpoint *mongo.Collection
	cosigned   *mongo.Collection
	change     *mongo.Collection
	person     *mongo.Collection
	department *mongo.Collection
	login      *mongo.Collection
	link       *mongo.Collection
	session    *mongo.Collection
	token      *mongo.Collection
	place      *mongo.Collection
	attempt    *mongo.Collection
	published  *mongo.Collection
	text       *mongo.Collection
	run        *mongo.Collection
	message    *mongo.Collection
	reader     *mongo.Collection
	edition    *mongo.Collection
	setting    *mongo.Collection

	places   *revised[placeKey, placeDocument, learning.Place]
	attempts *revised[learning.AttemptID, attemptDocument, learning.Attempt]

	silence silence
	doubt   atomic.Bool // a call has failed for the time being, and no write has been tried since
	trial   question    // whether writes are taken again

	life context.Context // of what nobody waits for; ends with Close
	end  context.CancelFunc

	mu     sync.RWMutex // held for reading by each call
	closed bool
}

var _ store.Store = (*Store)(nil)

// Open connects to the database and brings its schema up to date. Invalid when
// the address is none, the sign-in is refused, the server is too old, the
// database is not one of ours or of a newer program, or an index or a validator
// is not the one that is declared: nothing that is there is changed then; and,
// with store.ErrNone, when it must be there and is not.
// Unavailable when no server answers.
func Open(ctx context.Context, c Config) (*Store, error) { return open(ctx, c) }

func open(ctx context.Context, c Config, more ...func(*options.ClientOptions)) (*Store, error) {
	s, a, err := unstarted(ctx, c, more...)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx, a, c.Existing); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// unstarted is a store that has not spoken to a server yet.
func unstarted(ctx context.Context, c Config, more ...func(*options.ClientOptions)) (*Store, address, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Limit <= 0 {
		c.Limit = 10 * time.Second
	}
	a, err := parseAddress(c.URI)
	if err != nil {
		return nil, a, err
	}
	client, patience, err := connect(c, more)
	if err != nil {
		return nil, a, a.wrong(err)
	}
	s := &Store{log: c.Logger, limit: c.Limit, client: client, db: client.Database(a.database)}
	s.silence.patience, s.silence.question = patience, &question{put: s.askPrimary}
	s.trial.put = s.tryWrite
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	return s, a, nil
}

// patience is how long a primary is looked for. A request that comes while there
// is none is better told so than kept: it may be made again. An election takes
// longer than anybody waits for a page anyway.
const patience = 3 * time.Second

// connect makes the client, and says how long it looks for a primary. It does
// not reach for a server yet.
func connect(c Config, more []func(*options.ClientOptions)) (*mongo.Client, time.Duration, error) {
	o := options.Client().ApplyURI(c.URI)
	if err := o.Validate(); err != nil {
		return nil, 0, err
	}
	if o.AppName == nil {
		o.SetAppName("kokoroe")
	}
	if o.ServerSelectionTimeout == nil {
		o.SetServerSelectionTimeout(min(patience, c.Limit))
	}
	journal := true
	o.SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: &journal})
	o.SetReadConcern(readconcern.Majority())
	o.SetReadPreference(readpref.Primary())
	if o.TLSConfig == nil {
		o.SetDialer(matching{&net.Dialer{}})
	}
	for _, f := range more {
		f(o)
	}
	client, err := mongo.Connect(o)
	return client, *o.ServerSelectionTimeout, err
}

// collections opens the collections. On a replica set the size of the log is
// asked for so that a primary that was voted out cannot answer.
func (s *Store) collections(replicated bool) {
	for name, c := range map[string]**mongo.Collection{
		"log": &s.entries, "checkpoint": &s.checkpoint, "cosignature": &s.cosigned, "roster_change": &s.change, "person": &s.person,
		"department": &s.department, "login": &s.login, "link": &s.link, "session": &s.session, "used_token": &s.token,
		"course_place": &s.place, "attempt": &s.attempt, "publication": &s.published, "kept_text": &s.text, "job_run": &s.run,
		"message": &s.message, "reader": &s.reader, "edition": &s.edition, "setting": &s.setting,
	} {
		*c = s.db.Collection(name)
	}
	s.places = newRevised[placeKey, placeDocument](s, s.place, "place", begunAt)
	s.attempts = newRevised[learning.AttemptID, attemptDocument](s, s.attempt, "attempt", nil)
	s.size = s.entries
	if replicated {
		s.size = s.db.Collection("log", options.Collection().SetReadConcern(readconcern.Linearizable()))
	}
}

// call runs one call to the database within its limit, and makes faults of what
// the driver says. what is named when there is no such thing. It is refused at
// once while the server is silent.
func (s *Store) call(ctx context.Context, what string, f func(context.Context) error) error {
	return s.callFor(ctx, s.limit, what, f)
}

func (s *Store) callFor(ctx context.Context, limit time.Duration, what string, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if err := s.silence.enter(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return unavailable(errClosed)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := f(limited)
	s.silence.heard(err)
	err = translate(ctx, err, what)
	if fault.Is(err, fault.Unavailable) && !errors.Is(ctx.Err(), context.Canceled) {
		s.doubt.Store(true)
	}
	return err
}

// Close waits for the calls that were accepted and lets the connections go.
func (s *Store) Close() error {
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// pause waits a little after the nth lost race: the winner's write is on its
// way to the majority, and until then is not read.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(time.Millisecond << min(n, 6))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}
