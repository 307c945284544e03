package sqlite

import (
	"context"
	"errors"
	"strings"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/identity"
)

var errNothingAsked = errors.New("no field says which sessions to end")

// SaveLogin implements identity.Store.
func (s *Store) SaveLogin(ctx context.Context, l identity.Login) error {
	if err := plain(l.StateHash, l.BrowserHash, l.Provider, l.Nonce, l.Verifier, l.ReturnTo); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		_, err := c.exec(`INSERT INTO login (state_hash, browser_hash, provider, nonce, verifier, return_to, started_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			l.StateHash, l.BrowserHash, l.Provider, l.Nonce, l.Verifier, l.ReturnTo, millis(l.StartedAt))
		return translate(err, "login")
	})
}

// TakeLogin implements identity.Store.
func (s *Store) TakeLogin(ctx context.Context, stateHash string) (identity.Login, error) {
	var taken identity.Login
	err := s.writer.single(ctx, func(c *connection) error {
		var l identity.Login
		var at int64
		err := c.row(`DELETE FROM login WHERE state_hash = ?
			RETURNING state_hash, browser_hash, provider, nonce, verifier, return_to, started_at`, stateHash).
			Scan(&l.StateHash, &l.BrowserHash, &l.Provider, &l.Nonce, &l.Verifier, &l.ReturnTo, &at)
		if err != nil {
			return translate(err, "login")
		}
		l.StartedAt = instant(at)
		taken = l
		return nil
	})
	if err != nil {
		return identity.Login{}, err
	}
	return taken, nil
}

// Link implements identity.Store.
func (s *Store) Link(ctx context.Context, issuer, subject string) (identity.Link, error) {
	return one(ctx, s, "link", scanLink, `SELECT issuer, subject, person, linked_at FROM link WHERE issuer = ? AND subject = ?`, issuer, subject)
}

func scanLink(row scanner) (identity.Link, error) {
	var l identity.Link
	var at int64
	err := row.Scan(&l.Issuer, &l.Subject, &l.Person, &at)
	l.LinkedAt = instant(at)
	return l, err
}

// SaveLink implements identity.Store.
func (s *Store) SaveLink(ctx context.Context, l identity.Link) error {
	if err := plain(l.Issuer, l.Subject, string(l.Person)); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		_, err := c.exec(`INSERT INTO link (issuer, subject, person, linked_at) VALUES (?, ?, ?, ?)`,
			l.Issuer, l.Subject, string(l.Person), millis(l.LinkedAt))
		return translate(err, "link")
	})
}

const sessionColumns = `hash, person, provider, issuer, subject, sid, acr, amr, auth_at, id_token, created_at, seen_at`

// SaveSession implements identity.Store.
func (s *Store) SaveSession(ctx context.Context, v identity.Session) error {
	if err := plain(v.Hash, string(v.Person), v.Provider, v.Issuer, v.Subject, v.SID, v.ACR, v.IDToken); err != nil {
		return err
	}
	if err := plainAll(v.AMR); err != nil {
		return err
	}
	amr, err := listed(v.AMR)
	if err != nil {
		return invalid(err)
	}
	return s.writer.single(ctx, func(c *connection) error {
		_, err := c.exec(`INSERT INTO session (`+sessionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			v.Hash, string(v.Person), v.Provider, v.Issuer, v.Subject, v.SID, v.ACR, amr,
			millis(v.AuthAt), v.IDToken, millis(v.CreatedAt), millis(v.SeenAt))
		return translate(err, "session")
	})
}

// Session implements identity.Store.
func (s *Store) Session(ctx context.Context, hash string) (identity.Session, error) {
	return one(ctx, s, "session", scanSession, `SELECT `+sessionColumns+` FROM session WHERE hash = ?`, hash)
}

func scanSession(row scanner) (identity.Session, error) {
	var v identity.Session
	var amr []byte
	var auth, created, seen int64
	err := row.Scan(&v.Hash, &v.Person, &v.Provider, &v.Issuer, &v.Subject, &v.SID, &v.ACR, &amr,
		&auth, &v.IDToken, &created, &seen)
	if err != nil {
		return v, err
	}
	v.AuthAt, v.CreatedAt, v.SeenAt = instant(auth), instant(created), instant(seen)
	v.AMR, err = unlisted[string](amr)
	return v, err
}

// TouchSession implements identity.Store.
func (s *Store) TouchSession(ctx context.Context, hash string, at time.Time) error {
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(`UPDATE session SET seen_at = ? WHERE hash = ?`, millis(at), hash)
		if err == nil && n == 0 {
			return fault.NotFoundf("no such session")
		}
		return translate(err, "session")
	})
}

// EndSession implements identity.Store.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return s.writer.single(ctx, func(c *connection) error {
		_, err := c.exec(`DELETE FROM session WHERE hash = ?`, hash)
		return translate(err, "session")
	})
}

// EndSessions implements identity.Store.
func (s *Store) EndSessions(ctx context.Context, q identity.SessionQuery) (int, error) {
	var where []string
	var args []any
	// The narrowest field first: it chooses the index.
	for _, f := range []struct{ column, value string }{
		{"sid", q.SID}, {"person", string(q.Person)}, {"subject", q.Subject}, {"issuer", q.Issuer},
	} {
		if f.value == "" {
			continue
		}
		if len(where) > 0 {
			f.column = "+" + f.column
		}
		where = append(where, f.column+" = ?")
		args = append(args, f.value)
	}
	if len(where) == 0 {
		return 0, invalid(errNothingAsked)
	}
	query := `DELETE FROM session WHERE ` + strings.Join(where, ` AND `)
	var ended int64
	err := s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(query, args...)
		ended = n
		return translate(err, "session")
	})
	if err != nil {
		return 0, err
	}
	return int(ended), nil
}

// UseOnce implements identity.Store.
func (s *Store) UseOnce(ctx context.Context, id string, expiresAt time.Time) (bool, error) {
	if err := plain(id); err != nil {
		return false, err
	}
	var added int64
	err := s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(`INSERT INTO used_token (id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING`, id, millis(expiresAt))
		added = n
		return translate(err, "token")
	})
	if err != nil {
		return false, err
	}
	return added == 1, nil
}

// Expire implements identity.Store.
func (s *Store) Expire(ctx context.Context, loginsBefore, createdBefore, seenBefore, now time.Time) error {
	steps := []struct {
		query  string
		before time.Time
	}{
		{`DELETE FROM login WHERE started_at < ?`, loginsBefore},
		{`DELETE FROM session WHERE created_at < ?`, createdBefore},
		{`DELETE FROM session WHERE seen_at < ?`, seenBefore},
		{`DELETE FROM used_token WHERE expires_at < ?`, now},
	}
	return s.writer.several(ctx, func(c *connection) error {
		for _, step := range steps {
			if _, err := c.exec(step.query, ceilMillis(step.before)); err != nil {
				return translate(err, "expired rows")
			}
		}
		return nil
	})
}
