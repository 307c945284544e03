package evidence

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Where a disagreement in an exported log is, besides InEntry, InCheckpoint and
// InText.
const InFile = "file" // Field says what is wrong with the file that Detail names; Seq is 0

// ExportReport is what was found about an exported log.
type ExportReport struct {
	Manifest      Manifest
	Origin        string // of the checkpoint
	Size          int64  // of the checkpoint; the manifest's when that cannot be read
	Root          tlog.Hash
	Signers       []string
	Witnesses     []string
	Records       int64 // that are disclosed and good
	Erased        int64
	Checkpoints   int64 // that go along and are good
	Found         int64
	Disagreements []Disagreement // the first of them, in the order found
}

// VerifyExport verifies a folder that Export made, or somebody who says so,
// under a trust policy: the files are those of the manifest, the checkpoint is
// signed and cosigned as the policy asks, leaves give the tiles and the root of
// the checkpoint, every record that is disclosed gives its leaf and is as
// ParseRecord wants it, every text is that of its digest. What does not fit is
// in the report. Invalid (export.not_export) for a folder without a manifest
// that can be read; any other error says that a file could not be read. It
// holds one file of each sort in memory, whatever stands there.
func VerifyExport(ctx context.Context, folder fs.FS, p TrustPolicy) (ExportReport, error) {
	x := &exportVerifier{ctx: ctx, folder: folder, policy: p, texts: map[string]bool{}}
	if err := x.listed(); err != nil {
		return x.out, err
	}
	if err := x.head(); err != nil {
		return x.out, err
	}
	if err := x.shards(); err != nil {
		return x.out, err
	}
	if err := x.checkpoints.end(x); err != nil {
		return x.out, err
	}
	x.sums()
	return x.out, ctx.Err()
}

// sums compares what was counted with what the manifest says, once all else
// fits.
func (x *exportVerifier) sums() {
	switch m := x.out.Manifest; {
	case x.out.Found > 0:
	case m.Records && m.Erased != x.out.Erased:
		x.found(InFile, 0, "manifest", "it says that %d entries were erased", m.Erased)
	case x.files != x.used:
		x.found(InFile, 0, "manifest", "it names files that belong to nothing")
	}
}

type exportVerifier struct {
	ctx    context.Context
	folder fs.FS
	policy TrustPolicy
	out    ExportReport
	files  int64           // plain files that the manifest names
	used   int64           // those of them that have a place in an exported log
	texts  map[string]bool // hex digests of the files that are what their name says

	edge        edge
	tiles       tileStack
	broken      bool // a leaf is unknown: from here on there is no tree
	checkpoints checkpointReader
}

func (x *exportVerifier) found(where string, seq int64, field, format string, args ...any) {
	x.out.Found++
	if len(x.out.Disagreements) < maxDisagreements {
		d := Disagreement{Where: where, Seq: seq, Field: field, Detail: fmt.Sprintf(format, args...)}
		x.out.Disagreements = append(x.out.Disagreements, d)
	}
}

// head reads the checkpoint, whose word the rest is measured by.
func (x *exportVerifier) head() error {
	m := x.out.Manifest
	x.out.Size, x.out.Root, x.out.Origin = m.Size, m.Root, m.Origin
	msg, err := x.read(checkpointFile, maxNote)
	if err != nil || msg == nil {
		return err
	}
	c, origin, signers, witnesses, err := x.policy.VerifyCheckpoint(msg)
	if err != nil {
		if c, origin, err = x.unsigned(msg, err); err != nil {
			return nil //nolint:nilerr // unsigned has put the error among the findings, which are the result
		}
	}
	x.out.Size, x.out.Root, x.out.Origin = c.Size, tlog.Hash(c.Root), origin
	x.out.Signers, x.out.Witnesses = signers, witnesses
	if m.Size != c.Size || m.Root != x.out.Root || m.Origin != origin {
		x.found(InFile, 0, "manifest", "it says something else than the checkpoint")
	}
	return nil
}

// unsigned says what is wrong with a checkpoint, and reads what it says all the
// same: the rest can still be measured by it.
func (x *exportVerifier) unsigned(msg []byte, cause error) (Checkpoint, string, error) {
	field := "checkpoint_malformed"
	if r, ok := RefusalOf(cause); ok {
		field = r.Code
	}
	c, origin, err := ParseCheckpoint(msg)
	x.found(InCheckpoint, c.Size, field, "%v", cause)
	return c, origin, err
}

