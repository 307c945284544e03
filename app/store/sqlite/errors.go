package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"kokoroe/app/fault"
)

var (
	errClosed  = errors.New("the store is closed")
	errNotText = errors.New("text with a NUL or that is not UTF-8")
)

func unavailable(err error) error { return fault.Wrap(err, fault.Unavailable, "error.unavailable") }
func conflict(err error) error    { return fault.Wrap(err, fault.Conflict, "error.conflict") }
func invalid(err error) error     { return fault.Wrap(err, fault.Invalid, "error.invalid") }

// translate turns what the driver says into a fault. Faults pass as they are.
func translate(err error, what string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFoundf("no such %s", what)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) {
		return unavailable(err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return fault.Wrap(err, fault.Internal, "error.internal")
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_ROWID:
		return conflict(err)
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN,
		lib.SQLITE_READONLY, lib.SQLITE_INTERRUPT, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL:
		return refused(err)
	}
	return fault.Wrap(err, fault.Internal, "error.internal")
}

// refused is the fault about something that cannot be done for the time being.
// In two cases the reader, and /readyz in a word, is told why; then nothing of it
// is done.
func refused(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case lib.SQLITE_FULL:
			return fault.Refused(err, fault.Unavailable, "store.full")
		case lib.SQLITE_READONLY:
			return fault.Refused(err, fault.Unavailable, "store.read_only")
		}
	}
	return unavailable(err)
}

// spoils reports whether err may have ended the whole transaction. A broken
// constraint undoes its own statement only; a full disk undoes everything.
func spoils(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff != lib.SQLITE_CONSTRAINT
}

// plain refuses what cannot be kept on every store alike.
func plain(texts ...string) error {
	for _, s := range texts {
		if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return invalid(errNotText)
		}
	}
	return nil
}

// plainAll is plain for a list.
func plainAll[T ~string](texts []T) error {
	for _, s := range texts {
		if err := plain(string(s)); err != nil {
			return err
		}
	}
	return nil
}
