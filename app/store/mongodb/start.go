package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/fault"
	"kokoroe/app/store"
)

const (
	// about is the collection that says whose database this is.
	about       = "kokoroe"
	application = "kokoroe"

	oldestServer = 7 // major version
)

type aboutDocument struct {
	ID          string `bson:"_id"` // "schema"
	Application string `bson:"application"`
	Version     int64  `bson:"version"`
}

// start looks at the server and the database, and at nothing else before it
// knows that the database is ours.
func (s *Store) start(ctx context.Context, a address, existing bool) error {
	ctx, cancel := context.WithTimeout(ctx, importLimit*s.limit)
	defer cancel()
	replicated, err := s.greet(ctx, a)
	if err != nil {
		return err
	}
	s.collections(replicated)
	found, err := s.inspect(ctx, a)
	if err != nil {
		return a.first(ctx, err)
	}
	switch {
	case existing && found == 0:
		return a.fault(fault.Invalid, "mongodb.none", "is not in use", store.ErrNone, nil)
	case existing && found == int64(len(migrations)):
	default:
		if err := s.migrate(ctx, found); err != nil {
			return a.first(ctx, err)
		}
	}
	return a.first(ctx, s.check(ctx, false))
}

// greet connects, and says whether the server is part of a replica set.
func (s *Store) greet(ctx context.Context, a address) (replicated bool, err error) {
	var hello struct {
		SetName string `bson:"setName"`
		Msg     string `bson:"msg"`
	}
	if err := s.db.RunCommand(ctx, is("hello", 1)).Decode(&hello); err != nil {
		return false, a.first(ctx, err)
	}
	var build struct {
		Version string  `bson:"version"`
		Parts   []int32 `bson:"versionArray"`
	}
	if err := s.db.RunCommand(ctx, is("buildInfo", 1)).Decode(&build); err != nil {
		return false, a.first(ctx, err)
	}
	if len(build.Parts) == 0 || build.Parts[0] < oldestServer {
		return false, a.old(build.Version, nil)
	}
	return hello.SetName != "" || hello.Msg == "isdbgrid", nil
}

func (a address) old(version string, cause error) error {
	return a.fault(fault.Invalid, "mongodb.server_old", fmt.Sprintf("is MongoDB %s, and this program needs %d.0 or newer", version, oldestServer),
		cause, fault.Args{"Found": version, "Needed": oldestServer})
}

// first names what goes wrong when one first speaks to a server.
func (a address) first(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	server, _ := errors.AsType[mongo.ServerError](err)
	has := func(codes ...int) bool { return server != nil && slices.ContainsFunc(codes, server.HasErrorCode) }
	words := err.Error()
	switch {
	case has(codeSignIn, codeSignInUnsupported), strings.Contains(words, "auth error"), strings.Contains(words, "unable to authenticate"):
		return a.fault(fault.Invalid, "mongodb.sign_in_refused", "refuses the user or the password", nil, nil)
	case has(codeUnauthorized):
		return a.fault(fault.Invalid, "mongodb.not_permitted", "does not let this user do what the program needs", plainCause(err), nil)
	case strings.Contains(words, "x509:"):
		return a.fault(fault.Invalid, "mongodb.certificate_refused", "shows a certificate that is not to be trusted", certificateCause(words), nil)
	case strings.Contains(words, "wire version"):
		return a.old("too old", nil)
	}
	if e := translate(ctx, err, "database"); !fault.Is(e, fault.Unavailable) {
		return e
	}
	return a.fault(fault.Unavailable, "mongodb.unreachable", "does not answer", oneLine(plainCause(err)), nil)
}

// certificateCause is what is wrong with a certificate, out of all that the
// driver says of the servers it looked for.
func certificateCause(words string) error {
	_, words, _ = strings.Cut(words, "x509:")
	words, _, _ = strings.Cut(words, " }")
	return errors.New(strings.Join(strings.Fields(words), " "))
}

