package mongodb

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// cosignatureDocument counts in nth the cosignatures of a size as they come,
// from 1, so that the smallest checkpoint with two of them is found without
// counting: it is the smallest that has a second one.
type cosignatureDocument struct {
	Header  `bson:",inline"`
	Size    int64         `bson:"size"`
	Nth     int64         `bson:"nth"`
	Witness string        `bson:"witness"`
	Line    string        `bson:"line"`
	At      bson.DateTime `bson:"at"`
}

func (d cosignatureDocument) value() evidence.Cosignature {
	return evidence.Cosignature{Size: d.Size, Witness: d.Witness, Line: d.Line, At: instant(d.At)}
}

// SaveCosignature implements evidence.Store. Whoever loses the race for a place
// takes the next.
func (s *Store) SaveCosignature(ctx context.Context, c evidence.Cosignature) error {
	if err := plain(c.Witness, c.Line); err != nil {
		return err
	}
	if _, err := one[checkpointDocument](ctx, s, s.checkpoint, "checkpoint", is("_id", c.Size)); err != nil {
		return err
	}
	d := cosignatureDocument{Header: current, Size: c.Size, Witness: c.Witness, Line: c.Line, At: moment(c.At)}
	for n := 0; ; n++ {
		sameWitness := false
		err := s.call(ctx, "cosignature", func(ctx context.Context) error {
			var last cosignatureDocument
			err := s.cosigned.FindOne(ctx, is("size", c.Size), options.FindOne().SetSort(is("nth", -1)).SetProjection(is("nth", 1))).Decode(&last)
			if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
				return err
			}
			d.Nth = last.Nth + 1
			_, err = s.cosigned.InsertOne(ctx, d)
			sameWitness = mongo.IsDuplicateKeyError(err) && brokenIndex(err) == "witness"
			return err
		})
		if !fault.Is(err, fault.Conflict) || sameWitness {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// Cosigned implements evidence.Store. Cosignatures are never taken away: those
// read after the checkpoint are at least the n that it was found by.
func (s *Store) Cosigned(ctx context.Context, size int64, n int) (evidence.Checkpoint, []evidence.Cosignature, error) {
	found, err := one[cosignatureDocument](ctx, s, s.cosigned, "checkpoint", is("nth", int64(max(n, 1)), "size", is("$gte", size)),
		options.FindOne().SetSort(by("size")))
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	c, err := one[checkpointDocument](ctx, s, s.checkpoint, "checkpoint", is("_id", found.Size))
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	lines, err := all[cosignatureDocument](ctx, s, s.cosigned, is("size", found.Size), options.Find().SetSort(by("nth")))
	return c, lines, err
}

// LastCosigned implements evidence.Store.
func (s *Store) LastCosigned(ctx context.Context, witness string) (evidence.Cosignature, error) {
	if !isPlain(witness) {
		return evidence.Cosignature{}, fault.NotFoundf("no such cosignature")
	}
	return one[cosignatureDocument](ctx, s, s.cosigned, "cosignature", is("witness", witness), options.FindOne().SetSort(is("size", -1)))
}
