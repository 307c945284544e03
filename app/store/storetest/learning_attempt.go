package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store"
)

func openAttempt(t tb, s store.Store, a learning.Attempt) learning.Attempt {
	t.Helper()
	return value[learning.Attempt](t)(s.OpenAttempt(background, a))
}

func submit(t tb, s store.Store, id learning.AttemptID, at time.Time) learning.Attempt {
	t.Helper()
	return value[learning.Attempt](t)(s.UpdateAttempt(background, id, func(a learning.Attempt) (learning.Attempt, error) {
		a.SubmittedAt = at
		return a, nil
	}))
}

var attemptContracts = []contract{
	{"an attempt comes back whole", func(t *testing.T, s store.Store) {
		a := sampleAttempt("a-1")
		a.StartedAt, a.Revision = uncut, 42
		want := sampleAttempt("a-1")
		want.Revision = 1
		same(t, openAttempt(t, s, a), want)
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")), want)
		same(t, value[[]learning.Attempt](t)(s.Attempts(t.Context(), "p-1", "annual")), []learning.Attempt{want})
	}},
	{"an unknown attempt is not found", func(t *testing.T, s store.Store) {
		_, err := s.Attempt(t.Context(), "a-1")
		wantKind(t, err, fault.NotFound)
		_, err = s.UpdateAttempt(t.Context(), "a-1", func(learning.Attempt) (learning.Attempt, error) {
			t.Error("update was called for no attempt")
			return learning.Attempt{}, nil
		})
		wantKind(t, err, fault.NotFound)
		same(t, len(value[[]learning.Attempt](t)(s.Attempts(t.Context(), "p-1", "annual"))), 0)
	}},
	{"nothing chosen is not the same as not answered", func(t *testing.T, s store.Store) {
		a := learning.Attempt{ID: "a", Drawn: []learning.Drawn{
			{Question: "open", Options: []learning.OptionID{}},
			{Question: "none", Answer: []learning.OptionID{}},
			{Question: "one", Answer: []learning.OptionID{"x"}},
		}}
		openAttempt(t, s, a)
		got := value[learning.Attempt](t)(s.Attempt(t.Context(), "a"))
		a.Drawn[0].Options = nil
		same(t, got.Drawn, a.Drawn)
	}},
	{"an attempt with nothing drawn", func(t *testing.T, s store.Store) {
		same(t, openAttempt(t, s, learning.Attempt{ID: "a", Drawn: []learning.Drawn{}}), learning.Attempt{ID: "a", Revision: 1})
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a")), learning.Attempt{ID: "a", Revision: 1})
	}},
	{"two tabs share one attempt", func(t *testing.T, s store.Store) {
		first := openAttempt(t, s, sampleAttempt("a-1"))
		second := sampleAttempt("a-2")
		second.Drawn = nil
		same(t, openAttempt(t, s, second), first)
		_, err := s.Attempt(t.Context(), "a-2")
		wantKind(t, err, fault.NotFound)
	}},
	{"another course, scope or purpose is another attempt", func(t *testing.T, s store.Store) {
		for i, change := range []func(*learning.Attempt){
			func(*learning.Attempt) {},
			func(a *learning.Attempt) { a.Person = "p-2" },
			func(a *learning.Attempt) { a.Course = "onboarding" },
			func(a *learning.Attempt) { a.Scope = "2027" },
			func(a *learning.Attempt) { a.Purpose = learning.Practice },
		} {
			a := sampleAttempt(fmt.Sprint(i))
			change(&a)
			same(t, openAttempt(t, s, a).ID, a.ID)
		}
	}},
	{"after submission the next one opens", func(t *testing.T, s store.Store) {
		openAttempt(t, s, sampleAttempt("a-1"))
		submit(t, s, "a-1", after(time.Minute))
		same(t, openAttempt(t, s, sampleAttempt("a-2")).ID, "a-2")
		same(t, openAttempt(t, s, sampleAttempt("a-3")).ID, "a-2")
	}},
	{"an attempt does not begin submitted", func(t *testing.T, s store.Store) {
		a := sampleAttempt("a-1")
		a.SubmittedAt = at
		_, err := s.OpenAttempt(t.Context(), a)
		wantKind(t, err, fault.Invalid)
	}},
	{"an ID is used once", func(t *testing.T, s store.Store) {
		openAttempt(t, s, sampleAttempt("a-1"))
		other := sampleAttempt("a-1")
		other.Person = "p-2"
		_, err := s.OpenAttempt(t.Context(), other)
		wantKind(t, err, fault.Conflict)
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")).Person, "p-1")
	}},
	{"of 50 tabs all get one attempt", func(t *testing.T, s store.Store) {
		var mu sync.Mutex
		seen := map[learning.AttemptID]int{}
		errs := together(50, func(i int) error {
			a, err := s.OpenAttempt(background, sampleAttempt(fmt.Sprint(i)))
			mu.Lock()
			defer mu.Unlock()
			seen[a.ID]++
			return err
		})
		same(t, count(t, errs, fault.Internal), 50)
		same(t, len(seen), 1)
		same(t, len(value[[]learning.Attempt](t)(s.Attempts(t.Context(), "p-1", "annual"))), 1)
	}},
	{"an update is kept, its key is not", updateAttempt},
	{"an error of update is returned as it is", func(t *testing.T, s store.Store) {
		want := openAttempt(t, s, sampleAttempt("a-1"))
		_, err := s.UpdateAttempt(t.Context(), "a-1", func(a learning.Attempt) (learning.Attempt, error) {
			a.Drawn[0].Answer = []learning.OptionID{"lost"}
			return a, errOwn
		})
		same(t, err == errOwn, true)
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")), want)
	}},
	{"update may call the store, and is called again when it lost", func(t *testing.T, s store.Store) {
		openAttempt(t, s, sampleAttempt("a-1"))
		calls := 0
		got := value[learning.Attempt](t)(s.UpdateAttempt(t.Context(), "a-1", func(a learning.Attempt) (learning.Attempt, error) {
			if calls++; calls == 1 {
				submit(t, s, "a-1", after(time.Minute))
			}
			a.Right++
			return a, nil
		}))
		same(t, calls, 2)
		same(t, got.SubmittedAt, after(time.Minute))
		same(t, got.Revision, 3)
	}},
	{"50 updates at once lose nothing", func(t *testing.T, s store.Store) {
		openAttempt(t, s, sampleAttempt("a-1"))
		errs := together(50, func(int) error {
			_, err := s.UpdateAttempt(background, "a-1", func(a learning.Attempt) (learning.Attempt, error) {
				a.Right++
				return a, nil
			})
			return err
		})
		same(t, count(t, errs, fault.Internal), 50)
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")).Right, 50)
	}},
	{"one of 20 submits", func(t *testing.T, s store.Store) {
		openAttempt(t, s, sampleAttempt("a-1"))
		errs := together(20, func(int) error {
			_, err := s.UpdateAttempt(background, "a-1", func(a learning.Attempt) (learning.Attempt, error) {
				if !a.SubmittedAt.IsZero() {
					return a, fault.New(fault.Conflict, "error.conflict", nil)
				}
				a.SubmittedAt = at
				return a, nil
			})
			return err
		})
		same(t, count(t, errs, fault.Conflict), 1)
	}},
	{"reopening beside an open one is a conflict", func(t *testing.T, s store.Store) {
		openAttempt(t, s, sampleAttempt("a-1"))
		want := submit(t, s, "a-1", at)
		openAttempt(t, s, sampleAttempt("a-2"))
		_, err := s.UpdateAttempt(t.Context(), "a-1", func(a learning.Attempt) (learning.Attempt, error) {
			a.SubmittedAt = time.Time{}
			return a, nil
		})
		wantKind(t, err, fault.Conflict)
		same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")), want)
	}},
	{"attempts are newest first, at most 100", attemptsInOrder},
}

