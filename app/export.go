package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

// LogExport says what ExportLog writes, and where.
type LogExport struct {
	Folder  string   // which must not exist
	Keys    []string // verifier keys, for the manifest
	Records bool     // whether records, salts and texts go along
	Program string   // version of this program
}

// ExportLog writes the store's log up to its last checkpoint as files: see
// evidence.Export, which tells the errors. NotFound (export.not_signed) before
// the first checkpoint.
func ExportLog(ctx context.Context, s store.Store, x LogExport) (evidence.Manifest, error) {
	last, err := s.LastCheckpoint(ctx)
	if fault.Is(err, fault.NotFound) {
		return evidence.Manifest{}, fault.New(fault.NotFound, "export.not_signed", nil)
	}
	if err != nil {
		return evidence.Manifest{}, err
	}
	_, origin, err := evidence.ParseCheckpoint(last.Note)
	if err != nil {
		return evidence.Manifest{}, err
	}
	c := evidence.ExportConfig{Store: s, Origin: origin, Program: x.Program, Keys: x.Keys, Checkpoint: last, Next: s.CheckpointCovering}
	if x.Records {
		c.Text = func(ctx context.Context, digest string) ([]byte, error) { return shownText(ctx, s, digest) }
	}
	return evidence.Export(ctx, c, x.Folder)
}

// shownText returns a text that was shown, a policy's or a declaration's.
// NotFound.
func shownText(ctx context.Context, s store.Store, digest string) ([]byte, error) {
	p, err := s.PublishedText(ctx, digest)
	if err == nil {
		return p.Text, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	return s.KeptText(ctx, digest)
}

// PublicKeys returns the log's verifier keys that the state folder knows, the
// former ones too; none when the folder holds none.
func PublicKeys(state string) ([]string, error) {
	public, err := os.ReadFile(filepath.Join(state, "log.public")) //nolint:gosec // the operator names the folder
	if err == nil {
		return strings.Fields(string(public)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file := filepath.Join(state, "log.key")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	key, err := signingKey(file, "")
	if err != nil {
		return nil, err
	}
	return []string{key.Public}, nil
}
