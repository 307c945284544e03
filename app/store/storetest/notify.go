package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
	"kokoroe/app/store"
)

func sampleMessage(key string) notify.Message {
	return notify.Message{Key: key, Person: "p-1", State: notify.Waiting, At: at, NextAt: at}
}

// sent is how a message ends well.
var sent = notify.Settlement{State: notify.Sent, Attempts: 1, SettledAt: at, Answer: "250 ok"}

func enqueue(t tb, s store.Store, messages ...notify.Message) {
	t.Helper()
	noError(t, s.EnqueueMessages(background, messages))
}

// claim takes the message that is due at an instant, for a minute.
func claim(t tb, s store.Store, holder string, now time.Time) notify.Message {
	t.Helper()
	return value[notify.Message](t)(s.ClaimMessage(background, holder, now, now.Add(time.Minute)))
}

func found(t tb, s store.Store, q notify.MessageQuery) (keys []string) {
	t.Helper()
	for _, m := range value[[]notify.Message](t)(s.FindMessages(background, q)) {
		keys = append(keys, m.Key)
	}
	return keys
}

var messageContracts = []contract{
	{"an empty outbox", func(t *testing.T, s store.Store) {
		noError(t, s.EnqueueMessages(t.Context(), nil))
		_, err := s.ClaimMessage(t.Context(), "h", after(time.Hour), after(2*time.Hour))
		wantKind(t, err, fault.NotFound)
		wantKind(t, second(s.OldestMessage(t.Context(), notify.Waiting)), fault.NotFound)
		wantKind(t, s.SettleMessage(t.Context(), "receipt/1", "h", sent), fault.Conflict)
		same(t, value[int64](t)(s.CountMessages(t.Context(), notify.Waiting)), 0)
		same(t, found(t, s, notify.MessageQuery{State: notify.Waiting}), nil)
		_, err = s.FindMessages(t.Context(), notify.MessageQuery{})
		wantKind(t, err, fault.Invalid)
	}},
	{"a message comes back whole", func(t *testing.T, s store.Store) {
		given := notify.Message{
			Key: "receipt/1", Person: "p-1", State: notify.Withheld, Reason: notify.OnLeave, At: uncut, NextAt: uncut.Add(time.Second),
			Holder: "h", Attempts: 3, SettledAt: uncut.Add(time.Minute), Answer: "450 後で",
		}
		want := given
		want.At, want.NextAt, want.SettledAt = at, after(time.Second), after(time.Minute)
		enqueue(t, s, given, notify.Message{Key: "bare", State: "x"})
		same(t, value[[]notify.Message](t)(s.FindMessages(t.Context(), notify.MessageQuery{Person: "p-1"})), []notify.Message{want})
		same(t, value[notify.Message](t)(s.OldestMessage(t.Context(), "x")), notify.Message{Key: "bare", State: "x"})
	}},
	{"a key is kept once", func(t *testing.T, s store.Store) {
		other := sampleMessage("receipt/1")
		other.Person, other.NextAt = "p-2", after(-time.Hour)
		enqueue(t, s, sampleMessage("receipt/1"), other)
		enqueue(t, s, other)
		enqueue(t, s, sampleMessage("receipt/0"), other, sampleMessage("receipt/2"))
		same(t, found(t, s, notify.MessageQuery{State: notify.Waiting}), []string{"receipt/2", "receipt/1", "receipt/0"})
		same(t, found(t, s, notify.MessageQuery{Person: "p-2"}), nil)
		m := claim(t, s, "h", at)
		noError(t, s.SettleMessage(t.Context(), m.Key, "h", sent))
		enqueue(t, s, sampleMessage(m.Key)) // also when it was sent long ago
		same(t, value[int64](t)(s.CountMessages(t.Context(), notify.Sent)), 1)
	}},
	{"of 50 that enqueue the same all succeed", func(t *testing.T, s store.Store) {
		errs := together(50, func(i int) error {
			return s.EnqueueMessages(background, []notify.Message{sampleMessage("receipt/1"), sampleMessage(fmt.Sprint("receipt/", 2+i%5))})
		})
		same(t, count(t, errs, fault.Internal), 50)
		same(t, value[int64](t)(s.CountMessages(t.Context(), notify.Waiting)), 6)
	}},
	{"messages are claimed when due, the longest due first", claimInOrder},
	{"a claim lasts until its end, and no longer", claimsEnd},
	{"only a waiting message is claimed", func(t *testing.T, s store.Store) {
		for _, state := range []notify.State{notify.Sent, notify.Refused, notify.Withheld, "", "WAITING"} {
			m := sampleMessage("a " + string(state))
			m.State = state
			enqueue(t, s, m)
		}
		_, err := s.ClaimMessage(t.Context(), "h", after(time.Hour), after(2*time.Hour))
		wantKind(t, err, fault.NotFound)
	}},
	{"a message that was put back is claimed again", func(t *testing.T, s store.Store) {
		enqueue(t, s, sampleMessage("a"))
		for range 3 {
			m := claim(t, s, "h", after(time.Hour))
			noError(t, s.SettleMessage(t.Context(), "a", "h", notify.Settlement{
				State: notify.Waiting, NextAt: after(time.Hour), Attempts: m.Attempts, Answer: "451 busy",
			}))
		}
		m := claim(t, s, "h", after(time.Hour))
		same(t, m.Attempts, 4)
		same(t, m.Answer, "451 busy")
	}},
	{"of 50 claimants each gets another message", claimTogether},
	{"of 50 claimants of one message one gets it", func(t *testing.T, s store.Store) {
		enqueue(t, s, sampleMessage("a"))
		errs := together(50, func(i int) error {
			return second(s.ClaimMessage(background, fmt.Sprint(i), at, after(time.Hour)))
		})
		same(t, count(t, errs, fault.NotFound), 1)
		same(t, value[notify.Message](t)(s.OldestMessage(t.Context(), notify.Waiting)).Attempts, 1)
	}},
	{"of 50 that settle a claim one does", func(t *testing.T, s store.Store) {
		enqueue(t, s, sampleMessage("a"))
		claim(t, s, "h", at)
		errs := together(50, func(int) error { return s.SettleMessage(background, "a", "h", sent) })
		same(t, count(t, errs, fault.Conflict), 1)
	}},
	{"messages are found newest first", findMessages},
	{"messages are listed by key, page behind page", listMessages},
	{"messages are asked for by their keys", messagesByKey},
	{"a range of messages is counted by state and reason", countRange},
	{"the oldest message", func(t *testing.T, s store.Store) {
		for i, offset := range []int{2, 1, 1, 3} {
			m := sampleMessage(fmt.Sprint(i))
			m.At, m.NextAt = after(time.Duration(offset)*time.Millisecond), after(-time.Duration(offset)*time.Hour)
			enqueue(t, s, m)
		}
		same(t, value[notify.Message](t)(s.OldestMessage(t.Context(), notify.Waiting)).Key, "1")
		wantKind(t, second(s.OldestMessage(t.Context(), notify.Sent)), fault.NotFound)
	}},
	{"deleted messages are gone", func(t *testing.T, s store.Store) {
		enqueue(t, s, sampleMessage("a"), sampleMessage("b"), sampleMessage("c"))
		claim(t, s, "h", at)
		noError(t, s.DeleteMessages(t.Context(), nil))
		noError(t, s.DeleteMessages(t.Context(), []string{"b", "A", "a", "nobody's"}))
		noError(t, s.DeleteMessages(t.Context(), []string{"a"}))
		same(t, found(t, s, notify.MessageQuery{Person: "p-1"}), []string{"c"})
		wantKind(t, s.SettleMessage(t.Context(), "a", "h", sent), fault.Conflict)
	}},
	{"settled messages expire, waiting ones do not", func(t *testing.T, s store.Store) {
		for _, state := range []notify.State{notify.Waiting, notify.Sent, notify.Refused, notify.Withheld} {
			for i := range 3 {
				m := sampleMessage(fmt.Sprint(state, i))
				m.State, m.At = state, after(time.Duration(i-1)*time.Millisecond)
				enqueue(t, s, m)
			}
		}
		expired := func(before time.Time) int64 { return value[int64](t)(s.ExpireMessages(t.Context(), before)) }
		same(t, expired(time.Time{}), 0)
		same(t, expired(after(-time.Millisecond)), 0)
		same(t, expired(at), 3)
		same(t, expired(after(time.Nanosecond)), 3)
		same(t, expired(after(time.Hour)), 3)
		same(t, value[int64](t)(s.CountMessages(t.Context(), notify.Waiting)), 3)
		same(t, len(found(t, s, notify.MessageQuery{Person: "p-1"})), 3)
	}},
	{"a reader's position is kept and goes forward only", readerPositions},
}

