package evidence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Witness is somebody outside who remembers the last checkpoint and cosigns only
// what continues it. Who may be one may also stop the log, by saying that it
// went back: that is what a witness is for.
type Witness struct {
	Title string        // what pages call it; the key's name when empty
	Key   note.Verifier // of NewCosignatureVerifier
	Asks  Asker         // nil: files are carried to and fro
}

// WitnessRequest is what a witness is asked (C2SP tlog-witness, add-checkpoint).
type WitnessRequest struct {
	Old        int64       // the size that the witness cosigned last; 0 before the first
	Proof      []tlog.Hash // that the checkpoint continues the tree of Old (RFC 6962, section 2.1.2)
	Checkpoint []byte      // a signed note
}

// Asker brings a request to a witness.
type Asker interface {
	// Ask returns the signature lines of the witness, each with its line end. A
	// *WitnessRefusal when the witness answers that it does not cosign.
	Ask(ctx context.Context, r WitnessRequest) ([]byte, error)
}

// WitnessReason is why a witness does not cosign.
type WitnessReason int

// The refusals of C2SP tlog-witness, with their HTTP statuses.
const (
	RefusedMalformed WitnessReason = iota // 400
	RefusedLog                            // 404: the origin is unknown
	RefusedSignature                      // 403: no key that it knows has signed
	RefusedSize                           // 409: it cosigned another size last, or another root of that size
	RefusedProof                          // 422: the proof does not verify
)

func (r WitnessReason) String() string {
	return [...]string{"the request is malformed", "the log is unknown", "no known key has signed the checkpoint",
		"another checkpoint was cosigned last", "the proof does not verify"}[r]
}

// WitnessRefusal is a witness's answer instead of a cosignature.
type WitnessRefusal struct {
	Reason WitnessReason
	Size   int64 // with RefusedSize: of the checkpoint cosigned last
	Err    error // the cause, for the witness's own log; may be nil
}

