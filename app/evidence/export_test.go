package evidence

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
)

// What the tests look at from outside.
var (
	ScanRecord   = scanRecord
	ScannedOf    = scannedOf
	ExamineEntry = examineEntry
)

// Resealed is the manifest with the folder's files as they are now.
func Resealed(manifest []byte, folder fs.FS) ([]byte, error) {
	m, err := readManifest(bytes.NewReader(manifest), func(exportedFile) error { return nil })
	if err != nil {
		return nil, err
	}
	var files []exportedFile
	w := walkFiles(folder)
	defer w.stop()
	for w.next() {
		b, err := fs.ReadFile(folder, w.path)
		if err != nil {
			return nil, err
		}
		if w.path != ManifestFile {
			files = append(files, exportedFile{path: w.path, size: int64(len(b)), sha256: sha256.Sum256(b)})
		}
	}
	var b bytes.Buffer
	err = writeManifest(&b, m, files)
	return b.Bytes(), err
}

// RewrittenManifest reads a manifest and writes it.
func RewrittenManifest(data []byte) ([]byte, error) {
	var files []exportedFile
	m, err := readManifest(bytes.NewReader(data), func(f exportedFile) error {
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = writeManifest(&b, m, files)
	return b.Bytes(), err
}

// RewrittenBundle reads an entry bundle and writes it.
func RewrittenBundle(data []byte, width int) ([]byte, error) {
	leaves, err := parseBundle(data, width)
	var out []byte
	for _, leaf := range leaves {
		out = appendLeaf(out, leaf)
	}
	return out, err
}

var ParseExportedRecord = parseExportedRecord
