package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
	"slices"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// Digest says what a store keeps of one sort, so that two stores can be
// compared.
type Digest struct {
	Sort string // one of Sorts
	N    int64
	Sum  [sha256.Size]byte // of the things as JSON, one a line, in the order of their keys
}

// sorts are what is told apart, in order.
var sorts = []string{
	"entry", "checkpoint", "cosignature", "revision", "department", "person", "link", "place", "attempt", "publication", "text",
	"run", "message", "position", "edition",
}

// Sorts returns the sorts of things that Digests tells apart.
func Sorts() []string { return slices.Clone(sorts) }

// Digests reads everything that a store keeps, but for what is short-lived, and
// answers one digest a sort, in the order of Sorts. It holds little of it at a
// time, and is only sensible while nobody writes.
func Digests(ctx context.Context, s Store) ([]Digest, error) {
	d := digester{}
	for _, sort := range sorts {
		sum := sha256.New()
		d[sort] = &running{sum: sum, lines: json.NewEncoder(sum)}
	}
	err := WalkLog(ctx, s, LogVisitor{
		Entries: func(entries []evidence.Entry) error {
			for _, e := range entries {
				if err := d.add("entry", e); err != nil {
					return err
				}
			}
			return nil
		},
		Checkpoint:  func(c evidence.Checkpoint) error { return d.add("checkpoint", c) },
		Cosignature: func(c evidence.Cosignature) error { return d.add("cosignature", c) },
	})
	if err != nil {
		return nil, err
	}
	if err := s.Pieces(ctx, d.piece); err != nil {
		return nil, err
	}
	list := make([]Digest, len(sorts))
	for i, sort := range sorts {
		list[i] = Digest{Sort: sort, N: d[sort].n, Sum: [sha256.Size]byte(d[sort].sum.Sum(nil))}
	}
	return list, nil
}

// running is the digest of one sort so far.
type running struct {
	n     int64
	sum   hash.Hash
	lines *json.Encoder
}

type digester map[string]*running

func (d digester) add(sort string, thing any) error {
	d[sort].n++
	return d[sort].lines.Encode(thing)
}

func (d digester) piece(p Piece) error {
	switch sort := p.Sort(); sort {
	case "roster":
		if err := d.add("revision", p.Roster.Revision); err != nil {
			return err
		}
		for _, v := range p.Roster.Departments {
			if err := d.add("department", v); err != nil {
				return err
			}
		}
		for _, v := range p.Roster.People {
			if err := d.add("person", v); err != nil {
				return err
			}
		}
		return nil
	default:
		return d.add(sort, p)
	}
}

// LogVisitor is told what WalkLog finds.
type LogVisitor struct {
	Entries     func([]evidence.Entry) error // consecutive ones, a few hundred at most
	Checkpoint  func(evidence.Checkpoint) error
	Cosignature func(evidence.Cosignature) error
}

// walkPage is how many entries are read at once.
const walkPage = 256

// WalkLog visits the evidence log from its first entry to its last, then the
// checkpoints by size, then the cosignatures by size and as they came. An error
// of the visitor ends it and is returned.
func WalkLog(ctx context.Context, s evidence.Store, v LogVisitor) error {
	for next := int64(0); ; {
		entries, err := s.EntriesFrom(ctx, next, walkPage)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		if err := v.Entries(entries); err != nil {
			return err
		}
		next = entries[len(entries)-1].Seq + 1
	}
	for size := int64(0); ; {
		c, err := s.CheckpointCovering(ctx, size)
		if fault.Is(err, fault.NotFound) {
			break
		}
		if err != nil {
			return err
		}
		if err := v.Checkpoint(c); err != nil {
			return err
		}
		size = c.Size + 1
	}
	for size := int64(0); ; {
		c, lines, err := s.Cosigned(ctx, size, 1)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, line := range lines {
			if err := v.Cosignature(line); err != nil {
				return err
			}
		}
		size = c.Size + 1
	}
}
