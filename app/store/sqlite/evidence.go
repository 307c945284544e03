package sqlite

import (
	"context"
	"errors"
	"strings"

	"kokoroe/app/evidence"
)

const entryColumns = `seq, key, kind, actor, subject, object, scope, at, record, salt, leaf, hashes`

var (
	errNotConsecutive = errors.New("entries are not consecutive")
	errNotTheEnd      = errors.New("the first entry is not at the end of the log")
)

// AppendEntries implements evidence.Store.
func (s *Store) AppendEntries(ctx context.Context, entries []evidence.Entry) error {
	for i, e := range entries {
		if e.Seq != entries[0].Seq+int64(i) {
			return invalid(errNotConsecutive)
		}
		if err := plain(e.Key, e.Kind, e.Actor, e.Subject, e.Object, e.Scope); err != nil {
			return err
		}
	}
	run := func(c *connection) error { return appendEntries(c, entries) }
	switch len(entries) {
	case 0:
		return nil
	case 1:
		return s.writer.single(ctx, run) // looking at the end changes nothing, so this is one statement
	}
	return s.writer.several(ctx, run)
}

// appendEntries looks at the end of the log and adds to it. Each row is a
// statement of its own with values: of one that might insert several rows SQLite
// keeps every page to take it back, and within a savepoint the time for that
// grows with the square of their number.
func appendEntries(c *connection, entries []evidence.Entry) error {
	end, err := scanNumber(c.row(logSize))
	if err != nil {
		return translate(err, "log")
	}
	if end != entries[0].Seq {
		return conflict(errNotTheEnd)
	}
	for i := range entries {
		e := &entries[i]
		_, err := c.exec(`INSERT INTO entry (`+entryColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.Seq, e.Key, e.Kind, e.Actor, e.Subject, e.Object, e.Scope, millis(e.At),
			blob(e.Record), blob(e.Salt), blob(e.Leaf), blob(e.Hashes))
		if err != nil {
			return translate(err, "entry")
		}
	}
	return nil
}

const logSize = `SELECT coalesce(max(seq) + 1, 0) FROM entry`

// LogSize implements evidence.Store.
func (s *Store) LogSize(ctx context.Context) (int64, error) {
	return one(ctx, s, "log", scanNumber, logSize)
}

// Entry implements evidence.Store.
func (s *Store) Entry(ctx context.Context, seq int64) (evidence.Entry, error) {
	return one(ctx, s, "entry", scanEntry, `SELECT `+entryColumns+` FROM entry WHERE seq = ?`, seq)
}

// EntryByKey implements evidence.Store.
func (s *Store) EntryByKey(ctx context.Context, key string) (evidence.Entry, error) {
	return one(ctx, s, "entry", scanEntry, `SELECT `+entryColumns+` FROM entry WHERE key = ?`, key)
}

// EntriesFrom implements evidence.Store.
func (s *Store) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	return all(ctx, s, scanEntry, `SELECT `+entryColumns+` FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?`,
		seq, max(limit, 0))
}

// FindEntries implements evidence.Store.
func (s *Store) FindEntries(ctx context.Context, q evidence.Query) ([]evidence.Entry, error) {
	query, args := findQuery(q)
	return all(ctx, s, scanEntry, query, args...)
}

// findQuery chooses the index, because the planner has no statistics: the first
// equal field, and the plus keeps it from another. These indexes go on with seq,
// so that they yield the newest first without sorting.
func findQuery(q evidence.Query) (string, []any) {
	var where []string
	var args []any
	restrict := func(condition string, value any) {
		where = append(where, condition)
		args = append(args, value)
	}
	for _, f := range []struct{ column, value string }{
		{"subject", q.Subject}, {"actor", q.Actor}, {"object", q.Object}, {"kind", q.Kind},
	} {
		switch {
		case f.value == "":
		case len(where) == 0:
			restrict(f.column+" = ?", f.value)
		default:
			restrict("+"+f.column+" = ?", f.value)
		}
	}
	spanOnly := len(where) == 0 && !(q.From.IsZero() && q.Until.IsZero())
	at := "+at"
	if spanOnly {
		at = "at"
	}
	if !q.From.IsZero() {
		restrict(at+" >= ?", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		restrict(at+" < ?", ceilMillis(q.Until))
	}
	if q.Before > 0 {
		restrict("seq < ?", q.Before)
	}
	if q.Kept {
		where = append(where, "record IS NOT NULL")
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	args = append(args, min(limit, 1000))
	condition := ""
	if len(where) > 0 {
		condition = ` WHERE ` + strings.Join(where, ` AND `)
	}
	if spanOnly {
		// Time need not run with the sequence, so that the span is sorted: numbers
		// out of the index, and then only the rows that are asked for.
		return `SELECT ` + entryColumns + ` FROM entry WHERE seq IN (SELECT seq FROM entry INDEXED BY entry_at` + condition +
			` ORDER BY seq DESC LIMIT ?) ORDER BY seq DESC`, args
	}
	return `SELECT ` + entryColumns + ` FROM entry` + condition + ` ORDER BY seq DESC LIMIT ?`, args
}

func scanEntry(row scanner) (evidence.Entry, error) {
	var e evidence.Entry
	var at int64
	err := row.Scan(&e.Seq, &e.Key, &e.Kind, &e.Actor, &e.Subject, &e.Object, &e.Scope, &at,
		&e.Record, &e.Salt, &e.Leaf, &e.Hashes)
	e.At = instant(at)
	return e, err
}

// SaveCheckpoint implements evidence.Store.
func (s *Store) SaveCheckpoint(ctx context.Context, cp evidence.Checkpoint) error {
	return s.writer.single(ctx, func(c *connection) error {
		_, err := c.exec(`INSERT INTO checkpoint (size, root, note, at) VALUES (?, ?, ?, ?)`,
			cp.Size, blob(cp.Root), blob(cp.Note), millis(cp.At))
		return translate(err, "checkpoint")
	})
}

// LastCheckpoint implements evidence.Store.
func (s *Store) LastCheckpoint(ctx context.Context) (evidence.Checkpoint, error) {
	return one(ctx, s, "checkpoint", scanCheckpoint,
		`SELECT size, root, note, at FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)`)
}

// CheckpointCovering implements evidence.Store.
func (s *Store) CheckpointCovering(ctx context.Context, size int64) (evidence.Checkpoint, error) {
	return one(ctx, s, "checkpoint", scanCheckpoint,
		`SELECT size, root, note, at FROM checkpoint WHERE size >= ? ORDER BY size LIMIT 1`, size)
}

func scanCheckpoint(row scanner) (evidence.Checkpoint, error) {
	var cp evidence.Checkpoint
	var at int64
	err := row.Scan(&cp.Size, &cp.Root, &cp.Note, &at)
	cp.At = instant(at)
	return cp, err
}
