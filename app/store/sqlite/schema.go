package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"kokoroe/app/fault"
	"kokoroe/app/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file as ours ("Kkre").
const applicationID = 0x4b6b7265

// newestMigration returns the schema version that this program knows.
func newestMigration() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, fault.Wrap(err, fault.Internal, "error.internal")
	}
	var newest int64
	for _, f := range files {
		v, err := goose.NumericComponent(f)
		if err != nil {
			return 0, fault.Wrap(err, fault.Internal, "error.internal")
		}
		newest = max(newest, v)
	}
	return newest, nil
}

// inspect returns the schema version of the file, 0 when there is no database
// yet. It reads only, so that a file that is not ours stays as it is.
func inspect(ctx context.Context, path string, known int64) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, unavailable(err)
	}
	// SQLite takes a file smaller than its smallest page for an empty database,
	// and would write over it.
	if info.Mode().IsRegular() && info.Size() < 512 {
		return 0, notOurs(path, nil)
	}
	db, err := connect(path, "ro", 1)
	if err != nil {
		return 0, unavailable(err)
	}
	defer func() { _ = db.Close() }()

	var id, tables int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, inspectFault(err, path)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, inspectFault(err, path)
	}
	if id == 0 && tables == 0 {
		return 0, nil
	}
	if id != applicationID {
		return 0, notOurs(path, nil)
	}
	var version int64
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`).Scan(&tables)
	if err == nil && tables == 1 {
		err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	}
	if err != nil {
		return 0, inspectFault(err, path)
	}
	if version > known {
		e := fault.New(fault.Invalid, "store.newer", fault.Args{"Path": path, "Found": version, "Known": known})
		e.Err = fmt.Errorf("the database %s has schema %d, and this program knows %d: use the newer program", path, version, known)
		return 0, e
	}
	return version, nil
}

func inspectFault(err error, path string) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if ok && (e.Code()&0xff == lib.SQLITE_NOTADB || e.Code()&0xff == lib.SQLITE_CORRUPT) {
		return notOurs(path, err)
	}
	return translate(err, "schema")
}

func notOurs(path string, cause error) error {
	e := fault.New(fault.Invalid, "store.foreign", fault.Args{"Path": path})
	e.Err = fmt.Errorf("the file %s is not a database of this program", path)
	if cause != nil {
		e.Err = fmt.Errorf("%w: %w", e.Err, cause)
	}
	return e
}

func none(path string) error {
	e := fault.New(fault.Invalid, "store.none", fault.Args{"Path": path})
	e.Err = fmt.Errorf("%s: %w", path, store.ErrNone)
	return e
}

// migrate brings the schema up to date. A new file is marked as ours first, so
// that a machine that stops half-way leaves a file that is recognised.
func migrate(ctx context.Context, db *sql.DB, found int64) error {
	if found == 0 {
		if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
			return err
		}
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
