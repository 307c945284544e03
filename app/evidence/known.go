package evidence

import (
	"encoding/base64"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Origin is the name of the log in its checkpoints.
func (l *Log) Origin() string { return l.c.Origin }

// Verify checks a receipt, from wherever it comes, with all keys that the log
// knows, former ones and those of witnesses too. It asks the store nothing.
// Invalid as Receipt.Verify; Unavailable for a log without keys.
func (l *Log) Verify(r Receipt) (Verified, error) {
	if l.known == nil {
		return Verified{}, fault.Wrap(errors.New("no key to verify with"), fault.Unavailable, "checkpoint.signature_unknown")
	}
	v, err := r.Verify(l.known)
	if err != nil {
		return Verified{}, err
	}
	cosigned, err := Cosignatures(l.witnessKeys(), r.Checkpoint)
	for _, c := range cosigned {
		v.Witnesses = append(v.Witnesses, l.WitnessTitle(c.Witness))
	}
	return v, err
}

// Origin is the name that the log had when the checkpoint was signed; "" while
// none covers the entry.
func (r Report) Origin() string {
	_, origin, err := ParseCheckpoint(r.Checkpoint.Note)
	if err != nil {
		return ""
	}
	return origin
}

// Fingerprint is the leaf hash of an entry, SHA-256(0x00 || leaf), as base64url
// without padding (RFC 4648, section 5): 43 characters that tell the entry from
// every other and say nothing about what it records, also when that was erased.
func Fingerprint(leaf []byte) string {
	h := tlog.RecordHash(leaf)
	return base64.RawURLEncoding.EncodeToString(h[:])
}
