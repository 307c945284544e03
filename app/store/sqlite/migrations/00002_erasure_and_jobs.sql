-- +goose Up

-- Of an entry nothing may change but that it is erased: record, salt, actor and
-- subject go, and a key that says so takes the place of its own.

DROP TRIGGER entry_stays;

-- +goose StatementBegin
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
WHEN NOT (
    NEW.record IS NULL AND NEW.salt IS NULL AND NEW.actor = '' AND NEW.subject = '' AND NEW.key = 'erased/' || OLD.seq
    AND NEW.seq = OLD.seq AND NEW.kind = OLD.kind AND NEW.object = OLD.object AND NEW.scope = OLD.scope
    AND NEW.at = OLD.at AND NEW.leaf IS OLD.leaf AND NEW.hashes IS OLD.hashes
)
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
-- +goose StatementEnd

-- What runs by itself at night.

CREATE TABLE job_run (
    job        TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    owner      TEXT    NOT NULL, -- of the instance that runs it, and its lease
    lease_at   INTEGER NOT NULL, -- when the lease ends
    started_at INTEGER NOT NULL,
    ended_at   INTEGER, -- NULL while it runs
    outcome    TEXT    NOT NULL,
    report     TEXT, -- JSON
    PRIMARY KEY (job, due_at)
) STRICT, WITHOUT ROWID;

-- Who is erased is looked for by person.

CREATE INDEX place_person ON place (person);
