package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/notify"
)

const messageColumns = `key, person, state, reason, at, next_at, holder, attempts, settled_at, answer`

var (
	errClaimEnded  = errors.New("the claim has ended")
	errTooManyKeys = errors.New("too many keys at once")
)

// EnqueueMessages implements notify.Store.
func (s *Store) EnqueueMessages(ctx context.Context, messages []notify.Message) error {
	for _, m := range messages {
		if err := plainMessage(m); err != nil {
			return err
		}
	}
	switch len(messages) {
	case 0:
		return nil
	case 1:
		return s.writer.single(ctx, func(c *connection) error { return enqueue(c, messages[0]) })
	}
	return s.writer.several(ctx, func(c *connection) error {
		for _, m := range messages {
			if err := enqueue(c, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func enqueue(c *connection, m notify.Message) error {
	_, err := c.exec(insertMessage+` ON CONFLICT DO NOTHING`, messageArgs(m)...)
	return translate(err, "message")
}

const insertMessage = `INSERT INTO message (` + messageColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func messageArgs(m notify.Message) []any {
	return []any{m.Key, string(m.Person), string(m.State), string(m.Reason), millis(m.At), millis(m.NextAt), m.Holder, m.Attempts,
		millis(m.SettledAt), m.Answer}
}

func plainMessage(m notify.Message) error {
	return plain(m.Key, string(m.Person), string(m.State), string(m.Reason), m.Holder, m.Answer)
}

// ClaimMessage implements notify.Store.
func (s *Store) ClaimMessage(ctx context.Context, holder string, now, until time.Time) (notify.Message, error) {
	if err := plain(holder); err != nil {
		return notify.Message{}, err
	}
	var claimed notify.Message
	err := s.writer.single(ctx, func(c *connection) error {
		m, err := scanMessage(c.row(`UPDATE message SET holder = ?, next_at = ?, attempts = attempts + 1
			WHERE key = (SELECT key FROM message WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, key LIMIT 1)
			RETURNING `+messageColumns, holder, millis(until), millis(now)))
		claimed = m
		return translate(err, "message that is due")
	})
	if err != nil {
		return notify.Message{}, err
	}
	return claimed, nil
}

// SettleMessage implements notify.Store.
func (s *Store) SettleMessage(ctx context.Context, key, holder string, v notify.Settlement) error {
	if err := plain(key, holder, string(v.State), string(v.Reason), v.Answer); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(`UPDATE message SET state = ?, reason = ?, next_at = ?, holder = '', attempts = ?, settled_at = ?, answer = ?
			WHERE key = ? AND holder = ? AND holder <> '' AND state = 'waiting'`,
			string(v.State), string(v.Reason), millis(v.NextAt), v.Attempts, millis(v.SettledAt), v.Answer, key, holder)
		if err == nil && n == 0 {
			return conflict(errClaimEnded)
		}
		return translate(err, "message")
	})
}

// FindMessages implements notify.Store.
func (s *Store) FindMessages(ctx context.Context, q notify.MessageQuery) ([]notify.Message, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	var where []string
	var args []any
	// A person has few messages, a state many: the person chooses the index.
	for _, f := range []struct{ column, value string }{{"person", string(q.Person)}, {"state", string(q.State)}} {
		if f.value == "" {
			continue
		}
		if len(where) > 0 {
			f.column = "+" + f.column
		}
		where = append(where, f.column+" = ?")
		args = append(args, f.value)
	}
	if len(where) == 0 || q.Topic != "" && q.Person == "" {
		return nil, invalid(errNothingAsked)
	}
	if q.Topic != "" {
		above, below, err := notify.Keys(q.Topic + "/")
		if err != nil {
			return nil, err
		}
		where = append(where, `+key > ?`, `+key < ?`)
		args = append(args, above, below)
	}
	return all(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message WHERE `+strings.Join(where, ` AND `)+
		` ORDER BY at DESC, key DESC LIMIT ?`, append(args, min(limit, 1000))...)
}

// ListMessages implements notify.Store.
func (s *Store) ListMessages(ctx context.Context, r notify.MessageRange) ([]notify.Message, error) {
	above, below, err := r.Keys()
	if err == nil {
		err = plain(r.Prefix, r.After)
	}
	if err != nil {
		return nil, err
	}
	limit := r.Limit
	if limit <= 0 {
		limit = 100
	}
	// The key chooses the index.
	where, args := `key > ? AND key < ?`, []any{above, below}
	for _, f := range []struct{ column, value string }{{"state", string(r.State)}, {"reason", string(r.Reason)}} {
		if f.value != "" {
			where += ` AND +` + f.column + ` = ?`
			args = append(args, f.value)
		}
	}
	return all(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message WHERE `+where+` ORDER BY key LIMIT ?`,
		append(args, min(limit, 1000))...)
}

// Messages implements notify.Store.
func (s *Store) Messages(ctx context.Context, keys []string) ([]notify.Message, error) {
	if len(keys) > notify.MostKeys {
		return nil, invalid(errTooManyKeys)
	}
	if err := plain(keys...); err != nil {
		return nil, err
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, invalid(err)
	}
	return all(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key`, string(list))
}

// CountRange implements notify.Store.
func (s *Store) CountRange(ctx context.Context, prefix string) ([]notify.MessageCount, error) {
	above, below, err := notify.Keys(prefix)
	if err == nil {
		err = plain(prefix)
	}
	if err != nil {
		return nil, err
	}
	return all(ctx, s, func(row scanner) (c notify.MessageCount, err error) {
		err = row.Scan(&c.State, &c.Reason, &c.N)
		return c, err
	}, `SELECT state, reason, count(*) FROM message WHERE key > ? AND key < ? GROUP BY state, reason ORDER BY state, reason`, above, below)
}

// CountMessages implements notify.Store.
func (s *Store) CountMessages(ctx context.Context, state notify.State) (int64, error) {
	return one(ctx, s, "messages", scanNumber, `SELECT count(*) FROM message WHERE state = ?`, string(state))
}

// OldestMessage implements notify.Store.
func (s *Store) OldestMessage(ctx context.Context, state notify.State) (notify.Message, error) {
	return one(ctx, s, "message", scanMessage,
		`SELECT `+messageColumns+` FROM message WHERE state = ? ORDER BY at, key LIMIT 1`, string(state))
}

// DeleteMessages implements notify.Store.
func (s *Store) DeleteMessages(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.writer.several(ctx, func(c *connection) error {
		for _, key := range keys {
			if _, err := c.exec(`DELETE FROM message WHERE key = ?`, key); err != nil {
				return translate(err, "message")
			}
		}
		return nil
	})
}

// ExpireMessages implements notify.Store.
func (s *Store) ExpireMessages(ctx context.Context, before time.Time) (int64, error) {
	var expired int64
	err := s.writer.several(ctx, func(c *connection) error {
		expired = 0
		for _, state := range []notify.State{notify.Sent, notify.Refused, notify.Withheld} {
			n, err := c.exec(`DELETE FROM message WHERE state = ? AND at < ?`, string(state), ceilMillis(before))
			if err != nil {
				return translate(err, "messages")
			}
			expired += n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return expired, nil
}

func scanMessage(row scanner) (notify.Message, error) {
	var m notify.Message
	var at, next, settled int64
	err := row.Scan(&m.Key, &m.Person, &m.State, &m.Reason, &at, &next, &m.Holder, &m.Attempts, &settled, &m.Answer)
	m.At, m.NextAt, m.SettledAt = instant(at), instant(next), instant(settled)
	return m, err
}

// Position implements notify.Store.
func (s *Store) Position(ctx context.Context, reader string, first int64) (int64, error) {
	if err := plain(reader); err != nil {
		return 0, err
	}
	const query = `SELECT seq FROM reader WHERE name = ?`
	seq, err := one(ctx, s, "reader", scanNumber, query, reader)
	if !fault.Is(err, fault.NotFound) {
		return seq, err
	}
	err = s.writer.several(ctx, func(c *connection) error {
		if _, err := c.exec(`INSERT INTO reader (name, seq) VALUES (?, ?) ON CONFLICT DO NOTHING`, reader, first); err != nil {
			return translate(err, "reader")
		}
		kept, err := scanNumber(c.row(query, reader))
		seq = kept
		return translate(err, "reader")
	})
	if err != nil {
		return 0, err
	}
	return seq, nil
}

// AdvancePosition implements notify.Store.
func (s *Store) AdvancePosition(ctx context.Context, reader string, to int64) error {
	if err := plain(reader); err != nil {
		return err
	}
	return s.writer.single(ctx, func(c *connection) error {
		n, err := c.exec(`UPDATE reader SET seq = max(seq, ?) WHERE name = ?`, to, reader)
		if err == nil && n == 0 {
			return fault.NotFoundf("no such reader")
		}
		return translate(err, "reader")
	})
}
