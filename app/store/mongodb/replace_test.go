package mongodb_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/answering"
	"kokoroe/tests/mongodb/engine"
)

// held is a store whose commands that replace attempts a test holds back.
type held struct {
	*mongodb.Store
	t *testing.T

	mu    sync.Mutex
	gate  chan struct{} // nil: all go
	sizes []int         // how many documents each command replaces, since the gate was closed
}

func openHeld(t *testing.T, uri string) *held {
	t.Helper()
	h := &held{t: t}
	var err error
	h.Store, err = mongodb.OpenWatched(t.Context(), mongodb.Config{URI: uri}, func(e *event.CommandStartedEvent) {
		if of, ok := e.Command.Lookup("update").StringValueOK(); ok && of == "attempt" {
			h.pass(e.Command.Lookup("updates").Array())
		}
	})
	check(t, err)
	t.Cleanup(func() { _ = h.Close() })
	h.TakingTurns(time.Hour)
	return h
}

// pass waits until the gate is open.
func (h *held) pass(updates bson.RawArray) {
	list, err := updates.Values()
	if err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	gate := h.gate
	if gate != nil {
		h.sizes = append(h.sizes, len(list))
	}
	h.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// hold closes the gate until release is called.
func (h *held) hold() (release func()) {
	gate := make(chan struct{})
	h.mu.Lock()
	h.gate = gate
	h.mu.Unlock()
	var once sync.Once
	release = func() { once.Do(func() { close(gate) }) }
	h.t.Cleanup(release)
	return release
}

// open lets what comes from now on go; what is held back stays.
func (h *held) open() {
	h.mu.Lock()
	h.gate = nil
	h.mu.Unlock()
}

// until waits until so many commands are held back and so many documents wait
// for the next.
func (h *held) until(commands, waiting int) {
	h.t.Helper()
	for {
		h.mu.Lock()
		sent := len(h.sizes)
		h.mu.Unlock()
		if sent == commands && h.WaitingAttempts() == waiting {
			return
		}
		if err := h.t.Context().Err(); err != nil {
			h.t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // the hang guard is the test's own
	}
}

// busy has a command under way, of one document.
func (h *held) busy(group *sync.WaitGroup) {
	h.t.Helper()
	id := h.begun("busy")
	group.Go(func() { h.want(nothing, h.right(h.t.Context(), id)) })
	h.until(1, 0)
}

// begun is an attempt of a person of its own that this instance has at hand.
func (h *held) begun(person string) learning.AttemptID {
	h.t.Helper()
	a, err := h.OpenAttempt(h.t.Context(), learning.Attempt{ID: learning.AttemptID("of-" + person), Person: directory.PersonID(person),
		Course: "c", Scope: "2026", Purpose: learning.Check, StartedAt: time.Date(2026, time.November, 22, 1, 2, 3, 0, time.UTC)})
	check(h.t, err)
	return a.ID
}

// right adds one to what is right.
func (h *held) right(ctx context.Context, id learning.AttemptID) error {
	_, err := h.UpdateAttempt(ctx, id, func(a learning.Attempt) (learning.Attempt, error) {
		a.Right++
		return a, nil
	})
	return err
}

// submitted sets when the attempt was submitted; zero: it is open again.
func (h *held) submitted(id learning.AttemptID, at time.Time) error {
	_, err := h.UpdateAttempt(h.t.Context(), id, func(a learning.Attempt) (learning.Attempt, error) {
		a.SubmittedAt = at
		return a, nil
	})
	return err
}

func (h *held) want(is func(error) bool, err error) {
	h.t.Helper()
	if !is(err) {
		h.t.Errorf("got %v", err)
	}
}

func nothing(err error) bool             { return err == nil }
func kind(k fault.Kind) func(error) bool { return func(err error) bool { return fault.Is(err, k) } }

// TestReplacementsGoTogether has more documents wait than one command takes.
func TestReplacementsGoTogether(t *testing.T) {
	engine.Address(t)
	h := openHeld(t, engine.Database(t))
	release := h.hold()
	var group sync.WaitGroup
	h.busy(&group)
	var ids []learning.AttemptID
	for i := range mongodb.MaxTogether + 3 {
		ids = append(ids, h.begun(fmt.Sprintf("p-%d", i)))
	}
	for _, id := range ids {
		group.Go(func() { h.want(nothing, h.right(t.Context(), id)) })
	}
	h.until(1, len(ids))
	release()
	group.Wait()
	if !slices.Equal(h.sizes, []int{1, mongodb.MaxTogether, 3}) {
		t.Errorf("%v documents by command", h.sizes)
	}
	for _, id := range ids {
		if a, err := h.Attempt(t.Context(), id); err != nil || a.Right != 1 || a.Revision != 2 {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// TestEachReplacementForItself has documents go together of which one has moved
// on, one is gone, one is refused, and one nobody waits for any more.
func TestEachReplacementForItself(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	h, other := openHeld(t, uri), &held{Store: open(t, uri), t: t}
	first, moved, gone, refused, left, last := h.begun("first"), h.begun("moved"), h.begun("gone"), h.begun("refused"), h.begun("left"), h.begun("last")
	check(t, h.submitted(refused, time.Date(2026, time.November, 22, 2, 0, 0, 0, time.UTC)))
	_, err := h.OpenAttempt(t.Context(), learning.Attempt{ID: "another", Person: "refused", Course: "c", Scope: "2026", Purpose: learning.Check})
	check(t, err)

	release := h.hold()
	var group sync.WaitGroup
	h.busy(&group)
	ctx, leave := context.WithCancel(t.Context())
	group.Go(func() { h.want(nothing, h.right(t.Context(), first)) })
	group.Go(func() { h.want(nothing, h.right(t.Context(), moved)) })
	group.Go(func() { h.want(kind(fault.NotFound), h.right(t.Context(), gone)) })
	group.Go(func() { h.want(kind(fault.Conflict), h.submitted(refused, time.Time{})) })
	var leaver sync.WaitGroup
	leaver.Go(func() { h.want(kind(fault.Unavailable), h.right(ctx, left)) })
	group.Go(func() { h.want(nothing, h.right(t.Context(), last)) })
	h.until(1, 6)
	leave()
	leaver.Wait()
	check(t, other.right(t.Context(), moved))
	check(t, other.ErasePerson(t.Context(), "gone"))
	release()
	group.Wait()
	if len(h.sizes) < 2 || h.sizes[1] != 6 {
		t.Errorf("%v documents by command", h.sizes)
	}
	for id, right := range map[learning.AttemptID]int{first: 1, moved: 2, refused: 0, left: 1, last: 1} {
		if a, err := other.Attempt(t.Context(), id); err != nil || a.Right != right || a.SubmittedAt.IsZero() != (id != refused) {
			t.Errorf("%+v, %v; want %d", a, err, right)
		}
	}
}

// TestACommandThatHangsHoldsNobodyUp has one wait for its connection for good.
func TestACommandThatHangsHoldsNobodyUp(t *testing.T) {
	engine.Address(t)
	h := openHeld(t, engine.Database(t))
	h.TakingTurns(time.Millisecond)
	release := h.hold()
	var group sync.WaitGroup
	h.busy(&group)
	h.open()
	for i := range 3 {
		check(t, h.right(t.Context(), h.begun(fmt.Sprintf("p-%d", i))))
	}
	release()
	group.Wait()
}

// TestWhatIsSaidOfEachReplacement has a server answer about three at once: the
// first had another revision.
func TestWhatIsSaidOfEachReplacement(t *testing.T) {
	moved := bson.D{{Key: "index", Value: int32(0)}, {Key: "code", Value: int32(40228)}, {Key: "errmsg", Value: "said by a test"}}
	full := bson.D{{Key: "index", Value: int32(2)}, {Key: "code", Value: int32(14031)}, {Key: "errmsg", Value: "said by a test"}}
	doubt := bson.D{{Key: "code", Value: int32(64)}, {Key: "errmsg", Value: "said by a test"}}
	said := func(n int32, more ...bson.E) bson.D {
		return append(bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: n}, {Key: "nModified", Value: n}}, more...)
	}
	for _, c := range []struct {
		name   string
		answer bson.D
		won    []bool
		away   []bool // Unavailable
	}{
		{"the others are replaced", said(2, bson.E{Key: "writeErrors", Value: bson.A{moved}}),
			[]bool{false, true, true}, []bool{false, false, false}},
		{"another is refused", said(1, bson.E{Key: "writeErrors", Value: bson.A{moved, full}}),
			[]bool{false, true, false}, []bool{false, false, true}},
		{"no majority has them yet", said(2, bson.E{Key: "writeErrors", Value: bson.A{moved}}, bson.E{Key: "writeConcernError", Value: doubt}),
			[]bool{false, false, false}, []bool{false, true, true}},
		{"one is passed over", said(1, bson.E{Key: "writeErrors", Value: bson.A{moved}}),
			[]bool{false, false, false}, []bool{false, true, true}},
		{"all are refused", answering.Error(11600, "InterruptedAtShutdown"),
			[]bool{false, false, false}, []bool{true, true, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := answering.Start(t, func(command string) bson.D {
				if command == "update" {
					return c.answer
				}
				return answering.Hello(21)
			})
			client, err := mongodb.Connect(mongodb.Config{URI: "mongodb://" + address + "/x?retryWrites=false", Limit: time.Minute})
			check(t, err)
			defer func() { _ = client.Disconnect(context.Background()) }()
			won, errs := mongodb.ReplaceTogether(t.Context(), client.Database("x").Collection("attempt"), "a", "b", "c")
			if !slices.Equal(won, c.won) {
				t.Errorf("replaced: %v, want %v", won, c.won)
			}
			for i, err := range errs {
				if away := fault.Is(mongodb.Translate(t.Context(), err), fault.Unavailable); away != c.away[i] || !away && err != nil {
					t.Errorf("of %d: %v", i, err)
				}
			}
		})
	}
}
