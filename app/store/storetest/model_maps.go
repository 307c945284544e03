package storetest

import (
	"fmt"
	"maps"
	"time"

	"pgregory.net/rapid"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/store"
)

// mapModel is the sessions, logins and places as maps. Each round has names of
// its own, so that rounds share a store.
type mapModel struct {
	store    store.Store
	prefix   string
	logins   map[string]identity.Login
	sessions map[string]identity.Session
	places   map[directory.PersonID]learning.Place
}

func newMapModel(s store.Store, prefix string) *mapModel {
	return &mapModel{s, prefix, map[string]identity.Login{}, map[string]identity.Session{}, map[directory.PersonID]learning.Place{}}
}

func (m *mapModel) name(t *rapid.T, what string) string {
	return m.prefix + what + fmt.Sprint(rapid.IntRange(0, 4).Draw(t, what))
}

func someTime(t *rapid.T, what string) time.Time {
	return after(time.Duration(rapid.IntRange(-50, 50).Draw(t, what)) * time.Millisecond)
}

func (m *mapModel) saveLogin(t *rapid.T) {
	l := sampleLogin(m.name(t, "state"))
	l.StartedAt, l.Nonce = someTime(t, "started"), rapid.StringMatching(`[^\x00]*`).Draw(t, "nonce")
	err := m.store.SaveLogin(background, l)
	if _, known := m.logins[l.StateHash]; known {
		wantKind(t, err, fault.Conflict)
		return
	}
	noError(t, err)
	m.logins[l.StateHash] = l
}

func (m *mapModel) takeLogin(t *rapid.T) {
	state := m.name(t, "state")
	got, err := m.store.TakeLogin(background, state)
	want, known := m.logins[state]
	if !known {
		wantKind(t, err, fault.NotFound)
		return
	}
	noError(t, err)
	same(t, got, want)
	delete(m.logins, state)
}

func (m *mapModel) saveSession(t *rapid.T) {
	v := sampleSession(m.name(t, "hash"))
	v.Person, v.Issuer = directory.PersonID(m.name(t, "person")), m.name(t, "issuer")
	v.Subject, v.SID = m.name(t, "subject"), m.name(t, "sid")
	v.CreatedAt, v.SeenAt = someTime(t, "created"), someTime(t, "seen")
	err := m.store.SaveSession(background, v)
	if _, known := m.sessions[v.Hash]; known {
		wantKind(t, err, fault.Conflict)
		return
	}
	noError(t, err)
	m.sessions[v.Hash] = v
}

func (m *mapModel) touch(t *rapid.T) {
	hash, seen := m.name(t, "hash"), someTime(t, "seen")
	err := m.store.TouchSession(background, hash, seen)
	v, known := m.sessions[hash]
	if !known {
		wantKind(t, err, fault.NotFound)
		return
	}
	noError(t, err)
	v.SeenAt = seen
	m.sessions[hash] = v
}

func (m *mapModel) end(t *rapid.T) {
	hash := m.name(t, "hash")
	noError(t, m.store.EndSession(background, hash))
	delete(m.sessions, hash)
}

func (m *mapModel) endSeveral(t *rapid.T) {
	var q identity.SessionQuery
	for mask := rapid.IntRange(1, 15).Draw(t, "fields"); mask != 0; mask &= mask - 1 {
		switch mask & -mask {
		case 1:
			q.Person = directory.PersonID(m.name(t, "person"))
		case 2:
			q.Issuer = m.name(t, "issuer")
		case 4:
			q.Subject = m.name(t, "subject")
		case 8:
			q.SID = m.name(t, "sid")
		}
	}
	before := len(m.sessions)
	maps.DeleteFunc(m.sessions, func(_ string, v identity.Session) bool { return matches(q, v) })
	same(t, value[int](t)(m.store.EndSessions(background, q)), before-len(m.sessions))
}

func (m *mapModel) expire(t *rapid.T) {
	logins, created, seen := someTime(t, "logins"), someTime(t, "created"), someTime(t, "seen")
	noError(t, m.store.Expire(background, logins, created, seen, at))
	maps.DeleteFunc(m.logins, func(_ string, l identity.Login) bool { return l.StartedAt.Before(logins) })
	maps.DeleteFunc(m.sessions, func(_ string, v identity.Session) bool {
		return v.CreatedAt.Before(created) || v.SeenAt.Before(seen)
	})
}

func (m *mapModel) place(t *rapid.T) {
	person := directory.PersonID(m.name(t, "person"))
	fails := rapid.IntRange(0, 4).Draw(t, "fails") == 0
	lesson := learning.LessonID(rapid.StringMatching(`[a-z心得]{1,5}`).Draw(t, "lesson"))
	got, err := m.store.UpdatePlace(background, person, "annual", "2026", func(p learning.Place) (learning.Place, error) {
		want := m.places[person]
		want.Person, want.Course, want.Scope = person, "annual", "2026"
		same(t, p, want)
		p.Done = append(p.Done, lesson)
		if fails {
			return p, errOwn
		}
		return p, nil
	})
	if fails {
		same(t, err == errOwn, true)
		return
	}
	noError(t, err)
	want := m.places[person]
	want.Person, want.Course, want.Scope = person, "annual", "2026"
	want.Done = append(want.Done[:len(want.Done):len(want.Done)], lesson)
	want.Revision++
	same(t, got, want)
	m.places[person] = want
}

func (m *mapModel) check(t *rapid.T) {
	hash, person := m.name(t, "hash"), directory.PersonID(m.name(t, "person"))
	v, err := m.store.Session(background, hash)
	if want, known := m.sessions[hash]; known {
		noError(t, err)
		same(t, v, want)
	} else {
		wantKind(t, err, fault.NotFound)
	}
	p, err := m.store.Place(background, person, "annual", "2026")
	if want, known := m.places[person]; known {
		noError(t, err)
		same(t, p, want)
	} else {
		wantKind(t, err, fault.NotFound)
	}
}
