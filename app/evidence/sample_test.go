package evidence_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// What another program drew, by the text of the documentation alone.
func TestSampleIsTheDocumentedOne(t *testing.T) {
	for _, c := range []struct {
		seed string
		size int64
		want []int64
	}{
		{"03 11 17 22 29 38 41", 1000, []int64{841, 943, 527, 671, 16, 601, 940, 273, 315, 750}},
		{"第1042回 03・11・17・22・29・38 ボーナス41", 20260, []int64{17193, 841, 18466, 14493, 12966}},
		{"x", 5, []int64{1, 4, 3, 0, 2}}, // all of them
		{"x", 1, []int64{0}},
		{"x", 1<<62 + 1, []int64{4563623635314379426, 2471915570067830999, 796087012207790856}}, // two were passed over
		{"か\u3099", 100, []int64{91, 28, 26}},                                                   // typed on another keyboard
		{" が\n", 100, []int64{91, 28, 26}},
	} {
		got, err := evidence.Sample(c.seed, c.size, len(c.want))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q of %d: %v, %v; want %v", c.seed, c.size, got, err, c.want)
		}
	}
}

func TestSampleGoesOn(t *testing.T) {
	all, err := evidence.Sample("dice 4 2 6", 600, evidence.MaxSample)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for _, n := range all {
		if n < 0 || n >= 600 || seen[n] {
			t.Fatalf("%d was drawn of 600, or twice", n)
		}
		seen[n] = true
	}
	some, err := evidence.Sample("dice 4 2 6", 600, 17)
	if err != nil || !slices.Equal(some, all[:17]) {
		t.Errorf("17 of them are %v, %v", some, err)
	}
	other, err := evidence.Sample("dice 4 2 5", 600, 17)
	if err != nil || slices.Equal(other, some) {
		t.Errorf("another seed draws the same: %v", err)
	}
}

func TestSampleRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		seed    string
		size    int64
		n       int
		message string
	}{
		"nothing":            {"x", 10, 0, "evidence.sample_invalid"},
		"fewer than nothing": {"x", 10, -1, "evidence.sample_invalid"},
		"more than there is": {"x", 10, 11, "evidence.sample_invalid"},
		"of nothing":         {"x", 0, 1, "evidence.sample_invalid"},
		"too many":           {"x", 1000, evidence.MaxSample + 1, "evidence.sample_invalid"},
		"no seed":            {" \n ", 10, 1, "evidence.seed_invalid"},
		"two lines":          {"1\n2", 10, 1, "evidence.seed_invalid"},
		"NUL":                {"1\x002", 10, 1, "evidence.seed_invalid"},
		"no text":            {"\xff", 10, 1, "evidence.seed_invalid"},
		"long":               {strings.Repeat("心", evidence.MaxSeed+1), 10, 1, "evidence.seed_invalid"},
	} {
		_, err := evidence.Sample(c.seed, c.size, c.n)
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Invalid || e.MessageID != c.message {
			t.Errorf("%s: %v, want %s", name, err, c.message)
		}
	}
}
