package mongodb

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/evidence"
)

// FindEntries implements evidence.Store.
func (s *Store) FindEntries(ctx context.Context, q evidence.Query) ([]evidence.Entry, error) {
	if !findable(q) {
		return nil, nil
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	f := conditionsOf(q)
	return s.gather(ctx, limit, func(ctx context.Context) (*mongo.Cursor, error) {
		batches := f.batches
		hint := f.hint
		if f.spanOnly {
			// Time need not run with the sequence, so that the span is sorted: the
			// numbers of the batches alone, and then only those that are asked for.
			numbers, err := s.newest(ctx, f, limit)
			if err != nil {
				return nil, err
			}
			batches, hint = is("_id", is("$in", numbers)), "_id_"
		}
		// A batch that matches holds an entry that does: limit batches are enough.
		return s.entries.Aggregate(ctx, mongo.Pipeline{
			is("$match", batches), is("$sort", is("_id", -1)), is("$limit", limit),
			is("$project", is("v", 1, "entries", is("$filter", is("input", "$entries", "cond", is("$and", f.entry))))),
		}, options.Aggregate().SetHint(hint).SetBatchSize(firstFound))
	}, func(batch []evidence.Entry) []evidence.Entry {
		slices.Reverse(batch)
		return batch
	})
}

// findable reports whether anything can match: no broken text is ever kept.
func findable(q evidence.Query) bool {
	return isPlain(q.Subject) && isPlain(q.Actor) && isPlain(q.Object) && isPlain(q.Kind)
}

// conditions are a query as MongoDB wants it: of a batch, and of an entry in it.
type conditions struct {
	batches  bson.D
	entry    bson.A
	hint     string
	spanOnly bool // only time restricts
}

// conditionsOf chooses the index by the first equal field. These indexes go on
// with the sequence, so that they yield the newest first without sorting.
//
// In the condition of an entry, which is an expression, a text that begins with
// a dollar would be a field's name: every value is a literal.
func conditionsOf(q evidence.Query) conditions {
	f := conditions{entry: bson.A{}, hint: "_id_"}
	var element bson.D
	restrict := func(field, operator string, value any) {
		element = append(element, bson.E{Key: field, Value: is(operator, value)})
		f.entry = append(f.entry, is(operator, bson.A{"$$this." + field, is("$literal", value)}))
	}
	for _, e := range []struct{ field, value string }{
		{"subject", q.Subject}, {"actor", q.Actor}, {"object", q.Object}, {"kind", q.Kind},
	} {
		if e.value == "" {
			continue
		}
		if len(element) == 0 {
			f.hint = "log_" + e.field
		}
		restrict(e.field, "$eq", e.value)
	}
	f.spanOnly = len(element) == 0 && !(q.From.IsZero() && q.Until.IsZero())
	if f.spanOnly {
		f.hint = "log_at"
	}
	span := bson.D{}
	if !q.From.IsZero() {
		span = append(span, bson.E{Key: "$gte", Value: bound(q.From)})
	}
	if !q.Until.IsZero() {
		span = append(span, bson.E{Key: "$lt", Value: bound(q.Until)})
	}
	for _, e := range span {
		f.entry = append(f.entry, is(e.Key, bson.A{"$$this.at", is("$literal", e.Value)}))
	}
	if len(span) > 0 {
		element = append(element, bson.E{Key: "at", Value: span})
	}
	if q.Kept {
		element = append(element, bson.E{Key: "record", Value: is("$exists", true)})
		f.entry = append(f.entry, is("$ne", bson.A{is("$type", "$$this.record"), "missing"}))
	}
	if q.Before > 0 {
		f.batches = is("_id", is("$lt", q.Before))
		restrict("seq", "$lt", q.Before)
	}
	if len(element) > 0 {
		f.batches = append(f.batches, bson.E{Key: "entries", Value: is("$elemMatch", element)})
	}
	if f.batches == nil {
		f.batches = bson.D{}
	}
	return f
}

// newest returns the numbers of the newest batches that match.
func (s *Store) newest(ctx context.Context, f conditions, limit int) ([]int64, error) {
	cursor, err := s.entries.Aggregate(ctx, mongo.Pipeline{
		is("$match", f.batches), is("$project", is("_id", 1)), is("$sort", is("_id", -1)), is("$limit", limit),
	}, options.Aggregate().SetHint(f.hint))
	if err != nil {
		return nil, err
	}
	var found []struct {
		ID int64 `bson:"_id"`
	}
	if err := cursor.All(ctx, &found); err != nil {
		return nil, err
	}
	numbers := make([]int64, len(found))
	for i, d := range found {
		numbers[i] = d.ID
	}
	return numbers, nil
}
