package app

import (
	"bytes"
	"context"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// LogExport says what ExportLog writes, and where.
type LogExport struct {
	Folder    string // which must not exist
	Records   bool   // whether records, salts and texts go along
	Witnessed int    // up to the last checkpoint that so many witnesses have cosigned; 0: up to the last
}

// ExportLog writes the log as files, with every checkpoint and its
// cosignatures: see evidence.Export, which tells the errors. NotFound
// (export.not_signed, export.not_witnessed) before there is such a checkpoint.
func (in *Installation) ExportLog(ctx context.Context, x LogExport) (evidence.Manifest, error) {
	last, err := in.lastCheckpoint(ctx, x.Witnessed)
	if err != nil {
		return evidence.Manifest{}, err
	}
	_, origin, err := evidence.ParseCheckpoint(last.Note)
	if err != nil {
		return evidence.Manifest{}, err
	}
	c := evidence.ExportConfig{Store: in.Store, Origin: origin, Program: in.cfg.Version, Keys: in.Keys.All,
		Checkpoint: last, Next: in.checkpointWithLines}
	if x.Records {
		c.Text = in.TextShown
	}
	return evidence.Export(ctx, c, x.Folder)
}

// lastCheckpoint returns the largest checkpoint that so many witnesses have
// cosigned, with their lines.
func (in *Installation) lastCheckpoint(ctx context.Context, witnesses int) (evidence.Checkpoint, error) {
	if witnesses == 0 {
		c, err := in.Store.LastCheckpoint(ctx)
		if fault.Is(err, fault.NotFound) {
			return c, fault.New(fault.NotFound, "export.not_signed", nil)
		}
		if err != nil {
			return c, err
		}
		return in.checkpointWithLines(ctx, c.Size)
	}
	var last evidence.Checkpoint
	for {
		c, lines, err := in.Store.Cosigned(ctx, last.Size+1, witnesses)
		switch {
		case fault.Is(err, fault.NotFound) && last.Size == 0:
			return c, fault.New(fault.NotFound, "export.not_witnessed", fault.Args{"Witnesses": witnesses})
		case fault.Is(err, fault.NotFound):
			return last, nil
		case err != nil:
			return c, err
		}
		last = withLines(c, lines)
	}
}

// checkpointWithLines returns the smallest checkpoint of at least size with the
// cosignatures on it. NotFound.
func (in *Installation) checkpointWithLines(ctx context.Context, size int64) (evidence.Checkpoint, error) {
	c, err := in.Store.CheckpointCovering(ctx, size)
	if err != nil {
		return c, err
	}
	cosigned, lines, err := in.Store.Cosigned(ctx, c.Size, 1)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && cosigned.Size != c.Size:
		return c, nil
	case err != nil:
		return c, err
	}
	return withLines(c, lines), nil
}

func withLines(c evidence.Checkpoint, lines []evidence.Cosignature) evidence.Checkpoint {
	c.Note = bytes.Clone(c.Note)
	for _, l := range lines {
		c.Note = append(c.Note, l.Line+"\n"...)
	}
	return c
}
