package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store"
)

// Installation is what a portal keeps: store, log and its keys, the roster. The
// operator's tools open it without pages and content, also beside a portal that
// runs.
type Installation struct {
	cfg     Config
	Store   store.Store
	Keys    evidence.KeyRing
	Log     *evidence.Log
	Rosters *directory.Rosters
}

// OpenInstallation reads the keys and opens the store, which is made when there
// is none. Config needs Store and State.
func OpenInstallation(ctx context.Context, cfg Config) (*Installation, error) {
	return openInstallation(ctx, cfg, OpenStore)
}

// LookInto is OpenInstallation where there must be one: when there is none, it
// makes nothing and answers with store.ErrNone.
func LookInto(ctx context.Context, cfg Config) (*Installation, error) {
	return openInstallation(ctx, cfg, OpenExisting)
}

func openInstallation(ctx context.Context, cfg Config, open func(context.Context, string, *slog.Logger) (store.Store, error)) (_ *Installation, err error) {
	in := &Installation{cfg: cfg.withDefaults()}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.Close())
		}
	}()
	if in.Keys, err = openKeys(in.cfg); err != nil {
		return nil, err
	}
	if in.Store, err = open(ctx, cfg.Store, in.cfg.Logger); err != nil {
		return nil, err
	}
	in.Rosters = directory.NewRosters(in.Store, nil)
	return in, nil
}

// OpenLog opens the log, which appends and signs from then on.
func (in *Installation) OpenLog(ctx context.Context) (err error) {
	if in.Log, err = evidence.Open(ctx, in.logConfig()); err != nil {
		return err
	}
	if err := in.recordBeginning(ctx); err != nil { // reading goes on, and who opens it next tries again
		in.cfg.Logger.Error("the first record of the log is not made yet", "cause", err.Error())
	}
	return nil
}

// openKeys reads the log's keys. Without any, the first one is made when the
// configuration names the log; otherwise somebody has to do it with intent, and
// to hand the public key to those who will verify.
func openKeys(cfg Config) (evidence.KeyRing, error) {
	keys, err := evidence.OpenKeyRing(cfg.State)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return keys, err
	case cfg.Zone != "":
		return evidence.NewKeyRing(cfg.State, cfg.Zone)
	}
	return keys, fmt.Errorf("there is no signing key in %s: make it with \"kokoroe keys new\", or bring back the one that was there", cfg.State)
}

func (in *Installation) logConfig() evidence.Config {
	return evidence.Config{
		Store: in.Store, Origin: in.Keys.Origin(), Former: in.Keys.Former(), Program: in.cfg.Version, Now: in.cfg.Now,
		Signer: in.Keys.Signer, Verifiers: in.Keys.Verifiers(), Head: in.head(), Witnesses: in.cfg.Witnesses,
		Report: func(err error) {
			in.cfg.Logger.Error("evidence log", "cause", err.Error())
		},
	}
}

// head is where the last checkpoint is remembered outside the store.
func (in *Installation) head() evidence.FileHead {
	return evidence.FileHead(filepath.Join(in.cfg.State, "checkpoint"))
}

// Close lets the log finish and closes the store. It may be called on what was
// only half opened.
func (in *Installation) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownWait)
	defer cancel()
	var errs []error
	if in.Log != nil {
		errs = append(errs, in.Log.Close(ctx))
	}
	if in.Store != nil {
		errs = append(errs, in.Store.Close())
	}
	return errors.Join(errs...)
}

// Examine compares everything that is kept with everything else: see
// evidence.Examine. progress may be nil.
func (in *Installation) Examine(ctx context.Context, progress func(done, size int64)) (evidence.Examination, error) {
	remembered, err := in.head().Load()
	if err != nil {
		return evidence.Examination{}, err
	}
	c := evidence.ExamineConfig{
		Store: in.Store, Verifiers: in.Keys.Verifiers(), Remember: map[string][]evidence.Remembered{},
		Text: in.checkText, Derived: in.checkAttempt, Progress: progress,
	}
	for _, w := range in.cfg.Witnesses {
		c.Witnesses = append(c.Witnesses, w.Key)
	}
	if remembered != nil {
		c.Remember[evidence.InHead] = []evidence.Remembered{{Name: "the file checkpoint", Note: remembered}}
	}
	return evidence.Examine(ctx, c)
}

// checkText says why the text with the digest, which was shown to somebody, is
// not kept as it was; Unavailable when the store does not answer.
func (in *Installation) checkText(ctx context.Context, digest string) error {
	text, err := in.TextShown(ctx, digest)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if digest != "sha256:"+hex.EncodeToString(sum[:]) {
		return errors.New("what is kept has another digest")
	}
	return nil
}

// TextShown returns the bytes with the digest: a policy or a declaration that
// was shown to somebody. NotFound.
func (in *Installation) TextShown(ctx context.Context, digest string) ([]byte, error) {
	p, err := in.Store.PublishedText(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return in.Store.KeptText(ctx, digest)
	}
	return p.Text, err
}

// checkAttempt compares the record of a passed check with the attempt that it
// was made of. An attempt that is still open was cut off by a crash, and is
// closed when somebody looks at it: the record counts.
func (in *Installation) checkAttempt(ctx context.Context, e evidence.Entry) []evidence.Disagreement {
	if e.Kind != learning.KindPassed {
		return nil
	}
	differs := func(format string, args ...any) []evidence.Disagreement {
		return []evidence.Disagreement{{Where: evidence.InProjection, Seq: e.Seq, Field: "attempt", Detail: fmt.Sprintf(format, args...)}}
	}
	var body learning.Passed
	if err := e.Body(&body); err != nil {
		return differs("the record names none: %v", err)
	}
	a, err := in.Store.Attempt(ctx, learning.AttemptID(body.Attempt))
	switch {
	case err != nil:
		return differs("%v", err)
	case string(a.Person) != e.Subject || "course:"+string(a.Course) != e.Object || a.Scope != e.Scope:
		return differs("the attempt is of somebody or something else")
	case !a.SubmittedAt.IsZero() && (!a.Passed || a.Right != body.Right):
		return differs("the attempt says %d right, passed %v; the record says %d right", a.Right, a.Passed, body.Right)
	}
	return nil
}
