package sqlite_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/store/sqlite"
)

var benchAt = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func benchEntry(seq int64) evidence.Entry {
	person := randomHex(16)
	return evidence.Entry{
		Seq: seq, Key: "ack/" + person + "/" + strconv.FormatInt(seq, 10), Kind: "policy.acknowledged/v1",
		Actor: person, Subject: person, Object: "policy:basic-policy", Scope: "2026", At: benchAt,
		Record: make([]byte, 600), Salt: make([]byte, 32), Leaf: make([]byte, 32), Hashes: make([]byte, 64),
	}
}

// parallel runs f from 64 goroutines at once.
func parallel(b *testing.B, f func(i int64)) {
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(b.N) {
					return
				}
				f(i)
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}

func check(tb testing.TB, err error) {
	if err != nil {
		tb.Error(err)
	}
}

// BenchmarkAppendOne is one caller alone: each entry waits for the disk.
func BenchmarkAppendOne(b *testing.B) {
	s := open(b, file(b))
	n := int64(0)
	for b.Loop() {
		check(b, s.AppendEntries(b.Context(), []evidence.Entry{benchEntry(n)}))
		n++
	}
}

// BenchmarkAppendBatch appends many entries a call: as the log does when 64
// wait, and as an import does.
func BenchmarkAppendBatch(b *testing.B) {
	for _, size := range []int{64, 512, 4096} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			s := open(b, file(b))
			b.ReportAllocs()
			n := int64(0)
			for b.Loop() {
				entries := make([]evidence.Entry, size)
				for i := range entries {
					entries[i] = benchEntry(n)
					n++
				}
				check(b, s.AppendEntries(b.Context(), entries))
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func benchSession(hash string) identity.Session {
	return identity.Session{
		Hash: hash, Person: "p-" + "0123456789abcdef", Provider: "city", Issuer: "https://id.example.jp",
		Subject: hash[:16], SID: hash[16:32], ACR: "urn:example:2", AMR: []string{"pwd", "otp"}, AuthAt: benchAt,
		IDToken: randomHex(400), CreatedAt: benchAt, SeenAt: benchAt,
	}
}

func BenchmarkSaveSession(b *testing.B) {
	s := open(b, file(b))
	parallel(b, func(int64) { check(b, s.SaveSession(context.Background(), benchSession(randomHex(32)))) })
}

func BenchmarkTouchSession(b *testing.B) {
	s := open(b, file(b))
	hashes := sessions(b, s, 1000)
	parallel(b, func(i int64) {
		check(b, s.TouchSession(context.Background(), hashes[i%1000], benchAt.Add(time.Duration(i)*time.Millisecond)))
	})
}

func sessions(b *testing.B, s *sqlite.Store, n int) []string {
	hashes := make([]string, n)
	var group sync.WaitGroup
	for i := range hashes {
		hashes[i] = randomHex(32)
		group.Go(func() { check(b, s.SaveSession(context.Background(), benchSession(hashes[i]))) })
	}
	group.Wait()
	return hashes
}

func BenchmarkSession(b *testing.B) {
	s := open(b, file(b))
	hashes := sessions(b, s, 1000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		_, err := s.Session(ctx, hashes[i%1000])
		check(b, err)
		i++
	}
}

func BenchmarkSessionParallel(b *testing.B) {
	s := open(b, file(b))
	hashes := sessions(b, s, 1000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	parallel(b, func(i int64) {
		_, err := s.Session(ctx, hashes[i%1000])
		check(b, err)
	})
}

func BenchmarkUpdatePlace(b *testing.B) {
	s := open(b, file(b))
	parallel(b, func(i int64) {
		_, err := s.UpdatePlace(context.Background(), directory.PersonID(fmt.Sprintf("p-%032d", i%997)), "annual", "2026",
			func(p learning.Place) (learning.Place, error) {
				p.Done = append(p.Done[:min(len(p.Done), 10)], "lesson")
				p.UpdatedAt = benchAt
				return p, nil
			})
		check(b, err)
	})
}

func BenchmarkEntryByKey(b *testing.B) {
	s := open(b, file(b))
	entries := make([]evidence.Entry, 1000)
	for i := range entries {
		entries[i] = benchEntry(int64(i))
	}
	check(b, s.AppendEntries(b.Context(), entries))
	i := 0
	for b.Loop() {
		_, err := s.EntryByKey(b.Context(), entries[i%1000].Key)
		check(b, err)
		i++
	}
}
