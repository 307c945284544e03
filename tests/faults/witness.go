package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/app/fault"
	"kokoroe/tests/ledger"
)

// witnessed puts everything back that the portal has, its remembered checkpoint
// too. A witness with a state of its own must refuse what went back, and the log
// must stop.
func witnessed(ctx context.Context, t *trial) (err error) {
	t.means = "the witness of `kokoroe witness serve`, without the network"
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return err
	}
	w, o, err := newWitness(f, filepath.Join(t.folder, fmt.Sprintf("witness%d", t.cycle)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	b := newBook(t)
	older, newer := f.Path+"-older", f.Path+"-newer"
	kept, err := goPastCopy(ctx, b, f, o, older)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Rename(f.Path, newer), os.Rename(older, f.Path)); err != nil {
		return err
	}
	t.faults++
	t.tampered++
	if err := t.recognised(ctx, f, kept, o); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(f.Path), os.Rename(newer, f.Path)); err != nil {
		return err
	}
	return t.goesOn(ctx, b, f)
}

// asks is a witness that is asked without a network.
type asks struct{ *witness.Witness }

// Ask asks it.
func (a asks) Ask(_ context.Context, r evidence.WitnessRequest) ([]byte, error) { return a.Cosign(r) }

// newWitness makes a witness of the log, and the options of a log that asks it.
func newWitness(f ledger.Folder, state string) (*witness.Witness, ledger.Options, error) {
	secret, public, err := evidence.NewWitnessKey("audit.example/witness")
	if err != nil {
		return nil, ledger.Options{}, err
	}
	key, err := evidence.NewCosignatureVerifier(public)
	if err != nil {
		return nil, ledger.Options{}, err
	}
	if err := witness.NewState(state); err != nil {
		return nil, ledger.Options{}, err
	}
	w, err := witness.Open(witness.Config{
		Secret: secret, State: state, Logs: witness.Logs{ledger.Origin: []note.Verifier{f.Key.Verifier}}, Now: time.Now,
	})
	return w, ledger.Options{Witnesses: []evidence.Witness{{Key: key, Asks: asks{w}}}}, err
}

// goPastCopy appends, copies the store and the remembered checkpoint to a
// folder, goes on, and has all of it cosigned. It returns how many entries the
// copy holds.
func goPastCopy(ctx context.Context, b *book, f ledger.Folder, o ledger.Options, to string) (kept int64, err error) {
	l, err := f.Open(ctx, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	kept = int64(5 + b.t.rand.IntN(20))
	for i := range kept {
		b.persist(ctx, l, keyOf("before", 0, int(i)))
	}
	if err := cosigned(ctx, l, kept); err != nil {
		return 0, err
	}
	if _, err := ledger.NewFolder(to, ""); err != nil {
		return 0, err
	}
	away := ledger.Folder{Path: to}
	if err := l.File.Backup(ctx, away.Database()); err != nil {
		return 0, err
	}
	for _, name := range []string{"checkpoint", "log.key"} {
		if err := copyFile(filepath.Join(f.Path, name), filepath.Join(to, name)); err != nil {
			return 0, err
		}
	}
	for i := range 1 + b.t.rand.IntN(20) {
		b.persist(ctx, l, keyOf("after-copy", 0, i))
	}
	if err := b.inspect(ctx, l); err != nil {
		return 0, err
	}
	return kept, cosigned(ctx, l, b.last.Size)
}

// cosigned waits until the witness has cosigned so many entries.
func cosigned(ctx context.Context, l *ledger.Ledger, size int64) error {
	if _, err := l.Log.Checkpoint(ctx); err != nil {
		return err
	}
	for {
		_, _, err := l.Store.Cosigned(ctx, size, 1)
		if err == nil || !fault.Is(err, fault.NotFound) {
			return err
		}
		if err := l.Log.Trouble(); err != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func copyFile(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
