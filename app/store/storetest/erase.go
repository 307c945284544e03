package storetest

import (
	"testing"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/store"
)

var eraseContracts = []contract{
	{"of an erased entry the proof is left", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 3)))
		want := sampleEntry(1)
		want.Key, want.Actor, want.Subject, want.Record, want.Salt = "erased/1", "", "", nil, nil
		for range 2 {
			noError(t, s.EraseEntry(t.Context(), 1, "erased/1"))
			same(t, value[evidence.Entry](t)(s.Entry(t.Context(), 1)), want)
		}
		_, err := s.EntryByKey(t.Context(), "key-1")
		wantKind(t, err, fault.NotFound)
		same(t, value[evidence.Entry](t)(s.EntryByKey(t.Context(), "erased/1")), want)
		same(t, value[[]evidence.Entry](t)(s.EntriesFrom(t.Context(), 0, 10)), []evidence.Entry{sampleEntry(0), want, sampleEntry(2)})
		same(t, value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{Subject: want.Subject, Kind: want.Kind, Kept: true})),
			[]evidence.Entry{sampleEntry(2), sampleEntry(0)})
		same(t, len(value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{Kind: want.Kind}))), 3)
		noError(t, s.AppendEntries(t.Context(), sampleEntries(3, 1)))
		wantLog4(t, s)
	}},
	{"what is not there is not erased", func(t *testing.T, s store.Store) {
		noError(t, s.AppendEntries(t.Context(), sampleEntries(0, 1)))
		wantKind(t, s.EraseEntry(t.Context(), 1, "erased/1"), fault.NotFound)
		wantKind(t, s.EraseEntry(t.Context(), -1, "erased/-1"), fault.NotFound)
		same(t, value[evidence.Entry](t)(s.Entry(t.Context(), 0)), sampleEntry(0))
	}},
	{"of an erased person nothing is left but the log", func(t *testing.T, s store.Store) {
		fill(t, s)
		apply(t, s, 0, directory.Change{People: []directory.Person{samplePerson(1), samplePerson(2)}})
		gone := samplePerson(1).ID
		for _, person := range []directory.PersonID{gone, samplePerson(2).ID} {
			session, attempt := sampleSession("s-"+string(person)), sampleAttempt("a-"+string(person))
			session.Person, attempt.Person = person, person
			noError(t, s.SaveSession(t.Context(), session))
			noError(t, s.SaveLink(t.Context(), identity.Link{Issuer: "i", Subject: string(person), Person: person, LinkedAt: at}))
			setPlace(t, s, learning.Place{Person: person, Course: "annual", Scope: "2026"})
			openAttempt(t, s, attempt)
			enqueue(t, s, notify.Message{Key: "m-" + string(person), Person: person, State: notify.Sent})
		}
		for range 2 {
			noError(t, s.ErasePerson(t.Context(), gone))
			same(t, value[int64](t)(s.RosterRevision(t.Context())), 2)
		}
		same(t, value[directory.Snapshot](t)(s.Roster(t.Context())).People, []directory.Person{samplePerson(2)})
		for what, err := range map[string]error{
			"session": second(s.Session(t.Context(), "s-"+string(gone))), "link": second(s.Link(t.Context(), "i", string(gone))),
			"place": second(s.Place(t.Context(), gone, "annual", "2026")), "attempt": second(s.Attempt(t.Context(), learning.AttemptID("a-"+string(gone)))),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		other := samplePerson(2).ID
		same(t, found(t, s, notify.MessageQuery{Person: gone}), nil)
		same(t, found(t, s, notify.MessageQuery{Person: other}), []string{"m-" + string(other)})
		noError(t, second(s.Session(t.Context(), "s-"+string(other))))
		noError(t, second(s.Link(t.Context(), "i", string(other))))
		noError(t, second(s.Place(t.Context(), other, "annual", "2026")))
		noError(t, second(s.Attempt(t.Context(), learning.AttemptID("a-"+string(other)))))
		wantLog(t, s, 1)
	}},
	{"an unknown person is erased already", func(t *testing.T, s store.Store) {
		noError(t, s.ErasePerson(t.Context(), "p-unknown"))
		same(t, value[int64](t)(s.RosterRevision(t.Context())), 0)
	}},
}

// wantLog4 checks that the log of four goes on behind an erased entry.
func wantLog4(t *testing.T, s store.Store) {
	t.Helper()
	same(t, value[int64](t)(s.LogSize(t.Context())), 4)
}
