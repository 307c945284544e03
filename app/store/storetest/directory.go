package storetest

import (
	"fmt"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

var directoryContracts = []contract{
	{"an empty roster has revision 0", func(t *testing.T, s store.Store) {
		same(t, value[int64](t)(s.RosterRevision(t.Context())), 0)
		r := value[directory.Snapshot](t)(s.Roster(t.Context()))
		if r.Revision != 0 || len(r.People) != 0 || len(r.Departments) != 0 {
			t.Fatalf("an empty roster holds %+v", r)
		}
	}},
	{"a person comes back whole", func(t *testing.T, s store.Store) {
		bare := directory.Person{ID: "p-bare", Number: "000"}
		apply(t, s, 0, directory.Change{People: []directory.Person{samplePerson(1), bare}})
		r := value[directory.Snapshot](t)(s.Roster(t.Context()))
		same(t, r.People, []directory.Person{bare, samplePerson(1)})
		same(t, r.Revision, 1)
		same(t, value[int64](t)(s.RosterRevision(t.Context())), 1)
	}},
	{"empty lists come back nil", func(t *testing.T, s store.Store) {
		p := samplePerson(1)
		p.Leaves, p.Memberships = []calendar.Period{}, []directory.Membership{}
		apply(t, s, 0, directory.Change{People: []directory.Person{p}})
		p.Leaves, p.Memberships = nil, nil
		same(t, value[directory.Snapshot](t)(s.Roster(t.Context())).People, []directory.Person{p})
	}},
	{"a change replaces whole people and leaves the others", func(t *testing.T, s store.Store) {
		apply(t, s, 0, directory.Change{
			People:      []directory.Person{samplePerson(1), samplePerson(2)},
			Departments: []directory.Department{{ID: "d-1", Name: "総務部"}, {ID: "d-2", Name: "市民部", Order: 1}},
		})
		changed := directory.Person{ID: samplePerson(2).ID, Number: "9", Name: "改名 次郎", LeftOn: calendar.NewDate(2026, time.November, 30)}
		apply(t, s, 1, directory.Change{
			People:      []directory.Person{changed},
			Departments: []directory.Department{{ID: "d-2", Name: "市民生活部", Order: 2, OutOfScope: true}},
		})
		r := value[directory.Snapshot](t)(s.Roster(t.Context()))
		same(t, r, directory.Snapshot{
			Revision:    2,
			People:      []directory.Person{samplePerson(1), changed},
			Departments: []directory.Department{{ID: "d-1", Name: "総務部"}, {ID: "d-2", Name: "市民生活部", Order: 2, OutOfScope: true}},
		})
	}},
	{"an empty change is a revision too", func(t *testing.T, s store.Store) {
		apply(t, s, 0, directory.Change{})
		same(t, value[int64](t)(s.RosterRevision(t.Context())), 1)
	}},
	{"people are in byte order of their numbers", func(t *testing.T, s store.Store) {
		numbers := []string{"10", "9", "010", "a", "B", "é", "職1", "職", "Z", "𠮷", "", "ｱ"}
		var people []directory.Person
		for i, n := range numbers {
			people = append(people, directory.Person{ID: directory.PersonID(fmt.Sprint(i)), Number: n})
		}
		apply(t, s, 0, directory.Change{People: people})
		var got []string
		for _, p := range value[directory.Snapshot](t)(s.Roster(t.Context())).People {
			got = append(got, p.Number)
		}
		same(t, got, []string{"", "010", "10", "9", "B", "Z", "a", "é", "職", "職1", "ｱ", "𠮷"})
	}},
	{"departments are parents first, then by order", departmentsInOrder},
	{"two people cannot have one number", func(t *testing.T, s store.Store) {
		twin := samplePerson(1)
		twin.ID = "p-twin"
		_, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: []directory.Person{samplePerson(1), twin}})
		wantKind(t, err, fault.Invalid)
		apply(t, s, 0, directory.Change{People: []directory.Person{samplePerson(1)}})
		_, err = s.ApplyRoster(t.Context(), 1, directory.Change{
			People:      []directory.Person{samplePerson(2), twin},
			Departments: []directory.Department{{ID: "d-9", Name: "残らない"}},
		})
		wantKind(t, err, fault.Invalid)
		same(t, value[directory.Snapshot](t)(s.Roster(t.Context())), directory.Snapshot{Revision: 1, People: []directory.Person{samplePerson(1)}})
	}},
	{"two people may trade numbers", func(t *testing.T, s store.Store) {
		a, b := samplePerson(1), samplePerson(2)
		apply(t, s, 0, directory.Change{People: []directory.Person{a, b}})
		a.Number, b.Number = b.Number, a.Number
		apply(t, s, 1, directory.Change{People: []directory.Person{a, b}})
		same(t, value[directory.Snapshot](t)(s.Roster(t.Context())).People, []directory.Person{b, a})
	}},
	{"one ID twice in a change is refused", func(t *testing.T, s store.Store) {
		again := samplePerson(1)
		again.Number = "other"
		_, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: []directory.Person{samplePerson(1), again}})
		wantKind(t, err, fault.Invalid)
		_, err = s.ApplyRoster(t.Context(), 0, directory.Change{Departments: []directory.Department{{ID: "d"}, {ID: "d"}}})
		wantKind(t, err, fault.Invalid)
		same(t, value[int64](t)(s.RosterRevision(t.Context())), 0)
	}},
	{"an old base is a conflict", func(t *testing.T, s store.Store) {
		apply(t, s, 0, directory.Change{People: []directory.Person{samplePerson(1)}})
		for _, base := range []int64{0, 2, -1} {
			_, err := s.ApplyRoster(t.Context(), base, directory.Change{People: []directory.Person{samplePerson(2)}})
			wantKind(t, err, fault.Conflict)
		}
		r := value[directory.Snapshot](t)(s.Roster(t.Context()))
		same(t, r, directory.Snapshot{Revision: 1, People: []directory.Person{samplePerson(1)}})
	}},
	{"of 20 imports at once one wins", func(t *testing.T, s store.Store) {
		errs := together(20, func(i int) error {
			_, err := s.ApplyRoster(t.Context(), 0, directory.Change{People: []directory.Person{samplePerson(2 * i), samplePerson(2*i + 1)}})
			return err
		})
		same(t, count(t, errs, fault.Conflict), 1)
		r := value[directory.Snapshot](t)(s.Roster(t.Context()))
		if r.Revision != 1 || len(r.People) != 2 {
			t.Fatalf("revision %d with %d people", r.Revision, len(r.People))
		}
	}},
	{"readers see a whole revision", wholeRevisions},
}

