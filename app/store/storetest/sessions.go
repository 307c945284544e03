package storetest

import (
	"fmt"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/store"
)

var sessionContracts = []contract{
	{"a session comes back whole", func(t *testing.T, s store.Store) {
		v := sampleSession("h-1")
		v.CreatedAt, v.SeenAt = uncut, uncut
		noError(t, s.SaveSession(t.Context(), v))
		v.CreatedAt, v.SeenAt = at, at
		got := value[identity.Session](t)(s.Session(t.Context(), "h-1"))
		same(t, got, v)
		same(t, got.SeenAt.Location().String(), "UTC")
	}},
	{"what a provider did not say stays zero", func(t *testing.T, s store.Store) {
		noError(t, s.SaveSession(t.Context(), identity.Session{Hash: "h", AMR: []string{}}))
		same(t, value[identity.Session](t)(s.Session(t.Context(), "h")), identity.Session{Hash: "h"})
	}},
	{"an unknown session is not found", func(t *testing.T, s store.Store) {
		noError(t, s.SaveSession(t.Context(), sampleSession("h-1")))
		for _, hash := range []string{"", "H-1", "h-1 ", "h", "' OR 1=1 --"} {
			_, err := s.Session(t.Context(), hash)
			wantKind(t, err, fault.NotFound)
			wantKind(t, s.TouchSession(t.Context(), hash, at), fault.NotFound)
			noError(t, s.EndSession(t.Context(), hash))
		}
		same(t, value[identity.Session](t)(s.Session(t.Context(), "h-1")), sampleSession("h-1"))
	}},
	{"a hash is used once", func(t *testing.T, s store.Store) {
		noError(t, s.SaveSession(t.Context(), sampleSession("h-1")))
		other := sampleSession("h-1")
		other.Person = "p-2"
		wantKind(t, s.SaveSession(t.Context(), other), fault.Conflict)
		same(t, value[identity.Session](t)(s.Session(t.Context(), "h-1")), sampleSession("h-1"))
	}},
	{"touching sets SeenAt and nothing else", func(t *testing.T, s store.Store) {
		noError(t, s.SaveSession(t.Context(), sampleSession("h-1")))
		noError(t, s.SaveSession(t.Context(), sampleSession("h-2")))
		noError(t, s.TouchSession(t.Context(), "h-1", uncut.Add(time.Hour)))
		noError(t, s.TouchSession(t.Context(), "h-1", uncut.Add(time.Hour))) // the same time again is no error
		want := sampleSession("h-1")
		want.SeenAt = after(time.Hour)
		same(t, value[identity.Session](t)(s.Session(t.Context(), "h-1")), want)
		same(t, value[identity.Session](t)(s.Session(t.Context(), "h-2")), sampleSession("h-2"))
	}},
	{"an ended session is gone", func(t *testing.T, s store.Store) {
		noError(t, s.SaveSession(t.Context(), sampleSession("h-1")))
		noError(t, s.EndSession(t.Context(), "h-1"))
		noError(t, s.EndSession(t.Context(), "h-1"))
		_, err := s.Session(t.Context(), "h-1")
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.TouchSession(t.Context(), "h-1", at), fault.NotFound)
	}},
	{"ending sessions by each field", endSessions},
	{"expiry", expire},
}

