package mongodb_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/directory"
	"kokoroe/tests/mongodb/engine"
)

// TestAnImportThatEndedHalfWay puts in the versions of an import that never came
// to its commit, as a machine that lost its power leaves them.
func TestAnImportThatEndedHalfWay(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s, people := open(t, uri), documents(t, uri).Collection("person")
	apply := func(base int64, id directory.PersonID, number string) {
		t.Helper()
		_, err := s.ApplyRoster(t.Context(), base, directory.Change{People: []directory.Person{{ID: id, Number: number}}})
		check(t, err)
	}
	apply(0, "p-1", "1")
	for _, id := range []string{"p-1", "p-2"} {
		insert(t, people, d("v", int32(1), "change", "stray", "revision", int64(2), "id", id, "number", "1", "name", "半端", "kana", "", "mail", "",
			"employment", "", "post", "", "joined_on", int64(0), "left_on", int64(0)))
	}
	see := func(want ...string) {
		t.Helper()
		r, err := s.Roster(t.Context())
		check(t, err)
		var got []string
		for _, p := range r.People {
			got = append(got, string(p.ID)+p.Name)
		}
		if len(got) != len(want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%v, want %v", got, want)
			}
		}
	}
	see("p-1")
	apply(1, "p-3", "3") // revision 2, which the stray versions claim too
	see("p-1", "p-3")
	apply(2, "p-3", "4") // now they are known to be stray
	see("p-1", "p-3")
	n, err := people.CountDocuments(t.Context(), bson.D{})
	check(t, err)
	if n != 2 {
		t.Errorf("%d versions are kept of two people", n)
	}
	check(t, s.ErasePerson(t.Context(), "p-1"))
	see("p-3")
	if n, err = people.CountDocuments(t.Context(), d("id", "p-1")); err != nil || n != 0 {
		t.Errorf("%d versions are left of who was erased (%v)", n, err)
	}
}
