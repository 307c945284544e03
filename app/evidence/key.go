package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key is the log's signing key and what checks its signatures.
type Key struct {
	Signer   note.Signer
	Verifier note.Verifier
	Public   string // the verifier key as text: what receipts are checked with, and no secret
}

// NewSigningKey makes an Ed25519 key for the log called name, which is its
// origin. The first string is the secret.
func NewSigningKey(name string) (secret, public string, err error) {
	return note.GenerateKey(rand.Reader, name)
}

// ParseKey reads a secret that NewSigningKey made.
func ParseKey(secret string) (Key, error) {
	secret = strings.TrimSpace(secret)
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, fmt.Errorf("signing key: %w", err)
	}
	// PRIVATE+KEY+name+hash+base64(algorithm || seed); a name holds no plus,
	// base64 may.
	parts := strings.SplitN(secret, "+", 5)
	data, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(data) != 1+ed25519.SeedSize {
		return Key{}, fmt.Errorf("signing key: not an Ed25519 seed")
	}
	private := ed25519.NewKeyFromSeed(data[1:])
	public, err := note.NewEd25519VerifierKey(signer.Name(), private.Public().(ed25519.PublicKey))
	if err != nil {
		return Key{}, fmt.Errorf("signing key: %w", err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return Key{}, fmt.Errorf("signing key: %w", err)
	}
	return Key{Signer: signer, Verifier: verifier, Public: public}, nil
}
