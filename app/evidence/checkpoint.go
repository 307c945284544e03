package evidence

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

const (
	maxNote  = 16 << 10
	sigStart = "— "
)

// checkpointText is the text that is signed (C2SP tlog-checkpoint).
func checkpointText(origin string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
}

// ParseCheckpoint reads a checkpoint without looking at its signatures, strictly:
// three lines, an empty one, and signature lines, each written in the one way
// that it can be written, none twice. The checkpoint's At is zero. Invalid
// (checkpoint.malformed) otherwise.
func ParseCheckpoint(msg []byte) (c Checkpoint, origin string, err error) {
	if len(msg) > maxNote {
		return c, "", badCheckpoint("is too large")
	}
	text, sigs, ok := strings.Cut(string(msg), "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) != 3 || lines[0] == "" {
		return c, "", badCheckpoint("is not three lines and signatures")
	}
	size, err := parseNumber(lines[1])
	if err != nil {
		return c, "", badCheckpoint("has a malformed size")
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return c, "", badCheckpoint("has a malformed root")
	}
	if err := checkSignatureLines(sigs); err != nil {
		return c, "", err
	}
	return Checkpoint{Size: size, Root: root[:], Note: msg}, lines[0], nil
}

// checkSignatureLines is stricter than note.Open, which reads several spellings
// of a signature as the same one.
func checkSignatureLines(sigs string) error {
	if sigs == "" || !strings.HasSuffix(sigs, "\n") {
		return badCheckpoint("does not end with a signature line")
	}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSuffix(sigs, "\n"), "\n") {
		rest, ok := strings.CutPrefix(line, sigStart)
		name, encoded, found := strings.Cut(rest, " ")
		sig, err := parseBase64(encoded)
		if !ok || !found || err != nil || len(sig) < 5 {
			return badCheckpoint("has a malformed signature line")
		}
		id := name + "+" + string(sig[:4])
		if seen[id] {
			return badCheckpoint("has two signatures of one key")
		}
		seen[id] = true
	}
	return nil
}

// unopened says why a signed note was not accepted.
func unopened(err error) error {
	if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return fault.Wrap(err, fault.Invalid, "checkpoint.signature_wrong")
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return fault.Wrap(err, fault.Invalid, "checkpoint.signature_unknown")
	}
	return badCheckpoint(err.Error())
}

// VerifyCheckpoint reads a checkpoint and checks its signatures. One of the
// known keys must carry the name of the checkpoint's origin and have signed it;
// signatures by unknown keys are ignored, as the format asks, and a witness's is
// never the log's. It returns the names of all known keys that signed, witnesses
// among them. Invalid: checkpoint.malformed,
// checkpoint.signature_unknown, checkpoint.signature_wrong.
func VerifyCheckpoint(known note.Verifiers, msg []byte) (c Checkpoint, origin string, signers []string, err error) {
	c, origin, err = ParseCheckpoint(msg)
	if err != nil {
		return c, "", nil, err
	}
	n, err := note.Open(msg, known)
	if err != nil {
		return c, "", nil, unopened(err)
	}
	ours := false
	for _, sig := range n.Sigs {
		signers = append(signers, sig.Name)
		ours = ours || sig.Name == origin && !isWitness(known, sig.Name, sig.Hash)
	}
	if !ours {
		return c, "", nil, fault.Wrap(fmt.Errorf("no known key of %q signed", origin), fault.Invalid, "checkpoint.signature_unknown")
	}
	return c, origin, signers, nil
}

func badCheckpoint(what string) error {
	return fault.Wrap(fmt.Errorf("checkpoint %s", what), fault.Invalid, "checkpoint.malformed")
}

// parseNumber reads a decimal without sign, leading zero or more than 53 bits.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxInteger || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%q is not a plain decimal number", s)
	}
	return n, nil
}

// parseBase64 reads standard base64 in its only spelling: Go's decoder skips
// line ends and can be lenient with the last bits.
func parseBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err == nil && base64.StdEncoding.EncodeToString(b) != s {
		err = fmt.Errorf("not canonical base64")
	}
	return b, err
}

func parseHash(s string) (h tlog.Hash, err error) {
	b, err := parseBase64(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("not the base64 of a hash")
	}
	return tlog.Hash(b), nil
}
