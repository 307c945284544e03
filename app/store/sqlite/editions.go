package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"kokoroe/app/edition"
)

var errNoEdition = errors.New("an edition without a number, or with a bundle that is too large")

// PublishEdition implements edition.Store.
func (s *Store) PublishEdition(ctx context.Context, e edition.Edition) error {
	if err := plainEdition(e); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		if _, err := c.exec(insertEdition, editionArgs(e)...); err != nil {
			return translate(err, "edition")
		}
		_, err := c.exec(`UPDATE edition SET bundle = NULL WHERE number < ? AND bundle IS NOT NULL`, e.Number)
		return translate(err, "edition")
	})
}

// plainEdition refuses what no store keeps.
func plainEdition(e edition.Edition) error {
	if e.Number <= 0 || len(e.Bundle) > edition.MaxBundle {
		return invalid(errNoEdition)
	}
	return plain(e.Content, e.Registers, e.Program, e.By)
}

const (
	insertEdition = `INSERT INTO edition (number, content, registers, program, published_by, published_at, bundle) VALUES (?, ?, ?, ?, ?, ?, ?)`
	selectEdition = `SELECT number, content, registers, program, published_by, published_at, bundle FROM edition `
)

func editionArgs(e edition.Edition) []any {
	return []any{e.Number, e.Content, e.Registers, e.Program, e.By, millis(e.PublishedAt), blob(e.Bundle)}
}

func scanEdition(row scanner) (edition.Edition, error) {
	var e edition.Edition
	var at int64
	err := row.Scan(&e.Number, &e.Content, &e.Registers, &e.Program, &e.By, &at, &e.Bundle)
	e.PublishedAt = instant(at)
	return e, err
}

// EditionNumber implements edition.Store.
func (s *Store) EditionNumber(ctx context.Context) (int64, error) {
	return one(ctx, s, "edition", scanNumber, `SELECT coalesce(max(number), 0) FROM edition`)
}

// EditionInForce implements edition.Store.
func (s *Store) EditionInForce(ctx context.Context) (edition.Edition, error) {
	return one(ctx, s, "edition", scanEdition, selectEdition+`WHERE number = (SELECT max(number) FROM edition)`)
}

// EditionHeld implements edition.Store.
func (s *Store) EditionHeld(ctx context.Context, p edition.Part, digest string) (bool, error) {
	query := `SELECT EXISTS (SELECT 1 FROM edition WHERE registers = ?)`
	if p == edition.Content {
		query = `SELECT EXISTS (SELECT 1 FROM edition WHERE content = ?)`
	}
	n, err := one(ctx, s, "edition", scanNumber, query, digest)
	return n == 1, err
}

// KeepSettings implements edition.Store.
func (s *Store) KeepSettings(ctx context.Context, settings string) (before string, err error) {
	if err := plain(settings); err != nil {
		return "", err
	}
	err = s.writer.single(ctx, func(c *connection) error {
		before = ""
		if err := c.row(`SELECT settings FROM setting WHERE id = 1`).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return translate(err, "settings")
		}
		_, err := c.exec(`INSERT INTO setting (id, settings) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET settings = ?1`, settings)
		return translate(err, "settings")
	})
	return before, err
}
