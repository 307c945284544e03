//go:build unix

package witness

import (
	"fmt"
	"os"
	"syscall"
)

// lock keeps a second witness from the same state: two that check and save side
// by side would cosign two trees. It ends with the process, however that ends.
func lock(file string) (*os.File, error) {
	f, err := os.OpenFile(file+".lock", os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another witness uses %s: %w", file, err)
	}
	return f, nil
}
