package engine

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// schema is the collection by which the program knows its database and the
// schema of that.
const schema = "kokoroe"

var idle struct {
	sync.Mutex
	names []string // of databases that hold nothing
}

// Borrowed returns the address of a database in which nobody has stored
// anything. It may be one that an earlier test has emptied: collections and
// indexes are as the program made them then, and starting on them takes a tenth of
// the time. A test of how they are made wants Database.
func Borrowed(t testing.TB) string {
	t.Helper()
	uri := Address(t)
	idle.Lock()
	defer idle.Unlock()
	name := "t_" + rand.Text()
	if last := len(idle.names) - 1; last >= 0 {
		name, idle.names = idle.names[last], idle.names[:last]
	}
	t.Cleanup(func() { giveBack(t, uri, name) })
	return In(uri, name)
}

// giveBack empties a database and keeps it for another test. What failed may have
// left anything, and is not used again.
func giveBack(t testing.TB, uri, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db := Client(t, uri).Database(name)
	if t.Failed() {
		if err := db.Drop(ctx); err != nil {
			t.Error(err)
		}
		return
	}
	collections, err := db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		t.Error(err)
	}
	for _, c := range collections {
		if c == schema {
			continue
		}
		if _, err := db.Collection(c).DeleteMany(ctx, bson.D{}); err != nil {
			t.Error(err)
		}
	}
	if !t.Failed() {
		idle.Lock()
		defer idle.Unlock()
		idle.names = append(idle.names, name)
	}
}
