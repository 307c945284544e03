package evidence

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Files and folders of an exported log, beside the tiles and the manifest.
const (
	checkpointFile    = "checkpoint"
	checkpointsFolder = "checkpoints"
	recordsFolder     = "records"
	textsFolder       = "texts"
)

// ExportConfig is what a log is exported from.
type ExportConfig struct {
	Store   Store
	Origin  string
	Program string
	Keys    []string // verifier keys of log and witnesses, for the manifest

	// Checkpoint signs what is exported: the entries before its Size. Its Note
	// may carry cosignatures.
	Checkpoint Checkpoint
	// Next returns the smallest checkpoint of at least size that goes along, with
	// its cosignatures; NotFound behind the last. nil takes none along.
	Next func(ctx context.Context, size int64) (Checkpoint, error)
	// Text returns a text that was shown, by its digest; NotFound when it is not
	// kept any more. nil leaves records, salts and texts out.
	Text func(ctx context.Context, digest string) ([]byte, error)
}

// ExportedRecord is a line of an exported log's records: a record with its
// salt, or that it was erased.
type ExportedRecord struct {
	Seq    int64  `json:"seq"`
	Erased bool   `json:"erased,omitempty"`
	Record string `json:"record,omitempty"` // canonical bytes
	Salt   []byte `json:"salt,omitempty"`   // base64
}

// exportedCheckpoint is a line of an exported log's checkpoints.
type exportedCheckpoint struct {
	Size int64  `json:"size"`
	Note string `json:"note"`
}

// Export writes the log up to the checkpoint as files, which the package
// documents, into a new folder dir: all or nothing, for it is written under
// another name beside it and renamed. The store may go on meanwhile. Invalid
// (export.exists) when there is something called dir already; Unavailable
// (evidence.log_damaged) at the first entry that does not fit, and when the
// store does not answer.
func Export(ctx context.Context, c ExportConfig, dir string) (m Manifest, err error) {
	if err := mustBeFree(dir); err != nil {
		return Manifest{}, err
	}
	parent, name := filepath.Split(filepath.Clean(dir))
	tmp, err := os.MkdirTemp(parent, "."+name+".*")
	if err != nil {
		return Manifest{}, err
	}
	defer func() {
		if err == nil {
			return
		}
		if left := os.RemoveAll(tmp); left != nil {
			err = errors.Join(err, left)
		}
	}()
	x := exporter{c: c, folder: tmp, texts: map[string]bool{}}
	if err := x.write(ctx); err != nil {
		return Manifest{}, err
	}
	if err := mustBeFree(dir); err != nil {
		return Manifest{}, err
	}
	return x.manifest, os.Rename(tmp, dir)
}

