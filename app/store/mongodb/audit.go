package mongodb

import (
	"cmp"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/evidence"
)

// EntrySeqs implements evidence.AuditStore.
func (s *Store) EntrySeqs(ctx context.Context, q evidence.Query) ([]int64, error) {
	var list []int64
	if !findable(q) {
		return nil, nil
	}
	err := s.survey(ctx, allOf(q), is("seq", "$$this.seq"), nil, func(cursor *mongo.Cursor) error {
		var d struct {
			Entries []struct {
				Seq int64 `bson:"seq"`
			} `bson:"entries"`
		}
		if err := cursor.Decode(&d); err != nil {
			return err
		}
		for _, e := range d.Entries {
			list = append(list, e.Seq)
		}
		return nil
	})
	slices.Sort(list)
	return list, err
}

// sort is what entries are counted by.
type sort struct {
	Kind   string `bson:"kind"`
	Object string `bson:"object"`
	Scope  string `bson:"scope"`
	Erased bool   `bson:"erased"`
}

// CountEntries implements evidence.AuditStore. The server counts, so that no
// record leaves it.
func (s *Store) CountEntries(ctx context.Context, q evidence.Query) ([]evidence.Count, error) {
	if !findable(q) {
		return nil, nil
	}
	return s.count(ctx, allOf(q))
}

// CountBetween implements evidence.AuditStore.
func (s *Store) CountBetween(ctx context.Context, from, before int64) ([]evidence.Count, error) {
	return s.count(ctx, conditions{
		batches: is("next", is("$gt", from), "_id", is("$lt", before)), hint: "log_next",
		entry: bson.A{is("$gte", bson.A{"$$this.seq", from}), is("$lt", bson.A{"$$this.seq", before})},
	})
}

func (s *Store) count(ctx context.Context, f conditions) ([]evidence.Count, error) {
	missing := func(field string) bson.D { return is("$eq", bson.A{is("$type", "$$this."+field), "missing"}) }
	var list []evidence.Count
	err := s.survey(ctx, f, is("kind", "$$this.kind", "object", "$$this.object", "scope", "$$this.scope",
		"erased", is("$and", bson.A{missing("record"), missing("salt")})),
		mongo.Pipeline{is("$unwind", "$entries"), is("$group", is("_id", "$entries", "n", is("$sum", int64(1))))},
		func(cursor *mongo.Cursor) error {
			var d struct {
				Sort sort  `bson:"_id"`
				N    int64 `bson:"n"`
			}
			if err := cursor.Decode(&d); err != nil {
				return err
			}
			list = append(list, evidence.Count{Kind: d.Sort.Kind, Object: d.Sort.Object, Scope: d.Sort.Scope, Erased: d.Sort.Erased, Entries: d.N})
			return nil
		})
	slices.SortFunc(list, func(a, b evidence.Count) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Scope, b.Scope), compareBool(a.Erased, b.Erased))
	})
	return list, err
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// allOf is conditionsOf whether or not an entry was erased.
func allOf(q evidence.Query) conditions {
	q.Kept = false
	return conditionsOf(q)
}

// survey looks at all entries that match, as fields says of each, and shows what
// the stages after that make of them. It may take as long as an import: it reads
// through as much of the log as matches.
func (s *Store) survey(ctx context.Context, f conditions, fields bson.D, stages mongo.Pipeline, visit func(*mongo.Cursor) error) error {
	pipeline := append(mongo.Pipeline{
		is("$match", f.batches),
		is("$project", is("_id", 0, "entries", is("$map", is(
			"input", is("$filter", is("input", "$entries", "cond", is("$and", f.entry))), "as", "this", "in", fields,
		)))),
	}, stages...)
	return s.callFor(ctx, importLimit*s.limit, "entries", func(ctx context.Context) error {
		cursor, err := s.entries.Aggregate(ctx, pipeline, options.Aggregate().SetHint(f.hint))
		if err != nil {
			return err
		}
		defer func() { _ = cursor.Close(ctx) }()
		for cursor.Next(ctx) {
			if err := visit(cursor); err != nil {
				return err
			}
		}
		return cursor.Err()
	})
}

// Checkpoints implements evidence.AuditStore.
func (s *Store) Checkpoints(ctx context.Context, before int64, limit int) ([]evidence.Checkpoint, error) {
	if limit <= 0 {
		limit = 100
	}
	filter := bson.D{}
	if before > 0 {
		filter = is("_id", is("$lt", before))
	}
	return all[checkpointDocument](ctx, s, s.checkpoint, filter, options.Find().SetSort(is("_id", -1)).SetLimit(int64(min(limit, 1000))))
}