func endSessions(t *testing.T, s store.Store) {
	all := map[string]identity.Session{}
	for i := range 16 {
		pick := func(bit int, name string) string { return fmt.Sprintf("%s-%d", name, i>>bit&1) }
		all[fmt.Sprint(i)] = identity.Session{
			Hash: fmt.Sprint(i), Person: directory.PersonID(pick(0, "p")), Issuer: pick(1, "i"), Subject: pick(2, "s"), SID: pick(3, "sid"),
		}
	}
	_, err := s.EndSessions(t.Context(), identity.SessionQuery{})
	wantKind(t, err, fault.Invalid)
	for mask := 1; mask < 16; mask++ {
		var q identity.SessionQuery
		if mask&1 != 0 {
			q.Person = "p-1"
		}
		if mask&2 != 0 {
			q.Issuer = "i-0"
		}
		if mask&4 != 0 {
			q.Subject = "s-1"
		}
		if mask&8 != 0 {
			q.SID = "sid-0"
		}
		for _, v := range all {
			if err := s.SaveSession(t.Context(), v); !fault.Is(err, fault.Conflict) {
				noError(t, err)
			}
		}
		want := 0
		for _, v := range all {
			if matches(q, v) {
				want++
			}
		}
		same(t, value[int](t)(s.EndSessions(t.Context(), q)), want)
		same(t, value[int](t)(s.EndSessions(t.Context(), q)), 0)
		for hash, v := range all {
			_, err := s.Session(t.Context(), hash)
			if ended := fault.Is(err, fault.NotFound); ended != matches(q, v) {
				t.Fatalf("%+v: session %+v ended: %v", q, v, ended)
			}
		}
	}
	same(t, value[int](t)(s.EndSessions(t.Context(), identity.SessionQuery{SID: `{"$gt":""}`})), 0)
}

func matches(q identity.SessionQuery, v identity.Session) bool {
	return (q.Person == "" || q.Person == v.Person) && (q.Issuer == "" || q.Issuer == v.Issuer) &&
		(q.Subject == "" || q.Subject == v.Subject) && (q.SID == "" || q.SID == v.SID)
}

func expire(t *testing.T, s store.Store) {
	fill := func() {
		for i, offset := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
			login := sampleLogin(fmt.Sprint(i))
			login.StartedAt = after(offset)
			created, seen := sampleSession(fmt.Sprint("created", i)), sampleSession(fmt.Sprint("seen", i))
			created.CreatedAt, created.SeenAt = after(offset), after(time.Hour)
			seen.CreatedAt, seen.SeenAt = after(time.Hour), after(offset)
			_, _ = s.TakeLogin(t.Context(), login.StateHash)
			noError(t, s.SaveLogin(t.Context(), login))
			for _, v := range []identity.Session{created, seen} {
				noError(t, s.EndSession(t.Context(), v.Hash))
				noError(t, s.SaveSession(t.Context(), v))
			}
			value[bool](t)(s.UseOnce(t.Context(), fmt.Sprint(i), after(offset)))
		}
	}
	long := after(-time.Hour)
	for _, c := range []struct {
		name                        string
		logins, created, seen, now  time.Time
		login, createdS, seenS, jti int // how many of the three go
	}{
		{"nothing is old", long, long, long, long, 0, 0, 0, 0},
		{"zero times expire nothing", time.Time{}, time.Time{}, time.Time{}, time.Time{}, 0, 0, 0, 0},
		{"logins", at, long, long, long, 1, 0, 0, 0},
		{"sessions by age", long, at, long, long, 0, 1, 0, 0},
		{"sessions by idleness", long, long, at, long, 0, 0, 1, 0},
		{"token IDs", long, long, long, at, 0, 0, 0, 1},
		{"between milliseconds", after(time.Nanosecond), after(time.Nanosecond), after(time.Nanosecond), after(time.Nanosecond), 2, 2, 2, 2},
		{"everything", after(time.Second), after(time.Second), after(time.Second), after(time.Second), 3, 3, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			fill()
			noError(t, s.Expire(t.Context(), c.logins, c.created, c.seen, c.now))
			for i := range 3 {
				_, err := s.Session(t.Context(), fmt.Sprint("created", i))
				same(t, fault.Is(err, fault.NotFound), i < c.createdS)
				_, err = s.Session(t.Context(), fmt.Sprint("seen", i))
				same(t, fault.Is(err, fault.NotFound), i < c.seenS)
				_, err = s.TakeLogin(t.Context(), fmt.Sprint(i))
				same(t, fault.Is(err, fault.NotFound), i < c.login)
				same(t, value[bool](t)(s.UseOnce(t.Context(), fmt.Sprint(i), at)), i < c.jti)
			}
			noError(t, s.Expire(t.Context(), long, long, long, after(24*time.Hour))) // forget all token IDs
		})
	}
}
