package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/fault"
)

// Cosignature is a witness's word on the checkpoint of a size: at that time it
// was the largest tree that the witness knew of this log, and it continues all
// that the witness knew before (C2SP tlog-cosignature).
type Cosignature struct {
	Size    int64
	Witness string    // WitnessID of the key
	Line    string    // the signature line, without its line end
	At      time.Time // when the witness says that it signed: UTC, whole seconds
}

func (c Cosignature) equal(o Cosignature) bool {
	return c.Size == o.Size && c.Witness == o.Witness && c.Line == o.Line && c.At.Equal(o.At)
}

// WitnessID tells a key from others, also of the same name: "name+hash", the
// hash in hex.
func WitnessID(key note.Verifier) string { return witnessID(key.Name(), key.KeyHash()) }

func witnessID(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }

// Cosignatures returns what the known witnesses' keys signed on a checkpoint, in
// the order of the lines; lines of others are ignored. Invalid:
// checkpoint.malformed, and checkpoint.signature_wrong for a line of a known key
// that is not its signature.
func Cosignatures(known []note.Verifier, msg []byte) ([]Cosignature, error) {
	c, _, err := ParseCheckpoint(msg)
	if err != nil {
		return nil, err
	}
	text, sigs, _ := strings.Cut(string(msg), "\n\n")
	var out []Cosignature
	for line := range strings.SplitSeq(strings.TrimSuffix(sigs, "\n"), "\n") {
		name, encoded, _ := strings.Cut(strings.TrimPrefix(line, sigStart), " ")
		sig, err := parseBase64(encoded)
		if err != nil {
			return nil, badCheckpoint(err.Error())
		}
		key := keyOf(known, name, binary.BigEndian.Uint32(sig))
		if key == nil {
			continue
		}
		if !key.Verify([]byte(text+"\n"), sig[4:]) {
			return nil, fault.Wrap(fmt.Errorf("cosignature of %s", WitnessID(key)), fault.Invalid, "checkpoint.signature_wrong")
		}
		at, err := CosignedAt(note.Signature{Base64: encoded})
		if err != nil {
			return nil, err
		}
		out = append(out, Cosignature{Size: c.Size, Witness: WitnessID(key), Line: line, At: at})
	}
	return out, nil
}

func keyOf(known []note.Verifier, name string, hash uint32) note.Verifier {
	for _, k := range known {
		if k.Name() == name && k.KeyHash() == hash {
			return k
		}
	}
	return nil
}

// withLines puts cosignatures behind the lines of a note.
func withLines(msg []byte, lines []Cosignature) []byte {
	out := bytes.Clone(msg)
	for _, c := range lines {
		out = append(out, c.Line+"\n"...)
	}
	return out
}

// sameText reports whether two notes say the same, whoever signed them.
func sameText(a, b []byte) bool {
	a, _, _ = bytes.Cut(a, []byte("\n\n"))
	b, _, _ = bytes.Cut(b, []byte("\n\n"))
	return bytes.Equal(a, b)
}

// isWitness reports whether the key is a witness's. What it signs is never the
// log's own signature, whatever it calls itself.
func isWitness(known note.Verifiers, name string, hash uint32) bool {
	key, err := known.Verifier(name, hash)
	if err != nil {
		return false
	}
	_, ok := key.(cosignatureVerifier)
	return ok
}

// keyRing knows the log's keys and the witnesses'.
type keyRing struct {
	log       note.Verifiers
	witnesses []note.Verifier
}

func (r keyRing) Verifier(name string, hash uint32) (note.Verifier, error) {
	if key := keyOf(r.witnesses, name, hash); key != nil {
		return key, nil
	}
	return r.log.Verifier(name, hash)
}
