package mongodb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/engine"
)

// documents is the driver's view of a database.
func documents(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	hosts, _, _ := strings.Cut(uri, "?")
	return engine.Client(t, uri).Database(hosts[strings.LastIndex(hosts, "/")+1:])
}

// everything is all that a database holds, with its indexes and options.
func everything(t *testing.T, db *mongo.Database) string {
	t.Helper()
	var all strings.Builder
	cursor, err := db.ListCollections(t.Context(), bson.D{})
	check(t, err)
	var list []bson.Raw
	check(t, cursor.All(t.Context(), &list))
	for _, c := range list {
		name := c.Lookup("name").StringValue()
		all.WriteString(name + c.Lookup("options").String() + "\n")
		for _, read := range []func() (*mongo.Cursor, error){
			func() (*mongo.Cursor, error) { return db.Collection(name).Indexes().List(t.Context()) },
			func() (*mongo.Cursor, error) { return db.Collection(name).Find(t.Context(), bson.D{}) },
		} {
			cursor, err := read()
			check(t, err)
			for cursor.Next(t.Context()) {
				all.WriteString(cursor.Current.String() + "\n")
			}
			check(t, cursor.Err())
		}
	}
	return all.String()
}

// refused opens what must not open, and sees that it is said in one sentence and
// that nothing was touched.
func refused(t *testing.T, uri, message string, kind fault.Kind) error {
	t.Helper()
	s, err := mongodb.Open(t.Context(), mongodb.Config{URI: uri, Limit: 2 * time.Second})
	if err == nil {
		_ = s.Close()
		t.Fatalf("it opened, want %s", message)
	}
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), message) {
		t.Errorf("%v, want %v (%s)", err, kind, message)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a sentence: %q", err)
	}
	return err
}

func insert(t *testing.T, c *mongo.Collection, document any) {
	t.Helper()
	_, err := c.InsertOne(t.Context(), document)
	check(t, err)
}

func d(pairs ...any) bson.D {
	var d bson.D
	for i := 0; i < len(pairs); i += 2 {
		d = append(d, bson.E{Key: pairs[i].(string), Value: pairs[i+1]})
	}
	return d
}

// madeBy changes an installation as somebody with access could.
func madeBy(t *testing.T, uri string, change func(*mongo.Database)) {
	t.Helper()
	check(t, open(t, uri).Close())
	change(documents(t, uri))
}

func TestOpenRefuses(t *testing.T) {
	engine.Address(t)
	for _, c := range []struct {
		name, message string
		make          func(t *testing.T, uri string)
	}{
		{"a database of another program", "mongodb.foreign", func(t *testing.T, uri string) {
			insert(t, documents(t, uri).Collection("album"), d("title", "x"))
		}},
		{"another program's collection of our name", "mongodb.foreign", func(t *testing.T, uri string) {
			insert(t, documents(t, uri).Collection("kokoroe"), d("title", "x"))
		}},
		{"another program's mark", "mongodb.foreign", func(t *testing.T, uri string) {
			insert(t, documents(t, uri).Collection("kokoroe"), d("_id", "schema", "application", "other", "version", int64(1)))
		}},
		{"a mark that is no mark", "mongodb.foreign", func(t *testing.T, uri string) {
			insert(t, documents(t, uri).Collection("kokoroe"), d("_id", "schema", "application", "kokoroe", "version", "1"))
		}},
		{"our collections without the mark", "mongodb.foreign", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) { check(t, db.Collection("kokoroe").Drop(t.Context())) })
		}},
		{"a database of a newer program", "mongodb.newer", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				_, err := db.Collection("kokoroe").UpdateOne(t.Context(), d("_id", "schema"), d("$set", d("version", int64(99))))
				check(t, err)
			})
		}},
		{"an index that is not unique any more", "mongodb.index_different", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				check(t, db.Collection("log").Indexes().DropOne(t.Context(), "log_key"))
				_, err := db.Collection("log").Indexes().CreateOne(t.Context(),
					mongo.IndexModel{Keys: d("entries.key", 1), Options: options.Index().SetName("log_key")})
				check(t, err)
			})
		}},
		{"an index in another order", "mongodb.index_different", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				check(t, db.Collection("course_place").Indexes().DropOne(t.Context(), "place_scope"))
				_, err := db.Collection("course_place").Indexes().CreateOne(t.Context(),
					mongo.IndexModel{Keys: d("person", 1, "scope", 1), Options: options.Index().SetName("place_scope")})
				check(t, err)
			})
		}},
		{"an index that compares loosely", "mongodb.index_different", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				check(t, db.Collection("log").Indexes().DropOne(t.Context(), "log_subject"))
				_, err := db.Collection("log").Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: d("entries.subject", 1, "_id", 1),
					Options: options.Index().SetName("log_subject").SetCollation(&options.Collation{Locale: "en", Strength: 2})})
				check(t, err)
			})
		}},
		{"an index that lets evidence expire", "mongodb.index_different", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				_, err := db.Collection("checkpoint").Indexes().CreateOne(t.Context(),
					mongo.IndexModel{Keys: d("at", 1), Options: options.Index().SetName("tidy").SetExpireAfterSeconds(1 << 30)})
				check(t, err)
			})
		}},
		{"an index that is missing and cannot be made", "mongodb.index_missing", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				check(t, db.Collection("log").Indexes().DropOne(t.Context(), "log_key"))
				unchecked := options.InsertOne().SetBypassDocumentValidation(true)
				for seq := range int64(2) {
					_, err := db.Collection("log").InsertOne(t.Context(), d("_id", seq, "next", seq+1, "entries", bson.A{d("key", "same")}), unchecked)
					check(t, err)
				}
			})
		}},
		{"a validator that was taken off", "mongodb.collection_different", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				check(t, db.Collection("session").Drop(t.Context()))
				check(t, db.CreateCollection(t.Context(), "session"))
			})
		}},
		{"a collection with a collation", "mongodb.collection_different", func(t *testing.T, uri string) {
			madeBy(t, uri, func(db *mongo.Database) {
				check(t, db.Collection("link").Drop(t.Context()))
				check(t, db.CreateCollection(t.Context(), "link", options.CreateCollection().SetCollation(&options.Collation{Locale: "en"})))
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			uri := engine.Database(t)
			c.make(t, uri)
			before := everything(t, documents(t, uri))
			_ = refused(t, uri, c.message, fault.Invalid)
			if now := everything(t, documents(t, uri)); now != before {
				t.Errorf("the database was changed: %s", cmp.Diff(before, now))
			}
		})
	}
}

