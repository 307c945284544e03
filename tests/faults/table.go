package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
)

// report is what the trials came to.
type report struct {
	options Options
	others  *others
	trials  []*trial
}

// held reports whether every invariant held.
func (r *report) held() bool {
	for _, t := range r.trials {
		if t.failures > 0 {
			return false
		}
	}
	return r.others.failures == 0
}

// print prints the table for the release notes, and the line for scripts.
func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "| fault | how it is done | cycles | faults | acknowledged | lost | doubled | receipts verified | tampering found | |\n")
	fmt.Fprintf(out, "|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n")
	var all counts
	kills := 0
	for _, t := range r.trials {
		row(out, t.threat.title, t.means, t.counts, t.failures)
		all.add(t.counts)
		if t.threat.name == "kill" {
			kills = t.cycles
		}
	}
	if len(r.others.means) > 0 {
		row(out, "receipts of all these, and changed ones, by other verifiers", strings.Join(r.others.means, "; "), r.others.counts, r.others.failures)
		all.add(r.others.counts)
	}
	if kills == 0 {
		kills = all.cycles
	}
	fmt.Fprintf(out, "\nseed %d, %s on %s/%s\n", r.options.Seed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(out, "cycles=%d acknowledged=%d lost=%d doubled=%d receipts_verified=%d faults=%d tampering_found=%d/%d\n",
		kills, all.acknowledged, all.lost, all.doubled, all.receipts, all.faults, all.found, all.tampered)
}

func row(out io.Writer, title, means string, c counts, failures int) {
	verdict := "held"
	if failures > 0 {
		verdict = fmt.Sprintf("**%d broken**", failures)
	}
	tampering := ""
	if c.tampered > 0 {
		tampering = fmt.Sprintf("%d of %d", c.found, c.tampered)
	}
	fmt.Fprintf(out, "| %s | %s | %d | %d | %d | %d | %d | %d | %s | %s |\n",
		title, means, c.cycles, c.faults, c.acknowledged, c.lost, c.doubled, c.receipts, tampering, verdict)
}
