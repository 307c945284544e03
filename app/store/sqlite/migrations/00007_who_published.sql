-- +goose Up

-- Who decided an edition: '' when an instance published it at its start, and of
-- those that are there.

ALTER TABLE edition ADD COLUMN published_by TEXT NOT NULL DEFAULT '';
