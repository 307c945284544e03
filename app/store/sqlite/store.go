package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"kokoroe/app/store"
)

// Config says which database to open.
type Config struct {
	Path    string       // the file; it is made when there is none
	Logger  *slog.Logger // nil: nothing is logged
	Readers int          // connections for reading; 0: four, or one a processor

	Existing bool // the database must be there already: opening it makes nothing
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	path    string
	log     *slog.Logger
	writer  *writer
	readers *readers
	writeDB *sql.DB

	closed  atomic.Bool
	closing sync.Once
	closeBy error
}

var _ store.Store = (*Store)(nil)

// Open opens the database and brings its schema up to date. Invalid when the
// file is not one of ours or is of a newer program: it is left as it was; and,
// with store.ErrNone, when it must be there and is not. Unavailable when it
// cannot be opened.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Readers <= 0 {
		c.Readers = max(4, runtime.NumCPU())
	}
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, unavailable(err)
	}
	// A pragma of the address that holds a second statement is refused.
	sqlite.StrictPragmas(true)
	known, err := newestMigration()
	if err != nil {
		return nil, err
	}
	found, err := inspect(ctx, path, known)
	if err != nil {
		return nil, err
	}
	if c.Existing && found == 0 {
		return nil, none(path)
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, unavailable(err)
	}
	db, err := connect(path, "rw", 1)
	if err != nil {
		return nil, unavailable(err)
	}
	if found < known {
		if err := migrate(ctx, db, found); err != nil {
			return nil, errors.Join(translate(err, "schema"), db.Close())
		}
		c.Logger.Info("sqlite: schema brought up to date", "path", path, "from", found, "to", known)
	}
	read, err := connect(path, "ro", c.Readers)
	if err != nil {
		return nil, errors.Join(unavailable(err), db.Close())
	}
	s := &Store{path: path, log: c.Logger, writeDB: db, readers: &readers{db: read}, writer: newWriter(db, c.Logger)}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens a pool on the file. Every setting is in the address: a pragma
// that is run later reaches one connection of the pool only.
func connect(path, mode string, connections int) (*sql.DB, error) {
	q := url.Values{
		"mode":       {mode},
		"_txlock":    {"immediate"},
		"_defensive": {"1"},
		"_dqs":       {"0"},
		"_error_rc":  {"1"},
		"_pragma":    {"busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)", "temp_store(2)"},
	}
	if mode != "ro" {
		q["_pragma"] = append(q["_pragma"], "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)",
			"cache_size(-32768)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)")
	} else {
		q["_pragma"] = append(q["_pragma"], "query_only(1)", "cache_size(-8192)")
	}
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// create makes an empty file for this user alone: it will hold names. SQLite
// gives the files beside it the same mode.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// Ping answers whether the database can be read now, and written as far as is
// known: when the last write could not be stored, one is tried that means nothing
// and is swept away soon. Unavailable: store.full, store.read_only where that is
// why.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.RosterRevision(ctx)
	if err == nil && s.writer.refuses.Load() {
		_, err = s.UseOnce(ctx, "ready "+rand.Text(), time.Now())
	}
	return err
}

// Close waits for the writes that were accepted and lets the file go.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.writer.close()
		s.closed.Store(true)
		// The writer's connection goes last: it folds the log into the file.
		s.closeBy = unavailable(errors.Join(s.readers.close(), s.writeDB.Close()))
	})
	return s.closeBy
}

// Backup writes a copy of the database, as it is at this moment, to a file that
// must not exist yet. Reading and writing go on meanwhile.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if s.closed.Load() {
		return unavailable(errClosed)
	}
	switch err := create(path); {
	case errors.Is(err, fs.ErrExist):
		return conflict(err)
	case err != nil:
		return unavailable(err)
	}
	// A read-only connection may not write a copy either.
	db, err := connect(s.path, "rw", 1)
	if err != nil {
		return unavailable(err)
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
	if err = errors.Join(err, db.Close()); err == nil {
		err = flush(path)
	}
	if err != nil {
		return errors.Join(s.readFault(err, "copy"), removed(path))
	}
	return nil
}

// flush sends a finished copy to the disk, which SQLite leaves to the system.
func flush(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator names the file
	if err != nil {
		return unavailable(err)
	}
	return unavailable(errors.Join(f.Sync(), f.Close()))
}

// removed takes half a copy away.
func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable(err)
	}
	return nil
}
