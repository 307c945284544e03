package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/fault"
	"kokoroe/app/store"
)

// contract is one thing that a store must do, tried on an empty store.
type contract struct {
	name string
	run  func(*testing.T, store.Store)
}

// Run holds a store to the suite. open returns an empty store each time; Run
// closes it. The contracts run side by side.
func Run(t *testing.T, open func(testing.TB) store.Store) {
	areas := []struct {
		name      string
		contracts []contract
	}{
		{"directory", directoryContracts},
		{"evidence append", appendContracts},
		{"evidence read", evidenceReadContracts},
		{"cosignatures", cosignatureContracts},
		{"evidence audit", auditContracts},
		{"identity", identityContracts},
		{"sessions", sessionContracts},
		{"learning place", placeContracts},
		{"learning attempt", attemptContracts},
		{"policy", policyContracts},
		{"erasure", eraseContracts},
		{"jobs", jobContracts},
		{"editions", editionContracts},
		{"messages", messageContracts},
		{"pieces", pieceContracts},
		{"text", textContracts},
		{"hostile text", hostileContracts},
		{"context", contextContracts},
		{"model", modelContracts},
	}
	for _, area := range areas {
		t.Run(area.name, func(t *testing.T) {
			for _, c := range area.contracts {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel() // each has a store of its own, and mostly waits for a disk
					s := open(t)
					t.Cleanup(func() { noError(t, s.Close()) })
					c.run(t, s)
				})
			}
		})
	}
	t.Run("carried into a second store", func(t *testing.T) {
		t.Parallel()
		from, to := open(t), open(t)
		t.Cleanup(func() { noError(t, errors.Join(from.Close(), to.Close())) })
		carried(t, from, to)
	})
}

// tb is what testing.T and rapid.T have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func noError(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// wantKind also sees that the fault has a message for the reader, and that the
// cause does not stand in it.
func wantKind(t tb, err error, kind fault.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", kind)
	}
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("%v is not a fault, want %v", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("%v, want %v", err, kind)
	}
	if e.MessageID == "" || strings.ContainsAny(e.MessageID, " :") {
		t.Fatalf("fault %v has the message ID %q", err, e.MessageID)
	}
}

// same compares to the last detail: a nil list is not an empty one.
func same[T any](t tb, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("not as expected (-want +got):\n%s", diff)
	}
}

// value fails on an error and returns the other result.
func value[T any](t tb) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		noError(t, err)
		return v
	}
}

// together runs f n times at once, all starting from one gate, and returns what
// each answered.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	gate := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-gate
			errs[i] = f(i)
		})
	}
	close(gate)
	group.Wait()
	return errs
}

// count returns how many are nil and fails on one that is not of kind.
func count(t tb, errs []error, kind fault.Kind) int {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantKind(t, err, kind)
	}
	return won
}