func mustBeFree(dir string) error {
	_, err := os.Lstat(dir)
	if err == nil {
		return fault.New(fault.Invalid, "export.exists", fault.Args{"Path": dir})
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// exporter walks the log once, and holds one file of each sort in memory.
type exporter struct {
	c        ExportConfig
	folder   string
	files    []exportedFile
	manifest Manifest
	texts    map[string]bool // digests that were met

	edge    edge
	tiles   tileStack
	bundle  []byte
	records bytes.Buffer
}

func (x *exporter) write(ctx context.Context) error {
	x.tiles.emit = func(level int, n int64, data []byte) error {
		return x.file(tilePath(level, n, len(data)/tlog.HashSize), data)
	}
	if err := x.file(checkpointFile, x.c.Checkpoint.Note); err != nil {
		return err
	}
	if err := x.entries(ctx); err != nil {
		return err
	}
	if err := x.checkpoints(ctx); err != nil {
		return err
	}
	slices.SortFunc(x.files, func(a, b exportedFile) int {
		return cmp.Compare(strings.ReplaceAll(a.path, "/", "\x00"), strings.ReplaceAll(b.path, "/", "\x00"))
	})
	x.manifest.Origin, x.manifest.Size, x.manifest.Root = x.c.Origin, x.edge.size, x.edge.root()
	x.manifest.Program, x.manifest.Keys, x.manifest.Records = x.c.Program, x.c.Keys, x.c.Text != nil
	slices.Sort(x.manifest.MissingTexts)
	var b bytes.Buffer
	if err := writeManifest(&b, x.manifest, x.files); err != nil {
		return err
	}
	return x.create(ManifestFile, b.Bytes())
}

// entries writes bundles, tiles, records and texts.
func (x *exporter) entries(ctx context.Context) error {
	size := x.c.Checkpoint.Size
	for x.edge.size < size {
		entries, err := x.c.Store.EntriesFrom(ctx, x.edge.size, int(min(page, size-x.edge.size)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return wentBack("the store holds no entry %d, %d are signed", x.edge.size, size)
		}
		for _, e := range entries {
			if err := x.entry(ctx, e); err != nil {
				return err
			}
		}
	}
	if err := x.tiles.finish(); err != nil {
		return err
	}
	if root := x.edge.root(); !bytes.Equal(root[:], x.c.Checkpoint.Root) {
		return wentBack("the first %d entries have root %v, signed is %x", size, root, x.c.Checkpoint.Root)
	}
	return nil
}

func (x *exporter) entry(ctx context.Context, e Entry) error {
	err := checkLeaf(e)
	var hashes []byte
	if err == nil {
		seq := x.edge.size
		if hashes = x.edge.add(e.Leaf); e.Seq != seq || !bytes.Equal(hashes, e.Hashes) {
			err = fmt.Errorf("entry %d does not continue the log", e.Seq)
		}
	}
	if err != nil {
		return damaged(e.Seq, err)
	}
	if err := x.tiles.add(hashes); err != nil {
		return err
	}
	x.bundle = appendLeaf(x.bundle, e.Leaf)
	if e.Record == nil {
		x.manifest.Erased++
	}
	if x.c.Text != nil {
		if err := x.record(ctx, e); err != nil {
			return err
		}
	}
	if e.Seq%tileWidth != tileWidth-1 && e.Seq != x.c.Checkpoint.Size-1 {
		return nil
	}
	n, width := e.Seq/tileWidth, int(e.Seq%tileWidth)+1
	if err := x.file(shardPath(folderBundles, n, width), x.bundle); err != nil {
		return err
	}
	x.bundle = x.bundle[:0]
	if x.c.Text == nil {
		return nil
	}
	defer x.records.Reset()
	return x.file(shardPath(recordsFolder, n, width), x.records.Bytes())
}

func (x *exporter) record(ctx context.Context, e Entry) error {
	if e.Record == nil {
		return writeLine(&x.records, ExportedRecord{Seq: e.Seq, Erased: true})
	}
	r, err := readRecord(e.Record)
	if err != nil {
		return damaged(e.Seq, err)
	}
	for _, digest := range []string{r.shown.Text, r.shown.Declaration} {
		if err := x.text(ctx, digest); err != nil {
			return err
		}
	}
	return writeLine(&x.records, ExportedRecord{Seq: e.Seq, Record: string(e.Record), Salt: e.Salt})
}

// text writes a text that was shown, the first time that it is named.
func (x *exporter) text(ctx context.Context, digest string) error {
	if digest == "" || x.texts[digest] {
		return nil
	}
	x.texts[digest] = true
	text, err := x.c.Text(ctx, digest)
	if fault.Is(err, fault.NotFound) || err == nil && !isShown(text, digest) {
		x.manifest.MissingTexts = append(x.manifest.MissingTexts, digest)
		return nil
	}
	if err != nil {
		return err
	}
	return x.file(textPath(digest), text)
}

func textPath(digest string) string { return textsFolder + "/" + strings.TrimPrefix(digest, "sha256:") }

// checkpoints writes those before the one that is exported, and that.
func (x *exporter) checkpoints(ctx context.Context) error {
	if x.c.Next == nil {
		return nil
	}
	var lines bytes.Buffer
	var n int64
	for c := (Checkpoint{}); ; n++ {
		var err error
		if c, err = x.c.Next(ctx, c.Size+1); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		last := err != nil || c.Size > x.c.Checkpoint.Size
		if width := n % tileWidth; n > 0 && width == 0 || last && width > 0 {
			if err := x.file(shardPath(checkpointsFolder, (n-1)/tileWidth, int((n-1)%tileWidth)+1), lines.Bytes()); err != nil {
				return err
			}
			lines.Reset()
		}
		if last {
			return nil
		}
		if err := writeLine(&lines, exportedCheckpoint{Size: c.Size, Note: string(c.Note)}); err != nil {
			return err
		}
	}
}

func writeLine(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b) // ends the line
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// file writes a file that the manifest lists.
func (x *exporter) file(name string, data []byte) error {
	x.files = append(x.files, exportedFile{path: name, size: int64(len(data)), sha256: sha256.Sum256(data)})
	return x.create(name, data)
}

func (x *exporter) create(name string, data []byte) error {
	path := filepath.Join(x.folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
