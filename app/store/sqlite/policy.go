package sqlite

import (
	"bytes"
	"context"
	"errors"

	"kokoroe/app/policy"
)

var errOtherBytes = errors.New("other bytes stand there already")

// Publish implements policy.Store.
func (s *Store) Publish(ctx context.Context, p policy.Publication) error {
	if err := plain(string(p.Policy), p.Language, p.Digest); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(insertPublication+` ON CONFLICT DO NOTHING`, publicationArgs(p)...)
		if err != nil || n == 1 {
			return translate(err, "publication")
		}
		old, err := scanPublishedText(c.row(`SELECT policy, version, language, digest, published_at, body
			FROM publication WHERE policy = ? AND version = ? AND language = ?`, string(p.Policy), p.Version, p.Language))
		if err != nil {
			return translate(err, "publication")
		}
		if old.Digest != p.Digest || !bytes.Equal(old.Text, p.Text) {
			return conflict(errOtherBytes)
		}
		return nil
	})
}

const insertPublication = `INSERT INTO publication (policy, version, language, digest, published_at, body) VALUES (?, ?, ?, ?, ?, ?)`

func publicationArgs(p policy.Publication) []any {
	return []any{string(p.Policy), p.Version, p.Language, p.Digest, millis(p.PublishedAt), blob(p.Text)}
}

// Publications implements policy.Store.
func (s *Store) Publications(ctx context.Context) ([]policy.Publication, error) {
	return all(ctx, s, scanPublication, `SELECT policy, version, language, digest, published_at
		FROM publication ORDER BY policy, version, language`)
}

// PublishedText implements policy.Store.
func (s *Store) PublishedText(ctx context.Context, digest string) (policy.Publication, error) {
	return one(ctx, s, "publication", scanPublishedText, `SELECT policy, version, language, digest, published_at, body
		FROM publication WHERE digest = ? ORDER BY policy, version, language LIMIT 1`, digest)
}

func scanPublication(row scanner) (policy.Publication, error) {
	var p policy.Publication
	var at int64
	err := row.Scan(&p.Policy, &p.Version, &p.Language, &p.Digest, &at)
	p.PublishedAt = instant(at)
	return p, err
}

func scanPublishedText(row scanner) (policy.Publication, error) {
	var p policy.Publication
	var at int64
	err := row.Scan(&p.Policy, &p.Version, &p.Language, &p.Digest, &at, &p.Text)
	p.PublishedAt = instant(at)
	return p, err
}

// KeepText implements policy.Store. Other bytes under the same digest are a
// Conflict.
func (s *Store) KeepText(ctx context.Context, digest string, text []byte) error {
	if err := plain(digest); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(`INSERT INTO kept_text (digest, body) VALUES (?, ?) ON CONFLICT DO NOTHING`, digest, blob(text))
		if err != nil || n == 1 {
			return translate(err, "text")
		}
		old, err := scanBytes(c.row(`SELECT body FROM kept_text WHERE digest = ?`, digest))
		if err != nil {
			return translate(err, "text")
		}
		if !bytes.Equal(old, text) {
			return conflict(errOtherBytes)
		}
		return nil
	})
}

// KeptText implements policy.Store.
func (s *Store) KeptText(ctx context.Context, digest string) ([]byte, error) {
	return one(ctx, s, "text", scanBytes, `SELECT body FROM kept_text WHERE digest = ?`, digest)
}

func scanBytes(row scanner) ([]byte, error) {
	var b []byte
	err := row.Scan(&b)
	return b, err
}
