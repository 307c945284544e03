package sqlite

import (
	"context"
	"errors"

	"kokoroe/app/directory"
)

// EraseEntry implements evidence.Store.
func (s *Store) EraseEntry(ctx context.Context, seq int64, key string) error {
	if err := plain(key); err != nil {
		return err
	}
	if _, err := s.Entry(ctx, seq); err != nil {
		return err
	}
	return s.erase(ctx, func(c *connection) error {
		_, err := c.exec(`UPDATE entry SET record = NULL, salt = NULL, actor = '', subject = '', key = ?2 WHERE seq = ?1`, seq, key)
		return translate(err, "entry")
	})
}

// ErasePerson implements store.Store.
func (s *Store) ErasePerson(ctx context.Context, person directory.PersonID) error {
	if err := plain(string(person)); err != nil {
		return err
	}
	return s.erase(ctx, func(c *connection) error {
		for _, statement := range []string{
			`DELETE FROM session WHERE person = ?`,
			`DELETE FROM link WHERE person = ?`,
			`DELETE FROM place WHERE person = ?`,
			`DELETE FROM attempt WHERE person = ?`,
			`DELETE FROM message WHERE person = ?`,
		} {
			if _, err := c.exec(statement, string(person)); err != nil {
				return translate(err, "person")
			}
		}
		n, err := c.exec(`DELETE FROM person WHERE id = ?`, string(person))
		if err == nil && n > 0 {
			_, err = c.exec(`UPDATE roster SET revision = revision + 1 WHERE only = 1`)
		}
		return translate(err, "person")
	})
}

// erase runs a write whose old content is to be gone from the disk: SQLite
// overwrites what it lets go, and the write-ahead log, which still holds it, is
// folded into the file and cut to nothing.
func (s *Store) erase(ctx context.Context, run func(*connection) error) error {
	err := s.writer.several(ctx, func(c *connection) error {
		if _, err := c.exec(`PRAGMA secure_delete = 1`); err != nil {
			return translate(err, "pragma")
		}
		err := run(c)
		_, off := c.exec(`PRAGMA secure_delete = 0`)
		return errors.Join(err, translate(off, "pragma"))
	})
	if err != nil {
		return err
	}
	// The writer's own connection is in a transaction most of the time. A reader
	// who holds the log back only defers it to the next checkpoint.
	db, err := connect(s.path, "rw", 1)
	if err != nil {
		return unavailable(err)
	}
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return s.readFault(errors.Join(err, db.Close()), "log")
}
