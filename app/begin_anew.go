package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

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
	next := beginning{Origin: evidence.NextOrigin(keys.Origin()), By: decided, At: cfg.Now().UnixMilli(), Body: lost}
	if err := next.keep(cfg.State); err != nil {
		return keys, err
	}
	// The new key comes before the old checkpoint is put away: under the old name
	// nothing may ever be signed that contradicts it.
	if keys, err = keys.Renew(cfg.State, next.Origin, nil); err != nil {
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
	return keys, in.recordBeginning(ctx)
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

// beginning is what the first record of a log that begins anew is to say. It waits
// in the folder of the keys, so that whoever opens the log makes the record, also
// when the command did not live until then.
type beginning struct {
	Origin string    `json:"origin"` // of the log that begins
	By     string    `json:"by"`     // opaque ID of who decided it
	At     int64     `json:"at"`     // when, in milliseconds
	Body   BegunAnew `json:"body"`
}

const beginningFile = "begun-anew"

func (b beginning) keep(folder string) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	f, err := root.OpenFile(beginningFile, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, root.Close())
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close(), root.Close())
}

// recordBeginning makes the first record of a log that was begun anew, unless it
// is there. What is kept of another log, or only half, was cut off before there
// was a new key: the former log still stands.
func (in *Installation) recordBeginning(ctx context.Context) error {
	text, err := fs.ReadFile(os.DirFS(in.cfg.State), beginningFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var b beginning
	if whole := json.Unmarshal(text, &b) == nil; !whole || b.Origin != in.Keys.Origin() {
		return nil
	}
	_, err = in.Log.Append(ctx, evidence.Statement{
		Kind: KindBegunAnew, Key: "evidence.begun_anew/" + b.Origin, Actor: evidence.Actor{ID: b.By},
		Object: "log:" + b.Origin, At: time.UnixMilli(b.At), Body: b.Body,
	})
	if err != nil {
		return err
	}
	err = os.Remove(filepath.Join(in.cfg.State, beginningFile))
	if errors.Is(err, fs.ErrNotExist) { // another has done the same meanwhile
		return nil
	}
	return err
}
