package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/tests/ledger"
)

const (
	tamperedLog = 120 // entries
	everyColumn = 8   // rows of which each column is flipped, in a cycle
)

// tamperedRows changes a log behind its back, one thing after the other, and has
// it examined each time. What was done must be named.
func tamperedRows(ctx context.Context, t *trial) (err error) {
	t.means = "SQL on the file, with the triggers gone"
	x, err := openTamper(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	for _, do := range []func(context.Context) error{x.columns, x.bytes, x.checkpoints, x.rows, x.forgeries} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return x.untouched(ctx)
}

// tamper is somebody with the database.
type tamper struct {
	t      *trial
	ledger *ledger.Ledger
	head   []byte // the checkpoint remembered outside the store
	db     *sql.DB
	points []int64 // sizes of the checkpoints
	erased int64   // an entry whose record is gone, as the log says
}

func openTamper(ctx context.Context, t *trial) (_ *tamper, err error) {
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return nil, err
	}
	x := &tamper{t: t, erased: 3 + t.rand.Int64N(30)}
	if err := x.fill(ctx, f); err != nil {
		return nil, err
	}
	if x.head, err = f.Head().Load(); err != nil {
		return nil, err
	}
	if x.db, err = sql.Open("sqlite", f.Database()); err != nil {
		return nil, err
	}
	x.db.SetMaxOpenConns(1)
	if x.ledger, err = f.Open(ctx, ledger.Options{SignAfter: time.Hour}); err != nil {
		return nil, errors.Join(err, x.db.Close())
	}
	// Everything is put back from a copy after each tampering.
	pristine := f.Path + "-pristine.db"
	if err := x.ledger.File.Backup(ctx, pristine); err != nil {
		return nil, errors.Join(err, x.close())
	}
	err = x.exec(ctx, `PRAGMA synchronous = OFF`, `DROP TRIGGER entry_stays`, `DROP TRIGGER entry_remains`,
		`DROP TRIGGER checkpoint_stays`, `DROP TRIGGER checkpoint_remains`, `ATTACH '`+pristine+`' AS pristine`)
	if err != nil {
		return nil, errors.Join(err, x.close())
	}
	return x, x.untouched(ctx)
}

// fill makes a log with several checkpoints and an erased record.
func (x *tamper) fill(ctx context.Context, f ledger.Folder) (err error) {
	b := newBook(x.t)
	l, err := f.Open(ctx, ledger.Options{SignAfter: time.Hour})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for i := range tamperedLog {
		b.persist(ctx, l, keyOf("row", 0, i))
		if i%29 == 0 {
			if _, err := l.Log.Checkpoint(ctx); err != nil {
				return err
			}
			x.points = append(x.points, int64(i+1))
		}
	}
	if err := b.inspect(ctx, l); err != nil {
		return err
	}
	if _, err := l.Log.Erase(ctx, evidence.Actor{ID: "p-office"}, x.erased, evidence.GroundRequest, "a trial"); err != nil {
		return err
	}
	last, err := l.Log.Checkpoint(ctx)
	x.points = append(x.points, tamperedLog, last.Size)
	return err
}

func (x *tamper) close() error {
	return errors.Join(x.db.Close(), x.ledger.Close())
}

