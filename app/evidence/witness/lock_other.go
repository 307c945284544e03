//go:build !unix

package witness

import (
	"errors"
	"os"
)

// lock refuses: without a lock that ends with its process, two witnesses could
// use one state.
func lock(string) (*os.File, error) {
	return nil, errors.New("a witness runs on Linux and other Unix systems")
}