func updateAttempt(t *testing.T, s store.Store) {
	openAttempt(t, s, sampleAttempt("a-1"))
	got := value[learning.Attempt](t)(s.UpdateAttempt(t.Context(), "a-1", func(a learning.Attempt) (learning.Attempt, error) {
		a.ID, a.Person, a.Course, a.Scope, a.Purpose, a.Revision = "x", "x", "x", "x", "x", 77
		a.Drawn[0].Answer = []learning.OptionID{"b", "a"}
		a.Drawn = append(a.Drawn, learning.Drawn{Question: "q-1", Again: true})
		a.SubmittedAt, a.Right, a.Passed = uncut, 2, true
		return a, nil
	}))
	want := sampleAttempt("a-1")
	want.Drawn[0].Answer = []learning.OptionID{"b", "a"}
	want.Drawn = append(want.Drawn, learning.Drawn{Question: "q-1", Again: true})
	want.SubmittedAt, want.Right, want.Passed, want.Revision = at, 2, true, 2
	same(t, got, want)
	same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")), want)
	_, err := s.Attempt(t.Context(), "x")
	wantKind(t, err, fault.NotFound)
}

func attemptsInOrder(t *testing.T, s store.Store) {
	for i := range 105 {
		a := sampleAttempt(fmt.Sprintf("a-%03d", (i*37)%105))
		a.StartedAt = after(time.Duration((i*37)%105/2) * time.Second) // two and two begin at once
		a.Scope = fmt.Sprint(2020 + i%3)                               // all scopes are shown
		openAttempt(t, s, a)
		submit(t, s, a.ID, after(time.Hour))
	}
	other := sampleAttempt("other")
	other.Course = "onboarding"
	openAttempt(t, s, other)
	list := value[[]learning.Attempt](t)(s.Attempts(t.Context(), "p-1", "annual"))
	same(t, len(list), 100)
	for i, a := range list {
		same(t, a.ID, learning.AttemptID(fmt.Sprintf("a-%03d", 104-i)))
	}
}
