package evidence_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kokoroe/app/evidence"
)

// distant is a Store that takes as long as a database elsewhere, in the time of
// a synctest bubble.
type distant struct{ *memory }

func (d distant) AppendEntries(ctx context.Context, entries []evidence.Entry) error {
	time.Sleep(4 * time.Millisecond)
	return d.memory.AppendEntries(ctx, entries)
}

func (d distant) LogSize(ctx context.Context) (int64, error) {
	time.Sleep(2 * time.Millisecond)
	return d.memory.LogSize(ctx)
}

func (d distant) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	time.Sleep(3 * time.Millisecond)
	return d.memory.EntriesFrom(ctx, seq, limit)
}

// TestInstancesShareTheLog: of three that append as much as they can none is left
// behind, and nobody waits for a second.
func TestInstancesShareTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const logs, callers, lasts = 3, 64, 5 * time.Second
		m := newMemory()
		var mu sync.Mutex
		var group sync.WaitGroup
		var times [logs][]time.Duration
		next := 0
		for i := range logs {
			c := config(t, m)
			c.Store, c.Signer, c.Now = distant{m}, nil, time.Now
			l := open(t, c)
			for range callers {
				group.Go(func() {
					for end := time.Now().Add(lasts); time.Now().Before(end); {
						mu.Lock()
						next++
						s := statement(next)
						mu.Unlock()
						began := time.Now()
						if _, err := l.Append(t.Context(), s); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						times[i] = append(times[i], time.Since(began))
						mu.Unlock()
					}
				})
			}
		}
		group.Wait()
		least, most := len(times[0]), 0
		for i, own := range times {
			slices.Sort(own)
			least, most = min(least, len(own)), max(most, len(own))
			p99 := own[len(own)*99/100]
			t.Logf("instance %d: %d appends, p99 %v", i, len(own), p99)
			if p99 > time.Second {
				t.Errorf("at instance %d one in a hundred waits for %v", i, p99)
			}
		}
		if 3*least < most {
			t.Errorf("one appended %d, another %d", least, most)
		}
	})
}
