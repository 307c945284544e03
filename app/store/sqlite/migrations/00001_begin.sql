-- +goose Up

-- The directory. Dates are integers such as 20260401; 0 is no date.

CREATE TABLE roster (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO roster (only, revision) VALUES (1, 0);

CREATE TABLE department (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    parent       TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    out_of_scope INTEGER NOT NULL CHECK (out_of_scope IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    id          TEXT    NOT NULL PRIMARY KEY,
    number      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    kana        TEXT    NOT NULL,
    mail        TEXT    NOT NULL,
    employment  TEXT    NOT NULL,
    post        TEXT    NOT NULL,
    joined_on   INTEGER NOT NULL,
    left_on     INTEGER NOT NULL,
    leaves      TEXT, -- JSON
    memberships TEXT  -- JSON
) STRICT;

-- Not unique: two people may trade numbers within one import. That no number is
-- given twice is asked once the whole import has been written.
CREATE INDEX person_number ON person (number);

-- The evidence. Instants are milliseconds since 1970, UTC.

CREATE TABLE entry (
    seq     INTEGER PRIMARY KEY CHECK (seq >= 0),
    key     TEXT    NOT NULL UNIQUE,
    kind    TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    scope   TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    record  BLOB,
    salt    BLOB,
    leaf    BLOB,
    hashes  BLOB
) STRICT;

CREATE INDEX entry_subject ON entry (subject);
CREATE INDEX entry_actor ON entry (actor);
-- Many entries share an object or a kind: a span of time is looked for in the
-- index itself, newest first, without touching the rows.
CREATE INDEX entry_object ON entry (object, seq, at);
CREATE INDEX entry_kind ON entry (kind, seq, at);
CREATE INDEX entry_at ON entry (at);

CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    root BLOB,
    note BLOB,
    at   INTEGER NOT NULL
) STRICT;

-- What is in the log stays as it is, whoever asks.

-- +goose StatementBegin
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_remains BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoint_stays BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a signed checkpoint is final'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoint_remains BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a signed checkpoint is final'); END;
-- +goose StatementEnd

-- Identity.

CREATE TABLE login (
    state_hash   TEXT    NOT NULL PRIMARY KEY,
    browser_hash TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    nonce        TEXT    NOT NULL,
    verifier     TEXT    NOT NULL,
    return_to    TEXT    NOT NULL,
    started_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX login_started ON login (started_at);

CREATE TABLE link (
    issuer    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    person    TEXT    NOT NULL,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (person, issuer)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash       TEXT    NOT NULL PRIMARY KEY,
    person     TEXT    NOT NULL,
    provider   TEXT    NOT NULL,
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    sid        TEXT    NOT NULL,
    acr        TEXT    NOT NULL,
    amr        TEXT, -- JSON
    auth_at    INTEGER NOT NULL,
    id_token   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX session_person ON session (person);
CREATE INDEX session_subject ON session (subject);
CREATE INDEX session_sid ON session (sid);
CREATE INDEX session_issuer ON session (issuer);
CREATE INDEX session_created ON session (created_at);
CREATE INDEX session_seen ON session (seen_at);

CREATE TABLE used_token (
    id         TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_token_expires ON used_token (expires_at);

-- Learning.

CREATE TABLE place (
    scope      TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    course     TEXT    NOT NULL,
    done       TEXT, -- JSON
    practised  TEXT, -- JSON
    failed     INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    PRIMARY KEY (scope, person, course)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    id           TEXT    NOT NULL PRIMARY KEY,
    person       TEXT    NOT NULL,
    course       TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    purpose      TEXT    NOT NULL,
    drawn        TEXT, -- JSON
    started_at   INTEGER NOT NULL,
    submitted_at INTEGER, -- NULL while open
    right_count  INTEGER NOT NULL,
    passed       INTEGER NOT NULL CHECK (passed IN (0, 1)),
    revision     INTEGER NOT NULL
) STRICT;

CREATE INDEX attempt_person ON attempt (person, course, started_at, id);

-- Two tabs share one attempt.
CREATE UNIQUE INDEX attempt_open ON attempt (person, course, scope, purpose) WHERE submitted_at IS NULL;

-- Policy.

CREATE TABLE publication (
    policy       TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    language     TEXT    NOT NULL,
    digest       TEXT    NOT NULL,
    published_at INTEGER NOT NULL,
    body         BLOB,
    PRIMARY KEY (policy, version, language)
) STRICT;

CREATE INDEX publication_digest ON publication (digest, policy, version, language);

CREATE TABLE kept_text (
    digest TEXT NOT NULL PRIMARY KEY,
    body   BLOB
) STRICT;
