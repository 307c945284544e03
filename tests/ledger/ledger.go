// Package ledger owns an evidence log in a folder for the programs that try and
// measure it: its key, the remembered checkpoint, an SQLite file, and
// statements such as the portal makes.
package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/app/store/sqlite"
)

// Origin is the name of every log here.
const Origin = "faults.example/kokoroe/1"

// Folder holds a log: log.key, checkpoint, kokoroe.db.
type Folder struct {
	Path string
	Key  evidence.Key

	Elsewhere func(context.Context) (Store, error) // opens the database that is kept in the place of kokoroe.db; nil: none is
}

// Store is where a log is kept.
type Store interface {
	evidence.Store
	Close() error
}

// NewFolder makes a folder with the secret as its key; an empty secret makes a
// new key. A folder that is there already goes on with the key that it has.
func NewFolder(path, secret string) (Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Folder{}, err
	}
	file := filepath.Join(path, "log.key")
	kept, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if secret == "" {
			if secret, _, err = evidence.NewSigningKey(Origin); err != nil {
				return Folder{}, err
			}
		}
		kept = []byte(secret)
		err = os.WriteFile(file, kept, 0o600)
	}
	if err != nil {
		return Folder{}, err
	}
	key, err := evidence.ParseKey(string(kept))
	return Folder{Path: path, Key: key}, err
}

// Database is the path of the SQLite file.
func (f Folder) Database() string { return filepath.Join(f.Path, "kokoroe.db") }

// Head remembers the last checkpoint.
func (f Folder) Head() evidence.FileHead {
	return evidence.FileHead(filepath.Join(f.Path, "checkpoint"))
}

// Verifiers are the log's public keys.
func (f Folder) Verifiers() note.Verifiers { return note.VerifierList(f.Key.Verifier) }

// Options changes how a ledger is opened. The zero Options are the portal's own.
type Options struct {
	Wrap      func(evidence.Store) evidence.Store // stands between log and store; nil: nothing does
	Now       calendar.Clock                      // nil: the machine's
	SignAfter time.Duration
	Witnesses []evidence.Witness // asked soon after each checkpoint
	Report    func(error)
}

// Ledger is an open log with its store.
type Ledger struct {
	Folder Folder
	Store  Store
	File   *sqlite.Store // the same, when it is the file
	Log    *evidence.Log
}

// Open opens the store and the log as the portal does: every commit is durable
// before it is answered, checkpoints are signed in the background.
func (f Folder) Open(ctx context.Context, o Options) (*Ledger, error) {
	l := &Ledger{Folder: f}
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var between evidence.Store = l.Store
	if o.Wrap != nil {
		between = o.Wrap(l.Store)
	}
	log, err := evidence.Open(ctx, evidence.Config{
		Store: between, Origin: Origin, Program: "faults", Now: o.Now,
		Signer: f.Key.Signer, Verifiers: f.Verifiers(), Head: f.Head(), SignAfter: o.SignAfter, Report: o.Report,
		Witnesses: o.Witnesses, WitnessAfter: time.Millisecond,
	})
	if err != nil {
		return nil, errors.Join(err, l.Store.Close())
	}
	l.Log = log
	return l, nil
}

func (l *Ledger) open(ctx context.Context) (err error) {
	if l.Folder.Elsewhere != nil {
		l.Store, err = l.Folder.Elsewhere(ctx)
		return err
	}
	l.File, err = sqlite.Open(ctx, sqlite.Config{Path: l.Folder.Database()})
	l.Store = l.File
	return err
}

// Close lets the log sign a last checkpoint and closes the store.
func (l *Ledger) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(l.Log.Close(ctx), l.Store.Close())
}
