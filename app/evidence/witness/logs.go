package witness

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// maxLogs is the size in bytes that a file of logs may have.
const maxLogs = 1 << 20

// Logs are the logs that a witness knows: their verifier keys, by origin. A
// log's key carries the origin as its name; several keys of one origin are for
// rotation.
type Logs map[string][]note.Verifier

// ReadLogs reads a file of verifier keys, one a line; empty lines and lines that
// begin with # do not count. An error names the line.
func ReadLogs(file string) (Logs, error) {
	src, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	logs, err := ParseLogs(src)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	return logs, nil
}

// ParseLogs reads the text of such a file.
func ParseLogs(src []byte) (Logs, error) {
	if len(src) > maxLogs {
		return nil, fmt.Errorf("1: %d bytes are too many", len(src))
	}
	logs, seen := Logs{}, map[string]bool{}
	n := 0
	for line := range strings.Lines(string(src)) {
		n++
		key := strings.TrimSpace(line)
		if key == "" || strings.HasPrefix(key, "#") {
			continue
		}
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("%d: %q is no log's verifier key: %w", n, key, err)
		}
		if seen[key] {
			return nil, fmt.Errorf("%d: the key stands there twice", n)
		}
		seen[key] = true
		logs[v.Name()] = append(logs[v.Name()], v)
	}
	if len(logs) == 0 {
		return nil, fmt.Errorf("%d: no log's key", n)
	}
	return logs, nil
}
