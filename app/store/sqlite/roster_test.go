package sqlite_test

import (
	"fmt"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// TestALargeRoster imports a prefecture's worth of people at once.
func TestALargeRoster(t *testing.T) {
	const n = 100_000
	people := make([]directory.Person, n)
	for i := range people {
		people[i] = directory.Person{
			ID: directory.PersonID(randomHex(16)), Number: fmt.Sprintf("%07d", i), Name: "試験 花子", Kana: "シケン ハナコ",
			Mail: "hanako@example.jp", Employment: directory.Regular, Post: "主事", JoinedOn: calendar.NewDate(2020, time.April, 1),
			Memberships: []directory.Membership{{Department: "d-1", Period: calendar.Period{From: calendar.NewDate(2020, time.April, 1)}}},
		}
	}
	s := open(t, file(t))
	began := time.Now()
	if _, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: people}); err != nil {
		t.Fatal(err)
	}
	imported := time.Since(began)
	began = time.Now()
	r, err := s.Roster(t.Context())
	if err != nil || len(r.People) != n || r.People[n-1].Number != people[n-1].Number {
		t.Fatalf("%d people (%v)", len(r.People), err)
	}
	t.Logf("%d people: stored in %v, read in %v", n, imported, time.Since(began))
	if _, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: people}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old base: %v", err)
	}
}