func claimInOrder(t *testing.T, s store.Store) {
	for _, m := range []struct {
		key string
		due int // milliseconds
	}{{"z", -2}, {"b", -1}, {"B", -1}, {"規", -1}, {"now", 0}, {"later", 1}} {
		message := sampleMessage(m.key)
		message.NextAt = after(time.Duration(m.due) * time.Millisecond)
		enqueue(t, s, message)
	}
	var order []string
	for range 5 {
		order = append(order, claim(t, s, "h", at.Add(time.Microsecond)).Key)
	}
	same(t, order, []string{"z", "B", "b", "規", "now"})
	_, err := s.ClaimMessage(t.Context(), "h", after(time.Millisecond-time.Nanosecond), after(time.Hour))
	wantKind(t, err, fault.NotFound)
	m := claim(t, s, "h-2", after(time.Millisecond))
	want := sampleMessage("later")
	want.NextAt, want.Holder, want.Attempts = after(time.Minute+time.Millisecond), "h-2", 1
	same(t, m, want)
	same(t, slices.Contains(value[[]notify.Message](t)(s.FindMessages(t.Context(), notify.MessageQuery{Person: "p-1"})), want), true)
}

func claimsEnd(t *testing.T, s store.Store) {
	enqueue(t, s, sampleMessage("a"))
	claim(t, s, "first", at) // until a minute later
	for _, holder := range []string{"", "second", "FIRST", "first "} {
		wantKind(t, s.SettleMessage(t.Context(), "a", holder, sent), fault.Conflict)
	}
	_, err := s.ClaimMessage(t.Context(), "second", after(time.Minute-time.Millisecond), after(time.Hour))
	wantKind(t, err, fault.NotFound)
	same(t, claim(t, s, "second", after(time.Minute)).Attempts, 2)
	wantKind(t, s.SettleMessage(t.Context(), "a", "first", sent), fault.Conflict)
	noError(t, s.SettleMessage(t.Context(), "a", "second", sent))
	same(t, value[notify.Message](t)(s.OldestMessage(t.Context(), notify.Sent)), notify.Message{
		Key: "a", Person: "p-1", State: notify.Sent, At: at, Attempts: 1, SettledAt: at, Answer: "250 ok",
	})
	wantKind(t, s.SettleMessage(t.Context(), "a", "second", sent), fault.Conflict)
	wantKind(t, s.SettleMessage(t.Context(), "a", "", sent), fault.Conflict)
	_, err = s.ClaimMessage(t.Context(), "third", after(time.Hour), after(2*time.Hour))
	wantKind(t, err, fault.NotFound)
}

