-- +goose Up

-- What witnesses signed on checkpoints. nth counts the cosignatures of a size as
-- they come, from 1, so that the smallest checkpoint with two of them is found
-- without counting: it is the smallest that has a second one.

CREATE TABLE cosignature (
    size    INTEGER NOT NULL,
    nth     INTEGER NOT NULL CHECK (nth > 0),
    witness TEXT    NOT NULL,
    line    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (size, nth),
    UNIQUE (witness, size)
) STRICT, WITHOUT ROWID;

CREATE INDEX cosignature_nth ON cosignature (nth, size);

-- +goose StatementBegin
CREATE TRIGGER cosignature_stays BEFORE UPDATE ON cosignature
BEGIN SELECT RAISE(ABORT, 'a cosignature is final'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cosignature_remains BEFORE DELETE ON cosignature
BEGIN SELECT RAISE(ABORT, 'a cosignature is final'); END;
-- +goose StatementEnd