func (r *WitnessRefusal) Error() string {
	s := r.Reason.String()
	if r.Reason == RefusedSize {
		s += fmt.Sprintf(", of %d entries", r.Size)
	}
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (r *WitnessRefusal) Unwrap() error { return r.Err }

const (
	witnessTurns = 4              // of one request: the witness may have moved on meanwhile
	clockSlack   = 24 * time.Hour // between a witness's clock and the log's
)

// askWitness asks a witness to cosign c and keeps its answer. The log stops when
// the witness knows more than the store holds, or something else. What the store
// says is cosigned already is asked for nevertheless when met is false: a store
// that went back says so too.
func (l *Log) askWitness(ctx context.Context, w Witness, c Checkpoint, met bool) error {
	old, err := l.cosignedBy(ctx, w.Key)
	if err != nil {
		return err
	}
	if met && old >= c.Size { // another instance was first
		return nil
	}
	old = min(old, c.Size)
	for range witnessTurns {
		r, err := l.requestFrom(ctx, old, c)
		if err != nil {
			return err
		}
		lines, err := w.Asks.Ask(ctx, r)
		if err == nil {
			_, err := l.keepCosignatures(ctx, []note.Verifier{w.Key}, c, lines)
			return err
		}
		refusal, ok := errors.AsType[*WitnessRefusal](err)
		switch {
		case ok && refusal.Reason == RefusedProof && len(r.Proof) > 0:
			return l.stop(wentBack("the witness %s cosigned a tree of %d entries that the store does not continue", w.Key.Name(), old))
		case !ok || refusal.Reason != RefusedSize:
			return fmt.Errorf("witness %s: %w", w.Key.Name(), err)
		case refusal.Size == old && old == c.Size:
			return l.stop(wentBack("the witness %s cosigned another tree of %d entries", w.Key.Name(), old))
		case refusal.Size == old:
			return fmt.Errorf("witness %s refuses the size %d, and names it as its own", w.Key.Name(), old)
		}
		if old = refusal.Size; old > c.Size {
			if c, err = l.atLeast(ctx, w, old); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("witness %s names another size each time", w.Key.Name())
}

// atLeast returns a checkpoint of size or more, which the witness knows of: that
// of another instance. A store that is smaller went back.
func (l *Log) atLeast(ctx context.Context, w Witness, size int64) (Checkpoint, error) {
	now, err := l.c.Store.LogSize(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	if now < size {
		return Checkpoint{}, l.stop(wentBack("the store holds %d entries, the witness %s cosigned %d", now, w.Key.Name(), size))
	}
	c, err := l.c.Store.LastCheckpoint(ctx)
	if err == nil && c.Size < size {
		err = fmt.Errorf("the witness %s cosigned %d entries, %d are signed in the store", w.Key.Name(), size, c.Size)
	}
	return c, err
}

// cosignedBy returns the size that the witness cosigned last, as far as the
// store knows.
func (l *Log) cosignedBy(ctx context.Context, key note.Verifier) (int64, error) {
	c, err := l.c.Store.LastCosigned(ctx, WitnessID(key))
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	return c.Size, err
}

// requestFrom makes a request that holds when the witness cosigned the first old
// entries of this very log: then a witness that finds the proof wrong has seen
// another log.
func (l *Log) requestFrom(ctx context.Context, old int64, c Checkpoint) (WitnessRequest, error) {
	r := WitnessRequest{Old: old, Checkpoint: c.Note}
	if old == 0 || old == c.Size {
		return r, nil
	}
	var err error
	if r.Proof, err = l.Consistency(ctx, old, c.Size); err != nil {
		return r, err
	}
	before, err := tlog.TreeHash(old, hashes{ctx, l.c.Store, &l.cache})
	if err != nil {
		return r, err
	}
	if err := tlog.CheckTree(r.Proof, c.Size, tlog.Hash(c.Root), old, before); err != nil {
		return r, damaged(old, fmt.Errorf("the signed tree of %d does not continue that of %d: %w", c.Size, old, err))
	}
	return r, nil
}

// WitnessRequest makes the request that is carried to a witness: to cosign the
// store's last checkpoint. old is what the witness cosigned last; below 0 it is
// what the store knows of. NotFound while nothing is signed, Invalid
// (evidence.size_invalid) when old is larger than the checkpoint, Unavailable
// (evidence.store_went_back) when the store does not hold what it signed.
func (l *Log) WitnessRequest(ctx context.Context, key note.Verifier, old int64) (WitnessRequest, error) {
	if err := l.Trouble(); err != nil {
		return WitnessRequest{}, err
	}
	c, err := l.c.Store.LastCheckpoint(ctx)
	if err != nil {
		return WitnessRequest{}, err
	}
	if old < 0 {
		if old, err = l.cosignedBy(ctx, key); err != nil {
			return WitnessRequest{}, err
		}
	}
	return l.requestFrom(ctx, old, c)
}

// AddCosignatures keeps the cosignatures, by the known witnesses, on a
// checkpoint that was carried back; it returns those that were new. Invalid:
// checkpoint.malformed, checkpoint.signature_wrong, witness.not_cosigned when no
// known witness signed, witness.time_wrong, and witness.foreign when the store
// keeps no such checkpoint.
func (l *Log) AddCosignatures(ctx context.Context, msg []byte) ([]Cosignature, error) {
	theirs, _, err := ParseCheckpoint(msg)
	if err != nil {
		return nil, err
	}
	c, err := l.c.Store.CheckpointCovering(ctx, theirs.Size)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err != nil || !sameText(c.Note, msg) {
		return nil, fault.Wrap(fmt.Errorf("the store keeps no such checkpoint of %d entries", theirs.Size), fault.Invalid, "witness.foreign")
	}
	found, err := Cosignatures(l.witnessKeys(), msg)
	if err != nil {
		return nil, err
	}
	return l.saveCosignatures(ctx, c, found)
}

// keepCosignatures keeps what the keys signed of the lines that were answered.
func (l *Log) keepCosignatures(ctx context.Context, keys []note.Verifier, c Checkpoint, lines []byte) ([]Cosignature, error) {
	found, err := Cosignatures(keys, append(withLines(c.Note, nil), lines...))
	if err != nil || c.Size == 0 {
		return nil, err
	}
	return l.saveCosignatures(ctx, c, found)
}

// saveCosignatures returns those that were not kept before.
func (l *Log) saveCosignatures(ctx context.Context, c Checkpoint, found []Cosignature) (fresh []Cosignature, err error) {
	if len(found) == 0 {
		return nil, fault.New(fault.Invalid, "witness.not_cosigned", nil)
	}
	for _, cs := range found {
		if cs.At.Before(c.At.Add(-clockSlack)) || cs.At.After(l.c.Now().Add(clockSlack)) {
			cause := fmt.Errorf("%s signed the checkpoint of %v at %v", cs.Witness, c.At, cs.At)
			return fresh, fault.Wrap(cause, fault.Invalid, "witness.time_wrong")
		}
		switch err := l.c.Store.SaveCosignature(ctx, cs); {
		case err == nil:
			fresh = append(fresh, cs)
		case !fault.Is(err, fault.Conflict): // else it is there already
			return fresh, err
		}
	}
	return fresh, nil
}

func (l *Log) witnessKeys() []note.Verifier {
	keys := make([]note.Verifier, len(l.c.Witnesses))
	for i, w := range l.c.Witnesses {
		keys[i] = w.Key
	}
	return keys
}

// WitnessState is how far a witness has come.
type WitnessState struct {
	Title  string
	ByFile bool      // files are carried
	Size   int64     // of the checkpoint that it cosigned last; 0 before the first
	At     time.Time // when; zero before the first
}

// WitnessStates returns how far each witness has come, in the order of Config.
func (l *Log) WitnessStates(ctx context.Context) ([]WitnessState, error) {
	var out []WitnessState
	for _, w := range l.c.Witnesses {
		last, err := l.c.Store.LastCosigned(ctx, WitnessID(w.Key))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		out = append(out, WitnessState{Title: l.WitnessTitle(WitnessID(w.Key)), ByFile: w.Asks == nil, Size: last.Size, At: last.At})
	}
	return out, nil
}

// WitnessTitle returns what a witness is called, by the WitnessID in a
// cosignature.
func (l *Log) WitnessTitle(id string) string {
	for _, w := range l.c.Witnesses {
		if WitnessID(w.Key) == id && w.Title != "" {
			return w.Title
		} else if WitnessID(w.Key) == id {
			return w.Key.Name()
		}
	}
	return id
}

// Covering returns the checkpoint that the receipt of an entry below size
// carries, its note with the lines of the witnesses known here: the smallest of
// at least size that most of them have cosigned, or the smallest when none has.
// NotFound when no checkpoint is that large yet.
func (l *Log) Covering(ctx context.Context, size int64) (Checkpoint, []Cosignature, error) {
	c, kept, err := l.mostCosigned(ctx, size)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if genuine := l.genuine(c.Note, kept); len(genuine) > 0 {
		c.Note = withLines(c.Note, genuine)
		return c, genuine, nil
	}
	c, err = l.c.Store.CheckpointCovering(ctx, size)
	return c, nil, err
}

// mostCosigned returns a checkpoint of at least size with the most cosignatures
// that it may have, the smallest of these; none when nobody has cosigned.
func (l *Log) mostCosigned(ctx context.Context, size int64) (Checkpoint, []Cosignature, error) {
	for n := len(l.c.Witnesses); n > 0; n-- {
		c, kept, err := l.c.Store.Cosigned(ctx, size, n)
		if err == nil || !fault.Is(err, fault.NotFound) {
			return c, kept, err
		}
	}
	return Checkpoint{}, nil, nil
}

// genuine leaves out what does not verify: a receipt is good without it. Check
// names it.
func (l *Log) genuine(msg []byte, kept []Cosignature) (good []Cosignature) {
	for _, c := range kept {
		found, err := Cosignatures(l.witnessKeys(), append(withLines(msg, nil), c.Line+"\n"...))
		if err == nil {
			good = append(good, found...)
		}
	}
	return good
}
