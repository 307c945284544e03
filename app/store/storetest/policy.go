package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"kokoroe/app/fault"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

var policyContracts = []contract{
	{"nothing published yet", func(t *testing.T, s store.Store) {
		same(t, len(value[[]policy.Publication](t)(s.Publications(t.Context()))), 0)
		_, err := s.PublishedText(t.Context(), "sha256:00")
		wantKind(t, err, fault.NotFound)
		_, err = s.KeptText(t.Context(), "sha256:00")
		wantKind(t, err, fault.NotFound)
	}},
	{"a publication comes back whole", func(t *testing.T, s store.Store) {
		p := samplePublication("basic", 1, "ja", "sha256:aa")
		given := p
		given.PublishedAt = uncut
		noError(t, s.Publish(t.Context(), given))
		same(t, value[policy.Publication](t)(s.PublishedText(t.Context(), p.Digest)), p)
		_, err := s.PublishedText(t.Context(), "sha256:AA")
		wantKind(t, err, fault.NotFound)
		p.Text = nil
		same(t, value[[]policy.Publication](t)(s.Publications(t.Context())), []policy.Publication{p})
	}},
	{"publishing again changes nothing", func(t *testing.T, s store.Store) {
		p := samplePublication("basic", 1, "ja", "sha256:aa")
		noError(t, s.Publish(t.Context(), p))
		again := p
		again.PublishedAt = after(1e9)
		noError(t, s.Publish(t.Context(), again))
		same(t, value[policy.Publication](t)(s.PublishedText(t.Context(), p.Digest)), p)
	}},
	{"other bytes are a conflict", func(t *testing.T, s store.Store) {
		p := samplePublication("basic", 1, "ja", "sha256:aa")
		noError(t, s.Publish(t.Context(), p))
		wantKind(t, s.Publish(t.Context(), samplePublication("basic", 1, "ja", "sha256:bb")), fault.Conflict)
		forged := p
		forged.Text = []byte("other bytes under the same digest")
		wantKind(t, s.Publish(t.Context(), forged), fault.Conflict)
		same(t, value[policy.Publication](t)(s.PublishedText(t.Context(), p.Digest)), p)
		_, err := s.PublishedText(t.Context(), "sha256:bb")
		wantKind(t, err, fault.NotFound)
	}},
	{"publications are by policy, version and language", func(t *testing.T, s store.Store) {
		want := []policy.Publication{
			samplePublication("Z", 1, "ja", "1"), samplePublication("a", 2, "en", "2"), samplePublication("a", 2, "ja", "3"),
			samplePublication("a", 10, "en", "4"), samplePublication("b", 1, "en", "5"), samplePublication("規程", 1, "ja", "6"),
		}
		for _, i := range []int{3, 5, 0, 4, 2, 1} {
			noError(t, s.Publish(t.Context(), want[i]))
		}
		for i := range want {
			want[i].Text = nil
		}
		same(t, value[[]policy.Publication](t)(s.Publications(t.Context())), want)
	}},
	{"the same bytes may be published twice", func(t *testing.T, s store.Store) {
		first, second := samplePublication("a", 1, "ja", "d"), samplePublication("a", 2, "ja", "d")
		noError(t, s.Publish(t.Context(), second))
		noError(t, s.Publish(t.Context(), first))
		same(t, value[policy.Publication](t)(s.PublishedText(t.Context(), "d")), first)
		same(t, len(value[[]policy.Publication](t)(s.Publications(t.Context()))), 2)
	}},
	{"of 20 that publish other bytes one wins", func(t *testing.T, s store.Store) {
		errs := together(20, func(i int) error { return s.Publish(background, samplePublication("a", 1, "ja", fmt.Sprint(i))) })
		same(t, count(t, errs, fault.Conflict), 1)
		errs = together(20, func(int) error { return s.Publish(background, samplePublication("a", 2, "ja", "same")) })
		same(t, count(t, errs, fault.Internal), 20)
		same(t, len(value[[]policy.Publication](t)(s.Publications(t.Context()))), 2)
	}},
	{"a text is kept under its digest", func(t *testing.T, s store.Store) {
		text := bytes.Repeat([]byte("誓約\x00\xfe"), 100_000)
		noError(t, s.KeepText(t.Context(), "sha256:aa", text))
		noError(t, s.KeepText(t.Context(), "sha256:aa", text))
		same(t, bytes.Equal(value[[]byte](t)(s.KeptText(t.Context(), "sha256:aa")), text), true)
		wantKind(t, s.KeepText(t.Context(), "sha256:aa", []byte("other")), fault.Conflict)
		noError(t, s.KeepText(t.Context(), "empty", nil))
		noError(t, s.KeepText(t.Context(), "empty", []byte{}))
		same(t, len(value[[]byte](t)(s.KeptText(t.Context(), "empty"))), 0)
	}},
	{"a kept text is not a publication", func(t *testing.T, s store.Store) {
		noError(t, s.KeepText(t.Context(), "kept", []byte("x")))
		_, err := s.PublishedText(t.Context(), "kept")
		wantKind(t, err, fault.NotFound)
		noError(t, s.Publish(t.Context(), samplePublication("a", 1, "ja", "published")))
		_, err = s.KeptText(t.Context(), "published")
		wantKind(t, err, fault.NotFound)
	}},
	{"of 20 that keep the same text all succeed", func(t *testing.T, s store.Store) {
		errs := together(20, func(int) error { return s.KeepText(background, "d", []byte("same")) })
		same(t, count(t, errs, fault.Internal), 20)
	}},
}
