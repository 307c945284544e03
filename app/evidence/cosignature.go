package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
)

// Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1 over Ed25519).
// Only the algorithm byte 0x04 is read: neither a log's key nor a key of a later
// format passes for a witness's.
const (
	algorithmCosignature = 4
	cosignatureSize      = 8 + ed25519.SignatureSize // time and signature, without the key hash
	cosignatureFirst     = "cosignature/v1\n"
	secretStart          = "PRIVATE+KEY+"
)

// cosignedMessage is what a witness signs: the time, and the whole text of the
// checkpoint.
func cosignedMessage(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "%stime %d\n", cosignatureFirst, seconds), text...)
}

// cosignatureVerifier is a note.Verifier.
type cosignatureVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (v cosignatureVerifier) Name() string    { return v.name }
func (v cosignatureVerifier) KeyHash() uint32 { return v.hash }

// Verify reports whether sig, a time and an Ed25519 signature, cosigns the
// checkpoint's text.
func (v cosignatureVerifier) Verify(text, sig []byte) bool {
	if len(sig) != cosignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	return seconds <= math.MaxInt64 && ed25519.Verify(v.key, cosignedMessage(seconds, text), sig[8:])
}

// NewCosignatureVerifier reads a witness's verifier key, written as
// name+hash+base64 with the key hash in lower-case hex and the byte 0x04 before
// the 32 bytes of the public key. Only that spelling is read. Invalid
// (evidence.witness_key_invalid) otherwise.
func NewCosignatureVerifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || !isKeyName(parts[0]) {
		return nil, badWitnessKey("is not name+hash+base64")
	}
	data, err := parseBase64(parts[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != algorithmCosignature {
		return nil, badWitnessKey("is not of cosignature/v1")
	}
	v := newCosignatureVerifier(parts[0], data[1:])
	if parts[1] != fmt.Sprintf("%08x", v.hash) {
		return nil, badWitnessKey("carries another key's hash")
	}
	return v, nil
}

func newCosignatureVerifier(name string, key ed25519.PublicKey) cosignatureVerifier {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(algorithmCosignature))), key...))
	return cosignatureVerifier{name: name, hash: binary.BigEndian.Uint32(sum[:]), key: key}
}

func (v cosignatureVerifier) text() string {
	data := append([]byte{algorithmCosignature}, v.key...)
	return fmt.Sprintf("%s+%08x+%s", v.name, v.hash, base64.StdEncoding.EncodeToString(data))
}

// Cosigner is a witness's key: a note.Signer whose signatures say when.
type Cosigner struct {
	verifier cosignatureVerifier
	key      ed25519.PrivateKey
	now      calendar.Clock
}

// NewWitnessKey makes a key for the witness called name. The first string is
// the secret, the second what its cosignatures are checked with. Invalid
// (evidence.witness_key_invalid) for a name that cannot stand in a signature
// line: empty, or with a space or a plus.
func NewWitnessKey(name string) (secret, public string, err error) {
	if !isKeyName(name) {
		return "", "", badWitnessKey("has no name that can stand in a signature line")
	}
	key, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", fault.Wrap(err, fault.Internal, "error.internal")
	}
	v := newCosignatureVerifier(name, key)
	data := append([]byte{algorithmCosignature}, private.Seed()...)
	return fmt.Sprintf("%s%s+%08x+%s", secretStart, name, v.hash, base64.StdEncoding.EncodeToString(data)), v.text(), nil
}

// NewCosigner reads a secret that NewWitnessKey made; now tells the time that
// its cosignatures carry. Invalid (evidence.witness_key_invalid) for anything
// else, without the secret in the error.
func NewCosigner(secret string, now calendar.Clock) (*Cosigner, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(secret), secretStart)
	parts := strings.SplitN(rest, "+", 3)
	if !ok || len(parts) != 3 || !isKeyName(parts[0]) {
		return nil, badWitnessKey("is not a witness's secret")
	}
	data, err := parseBase64(parts[2])
	if err != nil || len(data) != 1+ed25519.SeedSize || data[0] != algorithmCosignature {
		return nil, badWitnessKey("is not of cosignature/v1")
	}
	key := ed25519.NewKeyFromSeed(data[1:])
	v := newCosignatureVerifier(parts[0], ed25519.PublicKey(key[ed25519.SeedSize:]))
	if parts[1] != fmt.Sprintf("%08x", v.hash) {
		return nil, badWitnessKey("carries another key's hash")
	}
	return &Cosigner{verifier: v, key: key, now: now}, nil
}

// Name is the name in the cosignature's line.
func (c *Cosigner) Name() string { return c.verifier.name }

// KeyHash is the key hash in the cosignature's line.
func (c *Cosigner) KeyHash() uint32 { return c.verifier.hash }

// Sign cosigns the text of a checkpoint, with the time of now. It does not look
// at what it signs: that is the witness's business.
func (c *Cosigner) Sign(text []byte) ([]byte, error) {
	seconds := uint64(c.now().Unix())
	sig := binary.BigEndian.AppendUint64(make([]byte, 0, cosignatureSize), seconds)
	return append(sig, ed25519.Sign(c.key, cosignedMessage(seconds, text))...), nil
}

// Verifier checks the cosigner's signatures.
func (c *Cosigner) Verifier() note.Verifier { return c.verifier }

// Public is the verifier key as text, which is no secret.
func (c *Cosigner) Public() string { return c.verifier.text() }

// CosignedAt is the time in a cosignature, which must have been verified:
// seconds, UTC.
func CosignedAt(sig note.Signature) (time.Time, error) {
	data, err := parseBase64(sig.Base64)
	if err != nil || len(data) != 4+cosignatureSize {
		return time.Time{}, badCheckpoint("has a cosignature without a time")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(data[4:])), 0).UTC(), nil
}

// isKeyName reports whether a key may have the name (C2SP signed-note).
func isKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || r < 0x20
	})
}

func badWitnessKey(what string) error {
	return fault.Wrap(fmt.Errorf("witness key %s", what), fault.Invalid, "evidence.witness_key_invalid")
}
