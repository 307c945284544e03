package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// calls is every method of a store, with arguments that are right.
func calls(s store.Store) map[string]func(context.Context) error {
	place := func(p learning.Place) (learning.Place, error) { return p, nil }
	attempt := func(a learning.Attempt) (learning.Attempt, error) { a.Right++; return a, nil }
	all := map[string]func(context.Context) error{
		"Ping":           s.Ping,
		"RosterRevision": func(ctx context.Context) error { return second(s.RosterRevision(ctx)) },
		"Roster":         func(ctx context.Context) error { return second(s.Roster(ctx)) },
		"ApplyRoster": func(ctx context.Context) error {
			return second(s.ApplyRoster(ctx, 0, directory.Change{People: []directory.Person{samplePerson(1)}}))
		},
		"AppendEntries": func(ctx context.Context) error { return s.AppendEntries(ctx, sampleEntries(1, 1)) },
		"AppendEntries of several": func(ctx context.Context) error {
			return s.AppendEntries(ctx, sampleEntries(1, 3))
		},
		"LogSize":            func(ctx context.Context) error { return second(s.LogSize(ctx)) },
		"Entry":              func(ctx context.Context) error { return second(s.Entry(ctx, 0)) },
		"EntryByKey":         func(ctx context.Context) error { return second(s.EntryByKey(ctx, "key-0")) },
		"EntriesFrom":        func(ctx context.Context) error { return second(s.EntriesFrom(ctx, 0, 5)) },
		"FindEntries":        func(ctx context.Context) error { return second(s.FindEntries(ctx, evidence.Query{Subject: "x"})) },
		"EraseEntry":         func(ctx context.Context) error { return s.EraseEntry(ctx, 0, "erased/0") },
		"ErasePerson":        func(ctx context.Context) error { return s.ErasePerson(ctx, "p-1") },
		"ClaimRun":           func(ctx context.Context) error { return s.ClaimRun(ctx, sampleRun("new"), at) },
		"RenewRun":           func(ctx context.Context) error { return s.RenewRun(ctx, sampleRun("new")) },
		"EndRun":             func(ctx context.Context) error { return s.EndRun(ctx, sampleRun("new")) },
		"RunsUntil":          func(ctx context.Context) error { return second(s.RunsUntil(ctx, "verify", at, 1)) },
		"Runs":               func(ctx context.Context) error { return second(s.Runs(ctx, "verify", 1)) },
		"SaveCheckpoint":     func(ctx context.Context) error { return s.SaveCheckpoint(ctx, evidence.Checkpoint{Size: 9, At: at}) },
		"LastCheckpoint":     func(ctx context.Context) error { return second(s.LastCheckpoint(ctx)) },
		"CheckpointCovering": func(ctx context.Context) error { return second(s.CheckpointCovering(ctx, 1)) },
		"SaveCosignature":    func(ctx context.Context) error { return s.SaveCosignature(ctx, sampleCosignature(9, "w+00000001")) },
		"LastCosigned":       func(ctx context.Context) error { return second(s.LastCosigned(ctx, "w+00000001")) },
		"Cosigned": func(ctx context.Context) error {
			_, _, err := s.Cosigned(ctx, 1, 2)
			return err
		},
		"SaveLogin":    func(ctx context.Context) error { return s.SaveLogin(ctx, sampleLogin("new")) },
		"TakeLogin":    func(ctx context.Context) error { return second(s.TakeLogin(ctx, "old")) },
		"Link":         func(ctx context.Context) error { return second(s.Link(ctx, "i", "s")) },
		"SaveLink":     func(ctx context.Context) error { return s.SaveLink(ctx, identity.Link{Issuer: "new"}) },
		"SaveSession":  func(ctx context.Context) error { return s.SaveSession(ctx, sampleSession("new")) },
		"Session":      func(ctx context.Context) error { return second(s.Session(ctx, "old")) },
		"TouchSession": func(ctx context.Context) error { return s.TouchSession(ctx, "old", after(time.Hour)) },
		"EndSession":   func(ctx context.Context) error { return s.EndSession(ctx, "old") },
		"Checkpoints":  func(ctx context.Context) error { return second(s.Checkpoints(ctx, 0, 5)) },
		"CountBetween": func(ctx context.Context) error { return second(s.CountBetween(ctx, 0, 5)) },
		"CountEntries": func(ctx context.Context) error { return second(s.CountEntries(ctx, evidence.Query{Subject: "x"})) },
		"EntrySeqs":    func(ctx context.Context) error { return second(s.EntrySeqs(ctx, evidence.Query{Subject: "x"})) },
		"EndSessions": func(ctx context.Context) error {
			return second(s.EndSessions(ctx, identity.SessionQuery{Person: "p-1"}))
		},
		"UseOnce": func(ctx context.Context) error { return second(s.UseOnce(ctx, "new", at)) },
		"Expire": func(ctx context.Context) error {
			return s.Expire(ctx, after(time.Hour), after(time.Hour), after(time.Hour), after(time.Hour))
		},
		"Place":         func(ctx context.Context) error { return second(s.Place(ctx, "p-1", "annual", "2026")) },
		"Places":        func(ctx context.Context) error { return second(s.Places(ctx, "2026", []directory.PersonID{"p-1"})) },
		"UpdatePlace":   func(ctx context.Context) error { return second(s.UpdatePlace(ctx, "p-1", "annual", "2026", place)) },
		"OpenAttempt":   func(ctx context.Context) error { return second(s.OpenAttempt(ctx, learning.Attempt{ID: "new"})) },
		"Attempt":       func(ctx context.Context) error { return second(s.Attempt(ctx, "a-1")) },
		"UpdateAttempt": func(ctx context.Context) error { return second(s.UpdateAttempt(ctx, "a-1", attempt)) },
		"Attempts":      func(ctx context.Context) error { return second(s.Attempts(ctx, "p-1", "annual")) },
		"Publish":       func(ctx context.Context) error { return s.Publish(ctx, samplePublication("new", 1, "ja", "new")) },
		"Publications":  func(ctx context.Context) error { return second(s.Publications(ctx)) },
		"PublishedText": func(ctx context.Context) error { return second(s.PublishedText(ctx, "old")) },
		"KeepText":      func(ctx context.Context) error { return s.KeepText(ctx, "new", []byte("x")) },
		"KeptText":      func(ctx context.Context) error { return second(s.KeptText(ctx, "old")) },
		"EnqueueMessages": func(ctx context.Context) error {
			return s.EnqueueMessages(ctx, []notify.Message{sampleMessage("new")})
		},
		"EnqueueMessages of several": func(ctx context.Context) error {
			return s.EnqueueMessages(ctx, []notify.Message{sampleMessage("new"), sampleMessage("new 2")})
		},
		"ClaimMessage":  func(ctx context.Context) error { return second(s.ClaimMessage(ctx, "h", at, after(time.Hour))) },
		"SettleMessage": func(ctx context.Context) error { return s.SettleMessage(ctx, "claimed", "holder", sent) },
		"FindMessages": func(ctx context.Context) error {
			return second(s.FindMessages(ctx, notify.MessageQuery{Person: "p-1", State: notify.Waiting}))
		},
		"FindMessages of a person": func(ctx context.Context) error {
			return second(s.FindMessages(ctx, notify.MessageQuery{Person: "p-1"}))
		},
		"FindMessages in a state": func(ctx context.Context) error {
			return second(s.FindMessages(ctx, notify.MessageQuery{State: notify.Waiting}))
		},
		"FindMessages of a topic": func(ctx context.Context) error {
			return second(s.FindMessages(ctx, notify.MessageQuery{Person: "p-1", Topic: "reminder"}))
		},
		"ListMessages": func(ctx context.Context) error {
			return second(s.ListMessages(ctx, notify.MessageRange{Prefix: "reminder/2026-11-30/"}))
		},
		"ListMessages behind a key": func(ctx context.Context) error {
			return second(s.ListMessages(ctx, notify.MessageRange{Prefix: "a/", After: "a/b", State: notify.Withheld, Reason: notify.NoAddress}))
		},
		"Messages":        func(ctx context.Context) error { return second(s.Messages(ctx, []string{"old", "claimed"})) },
		"CountRange":      func(ctx context.Context) error { return second(s.CountRange(ctx, "reminder/2026-11-30/")) },
		"CountMessages":   func(ctx context.Context) error { return second(s.CountMessages(ctx, notify.Waiting)) },
		"OldestMessage":   func(ctx context.Context) error { return second(s.OldestMessage(ctx, notify.Waiting)) },
		"DeleteMessages":  func(ctx context.Context) error { return s.DeleteMessages(ctx, []string{"old", "claimed"}) },
		"ExpireMessages":  func(ctx context.Context) error { return second(s.ExpireMessages(ctx, after(time.Hour))) },
		"Position":        func(ctx context.Context) error { return second(s.Position(ctx, "old", 0)) },
		"Position of new": func(ctx context.Context) error { return second(s.Position(ctx, "new", 0)) },
		"AdvancePosition": func(ctx context.Context) error { return s.AdvancePosition(ctx, "old", 9) },
		"PublishEdition":  func(ctx context.Context) error { return s.PublishEdition(ctx, sampleEdition(2, "new")) },
		"KeepSettings":    func(ctx context.Context) error { return second(s.KeepSettings(ctx, "new")) },
		"EditionNumber":   func(ctx context.Context) error { return second(s.EditionNumber(ctx)) },
		"EditionInForce":  func(ctx context.Context) error { return second(s.EditionInForce(ctx)) },
		"EditionHeld":     func(ctx context.Context) error { return second(s.EditionHeld(ctx, edition.Content, "content old")) },
		"EditionHeld of registers": func(ctx context.Context) error {
			return second(s.EditionHeld(ctx, edition.Registers, "registers old"))
		},
	}
	pieceCalls(s, all)
	return all
}

