package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// Load reads the file. A file that is not there is no note.
func (f FileHead) Load() ([]byte, error) {
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save replaces the file as a whole: a crash leaves the old or the new one.
func (f FileHead) Save(note []byte) error {
	dir := filepath.Dir(string(f))
	tmp, err := os.CreateTemp(dir, filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(note)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), string(f))
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
