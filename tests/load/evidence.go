package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kokoroe/tests/ledger"
)

// evidenceCallers is how many acknowledge at the same time, unless told
// otherwise.
const evidenceCallers = 64

// evidenceResults are what the measure of the evidence log found.
type evidenceResults struct {
	durable  []time.Duration // each acknowledgement, many at a time
	took     time.Duration
	cpu      time.Duration
	single   []time.Duration // one at a time
	syncs    []time.Duration // the disk's own
	build    time.Duration
	examined examined
	proofs   []time.Duration
}

// runEvidence measures the evidence log alone, on the portal's own store and
// settings: every acknowledgement is on the disk before it is answered.
func runEvidence(ctx context.Context, o options, out io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "kokoroe-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var r evidenceResults
	stopProfile, err := profile(o)
	if err != nil {
		return err
	}
	if err := r.measureAppends(ctx, o, folder); err != nil {
		return err
	}
	if err := stopProfile(); err != nil {
		return err
	}
	r.printAppends(out)
	if o.records > 0 {
		if err := r.measureLarge(ctx, o, filepath.Join(folder, "large"), out); err != nil {
			return err
		}
	}
	r.printLast(out)
	return nil
}

// measureAppends measures one at a time in turns with the disk, so that both see
// the same disk, and then many at a time.
func (r *evidenceResults) measureAppends(ctx context.Context, o options, folder string) (err error) {
	f, err := ledger.NewFolder(filepath.Join(folder, "appends"), "")
	if err != nil {
		return err
	}
	l, err := f.Open(ctx, ledger.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	disk, err := os.Create(filepath.Join(folder, "disk"))
	if err != nil {
		return err
	}
	defer disk.Close()
	const turns = 6
	var people atomic.Int64 // who have acknowledged
	turn := o.duration / 4 / turns / 2
	for range turns {
		if err := r.syncFor(turn, disk); err != nil {
			return err
		}
		times, err := appendFor(ctx, turn, l, &people, 1)
		if err != nil {
			return err
		}
		r.single = append(r.single, times...)
	}
	cpu, began := clientCPU(), time.Now()
	r.durable, err = appendFor(ctx, o.duration/2, l, &people, o.concurrency)
	r.took, r.cpu = time.Since(began), clientCPU()-cpu
	return err
}

// appendFor appends for a time, so many at once, and returns how long each took.
func appendFor(ctx context.Context, d time.Duration, l *ledger.Ledger, people *atomic.Int64, callers int) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var first error
	var group sync.WaitGroup
	end := time.Now().Add(d)
	for range callers {
		group.Go(func() {
			var own []time.Duration
			for {
				began := time.Now()
				if began.After(end) {
					break
				}
				_, err := l.Log.Append(ctx, ledger.Acknowledgement(people.Add(1), began))
				own = append(own, time.Since(began))
				if err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
					break
				}
			}
			mu.Lock()
			all = append(all, own...)
			mu.Unlock()
		})
	}
	group.Wait()
	return all, first
}

// syncFor writes a page and has it put on the disk, over and over, as a store
// must at least do.
func (r *evidenceResults) syncFor(d time.Duration, disk *os.File) error {
	page := make([]byte, 4096)
	for end := time.Now().Add(d); time.Now().Before(end); {
		began := time.Now()
		at := int64(len(r.syncs)%4096) * int64(len(page))
		if _, err := disk.WriteAt(page, at); err != nil {
			return err
		}
		if err := disk.Sync(); err != nil {
			return err
		}
		r.syncs = append(r.syncs, time.Since(began))
	}
	return nil
}

func rate(times []time.Duration) float64 {
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	if sum == 0 {
		return 0
	}
	return float64(len(times)) / sum.Seconds()
}

func (r *evidenceResults) durableRate() float64 { return float64(len(r.durable)) / r.took.Seconds() }

func (r *evidenceResults) printAppends(out io.Writer) {
	fmt.Fprintf(out, "%-26s %8s %9s %9s %9s %9s\n", "milliseconds", "times", "p50", "p95", "p99", "max")
	line(out, "a page on the disk", r.syncs)
	line(out, "one at a time", r.single)
	line(out, "many at a time", r.durable)
	fmt.Fprintf(out, "\n%d acknowledgements in %.1f s, %.0f/s; %.3f ms of processor for each\n",
		len(r.durable), r.took.Seconds(), r.durableRate(), each(r.cpu, len(r.durable)))
}

func (r *evidenceResults) printLast(out io.Writer) {
	slices.Sort(r.proofs)
	fmt.Fprintf(out, "verify_mb=%d proof_p50_ms=%.3f proof_p99_ms=%.3f\n", r.examined.Kilobytes>>10,
		ms(percentile(r.proofs, 50)), ms(percentile(r.proofs, 99)))
	fmt.Fprintf(out, "durable_per_s=%.0f p95_ms=%.1f single_per_s=%.0f fsync_per_s=%.0f verify_1m_s=%.1f\n",
		r.durableRate(), ms(percentile(r.durable, 95)), rate(r.single), rate(r.syncs), r.examined.Took.Seconds())
}
