package evidence

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Continuity says how two checkpoints stand to each other.
type Continuity int

// The continuities. Contradicts is the zero Continuity: what was not shown to
// fit does not.
const (
	Contradicts Continuity = iota // no log can have both: something was changed or taken away
	Continues                     // the newer tree begins with the older
	Same                          // one size and one root
	Ahead                         // the log itself is smaller than one that it signed: it went back
	Foreign                       // no key of this log signed it: it says nothing about this log
	Forged                        // a key of this log is named, and the signature is wrong
)

// Comparison is what Compare found. Both checkpoints are as their notes say.
type Comparison struct {
	Continuity   Continuity
	Older, Newer Checkpoint // Newer is empty when Foreign, Forged or Ahead is about the one given
	OlderSigners []string   // whose signatures were verified
	NewerSigners []string
	Origin       string      // of the checkpoints
	Path         []tlog.Hash // the consistency proof (RFC 9162, section 2.1.4), when Continues
	Err          error       // why not; for the log, never for a reader
}

// Between is how many entries lie between the two.
func (c Comparison) Between() int64 { return c.Newer.Size - c.Older.Size }

// Compare tells whether the larger of two checkpoints, given as signed notes,
// continues the smaller: it verifies both signatures with the log's keys, lets
// the log prove it, and checks the proof against the two signed roots. What does
// not fit is in the comparison. Invalid (checkpoint.malformed) when a note is
// none, Unavailable when the store does not answer.
func (l *Log) Compare(ctx context.Context, one, other []byte) (Comparison, error) {
	var c Comparison
	var signed [2]Checkpoint
	var signers [2][]string
	for i, msg := range [][]byte{one, other} {
		known, origin, names, err := l.verified(msg)
		switch {
		case fault.Is(err, fault.Invalid) && isMessage(err, "checkpoint.signature_wrong"):
			parsed, origin, _ := ParseCheckpoint(msg)
			return Comparison{Continuity: Forged, Older: parsed, Origin: origin, Err: err}, nil
		case fault.Is(err, fault.Invalid) && isMessage(err, "checkpoint.signature_unknown"):
			parsed, origin, _ := ParseCheckpoint(msg)
			return Comparison{Continuity: Foreign, Older: parsed, Origin: origin, Err: err}, nil
		case err != nil:
			return Comparison{}, err
		}
		signed[i], signers[i], c.Origin = known, names, origin
	}
	if signed[0].Size > signed[1].Size {
		signed[0], signed[1], signers[0], signers[1] = signed[1], signed[0], signers[1], signers[0]
	}
	c.Older, c.Newer, c.OlderSigners, c.NewerSigners = signed[0], signed[1], signers[0], signers[1]
	return c, l.connect(ctx, &c)
}

// verified is VerifyCheckpoint with the log's own keys.
func (l *Log) verified(msg []byte) (c Checkpoint, origin string, signers []string, err error) {
	if l.c.Verifiers == nil {
		_, _, err := ParseCheckpoint(msg)
		if err == nil {
			err = fault.Wrap(errors.New("no key to check the checkpoint with"), fault.Invalid, "checkpoint.signature_unknown")
		}
		return Checkpoint{}, "", nil, err
	}
	return VerifyCheckpoint(l.c.Verifiers, msg)
}

// connect finds out how two signed checkpoints stand to each other.
func (l *Log) connect(ctx context.Context, c *Comparison) error {
	if c.Older.Size == c.Newer.Size {
		if bytes.Equal(c.Older.Root, c.Newer.Root) {
			c.Continuity = Same
		}
		return nil
	}
	size, err := l.c.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	if c.Newer.Size > size {
		c.Continuity = Ahead
		return nil
	}
	if c.Older.Size == 0 { // every tree begins with the empty one, and there is nothing to prove
		c.Continuity = Continues
		return nil
	}
	// Past the cache: the store itself is what is examined.
	path, err := tlog.ProveTree(c.Newer.Size, c.Older.Size, hashes{ctx, l.c.Store, nil})
	if err == nil {
		c.Err = tlog.CheckTree(path, c.Newer.Size, tlog.Hash(c.Newer.Root), c.Older.Size, tlog.Hash(c.Older.Root))
		if c.Err == nil {
			c.Continuity, c.Path = Continues, path
		}
		return nil
	}
	if !isNonsense(err) {
		return err
	}
	c.Err = err
	return nil
}

// Continues reports whether the log of a signed checkpoint begins with a tree
// of this size and root: the signature is verified, and the log proves it, past
// whatever it keeps at hand. Invalid when the checkpoint is none of the log's,
// Unavailable when the store does not answer.
func (l *Log) Continues(ctx context.Context, msg []byte, size int64, root []byte) (bool, error) {
	signed, _, _, err := l.verified(msg)
	if err != nil {
		return false, err
	}
	if len(root) != tlog.HashSize || size < 0 || size > signed.Size {
		return false, nil
	}
	c := Comparison{Older: Checkpoint{Size: size, Root: root}, Newer: signed}
	err = l.connect(ctx, &c)
	return c.Continuity == Continues || c.Continuity == Same, err
}

func isMessage(err error, id string) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.MessageID == id
}

// FindCheckpoint returns the checkpoint at the end of a text that somebody
// copied from a paper, a receipt or a message: what stands before it, blanks at
// the ends of lines and empty lines after it are left aside. Invalid
// (checkpoint.malformed) when there is none. Its signatures are not looked at.
func FindCheckpoint(text string) ([]byte, error) {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	at := len(lines)
	for at > 0 && strings.HasPrefix(lines[at-1], sigStart) {
		at--
	}
	if at == len(lines) || at < 4 || lines[at-1] != "" {
		return nil, badCheckpoint("is not three lines and signatures")
	}
	msg := []byte(strings.Join(lines[at-4:], "\n") + "\n")
	if _, _, err := ParseCheckpoint(msg); err != nil {
		return nil, err
	}
	return msg, nil
}