func claimTogether(t *testing.T, s store.Store) {
	var messages []notify.Message
	for i := range 200 {
		messages = append(messages, sampleMessage(fmt.Sprint("receipt/", i)))
	}
	enqueue(t, s, messages...)
	var mu sync.Mutex
	claimed := map[string]string{}
	errs := together(50, func(i int) error {
		holder := fmt.Sprint("holder ", i)
		for {
			m, err := s.ClaimMessage(background, holder, at, after(time.Hour))
			if fault.Is(err, fault.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			mu.Lock()
			first, twice := claimed[m.Key]
			claimed[m.Key] = holder
			mu.Unlock()
			if twice {
				return fmt.Errorf("%s was claimed by %s and %s", m.Key, first, holder)
			}
			if err := s.SettleMessage(background, m.Key, holder, sent); err != nil {
				return err
			}
		}
	})
	same(t, count(t, errs, fault.Internal), 50)
	same(t, len(claimed), 200)
	same(t, value[int64](t)(s.CountMessages(background, notify.Sent)), 200)
}

func findMessages(t *testing.T, s store.Store) {
	put := func(key string, person directory.PersonID, state notify.State, offset int) {
		m := sampleMessage(key)
		m.Person, m.State, m.At = person, state, after(time.Duration(offset)*time.Millisecond)
		enqueue(t, s, m)
	}
	put("c", "p-1", notify.Waiting, 0)
	put("a", "p-1", notify.Sent, 2)
	put("b", "p-1", notify.Waiting, 2)
	put("B", "p-1", notify.Sent, 2)
	put("d", "p-2", notify.Sent, 1)
	put("e", "P-1", notify.Sent, 1)
	for _, c := range []struct {
		name string
		q    notify.MessageQuery
		want []string
	}{
		{"of a person", notify.MessageQuery{Person: "p-1"}, []string{"b", "a", "B", "c"}},
		{"in a state", notify.MessageQuery{State: notify.Sent}, []string{"a", "B", "e", "d"}},
		{"both", notify.MessageQuery{Person: "p-1", State: notify.Waiting}, []string{"b", "c"}},
		{"limited", notify.MessageQuery{Person: "p-1", Limit: 2}, []string{"b", "a"}},
		{"nobody's", notify.MessageQuery{Person: "p-3"}, nil},
		{"no operator", notify.MessageQuery{Person: `{"$gt":""}`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, found(t, s, c.q), c.want) })
	}
	var many []notify.Message
	for i := range 1100 {
		m := sampleMessage(fmt.Sprintf("many/%04d", i))
		m.State = notify.Refused
		many = append(many, m)
	}
	enqueue(t, s, many...)
	for limit, want := range map[int]int{0: 100, -1: 100, 1000: 1000, 5000: 1000} {
		same(t, len(found(t, s, notify.MessageQuery{State: notify.Refused, Limit: limit})), want)
	}
	same(t, value[int64](t)(s.CountMessages(background, notify.Refused)), 1100)
}

