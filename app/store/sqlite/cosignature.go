package sqlite

import (
	"context"
	"errors"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

var errNoCheckpoint = errors.New("no checkpoint of that size is kept")

// SaveCosignature implements evidence.Store.
func (s *Store) SaveCosignature(ctx context.Context, cs evidence.Cosignature) error {
	if err := plain(cs.Witness, cs.Line); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(`INSERT INTO cosignature (size, nth, witness, line, at)
			SELECT size, (SELECT coalesce(max(nth), 0) + 1 FROM cosignature AS there WHERE there.size = checkpoint.size), ?, ?, ?
			FROM checkpoint WHERE size = ?`, cs.Witness, cs.Line, millis(cs.At), cs.Size)
		if err != nil {
			return translate(err, "cosignature")
		}
		if n == 0 {
			return fault.Wrap(errNoCheckpoint, fault.NotFound, "error.not_found")
		}
		return nil
	})
}

// Cosigned implements evidence.Store. Cosignatures are never taken away: those
// read after the checkpoint are at least the n that it was found by.
func (s *Store) Cosigned(ctx context.Context, size int64, n int) (evidence.Checkpoint, []evidence.Cosignature, error) {
	cp, err := one(ctx, s, "checkpoint", scanCheckpoint, `SELECT size, root, note, at FROM checkpoint
		WHERE size = (SELECT size FROM cosignature WHERE nth = ? AND size >= ? ORDER BY size LIMIT 1)`, max(n, 1), size)
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	lines, err := all(ctx, s, scanCosignature, `SELECT size, witness, line, at FROM cosignature WHERE size = ? ORDER BY nth`, cp.Size)
	return cp, lines, err
}

// LastCosigned implements evidence.Store.
func (s *Store) LastCosigned(ctx context.Context, witness string) (evidence.Cosignature, error) {
	return one(ctx, s, "cosignature", scanCosignature,
		`SELECT size, witness, line, at FROM cosignature WHERE witness = ? ORDER BY size DESC LIMIT 1`, witness)
}

func scanCosignature(row scanner) (evidence.Cosignature, error) {
	var c evidence.Cosignature
	var at int64
	err := row.Scan(&c.Size, &c.Witness, &c.Line, &at)
	c.At = instant(at)
	return c, err
}
