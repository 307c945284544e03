package tests

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	driver "go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/portal"
)

// database is the portal's database, looked at beside the portal: a SQLite file,
// or else the documents of MongoDB.
type database struct {
	*sql.DB
	documents *mongo.Database
}

// openBeside opens the portal's database beside the portal, to read.
func openBeside(t *testing.T, p *portal.Portal) *database {
	t.Helper()
	if name, uri := p.Database(); uri != "" {
		return &database{documents: engine.Client(t, uri).Database(name)}
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.Folder, "kokoroe.db")+"?mode=ro&_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &database{DB: db}
}

// digest is of everything in the store, but for when a session was last seen.
func digest(t *testing.T, db *database) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for table := range tables(t, db) {
		sum := sha256.New()
		each(t, db, table, func(column string, value any) {
			if table != "session" || column != "seen_at" {
				fmt.Fprintf(sum, "%s\x00%v\x00", column, value)
			}
		})
		sums[table] = hex.EncodeToString(sum.Sum(nil))
	}
	return sums
}

// tables names the tables, or collections.
func tables(t *testing.T, db *database) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	if db.documents != nil {
		list, err := db.documents.ListCollectionNames(t.Context(), bson.D{})
		if err != nil || len(list) < 10 {
			t.Fatalf("%d collections: %v", len(list), err)
		}
		for _, name := range list {
			names[name] = true
		}
		return names
	}
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names[name] = true
	}
	if err := rows.Err(); err != nil || len(names) < 10 {
		t.Fatalf("%d tables: %v", len(names), err)
	}
	return names
}

// each visits every value of a table.
func each(t *testing.T, db *database, table string, visit func(column string, value any)) {
	t.Helper()
	if db.documents != nil {
		eachOfDocuments(t, db.documents.Collection(table), visit)
		return
	}
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, c := range columns {
			visit(c, values[i])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// eachOfDocuments visits every field; one within another has a dotted name.
func eachOfDocuments(t *testing.T, c *mongo.Collection, visit func(column string, value any)) {
	t.Helper()
	cursor, err := c.Find(t.Context(), bson.D{}, driver.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close(context.Background())
	var fields func(prefix string, document bson.Raw)
	fields = func(prefix string, document bson.Raw) {
		elements, err := document.Elements()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range elements {
			name := strings.TrimPrefix(prefix+"."+e.Key(), ".")
			if inner, ok := e.Value().DocumentOK(); ok {
				fields(name, inner)
			} else if inner, ok := e.Value().ArrayOK(); ok {
				fields(name, bson.Raw(inner))
			} else if text, ok := e.Value().StringValueOK(); ok {
				visit(name, text)
			} else {
				visit(name, e.Value().String())
			}
		}
	}
	for cursor.Next(t.Context()) {
		fields("", cursor.Current)
	}
	if err := cursor.Err(); err != nil {
		t.Fatal(err)
	}
}