// round puts in messages of two rounds, and some beside them.
func round(t *testing.T, s store.Store) {
	for _, m := range []struct {
		key    string
		state  notify.State
		reason notify.Reason
	}{
		{"r/1/b", notify.Sent, ""}, {"r/1/a", notify.Withheld, notify.NoAddress}, {"r/1/B", notify.Waiting, ""},
		{"r/1/規", notify.Withheld, notify.NoAddress}, {"r/1/c", notify.Withheld, notify.Done}, {"r/1/\U0010ffff", notify.Sent, ""},
		{"r/1", notify.Sent, ""}, {"r/1/", notify.Sent, ""}, {"r/10", notify.Sent, ""}, {"r/2/a", notify.Sent, ""}, {"R/1/a", notify.Sent, ""},
		{"r/0/z", notify.Sent, ""}, {"q", notify.Sent, ""},
	} {
		message := sampleMessage(m.key)
		message.State, message.Reason = m.state, m.reason
		enqueue(t, s, message)
	}
}

func keysOf(messages []notify.Message) (keys []string) {
	for _, m := range messages {
		keys = append(keys, m.Key)
	}
	return keys
}

func listMessages(t *testing.T, s store.Store) {
	round(t, s)
	listed := func(r notify.MessageRange) []string {
		return keysOf(value[[]notify.Message](t)(s.ListMessages(t.Context(), r)))
	}
	whole := []string{"r/1/B", "r/1/a", "r/1/b", "r/1/c", "r/1/規", "r/1/\U0010ffff"}
	for _, c := range []struct {
		name string
		r    notify.MessageRange
		want []string
	}{
		{"a round", notify.MessageRange{Prefix: "r/1/"}, whole},
		{"its beginning", notify.MessageRange{Prefix: "r/1/", Limit: 2}, whole[:2]},
		{"behind a key", notify.MessageRange{Prefix: "r/1/", After: "r/1/a", Limit: 2}, whole[2:4]},
		{"behind a key that is not there", notify.MessageRange{Prefix: "r/1/", After: "r/1/bb"}, whole[3:]},
		{"behind a key before it", notify.MessageRange{Prefix: "r/1/", After: "r/0/z"}, whole},
		{"behind the last", notify.MessageRange{Prefix: "r/1/", After: "r/2/a"}, nil},
		{"in a state", notify.MessageRange{Prefix: "r/1/", State: notify.Withheld}, []string{"r/1/a", "r/1/c", "r/1/規"}},
		{"for a reason", notify.MessageRange{Prefix: "r/1/", Reason: notify.NoAddress, After: "r/1/a"}, []string{"r/1/規"}},
		{"of all rounds", notify.MessageRange{Prefix: "r/", State: notify.Waiting}, []string{"r/1/B"}},
		{"none", notify.MessageRange{Prefix: "nobody/"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, listed(c.r), c.want) })
	}
	for _, prefix := range []string{"", "r/1", "r"} {
		wantKind(t, second(s.ListMessages(t.Context(), notify.MessageRange{Prefix: prefix})), fault.Invalid)
		wantKind(t, second(s.CountRange(t.Context(), prefix)), fault.Invalid)
	}
	same(t, value[[]notify.Message](t)(s.ListMessages(t.Context(), notify.MessageRange{Prefix: "r/2/"})),
		value[[]notify.Message](t)(s.Messages(t.Context(), []string{"r/2/a"})))
	same(t, found(t, s, notify.MessageQuery{Person: "p-1", Topic: "r", State: notify.Waiting}), []string{"r/1/B"})
	same(t, found(t, s, notify.MessageQuery{Person: "p-1", Topic: "R"}), []string{"R/1/a"})
	wantKind(t, second(s.FindMessages(t.Context(), notify.MessageQuery{State: notify.Sent, Topic: "R"})), fault.Invalid)
	var many []notify.Message
	for i := range 1100 {
		many = append(many, sampleMessage(fmt.Sprintf("many/%04d", i)))
	}
	enqueue(t, s, many...)
	for limit, want := range map[int]int{0: 100, -1: 100, 1000: 1000, 5000: 1000} {
		same(t, len(listed(notify.MessageRange{Prefix: "many/", Limit: limit})), want)
	}
}

