package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"kokoroe/app/edition"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

var editionContracts = []contract{
	{"nothing in force yet", func(t *testing.T, s store.Store) {
		same(t, value[int64](t)(s.EditionNumber(t.Context())), 0)
		wantKind(t, second(s.EditionInForce(t.Context())), fault.NotFound)
		same(t, value[bool](t)(s.EditionHeld(t.Context(), edition.Content, "")), false)
	}},
	{"an edition comes back whole", func(t *testing.T, s store.Store) {
		e := sampleEdition(1, "a")
		e.Bundle = bytes.Repeat([]byte("\x00\xff心得"), 500_000)
		given := e
		given.PublishedAt = uncut
		noError(t, s.PublishEdition(t.Context(), given))
		same(t, value[int64](t)(s.EditionNumber(t.Context())), 1)
		same(t, value[edition.Edition](t)(s.EditionInForce(t.Context())), e)
	}},
	{"of an edition that nobody decided, nobody is named", func(t *testing.T, s store.Store) {
		e := sampleEdition(1, "a")
		e.By = ""
		noError(t, s.PublishEdition(t.Context(), e))
		same(t, value[edition.Edition](t)(s.EditionInForce(t.Context())), e)
	}},
	{"a number is given once", func(t *testing.T, s store.Store) {
		noError(t, s.PublishEdition(t.Context(), sampleEdition(1, "a")))
		wantKind(t, s.PublishEdition(t.Context(), sampleEdition(1, "b")), fault.Conflict)
		wantKind(t, s.PublishEdition(t.Context(), sampleEdition(1, "a")), fault.Conflict)
		same(t, value[edition.Edition](t)(s.EditionInForce(t.Context())), sampleEdition(1, "a"))
		same(t, value[bool](t)(s.EditionHeld(t.Context(), edition.Content, "content b")), false)
	}},
	{"the newest is in force, and the bundles before it are let go", func(t *testing.T, s store.Store) {
		for n := range int64(12) { // 10 comes behind 9
			noError(t, s.PublishEdition(t.Context(), sampleEdition(n+1, fmt.Sprint(n))))
			same(t, value[int64](t)(s.EditionNumber(t.Context())), n+1)
			same(t, value[edition.Edition](t)(s.EditionInForce(t.Context())), sampleEdition(n+1, fmt.Sprint(n)))
		}
		pieces := visited(t, s)
		same(t, len(pieces), 12)
		for n, p := range pieces[:11] {
			want := sampleEdition(int64(n)+1, fmt.Sprint(n))
			want.Bundle = nil
			same(t, *p.Edition, want)
		}
	}},
	{"each part is known by its own digest", func(t *testing.T, s store.Store) {
		a, b := sampleEdition(1, "a"), sampleEdition(2, "b")
		b.Registers = a.Registers
		noError(t, s.PublishEdition(t.Context(), a))
		noError(t, s.PublishEdition(t.Context(), b))
		for _, c := range []struct {
			part   edition.Part
			digest string
			want   bool
		}{
			{edition.Content, "content a", true}, {edition.Content, "content b", true}, {edition.Registers, "registers a", true},
			{edition.Registers, "registers b", false}, {edition.Registers, "content a", false}, {edition.Content, "registers a", false},
			{edition.Content, "Content a", false}, {edition.Content, "content a\x00", false}, {edition.Content, "\xff", false},
		} {
			if held := value[bool](t)(s.EditionHeld(t.Context(), c.part, c.digest)); held != c.want {
				t.Errorf("%s %q: held %v, want %v", c.part, c.digest, held, c.want)
			}
		}
	}},
	{"what was in force before may be again", func(t *testing.T, s store.Store) {
		for n, digest := range []string{"a", "b", "a"} {
			noError(t, s.PublishEdition(t.Context(), sampleEdition(int64(n)+1, digest)))
		}
		same(t, value[edition.Edition](t)(s.EditionInForce(t.Context())), sampleEdition(3, "a"))
	}},
	{"what is no edition is refused", func(t *testing.T, s store.Store) {
		large := sampleEdition(1, "a")
		large.Bundle = make([]byte, edition.MaxBundle+1)
		for _, e := range []edition.Edition{sampleEdition(0, "a"), sampleEdition(-1, "a"), large} {
			wantKind(t, s.PublishEdition(t.Context(), e), fault.Invalid)
		}
		same(t, value[int64](t)(s.EditionNumber(t.Context())), 0)
		large.Bundle = large.Bundle[1:]
		noError(t, s.PublishEdition(t.Context(), large))
		same(t, len(value[edition.Edition](t)(s.EditionInForce(t.Context())).Bundle), edition.MaxBundle)
	}},
	{"settings are those of who kept them last", func(t *testing.T, s store.Store) {
		same(t, value[string](t)(s.KeepSettings(t.Context(), `{"city":"見本市"}`)), "")
		same(t, value[string](t)(s.KeepSettings(t.Context(), "b")), `{"city":"見本市"}`)
		same(t, value[string](t)(s.KeepSettings(t.Context(), "")), "b")
		same(t, value[string](t)(s.KeepSettings(t.Context(), "c")), "")
		wantKind(t, second(s.KeepSettings(t.Context(), "\x00")), fault.Invalid)
		wantKind(t, second(s.KeepSettings(t.Context(), "\xff")), fault.Invalid)
		same(t, len(visited(t, s)), 0)
	}},
	{"of 20 that keep settings each sees another's", func(t *testing.T, s store.Store) {
		seen := make([]string, 20)
		errs := together(20, func(i int) (err error) {
			seen[i], err = s.KeepSettings(background, fmt.Sprint(i))
			return err
		})
		same(t, count(t, errs, fault.Internal), 20)
		slices.Sort(seen)
		same(t, len(slices.Compact(seen)), 20)
	}},
	{"of 20 that publish the next number one wins", func(t *testing.T, s store.Store) {
		noError(t, s.PublishEdition(t.Context(), sampleEdition(1, "first")))
		errs := together(20, func(i int) error { return s.PublishEdition(background, sampleEdition(2, fmt.Sprint(i))) })
		same(t, count(t, errs, fault.Conflict), 1)
		same(t, value[int64](t)(s.EditionNumber(t.Context())), 2)
		same(t, len(visited(t, s)), 2)
	}},
}
