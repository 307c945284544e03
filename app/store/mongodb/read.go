package mongodb

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// document is a document as it is stored, which makes a value of the domain.
type document[T any] interface {
	version() int32
	value() T
}

// Header is what every document begins with.
type Header struct {
	V int32 `bson:"v"`
}

func (h Header) version() int32 { return h.V }

var current = Header{V: shape}

// read decodes a document. One of a newer shape is left alone: a newer program
// runs beside this one.
func read[D document[T], T any](raw bson.Raw) (v T, err error) {
	d, err := decode[D](raw)
	if err != nil {
		return v, err
	}
	return d.value(), nil
}

// decode is read without making the value.
func decode[D interface{ version() int32 }](raw bson.Raw) (d D, err error) {
	if err := bson.Unmarshal(raw, &d); err != nil {
		return d, internal(fmt.Errorf("mongodb: a document that cannot be read: %w", err))
	}
	if v := d.version(); v > shape {
		return d, unavailable(fmt.Errorf("mongodb: a document of shape %d, and this program knows %d: use the newer program", v, shape))
	}
	return d, nil
}

// one returns the only document that matches, or the first in order.
func one[D document[T], T any](ctx context.Context, s *Store, c *mongo.Collection, what string, filter bson.D,
	o ...options.Lister[options.FindOneOptions]) (T, error) {
	var v T
	err := s.call(ctx, what, func(ctx context.Context) error {
		raw, err := c.FindOne(ctx, filter, o...).Raw()
		if err == nil {
			v, err = read[D](raw)
		}
		return err
	})
	return v, err
}

// all returns every document that matches.
func all[D document[T], T any](ctx context.Context, s *Store, c *mongo.Collection, filter bson.D,
	o ...options.Lister[options.FindOptions]) ([]T, error) {
	var list []T
	err := s.call(ctx, "documents", func(ctx context.Context) (err error) {
		list, err = drain[D](ctx, c, filter, o...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// drain is all within a call.
func drain[D document[T], T any](ctx context.Context, c *mongo.Collection, filter bson.D,
	o ...options.Lister[options.FindOptions]) ([]T, error) {
	cursor, err := c.Find(ctx, filter, o...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = cursor.Close(ctx) }()
	var list []T
	for cursor.Next(ctx) {
		v, err := read[D](cursor.Current)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, cursor.Err()
}

// by orders ascending by each field.
func by(fields ...string) bson.D {
	var d bson.D
	for _, f := range fields {
		d = append(d, bson.E{Key: f, Value: 1})
	}
	return d
}

// is matches fields with values, in the order of the arguments.
func is(pairs ...any) bson.D {
	var d bson.D
	for i := 0; i+1 < len(pairs); i += 2 {
		d = append(d, bson.E{Key: pairs[i].(string), Value: pairs[i+1]})
	}
	return d
}