// oneLine is err in one line.
func oneLine(err error) error {
	if !strings.ContainsAny(err.Error(), "\r\n") {
		return err
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// inspect returns the schema of the database, 0 when it is empty. It reads only.
func (s *Store) inspect(ctx context.Context, a address) (int64, error) {
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return 0, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "system.") })
	if len(names) == 0 {
		return 0, nil
	}
	foreign := a.fault(fault.Invalid, "mongodb.foreign", "is not a database of this program", nil, nil)
	if !slices.Contains(names, about) {
		return 0, foreign
	}
	var d aboutDocument
	err = s.db.Collection(about).FindOne(ctx, is("_id", "schema")).Decode(&d)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		if n, err := s.db.Collection(about).CountDocuments(ctx, bson.D{}, options.Count().SetLimit(1)); err != nil || n > 0 || len(names) > 1 {
			return 0, errors.Join(err, foreign)
		}
		return 0, nil // begun, and no further
	case err != nil:
		if _, ok := errors.AsType[mongo.ServerError](err); !ok && ctx.Err() == nil && !mongo.IsNetworkError(err) && !mongo.IsTimeout(err) {
			return 0, foreign // such a document, and not in our words
		}
		return 0, err
	case d.Application != application || d.Version < 0:
		return 0, foreign
	case d.Version > int64(len(migrations)):
		return 0, a.fault(fault.Invalid, "mongodb.newer",
			fmt.Sprintf("has schema %d, and this program knows %d: use the newer program", d.Version, len(migrations)), nil,
			fault.Args{"Found": d.Version, "Known": len(migrations)})
	}
	return d.Version, nil
}

// migrate brings the database from schema found to the one of this program, and
// makes what is missing of it. A new database is marked as ours first, so that a
// machine that stops half-way leaves one that is recognised.
func (s *Store) migrate(ctx context.Context, found int64) error {
	known := int64(len(migrations))
	if found == known {
		// Before anything is made: what is not ours to mend stays as it is.
		if err := s.check(ctx, true); err != nil {
			return err
		}
		return s.make(ctx, false)
	}
	mark := aboutDocument{ID: "schema", Application: application, Version: found}
	if _, err := s.db.Collection(about).InsertOne(ctx, mark); err != nil && !mongo.IsDuplicateKeyError(err) {
		return err
	}
	for v := found; 0 < found && v < known; v++ {
		if err := migrations[v](ctx, s.db); err != nil {
			return err
		}
	}
	if err := s.make(ctx, true); err != nil {
		return err
	}
	_, err := s.db.Collection(about).UpdateOne(ctx, is("_id", "schema", "version", is("$lt", known)), is("$set", is("version", known)))
	if err == nil {
		s.log.Info("mongodb: schema brought up to date", "database", s.db.Name(), "from", found, "to", known)
	}
	return err
}

// make makes the collections and indexes that are missing. With shapes, the
// validators of collections that are there are replaced too.
func (s *Store) make(ctx context.Context, shapes bool) error {
	there, err := s.found(ctx)
	if err != nil {
		return err
	}
	for _, c := range collections {
		f, found := there[c.name]
		switch {
		case !found:
			err = create(ctx, s.db, c)
		case shapes && !f.fits(c):
			err = s.db.RunCommand(ctx, is("collMod", c.name, "validator", is("$jsonSchema", c.shape))).Err()
		}
		if err != nil {
			return err
		}
		if err := s.makeIndexes(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) makeIndexes(ctx context.Context, c collection) error {
	there, err := s.indexes(ctx, c.name)
	if err != nil {
		return err
	}
	var missing []mongo.IndexModel
	var names []string
	for _, i := range c.indexes {
		if slices.ContainsFunc(there, func(f foundIndex) bool { return f.Name == i.name }) {
			continue
		}
		o := options.Index().SetName(i.name)
		if i.unique {
			o.SetUnique(true)
		}
		if i.partial != nil {
			o.SetPartialFilterExpression(i.partial)
		}
		missing = append(missing, mongo.IndexModel{Keys: i.keys, Options: o})
		names = append(names, i.name)
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = s.db.Collection(c.name).Indexes().CreateMany(ctx, missing)
	e, ok := errors.AsType[mongo.ServerError](err)
	if ok && (e.HasErrorCode(codeUnauthorized) || e.HasErrorCode(codeIndexOptions) || e.HasErrorCode(codeIndexKeys) || mongo.IsDuplicateKeyError(err)) {
		return schemaFault("mongodb.index_missing", c.name, strings.Join(names, ", "), "is missing and cannot be made", plainCause(err))
	}
	return err
}
