// Package store owns the one interface that a database must satisfy: the sum
// of what each domain package asks for, and no more.
//
// There are no exported transactions, so that the same code is right on
// SQLite, on one MongoDB server and on a sharded cluster. Drivers answer with
// faults (NotFound, Conflict, Unavailable, Internal) and never let a driver's
// own error out. Times are UTC and kept to the millisecond.
package store

import (
	"context"
	"errors"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
)

// ErrNone is in the chain of what a driver answers when nothing may be made by
// opening, and there is no database of this program where it was told to look.
var ErrNone = errors.New("there is no database of this program")

// Store is everything that is kept.
type Store interface {
	directory.Store
	evidence.Store
	evidence.AuditStore
	identity.Store
	learning.Store
	notify.Store
	policy.Store
	job.Store
	edition.Store

	// ErasePerson removes for good, also from the disk, what is kept of a person
	// outside the evidence log: the row in the roster (whose revision goes up),
	// links, sessions, places, attempts and messages. Doing it again changes nothing.
	ErasePerson(ctx context.Context, person directory.PersonID) error

	// Pieces visits everything that is kept beside the evidence log (its entries,
	// checkpoints and cosignatures), but for what is short-lived: sessions,
	// sign-ins under way, used tokens, the settings of who started last. The roster comes first, then links, places,
	// attempts, publications, texts, runs, messages, positions and editions, each by
	// their key (of links issuer and subject; of places scope, person and course; of
	// publications policy, version and language; of runs job and instant; of editions
	// the number) in the order of bytes. Few are held at a time. An error of visit ends it and is
	// returned as it is. What is written meanwhile may be visited or not.
	Pieces(ctx context.Context, visit func(Piece) error) error

	// PutPiece keeps a piece as it is, revision and all. Conflict when something
	// with its key is kept already, for the roster any; Invalid when it is not one
	// piece.
	PutPiece(ctx context.Context, p Piece) error

	// Ping answers whether the store works now. Unavailable.
	Ping(ctx context.Context) error
	// Close flushes and lets go. Calls after it are Unavailable.
	Close() error
}
