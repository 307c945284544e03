-- +goose Up

-- Messages to people, and how their sending went. There is no text in them and
-- no address.

CREATE TABLE message (
    key        TEXT    NOT NULL PRIMARY KEY,
    person     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    holder     TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    settled_at INTEGER NOT NULL,
    answer     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Few wait, and many have been sent.
CREATE INDEX message_due ON message (next_at, key) WHERE state = 'waiting';
CREATE INDEX message_person ON message (person, at, key);
CREATE INDEX message_state ON message (state, at, key);

-- How far each reader of the evidence log has come.

CREATE TABLE reader (
    name TEXT    NOT NULL PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
