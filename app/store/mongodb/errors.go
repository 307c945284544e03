package mongodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"kokoroe/app/fault"
)

var (
	errClosed  = errors.New("the store is closed")
	errNotText = errors.New("text with a NUL, that is not UTF-8, or that no document can hold")
	errTooBig  = errors.New("more than a document of MongoDB can hold")
	errCleared = errors.New("mongodb: the connections were given up because another call failed")
)

// The server's error codes that are told apart.
const (
	codeUnauthorized      = 13
	codeSignIn            = 18
	codeNamespaceExists   = 48
	codeMaxTime           = 50
	codeIndexOptions      = 85
	codeIndexKeys         = 86
	codeDuplicate         = 11000
	codeTooLarge          = 10334
	codeMessageTooLarge   = 17420
	codeSignInUnsupported = 334
	codeOutOfDisk         = 14031
	codeTooLargeUpdate    = 17419
	codeWriteTooLarge     = 2 // BadValue, with a text that says so
	codeUserWritesBlocked = 371
	codeMemory            = 146
)

// What the reader is told, and /readyz in a word, of a server that takes no
// writes for the time being.
const (
	away      = "store.away"
	full      = "store.full"
	readOnly  = "store.read_only"
	noPrimary = "store.no_primary"
)

// states are the codes by which a server says in which of these it is.
var states = map[int]string{
	codeOutOfDisk: full, codeUserWritesBlocked: readOnly,
	10107: noPrimary, 13435: noPrimary, 13436: noPrimary, 10058: noPrimary,
}

// passing are the codes of a server that is going, coming, or has no room: the
// same call may succeed later.
var passing = []int{
	codeMaxTime, codeUnauthorized, codeOutOfDisk, codeUserWritesBlocked, codeMemory,
	6, 7, 64, 89, 91, 112, 133, 134, 189, 202, 262, 317, 365, 384, 462, 9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436, 24,
}

func unavailable(err error) error { return fault.Wrap(err, fault.Unavailable, "error.unavailable") }
func conflict(err error) error    { return fault.Wrap(err, fault.Conflict, "error.conflict") }
func invalid(err error) error     { return fault.Wrap(err, fault.Invalid, "error.invalid") }
func internal(err error) error    { return fault.Wrap(err, fault.Internal, "error.internal") }

// translate turns what the driver says into a fault. Faults pass as they are.
//
// The server quotes the document in some of its messages, and faults are
// logged: of the server's errors only number and name are kept.
func translate(ctx context.Context, err error, what string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return fault.NotFoundf("no such %s", what)
	case mongo.IsDuplicateKeyError(err):
		return conflict(fmt.Errorf("the %s is there already", what))
	case tooLarge(err):
		return invalid(errTooBig)
	}
	if cause := ctx.Err(); cause != nil {
		return unavailable(cause)
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), mongo.IsTimeout(err):
		return fault.Wrap(fmt.Errorf("mongodb: no answer in time: %w", plainCause(err)), fault.Unavailable, away)
	case errors.Is(err, mongo.ErrClientDisconnected):
		return unavailable(errClosed)
	}
	e, ok := errors.AsType[mongo.ServerError](err)
	if !ok {
		// Not the server's word: a connection that broke, a server that is not found.
		return fault.Wrap(plainCause(err), fault.Unavailable, away)
	}
	if tookNothing(e) {
		return fault.Refused(plainCause(err), fault.Unavailable, stateOf(e))
	}
	if unsure(e) {
		return fault.Wrap(plainCause(err), fault.Unavailable, stateOf(e))
	}
	return internal(plainCause(err))
}

// stateOf is what may be said of a server that answers e.
func stateOf(e mongo.ServerError) string {
	for code, state := range states {
		if e.HasErrorCode(code) {
			return state
		}
	}
	return "error.unavailable"
}

// tookNothing reports whether the server says that it takes no writes, and so did
// not take this one. Of several at once it may have taken some.
func tookNothing(e mongo.ServerError) bool {
	if _, several := errors.AsType[mongo.BulkWriteException](e); several {
		return false
	}
	if w, ok := errors.AsType[mongo.WriteException](e); ok && w.WriteConcernError != nil {
		return false
	}
	return e.HasErrorCode(codeOutOfDisk) || e.HasErrorCode(codeUserWritesBlocked)
}

// unsure reports whether e may have passed when it is tried again, or whether
// the write stands but not yet on a majority: its outcome is unknown.
func unsure(e mongo.ServerError) bool {
	if w, ok := errors.AsType[mongo.WriteException](e); ok && w.WriteConcernError != nil && len(w.WriteErrors) == 0 {
		return true
	}
	if w, ok := errors.AsType[mongo.BulkWriteException](e); ok && w.WriteConcernError != nil && len(w.WriteErrors) == 0 {
		return true
	}
	for _, label := range []string{"RetryableWriteError", "NetworkError", "TransientTransactionError", "SystemOverloadedError"} {
		if e.HasErrorLabel(label) {
			return true
		}
	}
	for _, code := range passing {
		if e.HasErrorCode(code) {
			return true
		}
	}
	return false
}

func tooLarge(err error) bool {
	if errors.Is(err, mongo.ErrNilDocument) {
		return false
	}
	e, ok := errors.AsType[mongo.ServerError](err)
	if !ok {
		return strings.Contains(err.Error(), "document is larger than") || strings.Contains(err.Error(), "too large")
	}
	return e.HasErrorCode(codeTooLarge) || e.HasErrorCode(codeMessageTooLarge) || e.HasErrorCode(codeTooLargeUpdate) ||
		e.HasErrorCodeWithMessage(codeWriteTooLarge, "too large")
}

// plainCause is what may be logged of err.
func plainCause(err error) error {
	e, ok := errors.AsType[mongo.ServerError](err)
	if !ok {
		if _, cleared := errors.AsType[poolCleared](err); cleared {
			return errCleared // its text holds what the server said to the other call
		}
		return err
	}
	if c, ok := errors.AsType[mongo.CommandError](e); ok && c.Name != "" {
		return fmt.Errorf("mongodb: %s (%d)", c.Name, c.Code)
	}
	return fmt.Errorf("mongodb: the server's error %v", e.ErrorCodes())
}

// poolCleared is what the driver, which has no name for it, tells who waits for a
// connection to a server that another call finds to be going.
type poolCleared interface {
	error
	Retryable() bool
}

// brokenIndex returns which index a duplicate broke, by its first field.
func brokenIndex(err error) string {
	w, ok := errors.AsType[mongo.WriteException](err)
	if !ok || len(w.WriteErrors) == 0 {
		return ""
	}
	pattern, ok := w.WriteErrors[0].Raw.Lookup("keyPattern").DocumentOK()
	if !ok {
		return ""
	}
	first, err := pattern.IndexErr(0)
	if err != nil {
		return ""
	}
	return first.Key()
}

// plain refuses what cannot be kept on every store alike.
func plain(texts ...string) error {
	for _, s := range texts {
		if !isPlain(s) {
			return invalid(errNotText)
		}
	}
	return nil
}

// most is what one document may hold, with room left for what is around it.
// MongoDB's own limit is 16 MiB.
const most = 16<<20 - 64<<10

// holds refuses what is more than a document can hold, before the server does.
func holds(size int) error {
	if size > most {
		return invalid(errTooBig)
	}
	return nil
}

// isPlain reports whether a text can be kept at all. What cannot is not looked
// for either.
func isPlain(s string) bool {
	return len(s) <= most && strings.IndexByte(s, 0) < 0 && utf8.ValidString(s)
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
