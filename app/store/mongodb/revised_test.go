package mongodb_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/engine"
)

// counting opens a store and counts its commands by name.
func counting(t *testing.T, uri string) (*mongodb.Store, func(name string) int) {
	t.Helper()
	var mu sync.Mutex
	counts := map[string]int{}
	s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: uri}, func(e *event.CommandStartedEvent) {
		mu.Lock()
		defer mu.Unlock()
		counts[e.CommandName]++
	})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, func(name string) int {
		mu.Lock()
		defer mu.Unlock()
		return counts[name]
	}
}

func begin(t *testing.T, s *mongodb.Store) {
	t.Helper()
	_, err := s.OpenAttempt(t.Context(), learning.Attempt{ID: "a", Person: "p", Course: "c", Scope: "2026", Purpose: learning.Check,
		StartedAt: time.Date(2026, time.November, 22, 1, 2, 3, 0, time.UTC)})
	check(t, err)
}

func more(t *testing.T, s *mongodb.Store) learning.Attempt {
	t.Helper()
	a, err := s.UpdateAttempt(t.Context(), "a", func(a learning.Attempt) (learning.Attempt, error) {
		a.Right++
		return a, nil
	})
	check(t, err)
	return a
}

func TestAnUpdateBeginsWithWhatIsAtHand(t *testing.T) {
	engine.Address(t)
	s, count := counting(t, engine.Database(t))
	begin(t, s)
	more(t, s)
	reads := count("find")
	for range 5 {
		more(t, s)
	}
	if n := count("find") - reads; n > 0 {
		t.Errorf("%d reads for 5 updates of what this instance has just written", n)
	}
	if a, err := s.Attempt(t.Context(), "a"); err != nil || a.Right != 6 || a.Revision != 7 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestThatThereIsNoneIsAtHand begins a course as somebody does who has looked at it.
func TestThatThereIsNoneIsAtHand(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s, count := counting(t, uri)
	other := open(t, uri)
	further := func(p learning.Place) (learning.Place, error) {
		p.Failed++
		return p, nil
	}
	for _, person := range []directory.PersonID{"p", "q"} {
		if _, err := s.Place(t.Context(), person, "c", "2026"); !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	reads := count("find")
	p, err := s.UpdatePlace(t.Context(), "p", "c", "2026", further)
	if err != nil || p.Revision != 1 || p.Person != "p" || p.Course != "c" || p.Scope != "2026" || count("find") > reads {
		t.Errorf("%+v, %v, %d reads", p, err, count("find")-reads)
	}
	_, err = other.UpdatePlace(t.Context(), "q", "c", "2026", further)
	check(t, err)
	if p, err := s.UpdatePlace(t.Context(), "q", "c", "2026", further); err != nil || p.Revision != 2 || p.Failed != 2 {
		t.Errorf("there is one by now: %+v, %v", p, err)
	}
}

func TestWhatIsAtHandMayBeOld(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	one, other := open(t, uri), open(t, uri)
	begin(t, one)
	more(t, one)
	more(t, other)
	if a := more(t, one); a.Right != 3 {
		t.Errorf("an update is lost: %+v", a)
	}
	more(t, other)
	refused := errors.New("too few")
	a, err := one.UpdateAttempt(t.Context(), "a", func(a learning.Attempt) (learning.Attempt, error) {
		if a.Right < 4 {
			return a, refused
		}
		a.Passed = true
		return a, nil
	})
	if err != nil || !a.Passed || a.Right != 4 {
		t.Errorf("refused by what is no more: %+v, %v", a, err)
	}
	if _, err := one.UpdateAttempt(t.Context(), "a", func(a learning.Attempt) (learning.Attempt, error) { return a, refused }); !errors.Is(err, refused) {
		t.Errorf("%v, want the refusal", err)
	}
}

// TestWhereInstancesTakeTurns sees that what is at hand is left alone where it
// is hardly ever right.
func TestWhereInstancesTakeTurns(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	one, updatesOfOne := counting(t, uri)
	other, updatesOfOther := counting(t, uri)
	begin(t, one)
	const turns = 20
	before := updatesOfOne("update") + updatesOfOther("update")
	for range turns {
		more(t, one)
		more(t, other)
	}
	if n := updatesOfOne("update") + updatesOfOther("update") - before - 2*turns; n > 4 {
		t.Errorf("%d replacements of what was no more there", n)
	}
	if a := more(t, one); a.Right != 2*turns+1 {
		t.Errorf("updates are lost: %+v", a)
	}
}

// TestBehindAnOwnWriteNobodyLooks reads as the browser does that has just
// answered: here, and for a moment only, from what was written here.
func TestBehindAnOwnWriteNobodyLooks(t *testing.T) {
	engine.Address(t)
	uri := engine.Database(t)
	s, count := counting(t, uri)
	other := open(t, uri)
	behind := learning.AfterOwnWrite(t.Context())
	begin(t, s)
	if a, err := s.Attempt(behind, "a"); err != nil || a.Revision != 1 || count("find") > 0 {
		t.Errorf("what was begun here: %+v, %v, %d reads", a, err, count("find"))
	}
	more(t, s)
	reads := count("find")
	a, err := s.Attempt(behind, "a")
	if err != nil || a.Right != 1 || count("find") > reads {
		t.Errorf("what was written here: %+v, %v, %d reads", a, err, count("find")-reads)
	}
	if a, err := other.Attempt(behind, "a"); err != nil || a.Right != 1 {
		t.Errorf("by another instance: %+v, %v", a, err)
	}
	more(t, other)
	if a, err := s.Attempt(t.Context(), "a"); err != nil || a.Right != 2 {
		t.Errorf("without the mark: %+v, %v", a, err)
	}
	if a, err := s.Attempt(behind, "a"); err != nil || a.Right != 2 {
		t.Errorf("what was only read here is no write: %+v, %v", a, err)
	}
	more(t, s)
	more(t, other)
	for {
		a, err := s.Attempt(behind, "a")
		check(t, err)
		if a.Right == 4 {
			break // the hang guard is the test's own
		}
		time.Sleep(learning.OwnWriteFor / 10)
	}
	if learning.OwnWriteFor > 2*time.Second {
		t.Errorf("old for up to %v", learning.OwnWriteFor)
	}
}

// TestAnOwnWriteMayBeReadSince looks at what was written here, and then asks as the
// browser does that had it written.
func TestAnOwnWriteMayBeReadSince(t *testing.T) {
	engine.Address(t)
	s, count := counting(t, engine.Database(t))
	begin(t, s)
	for range 60 { // a moment may be over before it was asked in
		want := more(t, s)
		_, err := s.Attempt(t.Context(), "a")
		check(t, err)
		reads := count("find")
		a, err := s.Attempt(learning.AfterOwnWrite(t.Context()), "a")
		if err != nil || a.Right != want.Right {
			t.Fatalf("%+v, %v", a, err)
		}
		if count("find") == reads {
			return
		}
	}
	t.Error("it is read again every time")
}

// TestWhatIsAtHandIsSharedWithNobody changes what was given and what was got.
func TestWhatIsAtHandIsSharedWithNobody(t *testing.T) {
	engine.Address(t)
	s := open(t, engine.Database(t))
	behind := learning.AfterOwnWrite(t.Context())
	begin(t, s)
	given := []learning.OptionID{"a", "b"}
	got, err := s.UpdateAttempt(t.Context(), "a", func(a learning.Attempt) (learning.Attempt, error) {
		a.Drawn = []learning.Drawn{{Question: "q", Options: given, Answer: given}}
		return a, nil
	})
	check(t, err)
	given[0], got.Drawn[0].Options[1] = "changed", "changed"
	for range 2 {
		a, err := s.Attempt(behind, "a")
		check(t, err)
		if d := a.Drawn[0]; d.Options[0] != "a" || d.Options[1] != "b" || d.Answer[0] != "a" {
			t.Fatalf("%+v", d)
		}
		a.Drawn[0].Options[0], a.Drawn[0].Answer[0] = "changed", "changed"
	}
}

// TestWhatIsErasedIsNotAtHand asks as the browser does that has just answered.
func TestWhatIsErasedIsNotAtHand(t *testing.T) {
	engine.Address(t)
	s := open(t, engine.Database(t))
	begin(t, s)
	more(t, s)
	check(t, s.ErasePerson(t.Context(), "p"))
	if a, err := s.Attempt(learning.AfterOwnWrite(t.Context()), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an erased attempt is shown: %+v, %v", a, err)
	}
}
