package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store/sqlite"
)

// gather queues the operations behind a held writer, in order, and returns what
// each answered once they ran as one batch.
func gather(t *testing.T, s *sqlite.Store, operations ...func() error) []error {
	t.Helper()
	release := make(chan struct{})
	ended := s.Hold(release)
	errs := make([]error, len(operations))
	var group sync.WaitGroup
	for i, op := range operations {
		group.Go(func() { errs[i] = op() })
		for s.Waiting() != i+1 {
			time.Sleep(50 * time.Microsecond)
		}
	}
	close(release)
	group.Wait()
	check(t, <-ended)
	return errs
}

func keep(s *sqlite.Store, digest string) func() error {
	return func() error { return s.KeepText(context.Background(), digest, []byte("x")) }
}

func appendTo(s *sqlite.Store, seqs ...int64) func() error {
	return func() error {
		var batch []evidence.Entry
		for _, seq := range seqs {
			batch = append(batch, evidence.Entry{Seq: seq, Key: fmt.Sprint(seq)})
		}
		return s.AppendEntries(context.Background(), batch)
	}
}

func TestAnOperationFailsAlone(t *testing.T) {
	s := open(t, file(t))
	errs := gather(t, s,
		keep(s, "a"), appendTo(s, 0, 1), appendTo(s, 5), appendTo(s, 2, 3),
		func() error {
			batch := []evidence.Entry{{Seq: 4, Key: "new"}, {Seq: 5, Key: "0"}} // the second key is taken
			return s.AppendEntries(context.Background(), batch)
		},
		appendTo(s, 4), func() error { return s.KeepText(context.Background(), "a", []byte("y")) }, keep(s, "b"),
	)
	for i, err := range errs {
		if failed := i == 2 || i == 4 || i == 6; failed != fault.Is(err, fault.Conflict) || failed != (err != nil) {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	if n, _ := s.LogSize(t.Context()); n != 5 {
		t.Errorf("the log has %d entries, want 5", n)
	}
	if _, err := s.EntryByKey(t.Context(), "new"); !fault.Is(err, fault.NotFound) {
		t.Errorf("half of a failed batch is there: %v", err)
	}
}

func TestACommitThatFails(t *testing.T) {
	s := open(t, file(t))
	check(t, s.FailNextCommit())
	release := make(chan struct{})
	ended := s.Hold(release)
	// The held operation's own commit is the one that fails.
	close(release)
	if err := <-ended; !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want unavailable", err)
	}
	check(t, s.FailNextCommit())
	if err := appendTo(s, 0, 1)(); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want unavailable", err)
	}
	if n, err := s.LogSize(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d entries were stored by a commit that failed (%v)", n, err)
	}
	check(t, appendTo(s, 0, 1)())
	if n, _ := s.LogSize(t.Context()); n != 2 {
		t.Errorf("the log has %d entries, want 2", n)
	}
}

func TestAFullDisk(t *testing.T) {
	s := open(t, file(t))
	check(t, keep(s, "before")())
	if _, err := s.Written("PRAGMA max_page_count = 1"); err != nil { // as large as it is now
		t.Fatal(err)
	}
	big := make([]byte, 1<<20)
	errs := gather(t, s, keep(s, "a"), func() error { return s.KeepText(context.Background(), "big", big) }, keep(s, "b"))
	for i, err := range errs {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("operation %d: %v, want unavailable", i, err)
		}
	}
	for _, digest := range []string{"a", "big", "b"} {
		if _, err := s.KeptText(t.Context(), digest); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s was stored on a full disk: %v", digest, err)
		}
	}
	if _, err := s.Written("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	check(t, s.KeepText(t.Context(), "big", big))
	_, err := s.KeptText(t.Context(), "before")
	check(t, err)
}

func TestAContextThatEndsInTheQueue(t *testing.T) {
	s := open(t, file(t))
	release := make(chan struct{})
	ended := s.Hold(release)
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- s.KeepText(ctx, "a", []byte("x")) }()
	for s.Waiting() == 0 {
		time.Sleep(50 * time.Microsecond)
	}
	cancel()
	if err := <-answer; !fault.Is(err, fault.Unavailable) { // at once, though the writer is held
		t.Fatalf("%v, want unavailable", err)
	}
	close(release)
	check(t, <-ended)
	check(t, keep(s, "b")())
	if _, err := s.KeptText(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("it was run after all: %v", err)
	}
}

func TestCloseRunsTheQueueEmpty(t *testing.T) {
	path := file(t)
	s := open(t, path)
	release := make(chan struct{})
	ended := s.Hold(release)
	const n = 600 // more than one batch
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = keep(s, fmt.Sprint(i))() })
	}
	for s.Waiting() != n {
		time.Sleep(time.Millisecond)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	close(release)
	check(t, <-ended)
	check(t, <-closed)
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("operation %d: %v", i, err)
		}
	}
	s = open(t, path)
	for i := range n {
		_, err := s.KeptText(t.Context(), fmt.Sprint(i))
		check(t, err)
	}
}
