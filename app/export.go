package app

import (
	"context"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// ExportLog writes the log up to its last checkpoint as files into a new
// folder, with or without records, salts and texts: see evidence.Export, which
// tells the errors. NotFound (export.not_signed) before the first checkpoint.
func (in *Installation) ExportLog(ctx context.Context, folder string, records bool) (evidence.Manifest, error) {
	last, err := in.Store.LastCheckpoint(ctx)
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
	c := evidence.ExportConfig{Store: in.Store, Origin: origin, Program: in.cfg.Version, Keys: in.Keys.All,
		Checkpoint: last, Next: in.Store.CheckpointCovering}
	if records {
		c.Text = in.TextShown
	}
	return evidence.Export(ctx, c, folder)
}
