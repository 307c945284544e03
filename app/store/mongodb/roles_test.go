package mongodb_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/storetest"
	"kokoroe/tests/mongodb/engine"
)

// role is a createRole command, as the file for administrators has it.
type role struct {
	Name       string `json:"createRole"`
	Privileges []struct {
		Resource struct {
			DB         string `json:"db"`
			Collection string `json:"collection"`
		} `json:"resource"`
		Actions []string `json:"actions"`
	} `json:"privileges"`
}

// granted are the actions of the roles, by collection; "" is the database.
func granted(t *testing.T, names ...string) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("roles.json")
	check(t, err)
	var roles []role
	check(t, json.Unmarshal(b, &roles))
	actions := map[string][]string{}
	for _, r := range roles {
		if !slices.Contains(names, r.Name) {
			continue
		}
		for _, p := range r.Privileges {
			if p.Resource.DB != "kokoroe" {
				t.Errorf("%s reaches into the database %q", r.Name, p.Resource.DB)
			}
			actions[p.Resource.Collection] = append(actions[p.Resource.Collection], p.Actions...)
		}
	}
	return actions
}

// replaces reports whether an update replaces a document of which the revision is
// known.
func replaces(command bson.Raw) bool {
	upsert, _ := command.Lookup("updates", "0", "upsert").BooleanOK()
	return upsert
}

// needs are the actions that a command wants of its collection.
func needs(command bson.Raw) (collection string, actions []string) {
	collection = command.Index(0).Value().StringValue()
	switch command.Index(0).Key() {
	case "find", "aggregate":
		return collection, []string{"find"}
	case "insert":
		return collection, []string{"insert"}
	case "update":
		if replaces(command) {
			return collection, []string{"insert", "update"} // so that one which is not there is refused
		}
		return collection, []string{"update"}
	case "delete":
		return collection, []string{"remove"}
	case "findAndModify":
		if collection == "login" {
			return collection, []string{"find", "remove"} // it is taken
		}
		if collection == "setting" {
			return collection, []string{"find", "insert", "update"} // it is made when it is not there
		}
		return collection, []string{"find", "update"}
	case "listIndexes":
		return collection, []string{"listIndexes"}
	case "createIndexes":
		return collection, []string{"createIndex"}
	case "create":
		return collection, []string{"createCollection"}
	}
	return "", nil
}

// wanted are the actions that f leads to.
func wanted(t *testing.T, uri string, f func(*mongodb.Store)) map[string][]string {
	t.Helper()
	var mu sync.Mutex
	actions := map[string][]string{}
	s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: uri}, func(e *event.CommandStartedEvent) {
		mu.Lock()
		defer mu.Unlock()
		switch e.CommandName {
		case "listCollections":
			actions[""] = append(actions[""], "listCollections")
		case "hello", "ping", "buildInfo", "endSessions", "getMore":
		default:
			collection, list := needs(e.Command)
			if list == nil {
				t.Errorf("%s is a command that nobody has thought of", e.CommandName)
			}
			actions[collection] = append(actions[collection], list...)
		}
	})
	check(t, err)
	f(s)
	check(t, s.Close())
	mu.Lock()
	defer mu.Unlock()
	return actions
}

// compare sees that a role grants what is wanted and nothing else.
func compare(t *testing.T, grants, wants map[string][]string) {
	t.Helper()
	for _, collection := range append(mongodb.Collections(), "kokoroe", "") {
		for _, action := range wants[collection] {
			if !slices.Contains(grants[collection], action) {
				t.Errorf("%s of %q is needed and not granted", action, collection)
				grants[collection] = append(grants[collection], action)
			}
		}
		for _, action := range grants[collection] {
			if !slices.Contains(wants[collection], action) {
				t.Errorf("%s of %q is granted and not needed", action, collection)
			}
		}
	}
}

func TestTheRolesGrantWhatIsNeeded(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	made := wanted(t, uri, func(*mongodb.Store) {})
	erased := wanted(t, uri, func(s *mongodb.Store) {
		check(t, s.AppendEntries(t.Context(), []evidence.Entry{{Key: "k"}}))
		_, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: []directory.Person{{ID: "p-9", Number: "9"}}})
		check(t, err)
		check(t, s.EraseEntry(t.Context(), 0, "erased/0"))
		check(t, s.ErasePerson(t.Context(), "p-9"))
	})
	check(t, documents(t, uri).Drop(t.Context()))
	check(t, open(t, uri).Close())
	served := wanted(t, uri, func(s *mongodb.Store) {
		storetest.Exercise(t, unerasing{s})
		_, err := s.ApplyRoster(t.Context(), 1, directory.Change{People: []directory.Person{{ID: "p-9", Number: "9"}},
			Departments: []directory.Department{{ID: "d"}}})
		check(t, err)
	})
	compare(t, granted(t, "kokoroe"), served)
	for _, name := range []string{"log", "checkpoint", "cosignature", "roster_change", "publication", "kept_text"} {
		for _, action := range granted(t, "kokoroe")[name] {
			if action == "update" || action == "remove" {
				t.Errorf("who serves may %s %s", action, name)
			}
		}
	}
	both := granted(t, "kokoroe", "kokoroe_schema")
	for collection, actions := range made {
		for _, a := range actions {
			if !slices.Contains(both[collection], a) {
				t.Errorf("%s of %q is needed to make the schema and not granted", a, collection)
			}
		}
	}
	eraser := granted(t, "kokoroe", "kokoroe_erase")
	for collection, actions := range erased {
		for _, a := range actions {
			if !slices.Contains(eraser[collection], a) {
				t.Errorf("%s of %q is needed to erase and not granted", a, collection)
			}
		}
	}
}

// unerasing is a store of a portal that erases nothing by itself.
type unerasing struct{ *mongodb.Store }

func (u unerasing) EraseEntry(_ context.Context, _ int64, _ string) error { return nil }

func (u unerasing) ErasePerson(_ context.Context, _ directory.PersonID) error { return nil }
