package tests

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/portal"
)

// harm is something that no program may do to the store, and that somebody with
// the database's file or its password can.
type harm func(t *testing.T, p *portal.Portal, db *database)

// tamper does harm beside the portal.
func tamper(t *testing.T, p *portal.Portal, harms ...harm) {
	t.Helper()
	db := &database{}
	if name, uri := p.Database(); uri != "" {
		db.documents = engine.Client(t, uri).Database(name)
	} else {
		var err error
		if db.DB, err = sql.Open("sqlite", "file:"+filepath.Join(p.Folder, "kokoroe.db")+"?_pragma=busy_timeout(60000)"); err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, guard := range []string{"entry_stays", "entry_remains", "checkpoint_remains"} {
			db.run(t, `DROP TRIGGER IF EXISTS `+guard)
		}
	}
	for _, do := range harms {
		do(t, p, db)
	}
}

// run changes the file, which must have an effect.
func (db *database) run(t *testing.T, statement string, values ...any) {
	t.Helper()
	result, err := db.ExecContext(t.Context(), statement, values...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if n, _ := result.RowsAffected(); n == 0 && len(values) > 0 {
		t.Fatalf("%s changes nothing", statement)
	}
}

// change changes one document, which must be there.
func (db *database) change(t *testing.T, collection string, filter, update bson.D) {
	t.Helper()
	result, err := db.documents.Collection(collection).UpdateOne(t.Context(), filter, update)
	if err != nil {
		t.Fatalf("%s: %v", collection, err)
	}
	if result.ModifiedCount != 1 {
		t.Fatalf("%s: %v changes nothing", collection, update)
	}
}

// remove deletes every document from an _id on, and there must be one.
func (db *database) remove(t *testing.T, collection string, least int64) {
	t.Helper()
	result, err := db.documents.Collection(collection).DeleteMany(t.Context(), bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: least}}}})
	if err != nil || result.DeletedCount == 0 {
		t.Fatalf("%s from %d: %+v, %v", collection, least, result, err)
	}
}

// entryWith puts values into the columns of an entry; nil is none.
func entryWith(seq int64, values map[string]any) harm {
	return func(t *testing.T, _ *portal.Portal, db *database) {
		t.Helper()
		for column, value := range values {
			at, isTime := value.(time.Time)
			switch place := "entries.$." + column; {
			case db.documents != nil && value == nil:
				db.change(t, "log", bson.D{{Key: "entries.seq", Value: seq}}, bson.D{{Key: "$unset", Value: bson.D{{Key: place, Value: ""}}}})
			case db.documents != nil:
				db.change(t, "log", bson.D{{Key: "entries.seq", Value: seq}}, bson.D{{Key: "$set", Value: bson.D{{Key: place, Value: value}}}})
			case isTime:
				db.run(t, `UPDATE entry SET `+column+` = ? WHERE seq = ?`, at.UnixMilli(), seq)
			default:
				db.run(t, `UPDATE entry SET `+column+` = ? WHERE seq = ?`, value, seq)
			}
		}
	}
}

// recordRewritten changes one byte of what was recorded.
func recordRewritten(seq int64) harm {
	return func(t *testing.T, p *portal.Portal, db *database) {
		t.Helper()
		e, err := p.App.Store.Entry(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		entryWith(seq, map[string]any{"record": bytes.Replace(e.Record, []byte(`"version":1`), []byte(`"version":2`), 1)})(t, p, db)
	}
}

// dayEarlier dates an entry back.
func dayEarlier(seq int64) harm {
	return func(t *testing.T, p *portal.Portal, db *database) {
		t.Helper()
		e, err := p.App.Store.Entry(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		entryWith(seq, map[string]any{"at": e.At.AddDate(0, 0, -1)})(t, p, db)
	}
}

// hashesZeroed overwrites the part of the tree that is kept with an entry.
func hashesZeroed(seq int64) harm {
	return func(t *testing.T, p *portal.Portal, db *database) {
		t.Helper()
		e, err := p.App.Store.Entry(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		entryWith(seq, map[string]any{"hashes": make([]byte, len(e.Hashes))})(t, p, db)
	}
}

// entryGone takes one entry out of the log.
func entryGone(seq int64) harm {
	return func(t *testing.T, _ *portal.Portal, db *database) {
		t.Helper()
		if db.documents == nil {
			db.run(t, `DELETE FROM entry WHERE seq = ?`, seq)
			return
		}
		log := db.documents.Collection("log")
		// What was appended alone is a document, which holds one entry at least.
		alone, err := log.DeleteOne(t.Context(), bson.D{{Key: "_id", Value: seq}, {Key: "next", Value: seq + 1}})
		if err != nil {
			t.Fatal(err)
		}
		if alone.DeletedCount == 0 {
			db.change(t, "log", bson.D{{Key: "entries.seq", Value: seq}}, bson.D{{Key: "$pull", Value: bson.D{{Key: "entries", Value: bson.D{{Key: "seq", Value: seq}}}}}})
		}
	}
}

// logGone empties the log and forgets what was signed.
func logGone(t *testing.T, p *portal.Portal, db *database) {
	t.Helper()
	if db.documents == nil {
		db.run(t, `DELETE FROM entry WHERE seq >= ?`, 0)
	} else {
		db.remove(t, "log", 0)
	}
	checkpointsGone(0)(t, p, db)
}

// checkpointsGone forgets the checkpoints from a size on.
func checkpointsGone(least int64) harm {
	return func(t *testing.T, _ *portal.Portal, db *database) {
		t.Helper()
		if db.documents == nil {
			db.run(t, `DELETE FROM checkpoint WHERE size >= ?`, least)
		} else {
			db.remove(t, "checkpoint", least)
		}
	}
}

// textRewritten changes the Japanese text of the basic policy, as it was shown.
func textRewritten(t *testing.T, _ *portal.Portal, db *database) {
	t.Helper()
	if db.documents == nil {
		db.run(t, `UPDATE publication SET body = CAST(CAST(body AS TEXT) || 'x' AS BLOB) WHERE policy = ? AND language = 'ja'`, "basic-policy")
		return
	}
	which := bson.D{{Key: "_id.policy", Value: "basic-policy"}, {Key: "_id.language", Value: "ja"}}
	var text struct {
		Body []byte `bson:"body"`
	}
	if err := db.documents.Collection("publication").FindOne(t.Context(), which).Decode(&text); err != nil {
		t.Fatal(err)
	}
	db.change(t, "publication", which, bson.D{{Key: "$set", Value: bson.D{{Key: "body", Value: append(text.Body, 'x')}}}})
}

// passWithOneLess takes a right answer from an attempt that was passed.
func passWithOneLess(t *testing.T, _ *portal.Portal, db *database) {
	t.Helper()
	if db.documents == nil {
		db.run(t, `UPDATE attempt SET right_count = right_count - 1 WHERE id = (SELECT id FROM attempt WHERE passed = ? LIMIT 1)`, 1)
		return
	}
	db.change(t, "attempt", bson.D{{Key: "passed", Value: true}}, bson.D{{Key: "$inc", Value: bson.D{{Key: "right", Value: int64(-1)}}}})
}
