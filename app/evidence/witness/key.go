package witness

import (
	"errors"
	"fmt"
	"os"

	"kokoroe/app/evidence"
)

// NewKeyFile makes the key of the witness called name, in a new file that its
// owner alone may read, and returns the verifier key. A file that is there is
// never replaced.
func NewKeyFile(file, name string) (public string, err error) {
	secret, public, err := evidence.NewWitnessKey(name)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("witness key: %w", err)
	}
	_, err = f.WriteString(secret + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("witness key: %w", err), os.Remove(file))
	}
	return public, nil
}

// ReadKeyFile reads the secret of NewKeyFile. A file that others may read is
// refused: what it signs proves nothing any more.
func ReadKeyFile(file string) (secret string, err error) {
	if secret, err = evidence.ReadSecret(file); err != nil {
		return "", fmt.Errorf("witness key: %w", err)
	}
	return secret, nil
}
