package mongodb_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/storetest"
	"kokoroe/tests/mongodb/engine"
)

// TestPlacesOfTheFirstSchemaAreCarriedForward begins with places as they were
// named first, of which one had been moved when the machine stopped.
func TestPlacesOfTheFirstSchemaAreCarriedForward(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	check(t, open(t, uri).Close())
	db := documents(t, uri)
	at := time.Date(2026, time.November, 22, 1, 2, 3, 0, time.UTC)
	first := func(person string, revision int64) bson.D {
		return d("v", int32(1), "scope", "2026", "person", person, "course", "basics", "done", bson.A{"mail"}, "failed", int64(1),
			"started_at", at, "updated_at", at, "revision", revision)
	}
	for _, person := range []string{"p1", "p2", "p3"} {
		insert(t, db.Collection("place"), first(person, 4))
	}
	moved := slices.DeleteFunc(first("p3", 5), func(e bson.E) bool { return e.Key == "course" })
	insert(t, db.Collection("course_place"), append(d("_id", d("scope", "2026", "person", "p3", "course", "basics")), moved...))
	_, err := db.Collection("kokoroe").UpdateOne(t.Context(), d("_id", "schema"), d("$set", d("version", int64(1))))
	check(t, err)

	s := open(t, uri)
	for person, revision := range map[directory.PersonID]int64{"p1": 4, "p2": 4, "p3": 5} {
		got, err := s.Place(t.Context(), person, "basics", "2026")
		want := learning.Place{Person: person, Course: "basics", Scope: "2026", Done: []learning.LessonID{"mail"}, Failed: 1,
			StartedAt: at, UpdatedAt: at, Revision: revision}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", person, err, diff)
		}
	}
	names, err := db.ListCollectionNames(t.Context(), d("name", "place"))
	if err != nil || len(names) > 0 {
		t.Errorf("the old places are still there (%v)", err)
	}
}

// TestEditionsComeToADatabaseWithout opens a database from before there were editions.
func TestEditionsComeToADatabaseWithout(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s := open(t, uri)
	storetest.Exercise(t, s)
	check(t, s.Close())
	db := documents(t, uri)
	check(t, db.Collection("edition").Drop(t.Context()))
	_, err := db.Collection("kokoroe").UpdateOne(t.Context(), d("_id", "schema"), d("$set", d("version", int64(2))))
	check(t, err)
	before := everything(t, db)

	// Three instances of the new program start at once.
	errs := make(chan error)
	for range 3 {
		go func() {
			s, err := mongodb.Open(context.Background(), mongodb.Config{URI: uri})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 3 {
		check(t, <-errs)
	}
	s = open(t, uri)
	if n, err := s.EditionNumber(t.Context()); err != nil || n != 0 {
		t.Errorf("edition %d, %v", n, err)
	}
	check(t, s.PublishEdition(t.Context(), edition.Edition{Number: 1, Content: "c", Registers: "r", PublishedAt: time.UnixMilli(1).UTC()}))
	check(t, s.Close())

	// The old program leaves it alone from then on.
	undo := mongodb.KnowingSchema(2)
	defer undo()
	after := everything(t, db)
	_ = refused(t, uri, "mongodb.newer", fault.Invalid)
	if now := everything(t, db); now != after {
		t.Errorf("the old program changed: %s", cmp.Diff(after, now))
	}

	// But for what is new, nothing has changed.
	check(t, db.Collection("edition").Drop(t.Context()))
	_, err = db.Collection("kokoroe").UpdateOne(t.Context(), d("_id", "schema"), d("$set", d("version", int64(2))))
	check(t, err)
	if now := everything(t, db); now != before {
		t.Errorf("the migration changed: %s", cmp.Diff(before, now))
	}
}

// TestEditionsFromBeforeThatSayNotWhoDecidedThem opens a database of schema 3, where
// the shape of an edition has no place for that. The server is asked to change the
// shape; the engine of the tests cannot, and then it is changed by hand.
func TestEditionsFromBeforeThatSayNotWhoDecidedThem(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	check(t, open(t, uri).Close())
	db := documents(t, uri)
	specifications, err := db.ListCollectionSpecifications(t.Context(), d("name", "edition"))
	check(t, err)
	declared := specifications[0].Options.Lookup("validator").Document()
	var former struct {
		Shape map[string]any `bson:"$jsonSchema"`
	}
	check(t, bson.Unmarshal(declared, &former))
	former.Shape["properties"] = slices.DeleteFunc(former.Shape["properties"].(bson.D), func(e bson.E) bool { return e.Key == "published_by" })
	at := time.UnixMilli(7).UTC()
	shaped := func(validator any) {
		t.Helper()
		check(t, db.Collection("edition").Drop(t.Context()))
		check(t, db.CreateCollection(t.Context(), "edition", options.CreateCollection().SetValidator(validator)))
		insert(t, db.Collection("edition"), d("_id", int64(3), "v", int32(1), "content", "c", "registers", "r", "program", "1.0", "published_at", at))
	}
	shaped(former)
	if _, err := db.Collection("edition").InsertOne(t.Context(), d("_id", int64(4), "v", int32(1), "content", "c", "registers", "r",
		"program", "1.0", "published_by", "operator", "published_at", at)); err == nil {
		t.Fatal("the former shape takes it too")
	}
	_, err = db.Collection("kokoroe").UpdateOne(t.Context(), d("_id", "schema"), d("$set", d("version", int64(3))))
	check(t, err)

	var asked bson.Raw
	s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: uri}, func(e *event.CommandStartedEvent) {
		if name, ok := e.Command.Lookup("collMod").StringValueOK(); ok && name == "edition" {
			asked = slices.Clone(e.Command.Lookup("validator").Document())
		}
	})
	if !bytes.Equal(asked, declared) {
		t.Errorf("asked for the shape %s, want %s", asked, declared)
	}
	switch {
	case err == nil:
		t.Cleanup(func() { check(t, s.Close()) })
	case strings.Contains(err.Error(), "CommandNotFound"):
		shaped(declared)
		s = open(t, uri)
	default:
		t.Fatal(err)
	}
	want := edition.Edition{Number: 3, Content: "c", Registers: "r", Program: "1.0", PublishedAt: at}
	e, err := s.EditionInForce(t.Context())
	if diff := cmp.Diff(want, e); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	want.Number, want.By = 4, "operator"
	check(t, s.PublishEdition(t.Context(), want))
	e, err = s.EditionInForce(t.Context())
	if diff := cmp.Diff(want, e); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
