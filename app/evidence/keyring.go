package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The files of a key ring in its folder.
const (
	secretFile = "log.key"    // the signing key; for its owner's eyes alone
	publicFile = "log.public" // every verifier key that the log ever had, one a line, the present one last
)

// KeyRing is what a log signs with, and all that it ever signed with: receipts
// of former keys go on to verify.
type KeyRing struct {
	Key
	All []string // verifier keys as text, the present one last
}

// Origin is the name of the log in its checkpoints, which is that of its key.
func (r KeyRing) Origin() string { return r.Signer.Name() }

// Verifiers are all keys of the ring.
func (r KeyRing) Verifiers() note.Verifiers {
	var list []note.Verifier
	for _, vkey := range r.All {
		v, err := note.NewVerifier(vkey)
		if err == nil { // each was read before
			list = append(list, v)
		}
	}
	return note.VerifierList(list...)
}

// Former are the names that the log had before it was begun anew under its
// present one.
func (r KeyRing) Former() []string {
	var names []string
	for _, vkey := range r.All {
		name, _, _ := strings.Cut(vkey, "+")
		if name != r.Origin() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// TrustPolicy is what a verifier needs besides a receipt: all keys of the ring,
// and the witnesses, of whom none is asked for: how many must have signed is for
// whoever verifies to decide.
func (r KeyRing) TrustPolicy(witnesses []Witness) TrustPolicy {
	p := TrustPolicy{Logs: r.All, Quorum: NoQuorum}
	for i, w := range witnesses {
		if key, ok := w.Key.(cosignatureVerifier); ok {
			p.Witnesses = append(p.Witnesses, TrustedWitness{Name: "witness-" + strconv.Itoa(i+1), Key: key.text()})
		}
	}
	return p
}

// NewKeyRing makes the first key of a log called origin, in files of folder
// that only their owner may read. fs.ErrExist when there is one.
func NewKeyRing(folder, origin string) (KeyRing, error) {
	if _, err := os.Stat(filepath.Join(folder, secretFile)); !errors.Is(err, fs.ErrNotExist) {
		return KeyRing{}, fmt.Errorf("signing key in %s: %w", folder, errors.Join(err, fs.ErrExist))
	}
	return addKey(folder, origin, nil, nil)
}

// Renew makes a new key, under the same or another name, in the place of the
// present one, whose secret is gone with that. The public key stays in the ring.
// A log that is open goes on with the old one until it is opened again. announce,
// unless nil, is told the new public key before anything is written, and its
// error leaves everything as it was.
func (r KeyRing) Renew(folder, origin string, announce func(public string) error) (KeyRing, error) {
	return addKey(folder, origin, r.All, announce)
}

// addKey writes the public keys first: a crash leaves a public key too many,
// and never a secret whose public key is not known.
func addKey(folder, origin string, former []string, announce func(string) error) (KeyRing, error) {
	secret, public, err := NewSigningKey(origin)
	if err != nil {
		return KeyRing{}, fmt.Errorf("signing key: %w", err)
	}
	if announce != nil {
		if err := announce(public); err != nil {
			return KeyRing{}, err
		}
	}
	all := append(slices.Clone(former), public)
	if err := writeFile(filepath.Join(folder, publicFile), []byte(strings.Join(all, "\n")+"\n"), 0o644); err != nil {
		return KeyRing{}, fmt.Errorf("verifier keys: %w", err)
	}
	if err := writeFile(filepath.Join(folder, secretFile), []byte(secret+"\n"), 0o600); err != nil {
		return KeyRing{}, fmt.Errorf("signing key: %w", err)
	}
	return OpenKeyRing(folder)
}

// OpenKeyRing reads the keys in folder. fs.ErrNotExist when there is no signing
// key. A signing key that others may read is refused: it is no proof of
// anything any more.
func OpenKeyRing(folder string) (KeyRing, error) {
	secret, err := ReadSecret(filepath.Join(folder, secretFile))
	if err != nil {
		return KeyRing{}, fmt.Errorf("signing key: %w", err)
	}
	key, err := ParseKey(secret)
	if err != nil {
		return KeyRing{}, err
	}
	all, err := ReadVerifierKeys(filepath.Join(folder, publicFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return KeyRing{}, fmt.Errorf("verifier keys: %w", err)
	}
	all = slices.DeleteFunc(all, func(k string) bool { return k == key.Public })
	return KeyRing{Key: key, All: append(all, key.Public)}, nil
}

// ReadVerifierKeys reads a file of verifier keys, one a line.
func ReadVerifierKeys(file string) ([]string, error) {
	src, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	var all []string
	number := 0
	for line := range bytes.Lines(src) {
		number++
		vkey := strings.TrimSpace(string(line))
		if vkey == "" {
			continue
		}
		if _, err := note.NewVerifier(vkey); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
		all = append(all, vkey)
	}
	return all, nil
}

// ReadSecret reads a secret, without the white space around it, from a file that
// only its owner may read. A file that others may read is refused: then it is a
// secret no more.
func ReadSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s may be read by others (mode %o): chmod 600 it, or make a new one if it was read", file, mode)
	}
	secret, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	return strings.TrimSpace(string(secret)), err
}

// NextOrigin is the name of a log that is begun anew after the one called
// origin: "city.example/kokoroe/1" is followed by "city.example/kokoroe/2".
func NextOrigin(origin string) string {
	cut := strings.LastIndexByte(origin, '/')
	n, err := strconv.Atoi(origin[cut+1:])
	if cut < 0 || err != nil {
		return origin + "/2"
	}
	return origin[:cut+1] + strconv.Itoa(n+1)
}
