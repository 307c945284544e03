package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of trouble a fault is. The edge turns a Kind into an
// HTTP status or an exit code; nothing else does.
type Kind int

// The kinds. The zero Kind is Internal: an error nobody classified is ours.
const (
	Internal        Kind = iota // a defect or a broken machine
	Invalid                     // what was sent cannot be accepted as it is
	NotFound                    // it does not exist, or this reader may not know that it does
	Conflict                    // somebody else was first
	Stale                       // the page shown is no longer the text in force
	Forbidden                   // the reader is known and may not
	Unauthenticated             // nobody is signed in
	Unavailable                 // something that we depend on does not answer; try again later
)

var kindNames = [...]string{
	Internal: "internal", Invalid: "invalid", NotFound: "not found", Conflict: "conflict",
	Stale: "stale", Forbidden: "forbidden", Unauthenticated: "unauthenticated", Unavailable: "unavailable",
}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Args are the values that a message names, by the name in the message.
type Args map[string]any

// Field is one thing wrong with one field of a form or one cell of a file.
type Field struct {
	Name      string // the form field's name; for a file "line:column"
	MessageID string
	Args      Args
}

// Error is the error type of the program.
type Error struct {
	Kind      Kind
	MessageID string  // what the reader is told, in locales/
	Args      Args    // values for the message
	Fields    []Field // for Invalid: what is wrong, place by place
	Err       error   // the cause, for the log; may be nil

	NothingDone bool // what was asked for is certainly not done, and nobody need look whether it is
}

// New returns a fault of kind with the message for the reader.
func New(kind Kind, messageID string, args Args) *Error {
	return &Error{Kind: kind, MessageID: messageID, Args: args}
}

// Wrap returns a fault of kind with the message for the reader and err as its
// cause. Wrapping nil returns nil.
func Wrap(err error, kind Kind, messageID string) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, MessageID: messageID, Err: err}
}

// Refused is Wrap for who turns a request down as it comes: NothingDone.
func Refused(err error, kind Kind, messageID string) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, MessageID: messageID, Err: err, NothingDone: true}
}

// InvalidFields returns an Invalid fault that names each field in trouble.
func InvalidFields(fields ...Field) *Error {
	return &Error{Kind: Invalid, MessageID: "error.invalid", Fields: fields}
}

// NotFoundf returns a NotFound fault; the format says what was looked for and
// goes to the log only.
func NotFoundf(format string, args ...any) *Error {
	return &Error{Kind: NotFound, MessageID: "error.not_found", Err: fmt.Errorf(format, args...)}
}

// Error is for logs. It never reaches a reader.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.MessageID != "" {
		s += " (" + e.MessageID + ")"
	}
	for _, f := range e.Fields {
		s += fmt.Sprintf(" %s: %s", f.Name, f.MessageID)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first fault in err's chain, and Internal for
// an error that holds none. KindOf(nil) is Internal too: ask only about errors.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of kind.
func Is(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// NothingDone reports whether err says that what was asked for is certainly not
// done. Of every other failure the outcome may be unknown.
func NothingDone(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.NothingDone
}