func TestOpenMakesWhatIsMissing(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s := open(t, uri)
	check(t, s.KeepText(t.Context(), "d", []byte("x")))
	check(t, s.Close())
	db := documents(t, uri)
	want := everything(t, db)
	for _, index := range []string{"log_next", "log_subject"} {
		check(t, db.Collection("log").Indexes().DropOne(t.Context(), index))
	}
	check(t, db.Collection("job_run").Drop(t.Context()))
	// An index of the operator's own is nobody's business.
	_, err := db.Collection("person").Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: d("mail", 1)})
	check(t, err)
	check(t, open(t, uri).Ping(t.Context()))
	check(t, db.Collection("person").Indexes().DropOne(t.Context(), "mail_1"))
	if got := everything(t, db); len(got) != len(want) {
		t.Errorf("made:\n%s\nwant:\n%s", got, want)
	}
}

func TestManyStartAtOnce(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	errs := make(chan error)
	for range 8 {
		go func() {
			s, err := mongodb.Open(context.Background(), mongodb.Config{URI: uri})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	check(t, open(t, uri).Ping(t.Context()))
}

func TestAStartThatStoppedHalfWay(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	insert(t, documents(t, uri).Collection("kokoroe"), d("_id", "schema", "application", "kokoroe", "version", int64(0)))
	check(t, open(t, uri).Ping(t.Context()))
}

func TestMigrationsGoForward(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s := open(t, uri)
	check(t, s.KeepText(t.Context(), "d", []byte("x")))
	check(t, s.Close())
	ran := 0
	undo := mongodb.WithMigration(func(ctx context.Context, db *mongo.Database) error {
		ran++
		_, err := db.Collection("kept_text").UpdateMany(ctx, bson.D{}, d("$set", d("body", []byte("migrated"))))
		return err
	})
	defer undo()
	for range 2 {
		s = open(t, uri)
		text, err := s.KeptText(t.Context(), "d")
		if err != nil || string(text) != "migrated" || ran != 1 {
			t.Fatalf("%q after %d runs (%v)", text, ran, err)
		}
		check(t, s.Close())
	}
	undo()
	_ = refused(t, uri, "mongodb.newer", fault.Invalid)
}

func TestADocumentOfANewerShapeIsNotRead(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s := open(t, uri)
	check(t, s.KeepText(t.Context(), "d", []byte("x")))
	_, err := documents(t, uri).Collection("kept_text").UpdateOne(t.Context(), d("_id", "d"), d("$set", d("v", int32(2))))
	check(t, err)
	if _, err := s.KeptText(t.Context(), "d"); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "newer program") {
		t.Error(err)
	}
}

// TestValidatorsRefuse writes past the program, as a shell would.
func TestValidatorsRefuse(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	open(t, uri)
	db := documents(t, uri)
	for _, name := range mongodb.Collections() {
		if _, err := db.Collection(name).InsertOne(t.Context(), d("v", int32(1), "surprise", d("$ne", 1))); err == nil {
			t.Errorf("%s takes anything", name)
		}
	}
}
