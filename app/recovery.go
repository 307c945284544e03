package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store/sqlite"
)

// ErrNotHere says that a store has means of its own for what was asked.
var ErrNotHere = errors.New("only the embedded store is backed up and restored by this program; for MongoDB use its own tools")

// Backup writes a copy of the database to a new file, while the portal runs.
func (in *Installation) Backup(ctx context.Context, file string) error {
	s, ok := in.Store.(interface {
		Backup(ctx context.Context, path string) error
	})
	if !ok {
		return ErrNotHere
	}
	return s.Backup(ctx, file)
}

// Restored is what came of a restoration.
type Restored struct {
	Aside   string // where the former database is
	Entries int64  // that the restored log holds
	Signed  int64  // the largest number of entries that was ever signed, as remembered outside the store
	Trouble error  // why the log accepts nothing; nil when it goes on
}

// Restore puts a backup in the place of the database, which must not be in use,
// and looks whether the log can go on. A backup that is older than what was
// signed is restored all the same, and stops acknowledgements: see Restored.
func Restore(ctx context.Context, cfg Config, backup string) (_ Restored, err error) {
	cfg = cfg.withDefaults()
	path, ok := strings.CutPrefix(cfg.Store, "sqlite:")
	if !ok {
		return Restored{}, ErrNotHere
	}
	if _, err := openKeys(cfg); err != nil {
		return Restored{}, err
	}
	out := Restored{Aside: path + ".before-" + cfg.Now().UTC().Format("20060102T150405Z")}
	if err := sqlite.Restore(ctx, backup, path, out.Aside); err != nil {
		return Restored{}, err
	}
	in, err := LookInto(ctx, cfg)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if out.Entries, err = in.Store.LogSize(ctx); err != nil {
		return out, err
	}
	if note, err := in.head().Load(); err == nil && note != nil {
		if c, _, err := evidence.ParseCheckpoint(note); err == nil {
			out.Signed = c.Size
		}
	}
	if err := in.OpenLog(ctx); err != nil {
		return out, err
	}
	out.Trouble = in.Log.Trouble()
	return out, nil
}

// KindBegunAnew is the kind of the record that opens a log which could not go
// on where it had been. Frozen.
const KindBegunAnew = "evidence.begun_anew/v1"

// BegunAnew is the body of a KindBegunAnew record.
type BegunAnew struct {
	Former string `json:"former"` // name of the log before
	Signed int64  `json:"signed"` // entries that it had signed last
	Root   string `json:"root"`   // of these, in hex
	Held   int64  `json:"held"`   // entries that are left
	Reason string `json:"reason"`
}

// errNothingWrong refuses to leave a log that can go on.
var errNothingWrong = errors.New("nothing is wrong with the log: it goes on as it is")

// BeginAnew lets a log go on whose store lost entries that were signed, and
// that cannot be brought back: under the next name, with a new key, and with a
// first record that says what is missing, why, and who decided it (a number in
// the roster or an opaque ID). Receipts of what was lost go on to verify with
// the former key. The portal must not be running.
func BeginAnew(ctx context.Context, cfg Config, by, reason string) (_ evidence.KeyRing, err error) {
	cfg = cfg.withDefaults()
	lost, decided, err := lostOf(ctx, cfg, by)
	if err != nil {
		return evidence.KeyRing{}, err
	}
	lost.Reason = reason
	keys, err := openKeys(cfg)
	if err != nil {
		return keys, err
	}
	// The new key comes before the old checkpoint is put away: under the old name
	// nothing may ever be signed that contradicts it.
	if keys, err = keys.Renew(cfg.State, evidence.NextOrigin(keys.Origin()), nil); err != nil {
		return keys, err
	}
	in := &Installation{cfg: cfg}
	head := string(in.head())
	if err := os.Rename(head, fmt.Sprintf("%s.lost-%d", head, lost.Signed)); err != nil {
		return keys, err
	}
	if in, err = LookInto(ctx, cfg); err != nil {
		return keys, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.OpenLog(ctx); err != nil {
		return keys, err
	}
	_, err = in.Log.Append(ctx, evidence.Statement{
		Kind: KindBegunAnew, Key: "evidence.begun_anew/" + keys.Origin(), Actor: evidence.Actor{ID: decided},
		Object: "log:" + keys.Origin(), Body: lost,
	})
	return keys, err
}

// lostOf looks what is missing, and refuses when nothing is.
func lostOf(ctx context.Context, cfg Config, by string) (_ BegunAnew, decided string, err error) {
	in, err := LookInto(ctx, cfg)
	if err != nil {
		return BegunAnew{}, "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.OpenLog(ctx); err != nil {
		return BegunAnew{}, "", err
	}
	trouble := in.Log.Trouble()
	if trouble == nil {
		return BegunAnew{}, "", errNothingWrong
	}
	if !evidence.WentBack(trouble) {
		return BegunAnew{}, "", fmt.Errorf("beginning anew does not help against this: %w", trouble)
	}
	roster, err := in.Rosters.Current(ctx)
	if err != nil {
		return BegunAnew{}, "", err
	}
	p, ok := find(roster, by)
	if !ok {
		return BegunAnew{}, "", fault.NotFoundf("nobody in the roster is %q, who is to have decided it", by)
	}
	note, err := in.head().Load()
	if err != nil {
		return BegunAnew{}, "", err
	}
	signed, origin, err := evidence.ParseCheckpoint(note)
	if err != nil {
		return BegunAnew{}, "", fmt.Errorf("%s: %w", filepath.Base(string(in.head())), err)
	}
	out := BegunAnew{Former: origin, Signed: signed.Size, Root: hex.EncodeToString(signed.Root)}
	out.Held, err = in.Store.LogSize(ctx)
	return out, string(p.ID), err
}

// KindKeyRenewed is the kind of the record by which a log hands over to its next
// key. Frozen.
const KindKeyRenewed = "evidence.key_renewed/v1"

// KeyRenewed is the body of a KindKeyRenewed record.
type KeyRenewed struct {
	From string `json:"from"` // the verifier key that signs until the portal is started again
	To   string `json:"to"`   // the one that signs from then on
}

// RenewKey makes a new signing key under the same name. A record that the old
// key signs names the new one first, so that whoever trusts the old key can
// follow. The portal must not be running, since it goes on with the old key.
func RenewKey(ctx context.Context, cfg Config) (_ evidence.KeyRing, err error) {
	in, err := LookInto(ctx, cfg)
	if err != nil {
		return evidence.KeyRing{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.OpenLog(ctx); err != nil {
		return evidence.KeyRing{}, err
	}
	return in.Keys.Renew(in.cfg.State, in.Keys.Origin(), func(next string) error {
		_, err := in.Log.Append(ctx, evidence.Statement{
			Kind: KindKeyRenewed, Key: "evidence.key_renewed/" + next, Actor: evidence.Actor{ID: operator},
			Object: "log:" + in.Keys.Origin(), Body: KeyRenewed{From: in.Keys.Public, To: next},
		})
		if err == nil {
			_, err = in.Log.Checkpoint(ctx)
		}
		return err
	})
}
