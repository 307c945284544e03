package mongodb

import (
	"context"
	"net"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// OpenWatched opens the store and shows each command that goes to the server.
func OpenWatched(ctx context.Context, c Config, watch func(*event.CommandStartedEvent)) (*Store, error) {
	return open(ctx, c, func(o *options.ClientOptions) {
		o.SetMonitor(&event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) { watch(e) }})
	})
}

// Unstarted is a store that has not looked at its server.
func Unstarted(ctx context.Context, c Config) (*Store, error) {
	s, _, err := unstarted(ctx, c)
	return s, err
}

// Connect makes the client that the store uses.
func Connect(c Config) (*mongo.Client, error) {
	client, _, err := connect(c, nil)
	return client, err
}

// Silent is a silence in which somebody waits already, and what lets callers
// through it. put is told how to say that the server has answered.
func Silent(put func(heard func()) error) (enter func(context.Context) error) {
	s := &silence{since: time.Unix(1, 0), patience: time.Hour}
	s.question = &question{put: func() error { return put(func() { s.heard(nil) }) }}
	return s.enter
}

// Matched lets through what answers the requests that went out.
func Matched(under net.Conn) net.Conn { return &matched{Conn: under} }

// Database is the driver's view of the database.
func (s *Store) Database() *mongo.Database { return s.db }

// WithMigration adds a migration to those that the program knows, until undo.
func WithMigration(m func(context.Context, *mongo.Database) error) (undo func()) {
	before := migrations
	migrations = append(slices.Clone(migrations), m)
	return func() { migrations = before }
}

// KnowingSchema makes a program of an older schema, until undo.
func KnowingSchema(version int) (undo func()) {
	before := migrations
	migrations = slices.Clone(migrations[:version])
	return func() { migrations = before }
}

// MaxTogether is how many documents one command replaces at most.
const MaxTogether = maxTogether

// TakingTurns sets how long an attempt waits for the command under way.
func (s *Store) TakingTurns(turn time.Duration) { s.attempts.queue.turn = turn }

// ReplaceTogether replaces documents by one command and returns of which of them
// it is known that they are replaced, and what is said of each.
func ReplaceTogether(ctx context.Context, of *mongo.Collection, ids ...string) (won []bool, said []error) {
	var batch []*replacement
	for _, id := range ids {
		r, err := replacementOf(id, 2, is("_id", id))
		if err != nil {
			return nil, []error{err}
		}
		batch = append(batch, r)
	}
	(&replacements{store: &Store{limit: time.Minute}, of: of}).command(ctx, batch)
	for _, r := range batch {
		<-r.done
		won, said = append(won, r.won), append(said, r.err)
	}
	return won, said
}

// WaitingAttempts is how many attempts wait to be replaced by the next command.
func (s *Store) WaitingAttempts() int {
	q := s.attempts.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Collections returns the names of the declared collections.
func Collections() []string {
	var names []string
	for _, c := range collections {
		names = append(names, c.name)
	}
	return names
}

// Translate makes a fault of what the driver says.
func Translate(ctx context.Context, err error) error { return translate(ctx, err, "thing") }