func (x *tamper) exec(ctx context.Context, queries ...string) error {
	for _, q := range queries {
		if _, err := x.db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

func (x *tamper) examine(ctx context.Context) (evidence.Examination, error) {
	return evidence.Examine(ctx, evidence.ExamineConfig{
		Store: x.ledger.Store, Verifiers: x.ledger.Folder.Verifiers(),
		Remember: map[string][]evidence.Remembered{evidence.InHead: {{Name: "head", Note: x.head}}},
	})
}

// untouched makes sure that nothing is found where nothing was done.
func (x *tamper) untouched(ctx context.Context) error {
	found, err := x.examine(ctx)
	if err == nil && found.Found != 0 {
		x.t.fail("nothing was done, and this is found: %v", found.Disagreements)
	}
	return err
}

// place is what an examination has to name: one of the sequences and one of the
// fields.
type place struct {
	where  string
	seqs   []int64
	fields []string
}

func (p place) isNamed(by evidence.Disagreement) bool {
	return by.Where == p.where && slices.Contains(p.seqs, by.Seq) && slices.Contains(p.fields, by.Field)
}

// look examines what was done, and puts everything back.
func (x *tamper) look(ctx context.Context, what string, want ...place) error {
	x.t.tampered++
	x.t.faults++
	found, err := x.examine(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	named := true
	for _, p := range want {
		named = named && slices.ContainsFunc(found.Disagreements, p.isNamed)
	}
	if named {
		x.t.found++
	} else {
		x.t.fail("%s: want %v named, found %v", what, want, found.Disagreements)
	}
	return x.exec(ctx, `BEGIN`, `DELETE FROM entry`, `INSERT INTO entry SELECT * FROM pristine.entry`,
		`DELETE FROM checkpoint`, `INSERT INTO checkpoint SELECT * FROM pristine.checkpoint`, `COMMIT`)
}

// any returns an entry that was not erased and does not say so of another.
func (x *tamper) any() int64 {
	for {
		if seq := x.t.rand.Int64N(tamperedLog); seq != x.erased {
			return seq
		}
	}
}

// named is what a change of a column has to be called. Record and salt give the
// leaf together: which of the two was changed, nobody can say.
var named = map[string][]string{
	"record": {"record"}, "salt": {"salt", "record"}, "leaf": {"leaf"}, "hashes": {"hashes"},
	"key": {"key"}, "kind": {"kind"}, "actor": {"actor"}, "subject": {"subject"}, "object": {"object"}, "scope": {"scope"}, "at": {"at"},
}

// columns flips a bit in each column of many rows.
func (x *tamper) columns(ctx context.Context) error {
	for range everyColumn {
		seq := x.any()
		for column, fields := range named {
			if err := x.flip(ctx, "entry", "seq", seq, column, -1); err != nil {
				return err
			}
			what := fmt.Sprintf("a bit of %s of entry %d", column, seq)
			if err := x.look(ctx, what, place{evidence.InEntry, []int64{seq}, fields}); err != nil {
				return err
			}
		}
	}
	return nil
}

// bytes flips every byte of what one row commits to; of its record every
// seventh in one cycle, another seventh in the next.
func (x *tamper) bytes(ctx context.Context) error {
	seq := x.any()
	for _, column := range []string{"record", "salt", "leaf", "hashes"} {
		var size int
		query := `SELECT length(` + column + `) FROM entry WHERE seq = ?`
		if err := x.db.QueryRowContext(ctx, query, seq).Scan(&size); err != nil {
			return err
		}
		first, step := 0, 1
		if column == "record" {
			first, step = x.t.cycle%7, 7
		}
		for at := first; at < size; at += step {
			if err := x.flip(ctx, "entry", "seq", seq, column, at); err != nil {
				return err
			}
			what := fmt.Sprintf("byte %d of %s of entry %d", at, column, seq)
			if err := x.look(ctx, what, place{evidence.InEntry, []int64{seq}, named[column]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkpoints flips a bit of each checkpoint's root and note, and gives it
// another size.
func (x *tamper) checkpoints(ctx context.Context) error {
	for _, size := range x.points {
		for _, column := range []string{"root", "note", "size"} {
			named := size
			if column == "size" {
				named++
				if slices.Contains(x.points, named) { // the last two follow each other
					continue
				}
			}
			if err := x.flip(ctx, "checkpoint", "size", size, column, -1); err != nil {
				return err
			}
			what := fmt.Sprintf("%s of the checkpoint of %d", column, size)
			if err := x.look(ctx, what, place{evidence.InCheckpoint, []int64{named}, []string{column}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// flip changes one bit of a value, at a byte, or anywhere when that is below 0.
// A number becomes the next one.
func (x *tamper) flip(ctx context.Context, table, id string, of int64, column string, at int) error {
	var v any
	read := fmt.Sprintf(`SELECT %s FROM %s WHERE %s = ?`, column, table, id)
	if err := x.db.QueryRowContext(ctx, read, of).Scan(&v); err != nil {
		return err
	}
	flipped := func(b []byte, bit int) []byte {
		if at < 0 {
			at = x.t.rand.IntN(len(b))
		}
		b = slices.Clone(b)
		b[at] ^= 1 << bit
		return b
	}
	switch old := v.(type) {
	case int64:
		v = old + 1
	case string:
		v = string(flipped([]byte(old), 4)) // no digit becomes another: keys stay apart
	case []byte:
		v = flipped(old, x.t.rand.IntN(8))
	default:
		return fmt.Errorf("%s of %s %d is a %T", column, table, of, v)
	}
	write := fmt.Sprintf(`UPDATE %s SET %s = ? WHERE %s = ?`, table, column, id)
	_, err := x.db.ExecContext(ctx, write, v, of)
	return err
}