// shards walks leaves, tiles and records once, 256 entries at a time.
func (x *exportVerifier) shards() error {
	x.tiles.emit = x.compareTile
	for n := range shards(x.out.Size) {
		if n > x.files { // a size that nobody exported
			x.found(InCheckpoint, x.out.Size, "size", "so many entries are not in the folder")
			x.broken = true
			return nil
		}
		if err := x.ctx.Err(); err != nil {
			return err
		}
		leaves, err := x.leaves(n)
		if err != nil {
			return err
		}
		if err := x.build(n, leaves); err != nil {
			return err
		}
		if err := x.records(n, leaves); err != nil {
			return err
		}
	}
	if x.broken {
		return nil
	}
	if err := x.tiles.finish(); err != nil {
		return err
	}
	if root := x.edge.root(); root != x.out.Root {
		x.found(InCheckpoint, x.out.Size, "root", "the entries give %v", root)
	}
	return nil
}

// leaves reads an entry bundle; nil when it cannot be used.
func (x *exportVerifier) leaves(n int64) ([][]byte, error) {
	width := shardWidth(x.out.Size, n)
	name := shardPath(folderBundles, n, width)
	data, err := x.read(name, tileWidth*entrySize)
	if err != nil || data == nil {
		return nil, err
	}
	leaves, err := parseBundle(data, width)
	if err != nil {
		x.found(InFile, 0, "bundle", "%s", name)
		return nil, nil //nolint:nilerr // the line above puts it among the findings, which are the result
	}
	return leaves, nil
}

// build goes on with the tree.
func (x *exportVerifier) build(n int64, leaves [][]byte) error {
	if leaves == nil {
		x.broken = true
	}
	if x.broken {
		return nil
	}
	for i, leaf := range leaves {
		if err := x.tiles.add(x.edge.add(leaf)); err != nil {
			return err
		}
		if err := x.checkpoints.at(x, n*tileWidth+int64(i)+1); err != nil {
			return err
		}
	}
	return nil
}

// compareTile compares a tile as the leaves give it with the one in the folder.
func (x *exportVerifier) compareTile(level int, n int64, want []byte) error {
	name := tilePath(level, n, len(want)/tlog.HashSize)
	got, err := x.read(name, tileWidth*tlog.HashSize)
	if err != nil || got == nil {
		return err
	}
	switch i := differing(want, got); {
	case i < 0:
	case len(got) != len(want):
		x.found(InFile, 0, "tile", "%s", name)
	default:
		seq := (n*tileWidth + int64(i)) << (tileHeight * level) // the first entry under the hash
		x.found(InEntry, seq, "tile", "%s", name)
	}
	return nil
}

// checkRecord checks a disclosed record against its leaf.
func (x *exportVerifier) checkRecord(r ExportedRecord, leaf []byte) {
	if r.Erased {
		x.out.Erased++
		return
	}
	before := x.out.Found
	if leaf != nil && (len(r.Salt) != SaltSize || !hmac.Equal(Leaf(r.Salt, []byte(r.Record)), leaf)) {
		x.found(InEntry, r.Seq, "leaf", "record and salt do not give it")
	}
	record, err := readRecord([]byte(r.Record))
	if err != nil {
		x.found(InEntry, r.Seq, "record", "%v", err)
		return
	}
	for _, shown := range []struct{ field, digest string }{{"text", record.shown.Text}, {"declaration", record.shown.Declaration}} {
		if shown.digest != "" && !x.texts[shown.digest] {
			x.found(InEntry, r.Seq, shown.field, "%s is not there", shown.digest)
		}
	}
	if before == x.out.Found {
		x.out.Records++
	}
}

// isGone reports whether a file is not there or not a plain file. Both were
// found when the folder was compared with the manifest.
func isGone(folder fs.FS, name string) (bool, error) {
	info, err := fs.Lstat(folder, name)
	if errors.Is(err, fs.ErrPermission) {
		return false, err
	}
	return err != nil || !info.Mode().IsRegular(), nil //nolint:nilerr // whatever else keeps it from being looked at, it is not there
}

func notExport(err error) error {
	return fault.Wrap(err, fault.Invalid, "export.not_export")
}
