package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// Reopen holds a store to what must outlive it. open opens what is kept under a
// name, which is a new folder of the test, and makes it the first time.
func Reopen(t *testing.T, open func(t testing.TB, folder string) store.Store) {
	t.Run("everything is there after opening again", func(t *testing.T) { everythingStays(t, open, t.TempDir()) })
	t.Run("what was acknowledged before Close is there", func(t *testing.T) { acknowledgedStays(t, open, t.TempDir()) })
	t.Run("two open stores see each other", func(t *testing.T) { twoInstances(t, open, t.TempDir()) })
}

func everythingStays(t *testing.T, open func(testing.TB, string) store.Store, folder string) {
	s := open(t, folder)
	fill(t, s)
	apply(t, s, 0, directory.Change{People: []directory.Person{samplePerson(1)}, Departments: []directory.Department{{ID: "d", Name: "総務部"}}})
	cp := evidence.Checkpoint{Size: 1, Root: []byte("root"), Note: []byte("note"), At: at}
	link := identity.Link{Issuer: "i", Subject: "s", Person: "p-1", LinkedAt: at}
	noError(t, s.SaveCheckpoint(t.Context(), cp))
	noError(t, s.SaveCosignature(t.Context(), sampleCosignature(1, "w+00000001")))
	noError(t, s.SaveLink(t.Context(), link))
	value[bool](t)(s.UseOnce(t.Context(), "jti", at))
	roster := value[directory.Snapshot](t)(s.Roster(t.Context()))
	noError(t, s.Close())

	for range 2 {
		s = open(t, folder)
		wantLog(t, s, 1)
		same(t, value[directory.Snapshot](t)(s.Roster(t.Context())), roster)
		same(t, value[evidence.Checkpoint](t)(s.LastCheckpoint(t.Context())), cp)
		same(t, value[evidence.Cosignature](t)(s.LastCosigned(t.Context(), "w+00000001")), sampleCosignature(1, "w+00000001"))
		same(t, value[identity.Link](t)(s.Link(t.Context(), "i", "s")), link)
		same(t, value[identity.Session](t)(s.Session(t.Context(), "old")), sampleSession("old"))
		same(t, value[bool](t)(s.UseOnce(t.Context(), "jti", at)), false)
		same(t, getPlace(t, s, "p-1").Revision, 1)
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")).Drawn, sampleAttempt("a-1").Drawn)
		same(t, value[policy.Publication](t)(s.PublishedText(t.Context(), "old")), samplePublication("old", 1, "ja", "old"))
		same(t, string(value[[]byte](t)(s.KeptText(t.Context(), "old"))), "x")
		noError(t, s.Close())
	}
	s = open(t, folder)
	same(t, value[identity.Login](t)(s.TakeLogin(t.Context(), "old")), sampleLogin("old"))
	noError(t, s.AppendEntries(t.Context(), sampleEntries(1, 2)))
	wantLog(t, s, 3)
	noError(t, s.Close())
}

func acknowledgedStays(t *testing.T, open func(testing.TB, string) store.Store, folder string) {
	total := 0
	for round := range 3 {
		s := open(t, folder)
		var written [8]atomic.Int64
		errs := together(9, func(i int) error {
			if i == 8 {
				for written[0].Load() < 3 {
					time.Sleep(time.Millisecond)
				}
				return s.Close()
			}
			for {
				n := written[i].Load()
				if err := appendAtEnd(s, evidence.Entry{Key: fmt.Sprintf("%d/%d/%d", round, i, n)}); err != nil {
					return err
				}
				written[i].Add(1)
			}
		})
		noError(t, errs[8])
		same(t, count(t, errs[:8], fault.Unavailable), 0)

		s = open(t, folder)
		for i := range written {
			for n := range written[i].Load() {
				value[evidence.Entry](t)(s.EntryByKey(t.Context(), fmt.Sprintf("%d/%d/%d", round, i, n)))
				total++
			}
		}
		size := value[int64](t)(s.LogSize(t.Context()))
		if size < int64(total) {
			t.Fatalf("%d were acknowledged, %d are there", total, size)
		}
		total = int(size)
		noError(t, s.Close())
	}
}

func twoInstances(t *testing.T, open func(testing.TB, string) store.Store, folder string) {
	stores := []store.Store{open(t, folder), open(t, folder)}
	errs := together(40, func(i int) error {
		s, other := stores[i%2], stores[(i+1)%2]
		key := fmt.Sprint(i)
		if err := appendAtEnd(s, evidence.Entry{Key: key}); err != nil {
			return err
		}
		if _, err := other.EntryByKey(background, key); err != nil {
			return fmt.Errorf("acknowledged by one, unknown to the other: %w", err)
		}
		_, err := other.UpdatePlace(background, "p", "annual", "2026", func(p learning.Place) (learning.Place, error) {
			p.Failed++
			return p, nil
		})
		return err
	})
	same(t, count(t, errs, fault.Internal), 40)
	for i, e := range value[[]evidence.Entry](t)(stores[0].EntriesFrom(t.Context(), 0, 100)) {
		same(t, e.Seq, int64(i))
	}
	same(t, value[int64](t)(stores[1].LogSize(t.Context())), 40)
	same(t, getPlace(t, stores[0], "p").Failed, 40)
	noError(t, stores[0].Close())
	noError(t, stores[1].Ping(t.Context()))
	noError(t, stores[1].Close())
}