func apply(t tb, s store.Store, base int64, change directory.Change) {
	t.Helper()
	revision, err := s.ApplyRoster(background, base, change)
	noError(t, err)
	same(t, revision, base+1)
}

func departmentsInOrder(t *testing.T, s store.Store) {
	// The parents sort behind their children by ID and by Order.
	apply(t, s, 0, directory.Change{Departments: []directory.Department{
		{ID: "a-unit", Parent: "m-section", Order: 0}, {ID: "b-unit", Parent: "m-section", Order: 1},
		{ID: "m-section", Parent: "z-division", Order: 5}, {ID: "k-section", Parent: "z-division", Order: 7},
		{ID: "z-division", Order: 9}, {ID: "y-division", Order: 10}, {ID: "orphan", Parent: "unknown", Order: 11},
	}})
	place := map[directory.DepartmentID]int{}
	list := value[directory.Snapshot](t)(s.Roster(t.Context())).Departments
	for i, d := range list {
		place[d.ID] = i
	}
	same(t, len(list), 7)
	for _, pair := range [][2]directory.DepartmentID{
		{"z-division", "m-section"}, {"m-section", "a-unit"}, {"a-unit", "b-unit"}, {"m-section", "k-section"},
		{"z-division", "y-division"}, {"y-division", "orphan"},
	} {
		if place[pair[0]] > place[pair[1]] {
			t.Errorf("%s is behind %s in %v", pair[0], pair[1], list)
		}
	}
}

func wholeRevisions(t *testing.T, s store.Store) {
	const revisions, people = 10, 50
	written := make(chan error, 1)
	go func() {
		for base := range int64(revisions) {
			var change directory.Change
			for i := range people {
				p := samplePerson(i)
				p.Name = fmt.Sprint(base + 1)
				change.People = append(change.People, p)
			}
			if _, err := s.ApplyRoster(background, base, change); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	for {
		r := value[directory.Snapshot](t)(s.Roster(t.Context()))
		for _, p := range r.People {
			same(t, p.Name, fmt.Sprint(r.Revision))
		}
		if r.Revision == revisions {
			break
		}
		select {
		case err := <-written:
			noError(t, err)
			written <- nil
		default:
		}
	}
	noError(t, <-written)
}
