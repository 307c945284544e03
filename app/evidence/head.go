package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Head remembers the last signed checkpoint outside the store, so that a store
// restored from an old backup is noticed.
type Head interface {
	// Load returns the note saved last, and nil before the first.
	Load() ([]byte, error)
	// Save keeps the note and returns once it is durable.
	Save(note []byte) error
}

// FileHead is a Head in a file of that path.
type FileHead string

// Load reads the file. A file that is not there is no note. What crashes have
// left beside it is cleared away.
func (f FileHead) Load() ([]byte, error) {
	f.clear(time.Now().Add(-halfWritten))
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

const (
	unfinished  = ".unfinished-"
	halfWritten = time.Minute // longer than any note takes to be written
)

// clear removes files that were begun before an instant and never became the
// head. Nothing depends on it.
func (f FileHead) clear(before time.Time) {
	left, _ := filepath.Glob(string(f) + unfinished + "*")
	for _, name := range left {
		if info, err := os.Stat(name); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(name)
		}
	}
}

// Save replaces the file as a whole: a crash leaves the old or the new one.
func (f FileHead) Save(note []byte) error { return writeFile(string(f), note, 0o600) }

// writeFile replaces a file as a whole and returns once that is durable.
func writeFile(file string, content []byte, mode fs.FileMode) error {
	dir := filepath.Dir(file)
	tmp, err := os.CreateTemp(dir, filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	d, err := os.Open(dir) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close()) // the name is durable with its folder
}
