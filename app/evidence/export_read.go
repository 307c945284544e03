package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

const (
	maxRecordLine     = 6*MaxRecord + 256 // six bytes, \u001f, can stand for one
	maxCheckpointLine = 6*maxNote + 256
	maxTexts          = 1 << 16
)

// listed compares the folder with the manifest, both in the order in which a
// folder is walked, and takes the digest of every file.
func (x *exportVerifier) listed() (err error) {
	if gone, err := isGone(x.folder, ManifestFile); err != nil || gone {
		return notExport(errors.Join(err, fmt.Errorf("no %s", ManifestFile)))
	}
	f, err := x.folder.Open(ManifestFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	walk := walkFiles(x.folder)
	defer walk.stop()
	var unread error
	x.out.Manifest, err = readManifest(bufio.NewReader(f), func(f exportedFile) error {
		unread = x.compareFile(walk, f)
		return unread
	})
	if unread != nil {
		return unread
	}
	if err != nil {
		return notExport(err)
	}
	for walk.next() {
		x.unlisted(walk)
	}
	for _, digest := range x.out.Manifest.MissingTexts {
		x.texts[digest] = true // not there, and said so
	}
	return walk.err
}

func (x *exportVerifier) unlisted(w *fileWalk) {
	if w.path != ManifestFile {
		x.found(InFile, 0, "unlisted", "%s", w.path)
	}
}

// compareFile goes on in the folder up to the file that the manifest names.
func (x *exportVerifier) compareFile(w *fileWalk, f exportedFile) error {
	if err := x.ctx.Err(); err != nil {
		return err
	}
	for w.next() {
		if before(w.path, f.path) {
			x.unlisted(w)
			continue
		}
		if w.path != f.path {
			w.back()
			break
		}
		if !w.regular {
			x.found(InFile, 0, "irregular", "%s", f.path)
			return nil
		}
		x.files++
		return x.digest(f)
	}
	x.found(InFile, 0, "missing", "%s", f.path)
	return w.err
}

// digest compares a file's bytes with what the manifest says of them.
func (x *exportVerifier) digest(f exportedFile) (err error) {
	file, err := x.folder.Open(f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(file, f.size+1))
	if err != nil {
		return err
	}
	switch got := sum.Sum(nil); {
	case n != f.size:
		x.found(InFile, 0, "size", "%s", f.path)
	case !bytes.Equal(got, f.sha256[:]):
		x.found(InFile, 0, "digest", "%s", f.path)
	default:
		x.keptText(f.path, got)
	}
	return nil
}

// keptText remembers the texts that are in the folder. Their names are their
// digests.
func (x *exportVerifier) keptText(path string, sum []byte) {
	name, ok := strings.CutPrefix(path, textsFolder+"/")
	if !ok {
		return
	}
	if name != hex.EncodeToString(sum) || len(x.texts) >= maxTexts {
		x.found(InText, 0, "name", "%s", path)
		return
	}
	x.texts["sha256:"+name] = true
	x.used++
}

// read reads a file whole, of at most limit bytes; nil when it cannot be used,
// which was or is then found.
func (x *exportVerifier) read(name string, limit int64) (data []byte, err error) {
	if gone, err := isGone(x.folder, name); err != nil || gone {
		if gone {
			x.found(InFile, 0, "missing", "%s", name)
		}
		return nil, err
	}
	f, err := x.folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		x.found(InFile, 0, "too_large", "%s", name)
		return nil, nil
	}
	x.used++
	return data, err
}

// records reads a file of records, line by line.
func (x *exportVerifier) records(n int64, leaves [][]byte) (err error) {
	if !x.out.Manifest.Records {
		return nil
	}
	width := shardWidth(x.out.Size, n)
	name := shardPath(recordsFolder, n, width)
	lines, done, err := x.lines(name, maxRecordLine)
	if err != nil || lines == nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	for i := range width {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return x.badLines(name, err)
		}
		r, ok := parseExportedRecord(line)
		if seq := n*tileWidth + int64(i); !ok || r.Seq != seq {
			x.found(InEntry, seq, "line", "%s", name)
			continue
		}
		var leaf []byte
		if leaves != nil {
			leaf = leaves[i]
		}
		x.checkRecord(r, leaf)
	}
	if _, err := lines.ReadByte(); !errors.Is(err, io.EOF) {
		x.found(InFile, 0, "lines", "%s", name)
	}
	return nil
}

// lines opens a file of lines; nil when it cannot be used.
func (x *exportVerifier) lines(name string, limit int) (*bufio.Reader, func() error, error) {
	if gone, err := isGone(x.folder, name); err != nil || gone {
		if gone {
			x.found(InFile, 0, "missing", "%s", name)
		}
		return nil, nil, err
	}
	f, err := x.folder.Open(name)
	if err != nil {
		return nil, nil, err
	}
	x.used++
	return bufio.NewReaderSize(f, limit), f.Close, nil
}

// badLines is about a file that ends too early or has a line that is too long.
func (x *exportVerifier) badLines(name string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		x.found(InFile, 0, "lines", "%s", name)
		return nil
	}
	return err
}

