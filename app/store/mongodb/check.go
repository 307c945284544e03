package mongodb

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/fault"
)

// foundIndex is an index as the server lists it.
type foundIndex struct {
	Name      string         `bson:"name"`
	Key       bson.Raw       `bson:"key"`
	Unique    bool           `bson:"unique"`
	Sparse    bool           `bson:"sparse"`
	Hidden    bool           `bson:"hidden"`
	Expires   *bson.RawValue `bson:"expireAfterSeconds"`
	Partial   bson.Raw       `bson:"partialFilterExpression"`
	Collation *struct {
		Locale string `bson:"locale"`
	} `bson:"collation"`
}

func (s *Store) indexes(ctx context.Context, name string) ([]foundIndex, error) {
	cursor, err := s.db.Collection(name).Indexes().List(ctx)
	if err != nil {
		return nil, err
	}
	var list []foundIndex
	return list, cursor.All(ctx, &list)
}

// foundCollection is a collection as the server lists it.
type foundCollection struct {
	Name    string `bson:"name"`
	Type    string `bson:"type"`
	Options struct {
		Validator bson.Raw `bson:"validator"`
		Level     string   `bson:"validationLevel"`
		Action    string   `bson:"validationAction"`
		Collation bson.Raw `bson:"collation"`
		Capped    bool     `bson:"capped"`
	} `bson:"options"`
}

// found returns the collections by name.
func (s *Store) found(ctx context.Context) (map[string]foundCollection, error) {
	cursor, err := s.db.ListCollections(ctx, bson.D{})
	if err != nil {
		return nil, err
	}
	var list []foundCollection
	if err := cursor.All(ctx, &list); err != nil {
		return nil, err
	}
	there := make(map[string]foundCollection, len(list))
	for _, f := range list {
		there[f.Name] = f
	}
	return there, nil
}

// check compares what is there with what is declared. What is missing is no
// trouble yet when it is going to be made.
func (s *Store) check(ctx context.Context, missing bool) error {
	there, err := s.found(ctx)
	if err != nil {
		return err
	}
	for _, c := range collections {
		f, found := there[c.name]
		if !found && missing {
			continue
		}
		if !found || !f.fits(c) {
			return schemaFault("mongodb.collection_different", c.name, "", "is not as it was declared", nil)
		}
		indexes, err := s.indexes(ctx, c.name)
		if err != nil {
			return err
		}
		if err := checkIndexes(c, indexes, missing); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether texts are compared byte by byte, and documents that are
// not of the declared shape are refused.
func (f foundCollection) fits(c collection) bool {
	validator, err := bson.Marshal(is("$jsonSchema", c.shape))
	strict := (f.Options.Level == "" || f.Options.Level == "strict") && (f.Options.Action == "" || f.Options.Action == "error")
	return err == nil && f.Type == "collection" && strict && len(f.Options.Collation) == 0 && !f.Options.Capped &&
		bytes.Equal(f.Options.Validator, validator)
}

// checkIndexes leaves further indexes of an operator's alone, unless they forbid
// something or let documents expire.
func checkIndexes(c collection, there []foundIndex, missing bool) error {
	for _, i := range c.indexes {
		n := slices.IndexFunc(there, func(f foundIndex) bool { return f.Name == i.name })
		if n < 0 && missing {
			continue
		}
		if n < 0 {
			return schemaFault("mongodb.index_missing", c.name, i.name, "is missing", nil)
		}
		if !there[n].fits(i) {
			return schemaFault("mongodb.index_different", c.name, i.name, "is not as it was declared", nil)
		}
	}
	for _, f := range there {
		ours := f.Name == "_id_" || slices.ContainsFunc(c.indexes, func(i index) bool { return i.name == f.Name })
		if f.Expires != nil || f.Unique && !ours {
			return schemaFault("mongodb.index_different", c.name, f.Name, "is not as it was declared", nil)
		}
	}
	return nil
}

func (f foundIndex) fits(i index) bool {
	elements, err := f.Key.Elements()
	if err != nil || len(elements) != len(i.keys) {
		return false
	}
	for n, e := range elements {
		// Whoever makes an index by hand makes it with numbers of another type.
		if direction, ok := e.Value().AsInt64OK(); !ok || e.Key() != i.keys[n].Key || direction != int64(i.keys[n].Value.(int)) {
			return false
		}
	}
	partial := bson.Raw(nil)
	if i.partial != nil {
		if partial, err = bson.Marshal(i.partial); err != nil {
			return false
		}
	}
	binary := f.Collation == nil || f.Collation.Locale == "simple"
	return f.Unique == i.unique && !f.Sparse && !f.Hidden && binary && bytes.Equal(f.Partial, partial)
}

// schemaFault names what of the schema is in trouble.
func schemaFault(id, collection, index, sentence string, cause error) error {
	e := fault.New(fault.Invalid, id, fault.Args{"Collection": collection, "Index": index})
	what := "the collection " + collection
	if index != "" {
		what = fmt.Sprintf("the index %s of the collection %s", index, collection)
	}
	e.Err = fmt.Errorf("%s %s", what, sentence)
	if cause != nil {
		e.Err = fmt.Errorf("%w: %w", e.Err, cause)
	}
	return e
}
