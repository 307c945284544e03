package evidence

import (
	"errors"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/fault"
)

const (
	// MaxTrustPolicy is the size in bytes that a trust policy may have.
	MaxTrustPolicy = 64 << 10

	// NoQuorum is the quorum of a policy that asks for no witness.
	NoQuorum = "none"
)

// TrustPolicy says whom somebody believes: which keys sign the log, and which
// witnesses must have seen a checkpoint. It is what a verifier needs besides a
// receipt, and no secret.
type TrustPolicy struct {
	Logs      []string // verifier keys; rotation leaves former ones here
	Witnesses []TrustedWitness
	Groups    []WitnessGroup
	Quorum    string // name of a witness or a group, or NoQuorum
}

// TrustedWitness is a witness by the name that the policy gives it.
type TrustedWitness struct {
	Name string
	Key  string // verifier key of cosignature/v1
}

// WitnessGroup is satisfied when Threshold of its members are.
type WitnessGroup struct {
	Name      string
	Threshold int      // 1 to the number of members
	Members   []string // names of witnesses and of groups before this one
}

// Verify checks the receipt as Receipt.Verify does with the policy's log keys,
// and then the cosignatures: every one by a witness of the policy must be
// right, and those that are must satisfy the quorum. Invalid, besides what
// Receipt.Verify answers: checkpoint.signature_wrong, checkpoint.quorum_missing
// with the Quorum and the number of witnesses Seen.
func (p TrustPolicy) Verify(r Receipt) (Verified, error) {
	logs, err := p.logVerifiers()
	if err != nil {
		return Verified{}, err
	}
	v, err := r.Verify(logs)
	if err != nil {
		return Verified{}, err
	}
	if v.Witnesses, err = p.witnessed(r.Checkpoint); err != nil {
		return Verified{}, err
	}
	return v, nil
}

// VerifyCheckpoint checks a checkpoint as the function of that name does with
// the policy's log keys, and its cosignatures as Verify does. witnesses are the
// names, in the policy's order, of those who cosigned.
func (p TrustPolicy) VerifyCheckpoint(msg []byte) (c Checkpoint, origin string, signers, witnesses []string, err error) {
	logs, err := p.logVerifiers()
	if err != nil {
		return c, "", nil, nil, err
	}
	if c, origin, signers, err = VerifyCheckpoint(logs, msg); err != nil {
		return c, "", nil, nil, err
	}
	if witnesses, err = p.witnessed(msg); err != nil {
		return c, "", nil, nil, err
	}
	return c, origin, signers, witnesses, nil
}

func (p TrustPolicy) logVerifiers() (note.Verifiers, error) {
	known := make([]note.Verifier, len(p.Logs))
	for i, key := range p.Logs {
		v, err := newLogVerifier(key)
		if err != nil {
			return nil, err
		}
		known[i] = v
	}
	return note.VerifierList(known...), nil
}

// witnessed returns the witnesses whose cosignatures the checkpoint carries. An
// error says that one is wrong or that they are not enough.
func (p TrustPolicy) witnessed(msg []byte) ([]string, error) {
	names := map[string]string{} // of witnesses, by witnessID
	known := make([]note.Verifier, len(p.Witnesses))
	for i, w := range p.Witnesses {
		v, err := NewCosignatureVerifier(w.Key)
		if err != nil {
			return nil, err
		}
		known[i], names[witnessID(v.Name(), v.KeyHash())] = v, w.Name
	}
	n, err := note.Open(msg, note.VerifierList(known...))
	if _, none := errors.AsType[*note.UnverifiedNoteError](err); none {
		n, err = &note.Note{}, nil
	}
	if err != nil {
		return nil, unopened(err)
	}
	seen := map[string]bool{}
	for _, sig := range n.Sigs {
		seen[names[witnessID(sig.Name, sig.Hash)]] = true
	}
	var found []string
	for _, w := range p.Witnesses {
		if seen[w.Name] {
			found = append(found, w.Name)
		}
	}
	if !p.isSatisfied(seen) {
		return nil, fault.New(fault.Invalid, "checkpoint.quorum_missing", fault.Args{"Quorum": p.Quorum, "Seen": len(found)})
	}
	return found, nil
}

// isSatisfied reports whether the witnesses that were seen fill the quorum.
// Groups stand behind their members, so one pass is enough. It changes seen.
func (p TrustPolicy) isSatisfied(seen map[string]bool) bool {
	if p.Quorum == NoQuorum {
		return true
	}
	for _, g := range p.Groups {
		n := 0
		for _, m := range g.Members {
			if seen[m] {
				n++
			}
		}
		seen[g.Name] = n >= g.Threshold
	}
	return seen[p.Quorum]
}
