package evidence

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

// Proof says that an entry is in a tree.
type Proof struct {
	Seq  int64
	Size int64     // of the tree
	Root tlog.Hash // of the tree
	Path []tlog.Hash
}

// Proof proves that the tree of size holds the entry seq; size 0 means the log
// as it stands. NotFound when that tree has no such entry, Invalid when the log
// is not that large.
func (l *Log) Proof(ctx context.Context, seq, size int64) (Proof, error) {
	return l.prove(ctx, seq, size, &l.cache)
}

func (l *Log) prove(ctx context.Context, seq, size int64, cache *hashCache) (Proof, error) {
	now, err := l.c.Store.LogSize(ctx)
	if err != nil {
		return Proof{}, err
	}
	if size == 0 {
		size = now
	}
	if size < 0 || size > now {
		return Proof{}, fault.New(fault.Invalid, "evidence.size_invalid", fault.Args{"Size": now})
	}
	if seq < 0 || seq >= size {
		return Proof{}, fault.NotFoundf("entry %d in a tree of %d", seq, size)
	}
	r := hashes{ctx, l.c.Store, cache}
	path, err := tlog.ProveRecord(size, seq, r)
	if err != nil {
		return Proof{}, err
	}
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		return Proof{}, err
	}
	return Proof{Seq: seq, Size: size, Root: root, Path: path}, nil
}

// VerifyInclusion checks that the proof leads from the leaf to its root.
func VerifyInclusion(p Proof, leaf []byte) error {
	if err := tlog.CheckRecord(p.Path, p.Size, p.Root, p.Seq, tlog.RecordHash(leaf)); err != nil {
		return fmt.Errorf("entry %d is not in the tree of %d: %w", p.Seq, p.Size, err)
	}
	return nil
}

// VerifyEntry checks everything about an entry that can be checked without
// others: the leaf derives from record and salt, the first tree hash from the
// leaf, the columns repeat what the record says. Of an erased entry only the
// tree hash is left to check.
func VerifyEntry(e Entry) error {
	if err := checkLeaf(e); err != nil {
		return err
	}
	h := tlog.RecordHash(e.Leaf)
	if len(e.Hashes) != tlog.HashSize*hashesOf(e.Seq) || !bytes.Equal(e.Hashes[:tlog.HashSize], h[:]) {
		return fmt.Errorf("entry %d: the tree hash is not that of the leaf", e.Seq)
	}
	if e.Record == nil {
		return nil
	}
	r, err := ParseRecord(e.Record)
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	if r.Key != e.Key || r.Kind != e.Kind || r.Actor.ID != e.Actor || r.Subject != e.Subject || r.Object != e.Object ||
		r.Scope != e.Scope || !r.At.Equal(e.At) {
		return fmt.Errorf("entry %d: a column says something else than the record", e.Seq)
	}
	return nil
}

// checkLeaf derives the leaf again from record and salt.
func checkLeaf(e Entry) error {
	switch {
	case len(e.Leaf) != tlog.HashSize:
		return fmt.Errorf("entry %d: the leaf has %d bytes", e.Seq, len(e.Leaf))
	case len(e.Record) == 0 && len(e.Salt) == 0: // erased
		return nil
	case len(e.Salt) != SaltSize:
		return fmt.Errorf("entry %d: the salt has %d bytes", e.Seq, len(e.Salt))
	case !hmac.Equal(Leaf(e.Salt, e.Record), e.Leaf):
		return fmt.Errorf("entry %d: the leaf is not that of record and salt", e.Seq)
	}
	return nil
}

// Step is one thing that Check looks at.
type Step int

// The steps, in the order of a Report.
const (
	StepRecord     Step = iota // the record's bytes and salt give the leaf, and the columns repeat the record
	StepTree                   // the leaf and its neighbours give the tree hashes that the entry keeps
	StepInclusion              // the leaf is in the tree
	StepCheckpoint             // the tree is the one that a checkpoint signs, and the signature is good
	StepWitness                // witnesses cosigned such a tree; only where one has
)

// Outcome is how a step ended.
type Outcome int

// The outcomes. Failed is the zero Outcome: what was not looked at is not good.
const (
	Failed  Outcome = iota
	Passed          // it holds
	Erased          // record and salt were erased; the leaf is all that is left
	Pending         // no checkpoint covers the entry yet
)

// Finding is the outcome of one step. Err is for the log, never for a reader.
type Finding struct {
	Step    Step
	Outcome Outcome
	Err     error
}

// Report is what Check found about one entry.
type Report struct {
	Entry      Entry
	Proof      Proof         // in the tree of Checkpoint, or in the log as it stands
	Checkpoint Checkpoint    // Size 0 while none covers the entry
	Signers    []string      // whose signatures on it were verified
	Witnessed  []Cosignature // who cosigned the checkpoint that receipts carry, verified
	Findings   []Finding     // one of each Step that applies, in order
}