// parseExportedRecord reads a line of records: a record with a salt, or that it
// was erased, and nothing else.
func parseExportedRecord(line []byte) (r ExportedRecord, ok bool) {
	seen, ok := decodeLine(line, map[string]any{"seq": &r.Seq, "erased": &r.Erased, "record": &r.Record, "salt": &r.Salt})
	disclosed := seen["record"] && seen["salt"] && len(r.Salt) == SaltSize && r.Record != "" && !seen["erased"]
	erased := seen["erased"] && r.Erased && !seen["record"] && !seen["salt"]
	return r, ok && seen["seq"] && (disclosed || erased)
}

// decodeLine reads an object of these members, each at most once, and says which
// were there. encoding/json by itself takes "Seq" for seq, and the last of two.
func decodeLine(line []byte, members map[string]any) (seen map[string]bool, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(line))
	seen = map[string]bool{}
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return seen, false
	}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		into, known := members[name]
		if err != nil || !isName || !known || seen[name] || dec.Decode(into) != nil {
			return seen, false
		}
		seen[name] = true
	}
	if _, err := dec.Token(); err != nil { // the brace
		return seen, false
	}
	_, err := dec.Token()
	return seen, errors.Is(err, io.EOF)
}

// checkpointReader reads the checkpoints that go along, while the tree grows.
type checkpointReader struct {
	started, over bool
	n             int64 // of the line read last, from 1
	line          exportedCheckpoint
	until         int64 // what n is at the end of the file
	lines         *bufio.Reader
	done          func() error
}

// at compares the checkpoint of that size, if there is one, with the tree.
func (r *checkpointReader) at(x *exportVerifier, size int64) error {
	if !r.started {
		r.started = true
		if err := r.next(x); err != nil {
			return err
		}
	}
	for !r.over && r.line.Size <= size {
		r.check(x)
		if err := r.next(x); err != nil {
			return err
		}
	}
	return nil
}

// end reads what is left: of a size that the tree never had.
func (r *checkpointReader) end(x *exportVerifier) error {
	for r.started && !r.over && !x.broken {
		x.found(InCheckpoint, r.line.Size, "size", "it is larger than the log")
		if err := r.next(x); err != nil {
			return err
		}
	}
	if r.done != nil {
		return r.done()
	}
	return nil
}

func (r *checkpointReader) check(x *exportVerifier) {
	p := x.policy
	p.Quorum = NoQuorum // it is asked of the one checkpoint that everything hangs on
	c, _, _, _, err := p.VerifyCheckpoint([]byte(r.line.Note))
	root := x.edge.root()
	switch {
	case err != nil:
		field := "checkpoint_malformed"
		if refusal, ok := RefusalOf(err); ok {
			field = refusal.Code
		}
		x.found(InCheckpoint, r.line.Size, field, "%v", err)
	case c.Size != r.line.Size || c.Size != x.edge.size:
		x.found(InCheckpoint, r.line.Size, "size", "the note says something else")
	case !bytes.Equal(c.Root, root[:]):
		x.found(InCheckpoint, c.Size, "root", "the entries give %v", root)
	default:
		x.out.Checkpoints++
	}
}

// next reads the next line. Which files there are, the folder says: their number
// is not in the manifest.
func (r *checkpointReader) next(x *exportVerifier) error {
	if r.lines == nil {
		name, width, err := checkpointsShard(x.folder, r.n/tileWidth)
		if err != nil {
			return err
		}
		r.until = r.n + width
		if r.over = name == ""; r.over {
			return nil
		}
		if r.lines, r.done, err = x.lines(name, maxCheckpointLine); err != nil || r.lines == nil {
			r.over = true
			return err
		}
	}
	line, err := r.lines.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(line) == 0 && r.n == r.until { // the last one is not full
		r.over = true
		return nil
	}
	last := r.line.Size
	r.line = exportedCheckpoint{}
	_, ok := decodeLine(line, map[string]any{"size": &r.line.Size, "note": &r.line.Note})
	if r.n++; err != nil || !ok || r.line.Size <= last || r.n > r.until {
		x.found(InCheckpoint, last, "line", "line %d of %s", r.n, checkpointsFolder)
		r.over = true
		return nil //nolint:nilerr // x.found puts it among the findings, which are the result
	}
	if r.n%tileWidth == 0 {
		err := r.done()
		r.lines, r.done = nil, nil
		return err
	}
	return nil
}

// checkpointsShard is the name of the n'th file of checkpoints, full or not, and
// how many lines it has by that; empty when there is none.
func checkpointsShard(folder fs.FS, n int64) (name string, width int64, err error) {
	full := shardPath(checkpointsFolder, n, tileWidth)
	if gone, err := isGone(folder, full); err != nil || !gone {
		return full, tileWidth, err
	}
	part := full + ".p"
	entries, err := fs.ReadDir(folder, part)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) != 1 {
		return "", 0, nil
	}
	if err != nil || !entries[0].Type().IsRegular() {
		return "", 0, err
	}
	if width, err = parseNumber(entries[0].Name()); err != nil || width >= tileWidth {
		return "", 0, nil //nolint:nilerr // no tile is called so: the list of files that belong to nothing names it
	}
	return part + "/" + entries[0].Name(), width, nil
}
