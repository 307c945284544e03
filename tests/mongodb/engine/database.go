package engine

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Address returns the address of the engine that the environment names. Without
// one the test is skipped, or fails where that was asked for.
func Address(t testing.TB) string {
	t.Helper()
	uri := os.Getenv(AddressVariable)
	switch {
	case uri != "":
		return uri
	case os.Getenv(RequireVariable) == "1":
		t.Fatalf("%s is not set, and nothing may be skipped", AddressVariable)
	default:
		t.Skipf("%s is not set: go run ./tests/mongodb go test ... sets it", AddressVariable)
	}
	return ""
}

// Database returns the address of a database that does not exist yet. It is
// dropped at the end of the test.
func Database(t testing.TB) string {
	t.Helper()
	return Named(t, "t_"+rand.Text())
}

// Named is Database with a name.
func Named(t testing.TB, name string) string {
	t.Helper()
	uri := Address(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := Client(t, uri).Database(name).Drop(ctx); err != nil {
			t.Error(err)
		}
	})
	named := In(uri, name)
	if named == "" {
		t.Fatalf("%q is no address", uri)
	}
	return named
}

// In returns uri with the name of the database in it; "" when uri is no address.
// One with a socket in it is none that net/url reads.
func In(uri, database string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	hosts, rest, _ := strings.Cut(rest, "/")
	if _, query, found := strings.Cut(rest, "?"); found {
		database += "?" + query
	}
	if !ok || hosts == "" {
		return ""
	}
	return scheme + "://" + hosts + "/" + database
}

// Client connects a bare driver, to look at what is stored.
func Client(t testing.TB, uri string) *mongo.Client {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client
}
