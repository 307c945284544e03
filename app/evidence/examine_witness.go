package evidence

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/fault"
)

// ExamineWitnesses looks at every cosignature that is kept: each line of a known
// key is that witness's on the checkpoint that is kept beside it, and its
// columns repeat it. Lines of other keys are not looked at. An error
// (Unavailable) says that it could not be finished.
func ExamineWitnesses(ctx context.Context, s Store, known []note.Verifier) ([]Disagreement, error) {
	var out []Disagreement
	for size := int64(0); ; {
		c, kept, err := s.Cosigned(ctx, size, 1)
		if fault.Is(err, fault.NotFound) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		for _, cs := range kept {
			if err := examineCosignature(known, c, cs); err != nil {
				out = append(out, Disagreement{Where: InWitness, Seq: c.Size, Field: "cosignature", Detail: cs.Witness + ": " + err.Error()})
			}
		}
		size = c.Size + 1
	}
}

func examineCosignature(known []note.Verifier, c Checkpoint, cs Cosignature) error {
	if !slices.ContainsFunc(known, func(k note.Verifier) bool { return WitnessID(k) == cs.Witness }) {
		return nil
	}
	found, err := Cosignatures(known, withLines(c.Note, []Cosignature{cs}))
	switch {
	case err != nil:
		return err
	case !slices.ContainsFunc(found, cs.equal):
		return fmt.Errorf("the columns say something else than the line")
	}
	return nil
}
