package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"kokoroe/app/fault"
)

func TestNothingDone(t *testing.T) {
	cause := errors.New("the disk is full")
	refused := fault.Refused(cause, fault.Unavailable, "store.full")
	if !fault.Is(refused, fault.Unavailable) || !errors.Is(refused, cause) {
		t.Errorf("%v", refused)
	}
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"a refusal", refused, true},
		{"one with more said about it", fmt.Errorf("appending: %w", refused), true},
		{"one under a fault that says less", fault.Wrap(refused, fault.Unavailable, "evidence.unconfirmed"), false},
		{"the same words", fault.Wrap(cause, fault.Unavailable, "store.full"), false},
		{"no fault", cause, false},
		{"nothing", nil, false},
	} {
		if got := fault.NothingDone(c.err); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if err := fault.Refused(nil, fault.Unavailable, "store.full"); err != nil {
		t.Error(err)
	}
}
