package sqlite_test

import (
	"strings"
	"testing"

	"kokoroe/app/store"
	"kokoroe/app/store/sqlite"
	"kokoroe/app/store/storetest"
)

// wholeTables are the statements that read a whole table because they are asked
// for all of it.
var wholeTables = []string{
	"FROM publication ORDER BY",          // every publication
	"FROM person GROUP BY number",        // whether a number is given twice, after an import
	"FROM entry ORDER BY seq DESC LIMIT", // the newest entries: the scan ends at the limit
	"FROM entry WHERE +at",               // not used: see FindEntries
	"FROM person", "FROM department",     // the roster
	"FROM checkpoint ORDER BY size DESC", // the newest checkpoints: the scan ends at the limit
	// Everything there is, to carry it into another store, in the order of a key.
	"FROM link ORDER BY", "FROM place ORDER BY", "FROM attempt ORDER BY", "FROM kept_text ORDER BY", "FROM job_run ORDER BY",
	"FROM message ORDER BY", "FROM reader ORDER BY", "FROM edition ORDER BY",
	"INDEXED BY entry_sort", // the whole population: the index, never the rows; see TestCountsReadTheIndexAlone
}

// TestEveryQueryUsesAnIndex runs every method and asks SQLite how it runs each
// statement that was prepared meanwhile.
func TestEveryQueryUsesAnIndex(t *testing.T) {
	s := open(t, file(t))
	storetest.Exercise(t, s)
	statements := s.Statements()
	if len(statements) < 40 {
		t.Fatalf("only %d statements were prepared", len(statements))
	}
	for _, query := range statements {
		if strings.HasPrefix(query, "BEGIN") || strings.HasPrefix(query, "COMMIT") || strings.Contains(query, "SAVEPOINT") ||
			strings.HasPrefix(query, "R") {
			continue
		}
		checkPlan(t, s, query)
	}
}

func checkPlan(t *testing.T, s *sqlite.Store, query string) {
	plan, err := s.Plan(query)
	if err != nil {
		t.Errorf("%s: %v", query, err)
		return
	}
	for _, step := range plan {
		if strings.Contains(step, "TEMP B-TREE") && !strings.Contains(query, "at >=") && !strings.Contains(query, "at <") &&
			!strings.Contains(query, "GROUP BY state, reason") && // a range of keys, told apart
			!strings.Contains(query, "INDEXED BY entry_subject") && !strings.Contains(query, "INDEXED BY entry_actor") && !strings.Contains(query, "NOT INDEXED") { // a person's few are grouped, and what is new
			t.Errorf("%s\n\tsorts: %s", query, step)
		}
		if !strings.HasPrefix(step, "SCAN") || strings.HasPrefix(step, "SCAN json_each") || strings.HasPrefix(step, "SCAN CONSTANT") {
			continue
		}
		allowed := false
		for _, w := range wholeTables {
			allowed = allowed || strings.Contains(query, w)
		}
		if !allowed {
			t.Errorf("%s\n\treads a whole table: %s", query, step)
		}
	}
}

// Counting a whole log reads an index and never the rows, with their records.
func TestCountsReadTheIndexAlone(t *testing.T) {
	s := open(t, file(t))
	storetest.Exercise(t, s)
	counts := 0
	for _, query := range s.Statements() {
		if !strings.Contains(query, "INDEXED BY entry_sort") {
			continue
		}
		counts++
		plan, err := s.Plan(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, step := range plan {
			if strings.Contains(step, "entry") && !strings.Contains(step, "COVERING INDEX entry_sort") && !strings.Contains(step, "INDEX entry_erased") {
				t.Errorf("%s\n\treads rows: %s", query, step)
			}
			if strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n\tsorts: %s", query, step)
			}
		}
	}
	if counts < 32 {
		t.Errorf("only %d statements count", counts)
	}
}

var _ store.Store = (*sqlite.Store)(nil)
