package witness

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
)

// Config is what a Witness needs; all of it is required.
type Config struct {
	Secret string // of evidence.NewWitnessKey
	State  string // file, made by NewState
	Logs   Logs
	Now    calendar.Clock
}

// Witness cosigns what continues the checkpoint that it cosigned last.
type Witness struct {
	signer *evidence.Cosigner
	logs   Logs
	head   evidence.Head
	held   *os.File

	mu    sync.Mutex // checking and saving are one step
	state map[string]known
}

// Open reads the state, and holds it until Close: a second witness on the same
// state does not open.
func Open(c Config) (*Witness, error) {
	signer, err := evidence.NewCosigner(c.Secret, c.Now)
	if err != nil {
		return nil, err
	}
	held, err := lock(c.State)
	if err != nil {
		return nil, fmt.Errorf("witness state: %w", err)
	}
	w := &Witness{signer: signer, logs: c.Logs, head: evidence.FileHead(c.State), held: held}
	if w.state, err = loadState(w.head); err != nil {
		return nil, errors.Join(fmt.Errorf("witness state %s: %w", c.State, err), w.Close())
	}
	return w, nil
}

// Close lets go of the state.
func (w *Witness) Close() error { return w.held.Close() }

// Public returns the verifier key of its cosignatures.
func (w *Witness) Public() string { return w.signer.Public() }

// Cosign checks the request, remembers its checkpoint and returns the
// cosignature's line, with its line end. A *evidence.WitnessRefusal says why
// not; any other error means that nothing could be remembered, and then nothing
// is signed.
func (w *Witness) Cosign(r evidence.WitnessRequest) ([]byte, error) {
	c, origin, err := evidence.ParseCheckpoint(r.Checkpoint)
	if err != nil {
		return nil, &evidence.WitnessRefusal{Reason: evidence.RefusedMalformed, Err: err}
	}
	keys, ok := w.logs[origin]
	if !ok {
		return nil, &evidence.WitnessRefusal{Reason: evidence.RefusedLog}
	}
	if _, _, _, err := evidence.VerifyCheckpoint(note.VerifierList(keys...), r.Checkpoint); err != nil {
		return nil, &evidence.WitnessRefusal{Reason: evidence.RefusedSignature, Err: err}
	}
	if r.Old > c.Size {
		return nil, malformed("the old size %d is above the checkpoint's %d", r.Old, c.Size)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.continues(origin, r, c); err != nil {
		return nil, err
	}
	if err := w.remember(origin, c); err != nil {
		return nil, err
	}
	return w.sign(r.Checkpoint)
}

// continues checks that c continues what was cosigned last.
func (w *Witness) continues(origin string, r evidence.WitnessRequest, c evidence.Checkpoint) error {
	last := w.state[origin] // of size 0 before the first
	if r.Old != last.Size || c.Size == last.Size && last.Root != nil && !bytes.Equal(c.Root, last.Root) {
		return &evidence.WitnessRefusal{Reason: evidence.RefusedSize, Size: last.Size}
	}
	var err error
	switch empty, _ := tlog.TreeHash(0, nil); {
	case c.Size == 0 && tlog.Hash(c.Root) != empty:
		err = errors.New("the root of nothing is another")
	case r.Old == 0 || r.Old == c.Size:
		if len(r.Proof) > 0 {
			err = errors.New("a proof where there is nothing to prove")
		}
	default:
		err = tlog.CheckTree(r.Proof, c.Size, tlog.Hash(c.Root), last.Size, tlog.Hash(last.Root))
	}
	if err != nil {
		return &evidence.WitnessRefusal{Reason: evidence.RefusedProof, Err: err}
	}
	return nil
}

func (w *Witness) remember(origin string, c evidence.Checkpoint) error {
	if last := w.state[origin]; last.Size == c.Size && last.Root != nil {
		return nil
	}
	next := maps.Clone(w.state)
	next[origin] = known{Size: c.Size, Root: c.Root, Note: string(c.Note)}
	if err := saveState(w.head, next); err != nil {
		return fmt.Errorf("witness state: %w", err)
	}
	w.state = next
	return nil
}

// sign returns the one line that the key adds to the note.
func (w *Witness) sign(msg []byte) ([]byte, error) {
	text, _, _ := bytes.Cut(msg, []byte("\n\n"))
	signed, err := note.Sign(&note.Note{Text: string(text) + "\n"}, w.signer)
	if err != nil {
		return nil, err
	}
	_, line, _ := bytes.Cut(signed, []byte("\n\n"))
	return line, nil
}

// CosignFile answers a request that was carried here as a file: the checkpoint
// with the cosignature behind it. Errors are those of ParseRequest and Cosign.
func (w *Witness) CosignFile(request []byte) ([]byte, error) {
	r, err := ParseRequest(request)
	if err != nil {
		return nil, err
	}
	line, err := w.Cosign(r)
	if err != nil {
		return nil, err
	}
	return append(bytes.Clone(r.Checkpoint), line...), nil
}
