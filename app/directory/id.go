package directory

import (
	"bufio"
	"encoding/base32"
	"fmt"
	"io"
)

// idSource makes opaque IDs.
type idSource struct{ random *bufio.Reader }

func newIDSource(random io.Reader) *idSource {
	return &idSource{random: bufio.NewReaderSize(random, 4096)}
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// idLength gives 130 bits: nobody guesses one and no two are the same.
const idLength = 26

func (s *idSource) next(prefix string) (string, error) {
	var raw [17]byte
	if _, err := io.ReadFull(s.random, raw[:]); err != nil {
		return "", fmt.Errorf("no random bytes: %w", err)
	}
	return prefix + idEncoding.EncodeToString(raw[:])[:idLength], nil
}
