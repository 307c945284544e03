package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kokoroe/app/fault"
)

// Restore puts the database of a backup in the place of the one at path. What
// stood there is kept beside it under the name aside. Invalid when the backup is
// not a sound database of ours or is of a newer program; Conflict
// (store.in_use) while a program has the present one open; then nothing is
// changed.
func Restore(ctx context.Context, backup, path, aside string) error {
	known, err := newestMigration()
	if err != nil {
		return err
	}
	if err := sound(ctx, backup, known); err != nil {
		return err
	}
	if err := unused(ctx, path); err != nil {
		return err
	}
	coming := path + ".restoring"
	if err := copyInto(ctx, backup, coming); err != nil {
		return err
	}
	switch err := os.Rename(path, aside); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return errors.Join(unavailable(err), removed(coming))
	}
	if err := os.Rename(coming, path); err != nil {
		return unavailable(err)
	}
	folder, err := os.Open(filepath.Dir(path)) // the names are durable with their folder
	if err != nil {
		return unavailable(err)
	}
	return unavailable(errors.Join(folder.Sync(), folder.Close()))
}

// sound reports what is wrong with a backup.
func sound(ctx context.Context, backup string, known int64) error {
	version, err := inspect(ctx, backup, known)
	if err != nil {
		return err
	}
	if version == 0 {
		return notOurs(backup, nil)
	}
	db, err := connect(backup, "ro", 1)
	if err != nil {
		return unavailable(err)
	}
	var said string
	err = db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said)
	if err := errors.Join(err, db.Close()); err != nil {
		return inspectFault(err, backup)
	}
	if said != "ok" {
		return notOurs(backup, fmt.Errorf("it is damaged: %s", said))
	}
	return nil
}

// unused sees that no program has the database open, and folds its log into
// the file. Leaving the write-ahead log behind takes the only lock that every
// open connection stands in the way of.
func unused(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := connect(path, "rw", 1)
	if err != nil {
		return unavailable(err)
	}
	var mode string
	_, err = db.ExecContext(ctx, "PRAGMA busy_timeout = 500")
	if err == nil {
		err = db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode)
	}
	err = errors.Join(err, db.Close())
	if err == nil && mode == "delete" {
		return nil
	}
	e := fault.New(fault.Conflict, "store.in_use", fault.Args{"Path": path})
	e.Err = fmt.Errorf("%s is in use: stop the portal first (%w)", path, errors.Join(err, errors.New("journal mode "+mode)))
	return e
}

// copyInto writes a copy of a closed database.
func copyInto(ctx context.Context, from, to string) error {
	if err := removed(to); err != nil {
		return err
	}
	if err := create(to); err != nil {
		return unavailable(err)
	}
	db, err := connect(from, "ro", 1)
	if err != nil {
		return unavailable(err)
	}
	_, err = db.ExecContext(ctx, "PRAGMA query_only = 0")
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	}
	if err = errors.Join(err, db.Close()); err == nil {
		err = flush(to)
	}
	if err != nil {
		return errors.Join(translate(err, "copy"), removed(to))
	}
	return nil
}
