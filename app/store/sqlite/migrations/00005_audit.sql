-- +goose Up

-- Counting the whole population must not touch the rows, which are large: this
-- index has all that is asked, the other one what was erased.
CREATE INDEX entry_sort ON entry (kind, object, scope, seq, at);
CREATE INDEX entry_erased ON entry (kind, object, scope, seq, at) WHERE record IS NULL AND salt IS NULL;
