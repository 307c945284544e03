package mongodb

import (
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// migration carries the documents of an installation one schema forward. It is
// run again after a crash, and may be run by two instances at once.
type migration func(ctx context.Context, db *mongo.Database) error

// migrations lead from the schema with the index to the one behind it. A new
// database needs none of them: what is declared is made.
var migrations = []migration{
	func(context.Context, *mongo.Database) error { return nil },
	placesByKey,
	// Schema 3 has editions and settings beside what was there, and every document stays as it
	// was. The first program that starts publishes what its folders hold.
	func(context.Context, *mongo.Database) error { return nil },
	// Schema 4 lets an edition say who decided it. Of those that are there nobody knows.
	func(context.Context, *mongo.Database) error { return nil },
}

// create makes a collection with its validator, unless another instance that
// starts too was faster.
func create(ctx context.Context, db *mongo.Database, c collection) error {
	err := db.CreateCollection(ctx, c.name, options.CreateCollection().SetValidator(is("$jsonSchema", c.shape)))
	if e, ok := errors.AsType[mongo.ServerError](err); ok && e.HasErrorCode(codeNamespaceExists) {
		return nil
	}
	return err
}

// placesByKey carries every place into a collection where the key by which it
// is looked for is the _id, which the server finds at half the price.
func placesByKey(ctx context.Context, db *mongo.Database) error {
	declared := collections[slices.IndexFunc(collections, func(c collection) bool { return c.name == "course_place" })]
	if err := create(ctx, db, declared); err != nil {
		return err
	}
	before, now := db.Collection("place"), db.Collection(declared.name)
	cursor, err := before.Find(ctx, bson.D{})
	if err != nil {
		return err
	}
	defer func() { _ = cursor.Close(ctx) }()
	for cursor.Next(ctx) {
		var old bson.D
		var key placeKey
		if err := errors.Join(bson.Unmarshal(cursor.Current, &old), bson.Unmarshal(cursor.Current, &key)); err != nil {
			return err
		}
		rest := slices.DeleteFunc(old, func(e bson.E) bool { return e.Key == "_id" || e.Key == "course" })
		if _, err := now.InsertOne(ctx, append(is("_id", key), rest...)); err != nil && !mongo.IsDuplicateKeyError(err) {
			return err
		}
	}
	if err := cursor.Err(); err != nil {
		return err
	}
	return before.Drop(ctx)
}