func messagesByKey(t *testing.T, s store.Store) {
	round(t, s)
	asked := func(keys ...string) []string {
		return keysOf(value[[]notify.Message](t)(s.Messages(t.Context(), keys)))
	}
	same(t, asked(), nil)
	same(t, asked("r/2/a", "r/1/B", "nobody's", "r/1/b", "r/1/b", "$ne"), []string{"r/1/B", "r/1/b", "r/2/a"})
	keys := make([]string, notify.MostKeys)
	for i := range keys {
		keys[i] = fmt.Sprint("none/", i)
	}
	keys[500] = "q"
	same(t, asked(keys...), []string{"q"})
	wantKind(t, second(s.Messages(t.Context(), slices.Concat(keys, []string{"q"}))), fault.Invalid)
}

func countRange(t *testing.T, s store.Store) {
	round(t, s)
	same(t, value[[]notify.MessageCount](t)(s.CountRange(t.Context(), "r/1/")), []notify.MessageCount{
		{State: notify.Sent, N: 2}, {State: notify.Waiting, N: 1},
		{State: notify.Withheld, Reason: notify.Done, N: 1}, {State: notify.Withheld, Reason: notify.NoAddress, N: 2},
	})
	same(t, value[[]notify.MessageCount](t)(s.CountRange(t.Context(), "nobody/")), nil)
}

func readerPositions(t *testing.T, s store.Store) {
	wantKind(t, s.AdvancePosition(t.Context(), "receipts", 5), fault.NotFound)
	same(t, value[int64](t)(s.Position(t.Context(), "receipts", 7)), 7)
	same(t, value[int64](t)(s.Position(t.Context(), "receipts", 0)), 7)
	same(t, value[int64](t)(s.Position(t.Context(), "RECEIPTS", 9)), 9)
	for _, step := range []struct{ to, want int64 }{{8, 8}, {8, 8}, {3, 8}, {-1, 8}, {1 << 40, 1 << 40}} {
		noError(t, s.AdvancePosition(t.Context(), "receipts", step.to))
		same(t, value[int64](t)(s.Position(t.Context(), "receipts", 0)), step.want)
	}
	var mu sync.Mutex
	seen := map[int64]bool{}
	errs := together(50, func(i int) error {
		if i%2 == 0 {
			n, err := s.Position(background, "new", int64(i))
			mu.Lock()
			defer mu.Unlock()
			seen[n] = true
			return err
		}
		return s.AdvancePosition(background, "RECEIPTS", int64(i))
	})
	same(t, count(t, errs, fault.Internal), 50)
	same(t, len(seen), 1)
	same(t, value[int64](t)(s.Position(t.Context(), "RECEIPTS", 0)), 49)
}

// messageWrites puts x into each text of each write of messages in turn.
func messageWrites(s store.Store, x string, writes map[string]func() error) {
	for i, m := range []notify.Message{
		{Key: x}, {Person: directory.PersonID(x)}, {State: notify.State(x)}, {Reason: notify.Reason(x)}, {Holder: x}, {Answer: x},
	} {
		writes[fmt.Sprint("message ", i)] = func() error {
			return s.EnqueueMessages(background, []notify.Message{{Key: "ok"}, m})
		}
	}
	for i, v := range []notify.Settlement{{State: notify.State(x)}, {Reason: notify.Reason(x)}, {Answer: x}} {
		writes[fmt.Sprint("settlement ", i)] = func() error { return s.SettleMessage(background, "k", "h", v) }
	}
	writes["settlement key"] = func() error { return s.SettleMessage(background, x, "h", notify.Settlement{}) }
	writes["settlement holder"] = func() error { return s.SettleMessage(background, "k", x, notify.Settlement{}) }
	writes["claim"] = func() error { return second(s.ClaimMessage(background, x, at, at)) }
	writes["reader"] = func() error { return second(s.Position(background, x, 0)) }
	writes["reader advance"] = func() error { return s.AdvancePosition(background, x, 0) }
}