// fill puts in one of everything that calls wants to find.
func fill(t tb, s store.Store) {
	t.Helper()
	noError(t, s.AppendEntries(background, sampleEntries(0, 1)))
	noError(t, s.SaveLogin(background, sampleLogin("old")))
	noError(t, s.SaveSession(background, sampleSession("old")))
	setPlace(t, s, learning.Place{Person: "p-1", Course: "annual", Scope: "2026"})
	openAttempt(t, s, sampleAttempt("a-1"))
	noError(t, s.Publish(background, samplePublication("old", 1, "ja", "old")))
	noError(t, s.KeepText(background, "old", []byte("x")))
	claimed := sampleMessage("claimed")
	claimed.Holder, claimed.NextAt = "holder", after(time.Hour)
	noError(t, s.EnqueueMessages(background, []notify.Message{sampleMessage("old"), claimed}))
	same(t, value[int64](t)(s.Position(background, "old", 3)), 3)
	noError(t, s.PublishEdition(background, sampleEdition(1, "old")))
	noError(t, second(s.KeepSettings(background, "old")))
}

// wantUntouched checks that the store is as fill left it.
func wantUntouched(t tb, s store.Store) {
	t.Helper()
	wantLog(t, s, 1)
	var sorts []string
	for _, p := range visited(t, s) {
		sorts = append(sorts, p.Sort())
	}
	same(t, sorts, []string{"place", "attempt", "publication", "text", "message", "message", "position", "edition"})
	same(t, value[int64](t)(s.RosterRevision(background)), 0)
	same(t, value[identity.Session](t)(s.Session(background, "old")), sampleSession("old"))
	same(t, getPlace(t, s, "p-1").Revision, 1)
	same(t, value[learning.Attempt](t)(s.Attempt(background, "a-1")).Revision, 1)
	same(t, len(value[[]policy.Publication](t)(s.Publications(background))), 1)
	for what, err := range map[string]error{
		"checkpoint": second(s.LastCheckpoint(background)), "session": second(s.Session(background, "new")),
		"login": second(s.TakeLogin(background, "new")), "link": second(s.Link(background, "new", "")),
		"attempt": second(s.Attempt(background, "new")), "text": second(s.KeptText(background, "new")),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s was stored: %v", what, err)
		}
	}
	same(t, value[int64](t)(s.CountMessages(background, notify.Waiting)), 2)
	same(t, value[notify.Message](t)(s.ClaimMessage(background, "h", at, after(time.Hour))).Attempts, 1)
	same(t, value[int64](t)(s.Position(background, "old", 0)), 3)
	same(t, value[int64](t)(s.Position(background, "new", 5)), 5)
	same(t, value[string](t)(s.KeepSettings(background, "other")), "old")
	same(t, value[edition.Edition](t)(s.EditionInForce(background)), sampleEdition(1, "old"))
	same(t, value[bool](t)(s.UseOnce(background, "new", at)), true)
	same(t, value[identity.Login](t)(s.TakeLogin(background, "old")), sampleLogin("old"))
}

