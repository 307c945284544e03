package witness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"kokoroe/app/evidence"
)

// known is the checkpoint of a log that was cosigned last.
type known struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"` // base64
	Note string `json:"note"`
}

// stateFile is the form of the state in its file.
type stateFile struct {
	V    int              `json:"v"` // 1
	Logs map[string]known `json:"logs"`
}

// NewState makes an empty state in a new file. It never replaces one: who does
// that by hand, makes a witness that has forgotten what it signed.
func NewState(file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("witness state: %s is there already", file)
	}
	return saveState(evidence.FileHead(file), map[string]known{})
}

func saveState(head evidence.Head, logs map[string]known) error {
	b, err := json.MarshalIndent(stateFile{V: 1, Logs: logs}, "", "  ")
	if err != nil {
		return err
	}
	return head.Save(append(b, '\n'))
}

// loadState reads the state strictly: one that was half read would let the log
// go back.
func loadState(head evidence.Head) (map[string]known, error) {
	b, err := head.Load()
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, errors.New("there is no file; it is made together with the key, and a witness that lost it wants a new key")
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	var file stateFile
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the state")
	}
	if file.V != 1 || file.Logs == nil {
		return nil, fmt.Errorf("version %d is not known", file.V)
	}
	for origin, k := range file.Logs {
		c, signed, err := evidence.ParseCheckpoint([]byte(k.Note))
		if err == nil && (signed != origin || c.Size != k.Size || !bytes.Equal(c.Root, k.Root)) {
			err = errors.New("the note says something else")
		}
		if err != nil {
			return nil, fmt.Errorf("log %q: %w", origin, err)
		}
	}
	return file.Logs, nil
}
