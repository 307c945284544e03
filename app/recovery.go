package app

import (
	"context"
	"errors"
	"strings"

	"kokoroe/app/evidence"
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
