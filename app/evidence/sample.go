package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kokoroe/app/fault"
)

const (
	// MaxSample is how many entries one sample may have.
	MaxSample = 500
	// MaxSeed is the length in characters that a seed may have.
	MaxSeed = 200

	sampleContext = "kokoroe/sample/v1\n"
)

// NormalSeed returns a seed as it is drawn with: in Unicode Normalization Form
// C, without white space at its ends. Two people who type the same numbers have
// the same seed. Invalid (evidence.seed_invalid) when it is empty, longer than
// MaxSeed, not text, or holds a control character.
func NormalSeed(seed string) (string, error) {
	text, err := normalText(seed)
	text = strings.TrimSpace(text)
	if err == nil && (text == "" || utf8.RuneCountInString(text) > MaxSeed ||
		strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f })) {
		err = fmt.Errorf("is empty, too long or holds a control character")
	}
	if err != nil {
		return "", &fault.Error{Kind: fault.Invalid, MessageID: "evidence.seed_invalid",
			Args: fault.Args{"Max": MaxSeed}, Err: fmt.Errorf("seed %w", err)}
	}
	return norm.NFC.String(text), nil
}

// Sample draws n different numbers from 0 to size−1 with a seed, in the order
// in which they are drawn, by the method in the package's documentation:
// whoever knows seed and size draws the same. A larger n goes on where a smaller
// one ended. Invalid (evidence.sample_invalid) unless 1 ≤ n ≤ size and n ≤
// MaxSample; for a seed, what NormalSeed answers.
func Sample(seed string, size int64, n int) ([]int64, error) {
	seed, err := NormalSeed(seed)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > MaxSample || int64(n) > size {
		return nil, fault.New(fault.Invalid, "evidence.sample_invalid", fault.Args{"Max": min(size, MaxSample)})
	}
	var (
		whole = uint64(size)
		over  = (math.MaxUint64%whole + 1) % whole // how many of the 2^64 numbers do not share out evenly
		drawn = make([]int64, 0, n)
		known = make(map[int64]bool, n)
	)
	for counter := 0; len(drawn) < n; counter++ {
		h := sha256.Sum256([]byte(sampleContext + seed + "\n" + strconv.Itoa(counter)))
		u := binary.BigEndian.Uint64(h[:8])
		if u > math.MaxUint64-over { // would favour small numbers
			continue
		}
		place := int64(u % whole)
		if !known[place] {
			known[place] = true
			drawn = append(drawn, place)
		}
	}
	return drawn, nil
}
