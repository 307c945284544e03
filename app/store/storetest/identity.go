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

var identityContracts = []contract{
	{"a login is taken once", func(t *testing.T, s store.Store) {
		l := sampleLogin("s-1")
		l.StartedAt = uncut
		noError(t, s.SaveLogin(t.Context(), l))
		noError(t, s.SaveLogin(t.Context(), sampleLogin("s-2")))
		same(t, value[identity.Login](t)(s.TakeLogin(t.Context(), "s-1")), sampleLogin("s-1"))
		_, err := s.TakeLogin(t.Context(), "s-1")
		wantKind(t, err, fault.NotFound)
		same(t, value[identity.Login](t)(s.TakeLogin(t.Context(), "s-2")), sampleLogin("s-2"))
	}},
	{"an unknown login is not found", func(t *testing.T, s store.Store) {
		for _, state := range []string{"", "x", `{"$ne":null}`} {
			got, err := s.TakeLogin(t.Context(), state)
			wantKind(t, err, fault.NotFound)
			same(t, got, identity.Login{})
		}
	}},
	{"a state begins once", func(t *testing.T, s store.Store) {
		noError(t, s.SaveLogin(t.Context(), sampleLogin("s-1")))
		other := sampleLogin("s-1")
		other.Nonce = "other"
		wantKind(t, s.SaveLogin(t.Context(), other), fault.Conflict)
		same(t, value[identity.Login](t)(s.TakeLogin(t.Context(), "s-1")), sampleLogin("s-1"))
	}},
	{"of 50 that take a login one gets it", func(t *testing.T, s store.Store) {
		noError(t, s.SaveLogin(t.Context(), sampleLogin("s-1")))
		errs := together(50, func(int) error {
			l, err := s.TakeLogin(background, "s-1")
			if err == nil && l != sampleLogin("s-1") {
				return fmt.Errorf("another login: %+v", l)
			}
			return err
		})
		same(t, count(t, errs, fault.NotFound), 1)
	}},
	{"links", links},
	{"of 20 links of a subject one is kept", func(t *testing.T, s store.Store) {
		errs := together(20, func(i int) error {
			return s.SaveLink(background, identity.Link{Issuer: "i", Subject: "s", Person: directory.PersonID(fmt.Sprint(i)), LinkedAt: at})
		})
		same(t, count(t, errs, fault.Conflict), 1)
	}},
	{"a token ID is new once", func(t *testing.T, s store.Store) {
		same(t, value[bool](t)(s.UseOnce(t.Context(), "j-1", at)), true)
		same(t, value[bool](t)(s.UseOnce(t.Context(), "j-1", after(time.Hour))), false)
		same(t, value[bool](t)(s.UseOnce(t.Context(), "J-1", at)), true)
	}},
	{"of 50 uses of a token ID one is new", func(t *testing.T, s store.Store) {
		fresh := make([]bool, 50)
		errs := together(50, func(i int) (err error) {
			fresh[i], err = s.UseOnce(background, "j", at)
			return err
		})
		same(t, count(t, errs, fault.Internal), 50)
		n := 0
		for _, f := range fresh {
			if f {
				n++
			}
		}
		same(t, n, 1)
	}},
}

func links(t *testing.T, s store.Store) {
	_, err := s.Link(t.Context(), "iss", "sub")
	wantKind(t, err, fault.NotFound)
	noError(t, s.SaveLink(t.Context(), identity.Link{Issuer: "iss", Subject: "sub", Person: "p-1", LinkedAt: uncut}))
	want := identity.Link{Issuer: "iss", Subject: "sub", Person: "p-1", LinkedAt: at}
	for _, c := range []struct {
		name string
		link identity.Link
	}{
		{"the same again", want},
		{"the subject of another person", identity.Link{Issuer: "iss", Subject: "sub", Person: "p-2"}},
		{"another subject of the same issuer for the person", identity.Link{Issuer: "iss", Subject: "sub-2", Person: "p-1"}},
	} {
		if err := s.SaveLink(t.Context(), c.link); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, l := range []identity.Link{
		{Issuer: "iss", Subject: "SUB", Person: "p-2", LinkedAt: at},
		{Issuer: "iss2", Subject: "sub", Person: "p-1", LinkedAt: at},
		{Issuer: "iss", Subject: "sub ", Person: "p-3", LinkedAt: at},
		{Issuer: "is", Subject: "ssub", Person: "p-1", LinkedAt: at}, // not told apart by gluing the two together
	} {
		noError(t, s.SaveLink(t.Context(), l))
		same(t, value[identity.Link](t)(s.Link(t.Context(), l.Issuer, l.Subject)), l)
	}
	same(t, value[identity.Link](t)(s.Link(t.Context(), "iss", "sub")), want)
	_, err = s.Link(t.Context(), "iss", "p-1")
	wantKind(t, err, fault.NotFound)
}
