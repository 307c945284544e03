package mongodb_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/storetest"
	"kokoroe/tests/mongodb/engine"
)

// whole are the queries that read a whole collection because they are asked for
// all of it: the roster and its revisions, with and without their details.
var whole = []string{"find person {}", "find department {}", "find roster_change {}"}

// reading are the commands that look for something, with the field that names
// the collection.
var reading = []string{"find", "aggregate", "update", "delete", "findAndModify", "count", "distinct"}

// watched opens a store and keeps what it asks the server, once each.
func watched(t *testing.T) (*mongodb.Store, func() []bson.Raw) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]bson.Raw{}
	s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: engine.Database(t)}, func(e *event.CommandStartedEvent) {
		if !slices.Contains(reading, e.CommandName) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		seen[e.Command.String()] = slices.Clone(e.Command)
	})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, func() []bson.Raw {
		mu.Lock()
		defer mu.Unlock()
		var list []bson.Raw
		for _, c := range seen {
			list = append(list, c)
		}
		clear(seen)
		return list
	}
}

// TestEveryQueryUsesAnIndex runs every method and asks the engine how it runs
// each command that went to it meanwhile.
func TestEveryQueryUsesAnIndex(t *testing.T) {
	engine.Address(t)
	s, commands := watched(t)
	commands() // what opening asks, of a new database, is not asked of an old one
	storetest.Exercise(t, s)
	explained, stages := 0, map[string]int{}
	for _, command := range commands() {
		name, collection := command.Index(0).Key(), command.Index(0).Value().StringValue()
		if collection == "kokoroe" {
			continue
		}
		explained++
		for _, stage := range plan(t, s, command) {
			stages[stage]++
			what := name + " " + collection + " " + filterOf(command)
			switch {
			case stage == "COLLSCAN" && !slices.Contains(whole, what):
				t.Errorf("%s reads a whole collection: %s", what, command)
			case stage == "SORT" && !strings.Contains(what, `"at": {"$`):
				t.Errorf("%s sorts: %s", what, command)
			}
		}
	}
	if explained < 60 {
		t.Errorf("only %d commands were explained", explained)
	}
	t.Logf("%d commands explained: %v", explained, stages)
}

// filterOf is the condition of a find, or of the first update or delete.
func filterOf(command bson.Raw) string {
	for _, path := range [][]string{{"filter"}, {"updates", "0", "q"}, {"deletes", "0", "q"}, {"query"}, {"pipeline", "0", "$match"}} {
		if v, err := command.LookupErr(path...); err == nil {
			return v.String()
		}
	}
	return "{}"
}

// plan returns the names of the stages that the engine would run.
func plan(t *testing.T, s *mongodb.Store, command bson.Raw) []string {
	t.Helper()
	var bare bson.D
	elements, err := command.Elements()
	check(t, err)
	for _, e := range elements {
		switch e.Key() {
		case "$db", "lsid", "txnNumber", "$clusterTime", "$readPreference", "readConcern", "writeConcern", "maxTimeMS", "ordered":
		default:
			bare = append(bare, bson.E{Key: e.Key(), Value: e.Value()})
		}
	}
	var answer bson.Raw
	err = s.Database().RunCommand(context.Background(), bson.D{{Key: "explain", Value: bare}, {Key: "verbosity", Value: "queryPlanner"}}).Decode(&answer)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	stages := winning(answer)
	if len(stages) == 0 {
		t.Fatalf("%s: no plan in %s", command, answer)
	}
	return stages
}

// winning collects the stages of every winning plan in an explanation.
func winning(document bson.Raw) []string {
	var stages []string
	elements, _ := document.Elements()
	for _, e := range elements {
		switch e.Key() {
		case "winningPlan":
			stages = append(stages, names(e.Value())...)
		case "rejectedPlans", "command":
		default:
			stages = append(stages, within(e.Value(), winning)...)
		}
	}
	return stages
}

// names collects every stage below a plan.
func names(v bson.RawValue) []string {
	var stages []string
	if document, ok := v.DocumentOK(); ok {
		elements, _ := document.Elements()
		for _, e := range elements {
			if e.Key() == "stage" {
				stages = append(stages, e.Value().StringValue())
			}
			stages = append(stages, names(e.Value())...)
		}
	}
	if array, ok := v.ArrayOK(); ok {
		values, _ := array.Values()
		for _, e := range values {
			stages = append(stages, names(e)...)
		}
	}
	return stages
}

func within(v bson.RawValue, f func(bson.Raw) []string) []string {
	if document, ok := v.DocumentOK(); ok {
		return f(document)
	}
	var list []string
	if array, ok := v.ArrayOK(); ok {
		values, _ := array.Values()
		for _, e := range values {
			list = append(list, within(e, f)...)
		}
	}
	return list
}