var contextContracts = []contract{
	{"a cancelled context does nothing", func(t *testing.T, s store.Store) {
		fill(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantEnded(ctx, t, s, context.Canceled)
	}},
	{"a deadline that has passed does nothing", func(t *testing.T, s store.Store) {
		fill(t, s)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		wantEnded(ctx, t, s, context.DeadlineExceeded)
	}},
	{"a cancelled update stops", func(t *testing.T, s store.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.UpdatePlace(ctx, "p-1", "annual", "2026", func(p learning.Place) (learning.Place, error) {
			cancel()
			return p, nil
		})
		wantKind(t, err, fault.Unavailable)
		wantKind(t, second(s.Place(t.Context(), "p-1", "annual", "2026")), fault.NotFound)
	}},
	{"contexts that end in the middle leave a sound store", endInTheMiddle},
	{"after Close everything is unavailable", func(t *testing.T, s store.Store) {
		fill(t, s)
		noError(t, s.Close())
		noError(t, s.Close())
		all := calls(s)
		for _, name := range sortedKeys(all) {
			t.Run(name, func(t *testing.T) { wantKind(t, all[name](t.Context()), fault.Unavailable) })
		}
	}},
	{"every call works with a context that is alive", func(t *testing.T, s store.Store) {
		fill(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		all := calls(s)
		for _, name := range sortedKeys(all) {
			if err := all[name](ctx); err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"Close answers what it accepted", closeUnderLoad},
}

func wantEnded(ctx context.Context, t *testing.T, s store.Store, cause error) {
	t.Helper()
	all := calls(s)
	for _, name := range sortedKeys(all) {
		err := all[name](ctx)
		if !fault.Is(err, fault.Unavailable) || !errors.Is(err, cause) {
			t.Errorf("%s: %v, want unavailable because of %v", name, err, cause)
		}
	}
	wantUntouched(t, s)
}

func endInTheMiddle(t *testing.T, s store.Store) {
	acknowledged := make([]bool, 200)
	together(len(acknowledged), func(i int) error {
		ctx, cancel := context.WithTimeout(background, time.Duration(i*20)*time.Microsecond)
		defer cancel()
		err := s.SaveSession(ctx, sampleSession(string(rune('一'+i))))
		acknowledged[i] = err == nil
		if err != nil && !fault.Is(err, fault.Unavailable) {
			t.Error(err)
		}
		_, err = s.Session(ctx, "x")
		if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unavailable) {
			t.Error(err)
		}
		return nil
	})
	for i, ok := range acknowledged {
		if !ok {
			continue // it may or may not be there
		}
		hash := string(rune('一' + i))
		same(t, value[identity.Session](t)(s.Session(t.Context(), hash)), sampleSession(hash))
	}
	noError(t, s.SaveSession(t.Context(), sampleSession("after")))
	noError(t, s.Ping(t.Context()))
}

func closeUnderLoad(t *testing.T, s store.Store) {
	errs := together(65, func(i int) error {
		if i == 64 {
			time.Sleep(2 * time.Millisecond)
			return s.Close()
		}
		for {
			if err := s.KeepText(background, "same", []byte("x")); err != nil {
				return err
			}
			if err := second(s.KeptText(background, "same")); err != nil {
				return err
			}
		}
	})
	noError(t, errs[64])
	same(t, count(t, errs[:64], fault.Unavailable), 0)
}

// Unanswered calls every method of a store whose server answers nobody, all at
// once, with contexts that have no end of their own: each must come back by
// itself, and be unavailable.
func Unanswered(t testing.TB, s store.Store) {
	t.Helper()
	all := calls(s)
	names := sortedKeys(all)
	for i, err := range together(len(names), func(i int) error { return all[names[i]](background) }) {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want unavailable", names[i], err)
		}
	}
}

// Exercise calls every method of a store, and every kind of query, so that a
// test can look at how the store answers them.
func Exercise(t testing.TB, s store.Store) {
	t.Helper()
	fill(t, s)
	all := calls(s)
	for _, name := range sortedKeys(all) {
		_ = all[name](t.Context())
	}
	noError(t, second(s.Checkpoints(t.Context(), 5, 5)))
	for mask := range 1 << 7 {
		pick := func(bit int) string {
			if mask>>bit&1 == 1 {
				return "x"
			}
			return ""
		}
		q := evidence.Query{Subject: pick(0), Actor: pick(1), Object: pick(2), Kind: pick(3)}
		if pick(4) != "" {
			q.From = at
		}
		if pick(5) != "" {
			q.Until = at
		}
		if pick(6) != "" {
			q.Before = 10
		}
		noError(t, second(s.FindEntries(t.Context(), q)))
		noError(t, second(s.CountEntries(t.Context(), q)))
		noError(t, second(s.EntrySeqs(t.Context(), q)))
		if q.Kind != "" {
			q.Kept = true
			noError(t, second(s.FindEntries(t.Context(), q)))
		}
		if mask > 0 && mask < 16 {
			sessions := identity.SessionQuery{Person: directory.PersonID(pick(0)), Issuer: pick(1), Subject: pick(2), SID: pick(3)}
			noError(t, second(s.EndSessions(t.Context(), sessions)))
		}
	}
}
