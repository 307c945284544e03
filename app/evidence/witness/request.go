package witness

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
)

const (
	// MaxRequest is the size in bytes that a request may have: 63 hashes and a
	// checkpoint of 16 KiB fit.
	MaxRequest = 20 << 10

	maxProof    = 63
	oldStart    = "old "
	maxAnswered = 16 << 10
)

// ParseRequest reads the body of add-checkpoint. It looks at the form of the
// checkpoint, not at its signatures. An error is a *evidence.WitnessRefusal.
func ParseRequest(body []byte) (evidence.WitnessRequest, error) {
	if len(body) > MaxRequest {
		return evidence.WitnessRequest{}, malformed("%d bytes", len(body))
	}
	line, rest, ok := bytes.Cut(body, []byte("\n"))
	size, isOld := bytes.CutPrefix(line, []byte(oldStart))
	if !ok || !isOld {
		return evidence.WitnessRequest{}, malformed("the first line is not the old size")
	}
	old, err := parseSize(string(size))
	if err != nil {
		return evidence.WitnessRequest{}, malformed("the old size is %w", err)
	}
	r := evidence.WitnessRequest{Old: old}
	for {
		if line, rest, ok = bytes.Cut(rest, []byte("\n")); !ok {
			return evidence.WitnessRequest{}, malformed("no empty line behind the proof")
		}
		if len(line) == 0 {
			break
		}
		h, err := parseHash(string(line))
		if err != nil || len(r.Proof) == maxProof {
			return evidence.WitnessRequest{}, malformed("line %d is no hash of a proof", len(r.Proof)+2)
		}
		r.Proof = append(r.Proof, h)
	}
	r.Checkpoint = rest
	if _, _, err := evidence.ParseCheckpoint(rest); err != nil {
		return evidence.WitnessRequest{}, &evidence.WitnessRefusal{Reason: evidence.RefusedMalformed, Err: err}
	}
	return r, nil
}

// MarshalRequest writes what ParseRequest reads.
func MarshalRequest(r evidence.WitnessRequest) []byte {
	out := fmt.Appendf(nil, "%s%d\n", oldStart, r.Old)
	for _, h := range r.Proof {
		out = append(out, base64.StdEncoding.EncodeToString(h[:])+"\n"...)
	}
	return append(append(out, '\n'), r.Checkpoint...)
}

// parseSize reads a decimal number in its only spelling.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("no decimal number")
	}
	return n, nil
}

func parseHash(s string) (tlog.Hash, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || base64.StdEncoding.EncodeToString(b) != s {
		return tlog.Hash{}, fmt.Errorf("not the base64 of a hash")
	}
	return tlog.Hash(b), nil
}

func malformed(format string, args ...any) error {
	return &evidence.WitnessRefusal{Reason: evidence.RefusedMalformed, Err: fmt.Errorf(format, args...)}
}
