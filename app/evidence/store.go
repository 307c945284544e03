package evidence

import (
	"context"
	"time"
)

// Store is what the log needs kept. Entries are never updated or deleted, but
// for EraseEntry.
type Store interface {
	// AppendEntries inserts the entries, whose Seq are consecutive, whole or not
	// at all, and returns once they are durable. Conflict when the first Seq is
	// not the size of the log, or a Key is already there: somebody was first.
	AppendEntries(ctx context.Context, entries []Entry) error

	// LogSize returns the number of entries.
	LogSize(ctx context.Context) (int64, error)

	// Entry returns the entry at seq. NotFound beyond the end.
	Entry(ctx context.Context, seq int64) (Entry, error)

	// EntryByKey returns the entry with the idempotency key. NotFound.
	EntryByKey(ctx context.Context, key string) (Entry, error)

	// EntriesFrom returns up to limit entries from seq on, in order.
	EntriesFrom(ctx context.Context, seq int64, limit int) ([]Entry, error)

	// FindEntries returns the entries that match, newest first.
	FindEntries(ctx context.Context, q Query) ([]Entry, error)

	// EraseEntry takes Record, Salt, Actor and Subject away from the entry at seq
	// for good, also from the disk, and puts key in the place of its Key. Doing
	// it again changes nothing. NotFound beyond the end.
	EraseEntry(ctx context.Context, seq int64, key string) error

	// SaveCheckpoint keeps a signed checkpoint. Conflict when one of that size
	// is kept already.
	SaveCheckpoint(ctx context.Context, c Checkpoint) error

	// LastCheckpoint returns the largest checkpoint. NotFound before the first.
	LastCheckpoint(ctx context.Context) (Checkpoint, error)

	// CheckpointCovering returns the smallest checkpoint of at least size.
	// NotFound when none is that large yet.
	CheckpointCovering(ctx context.Context, size int64) (Checkpoint, error)

	// SaveCosignature keeps a witness's cosignature of the checkpoint of its Size.
	// NotFound when no checkpoint of that size is kept, Conflict when a
	// cosignature of that size and witness is: the first stays.
	SaveCosignature(ctx context.Context, c Cosignature) error

	// Cosigned returns the smallest checkpoint of at least size that at least n
	// witnesses have cosigned, with all its cosignatures in the order in which
	// they came. n below 1 is 1. NotFound when there is none.
	Cosigned(ctx context.Context, size int64, n int) (Checkpoint, []Cosignature, error)

	// LastCosigned returns the witness's cosignature of the largest size.
	// NotFound before the first.
	LastCosigned(ctx context.Context, witness string) (Cosignature, error)
}

// AuditStore is what an auditor asks of the whole log, and the log itself never
// does.
type AuditStore interface {
	// EntrySeqs returns the sequences of all entries that match, in order; Limit
	// and Kept do not count. What it looks at does not change when an entry is erased,
	// so long as Subject and Actor are empty.
	EntrySeqs(ctx context.Context, q Query) ([]int64, error)

	// CountEntries counts the entries that match, by kind, object, scope and
	// whether they were erased, in this order (of bytes; what was not erased
	// first); Limit and Kept do not count. It reads no records.
	CountEntries(ctx context.Context, q Query) ([]Count, error)

	// CountBetween counts the entries from the sequence from on and below before,
	// as CountEntries does and in its order. It reads no others, and no records.
	CountBetween(ctx context.Context, from, before int64) ([]Count, error)

	// Checkpoints returns up to limit checkpoints, the largest first: those
	// smaller than before, and from the largest on for 0. Limit 0 means 100;
	// never more than 1,000.
	Checkpoints(ctx context.Context, before int64, limit int) ([]Checkpoint, error)
}

// Query selects entries. Empty fields do not restrict.
type Query struct {
	Subject string
	Actor   string
	Object  string
	Kind    string
	From    time.Time // At not before
	Until   time.Time // At before
	Kept    bool      // only entries whose record was not erased
	Before  int64     // Seq below; 0 means from the newest
	Limit   int       // at most; 0 means 100, never more than 1,000
}

// Count is how many entries are of one sort.
type Count struct {
	Kind    string
	Object  string
	Scope   string
	Erased  bool // record and salt were taken away
	Entries int64
}

// Checkpoint is a signed statement about the log at one size (C2SP
// tlog-checkpoint).
type Checkpoint struct {
	Size int64
	Root []byte // 32 bytes
	Note []byte // the signed note, text
	At   time.Time
}
