package evidence

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"kokoroe/app/fault"
)

// point is a root that the tree has to have at a size.
type point struct {
	where, name string
	size        int64
	root        []byte
}

// remembered reads the checkpoints that were kept elsewhere.
func (x *examiner) remembered() error {
	for where, list := range x.c.Remember {
		for _, r := range list {
			c, _, _, err := VerifyCheckpoint(x.c.Verifiers, r.Note)
			if err != nil {
				x.found(where, c.Size, "note", "%s: %v", r.Name, err)
				continue
			}
			x.points = append(x.points, point{where: where, name: r.Name, size: c.Size, root: c.Root})
		}
	}
	slices.SortFunc(x.points, func(a, b point) int { return cmp.Compare(a.size, b.size) })
	return nil
}

// nextCheckpoint reads the store's next checkpoint of at least size.
func (x *examiner) nextCheckpoint(ctx context.Context, size int64) error {
	c, err := x.c.Store.CheckpointCovering(ctx, size)
	if fault.Is(err, fault.NotFound) {
		x.kept = Checkpoint{}
		return nil
	}
	x.kept = c
	return err
}

// nextCosigned reads the store's next checkpoint of at least size that witnesses
// cosigned.
func (x *examiner) nextCosigned(ctx context.Context, size int64) error {
	c, lines, err := x.c.Store.Cosigned(ctx, size, 1)
	if fault.Is(err, fault.NotFound) {
		x.cosigned, x.lines = Checkpoint{}, nil
		return nil
	}
	x.cosigned, x.lines = c, lines
	return err
}

// signed compares the tree as it is now with everything that signs it.
func (x *examiner) signed(ctx context.Context) error {
	for x.kept.Size > 0 && x.kept.Size <= x.edge.size {
		x.checkpoint(x.kept)
		if err := x.witnessed(ctx, x.kept); err != nil {
			return err
		}
		if err := x.nextCheckpoint(ctx, x.kept.Size+1); err != nil {
			return err
		}
	}
	for len(x.points) > 0 && x.points[0].size <= x.edge.size {
		p := x.points[0]
		if root := x.edge.root(); p.size == x.edge.size && x.whole && !bytes.Equal(p.root, root[:]) {
			x.found(p.where, p.size, "root", "%s remembers root %x, the entries give %v", p.name, p.root, root)
		}
		x.points = x.points[1:]
	}
	return nil
}

// checkpoint examines a checkpoint of the store that signs the tree as it is.
func (x *examiner) checkpoint(c Checkpoint) {
	x.out.Checkpoints++
	signed, _, _, err := VerifyCheckpoint(x.c.Verifiers, c.Note)
	switch {
	case err != nil:
		x.found(InCheckpoint, c.Size, "note", "%v", err)
		return
	case signed.Size != c.Size:
		x.found(InCheckpoint, c.Size, "size", "the note signs %d entries", signed.Size)
		return
	case !bytes.Equal(signed.Root, c.Root):
		x.found(InCheckpoint, c.Size, "root", "the note signs another root")
	}
	if root := x.edge.root(); !x.whole || c.Size != x.edge.size {
		x.found(InCheckpoint, c.Size, "root", "entries that it signs are not there")
		return
	} else if !bytes.Equal(signed.Root, root[:]) {
		x.found(InCheckpoint, c.Size, "root", "signed is %x, the entries give %v", signed.Root, root)
		return
	}
	x.out.Signed = max(x.out.Signed, c.Size)
}

// witnessed examines the cosignatures on a checkpoint of the store.
func (x *examiner) witnessed(ctx context.Context, c Checkpoint) error {
	if x.cosigned.Size > c.Size || x.cosigned.Size == 0 {
		return nil
	}
	genuine, err := Cosignatures(x.c.Witnesses, withLines(c.Note, x.lines))
	if err != nil {
		x.found(InWitness, c.Size, "note", "%v", err)
	}
	x.out.Cosignatures += int64(len(genuine))
	for _, g := range genuine {
		if !slices.ContainsFunc(x.lines, g.equal) {
			x.found(InWitness, c.Size, "column", "a column says something else than the cosignature of %s", g.Witness)
		}
	}
	return x.nextCosigned(ctx, c.Size+1)
}

// beyond names what signs more entries than there are. A checkpoint that was
// signed while the log was walked signs entries that came in meanwhile.
func (x *examiner) beyond(ctx context.Context) error {
	now, err := x.c.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	for x.kept.Size > x.out.Size {
		if x.kept.Size > now {
			x.found(InCheckpoint, x.kept.Size, "size", "the log holds %d entries", now)
		}
		if err := x.nextCheckpoint(ctx, x.kept.Size+1); err != nil {
			return err
		}
	}
	for _, p := range x.points {
		if p.size > now {
			x.found(p.where, p.size, "size", "%s remembers %d entries, the log holds %d", p.name, p.size, now)
		}
	}
	return nil
}
