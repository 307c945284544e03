-- +goose Up

-- What took force together, as one bundle; of those that another has followed
-- only number and digests are kept.

CREATE TABLE edition (
    number       INTEGER NOT NULL PRIMARY KEY,
    content      TEXT    NOT NULL,
    registers    TEXT    NOT NULL,
    program      TEXT    NOT NULL,
    published_at INTEGER NOT NULL,
    bundle       BLOB
) STRICT;

CREATE INDEX edition_content ON edition (content);
CREATE INDEX edition_registers ON edition (registers);

-- What the instance that started last was told: all are to be told the same.

CREATE TABLE setting (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    settings TEXT    NOT NULL
) STRICT;