// OK reports whether no step failed.
func (r Report) OK() bool {
	for _, f := range r.Findings {
		if f.Outcome == Failed {
			return false
		}
	}
	return len(r.Findings) > 0
}

// Check examines one entry in the store itself, past every cache. What does not
// fit is in the report; an error (NotFound, Unavailable) means that it could not
// be examined.
func (l *Log) Check(ctx context.Context, seq int64) (Report, error) {
	e, err := l.c.Store.Entry(ctx, seq)
	if err != nil {
		return Report{}, err
	}
	r := Report{Entry: e}
	found := func(s Step, err error, good Outcome) {
		if err != nil {
			good = Failed
		}
		r.Findings = append(r.Findings, Finding{Step: s, Outcome: good, Err: err})
	}
	good := Passed
	if e.Record == nil && e.Salt == nil {
		good = Erased
	}
	err = VerifyEntry(e)
	if err == nil && e.Seq != seq {
		err = fmt.Errorf("the entry at %d says that it is %d", seq, e.Seq)
	}
	found(StepRecord, err, good)
	err = l.checkHashes(ctx, e)
	if err != nil && !isNonsense(err) {
		return Report{}, err
	}
	found(StepTree, err, Passed)

	r.Checkpoint, err = l.c.Store.CheckpointCovering(ctx, seq+1)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Report{}, err
	}
	r.Proof, err = l.prove(ctx, seq, r.Checkpoint.Size, nil)
	if err == nil {
		err = VerifyInclusion(r.Proof, e.Leaf)
	} else if !isNonsense(err) {
		return Report{}, err
	}
	found(StepInclusion, err, Passed)
	if r.Checkpoint.Size == 0 {
		found(StepCheckpoint, nil, Pending)
		return r, nil
	}
	r.Signers, err = l.checkCheckpoint(r.Checkpoint, r.Proof.Root)
	found(StepCheckpoint, err, Passed)

	c, kept, err := l.mostCosigned(ctx, seq+1)
	if err != nil || len(kept) == 0 {
		return r, err
	}
	p, err := l.prove(ctx, seq, c.Size, nil)
	if err == nil {
		r.Witnessed, err = l.checkWitnesses(p, e.Leaf, c, kept)
	} else if !isNonsense(err) {
		return Report{}, err
	}
	if err != nil || len(r.Witnessed) > 0 {
		found(StepWitness, err, Passed)
	}
	return r, nil
}

// checkWitnesses looks at the checkpoint that witnesses cosigned as Check does
// at the other, and at each line by a known key.
func (l *Log) checkWitnesses(p Proof, leaf []byte, c Checkpoint, kept []Cosignature) ([]Cosignature, error) {
	if err := VerifyInclusion(p, leaf); err != nil {
		return nil, err
	}
	if _, err := l.checkCheckpoint(c, p.Root); err != nil {
		return nil, err
	}
	found, err := Cosignatures(l.witnessKeys(), withLines(c.Note, kept))
	if err != nil {
		return nil, err
	}
	for _, cs := range found {
		if !slices.ContainsFunc(kept, cs.equal) {
			return nil, fmt.Errorf("a column says something else than the cosignature of %s", cs.Witness)
		}
	}
	return found, nil
}

// isNonsense tells a store that answers, but not what was put into it, from one
// that does not answer.
func isNonsense(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && (e.Kind == fault.NotFound || e.MessageID == "evidence.log_damaged" || e.MessageID == "evidence.size_invalid")
}

// checkHashes computes the tree hashes that e keeps from its leaf and its
// neighbours' hashes.
func (l *Log) checkHashes(ctx context.Context, e Entry) error {
	want, err := tlog.StoredHashesForRecordHash(e.Seq, tlog.RecordHash(e.Leaf), hashes{ctx, l.c.Store, nil})
	if err != nil {
		return err
	}
	var all []byte
	for _, h := range want {
		all = append(all, h[:]...)
	}
	if !bytes.Equal(all, e.Hashes) {
		return damaged(e.Seq, fmt.Errorf("entry %d: the tree hashes do not follow from the leaves", e.Seq))
	}
	return nil
}

func (l *Log) checkCheckpoint(c Checkpoint, root tlog.Hash) ([]string, error) {
	if l.c.Verifiers == nil {
		return nil, fmt.Errorf("no key to check the checkpoint with")
	}
	signed, origin, signers, err := VerifyCheckpoint(l.known, c.Note)
	switch {
	case err != nil:
		return nil, err
	case !l.c.knows(origin) || signed.Size != c.Size || !bytes.Equal(signed.Root, c.Root):
		return nil, fmt.Errorf("the signed checkpoint of %d says something else", c.Size)
	case !bytes.Equal(signed.Root, root[:]):
		return nil, fmt.Errorf("the entries have root %v, signed is %x", root, signed.Root)
	}
	return signers, nil
}
