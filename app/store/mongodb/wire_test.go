package mongodb_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/storetest"
	"kokoroe/tests/mongodb/answering"
	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/mongodb/proxy"
)

// TestConcernsOfEveryCommand: whatever the address asks for, writes wait for the
// majority's journals, reads see what the majority has, and nothing is asked of
// a secondary.
func TestConcernsOfEveryCommand(t *testing.T) {
	engine.Address(t)
	var mu sync.Mutex
	count := map[string]int{}
	watch := func(e *event.CommandStartedEvent) {
		mu.Lock()
		defer mu.Unlock()
		if mode, err := e.Command.LookupErr("$readPreference", "mode"); err == nil && !slices.Contains([]string{"primary", "primaryPreferred"}, mode.StringValue()) {
			t.Errorf("%s is asked of a %s", e.CommandName, mode) // the driver asks a single server so, whatever it is
		}
		switch e.CommandName {
		case "insert", "update", "delete", "findAndModify", "create", "createIndexes", "collMod":
			w, _ := e.Command.Lookup("writeConcern", "w").StringValueOK()
			j, _ := e.Command.Lookup("writeConcern", "j").BooleanOK()
			if w != "majority" || !j {
				t.Errorf("a write without the majority's journals: %s", e.Command)
			}
		case "find", "aggregate", "count", "distinct":
			if level, _ := e.Command.Lookup("readConcern", "level").StringValueOK(); level != "majority" {
				t.Errorf("a read of what the majority may not have: %s", e.Command)
			}
		case "hello", "buildInfo", "listCollections", "listIndexes", "getMore", "killCursors", "endSessions":
			// They read no documents, or go on with what was begun so.
		default:
			t.Errorf("nobody has said what %s should wait for", e.CommandName)
		}
		count[e.CommandName]++
	}
	uri := engine.Database(t) + "&w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred"
	s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: uri}, watch)
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	storetest.Exercise(t, s)
	mu.Lock()
	defer mu.Unlock()
	for _, command := range []string{"insert", "update", "delete", "findAndModify", "find", "aggregate", "create", "createIndexes"} {
		if count[command] == 0 {
			t.Errorf("there was no %s", command)
		}
	}
}

// TestEveryCallHasADeadline: the server takes requests and answers none. Nobody
// is refused beforehand: the silence that would do it is longer than the test.
func TestEveryCallHasADeadline(t *testing.T) {
	uri := engine.Database(t)
	check(t, open(t, uri).Close())
	wire, err := proxy.Start(uri)
	check(t, err)
	t.Cleanup(func() { check(t, wire.Close()) })
	s, err := mongodb.Open(t.Context(), mongodb.Config{URI: wire.URI(uri) + "&serverSelectionTimeoutMS=3600000", Limit: 500 * time.Millisecond})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	wire.Hold()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		storetest.Unanswered(t, s)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Minute):
		t.Error("a call never came back")
	}
	wire.Release()
}

// TestThePoolIsBounded by the address.
func TestThePoolIsBounded(t *testing.T) {
	uri := engine.Database(t)
	wire, err := proxy.Start(uri)
	check(t, err)
	t.Cleanup(func() { check(t, wire.Close()) })
	s, err := mongodb.Open(t.Context(), mongodb.Config{URI: wire.URI(uri) + "&maxPoolSize=3"})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	var callers sync.WaitGroup
	for range 60 {
		callers.Go(func() {
			if _, err := s.LogSize(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if most := wire.Most(); most > 3+2 { // and the driver watches the server over two more
		t.Errorf("%d connections at a time, want 3", most)
	}
}

// TestTheNameOfTheApplication is the address's, and ours without one.
func TestTheNameOfTheApplication(t *testing.T) {
	for option, want := range map[string]string{"": "kokoroe", "&appName=portal-2": "portal-2"} {
		t.Run(want, func(t *testing.T) {
			names := make(chan string, 1)
			address := answering.StartReading(t, func(command bson.Raw) bson.D {
				if name, ok := command.Lookup("client", "application", "name").StringValueOK(); ok {
					select {
					case names <- name:
					default:
					}
				}
				return answering.Hello(25)
			})
			client, err := mongodb.Connect(mongodb.Config{URI: "mongodb://" + address + "/kokoroe?directConnection=true" + option, Limit: 10 * time.Second})
			check(t, err)
			t.Cleanup(func() { check(t, client.Disconnect(context.Background())) })
			check(t, client.Ping(t.Context(), nil))
			if got := <-names; got != want {
				t.Errorf("the server is told %q, want %q", got, want)
			}
		})
	}
}
