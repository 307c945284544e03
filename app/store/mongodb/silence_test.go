package mongodb_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/answering"
	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/mongodb/proxy"
)

// behindProxy opens a store of a new database through a proxy. It looks for a
// primary for so many milliseconds, and shows its commands to watch.
func behindProxy(t *testing.T, patience int, watch func(*event.CommandStartedEvent)) (*mongodb.Store, *proxy.Proxy) {
	t.Helper()
	uri := engine.Database(t)
	wire, err := proxy.Start(uri)
	check(t, err)
	t.Cleanup(func() { check(t, wire.Close()) })
	check(t, open(t, uri).Close()) // what is made at the first start takes its time
	s, err := mongodb.OpenWatched(t.Context(), mongodb.Config{URI: fmt.Sprintf("%s&serverSelectionTimeoutMS=%d", wire.URI(uri), patience), Limit: 2 * time.Second}, watch)
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, wire
}

// until asks again and again until there is no error.
func until(t *testing.T, what string, f func() error) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: still %v", what, err)
		}
	}
}

// message is the message ID of a fault.
func message(err error) string {
	f, _ := errors.AsType[*fault.Error](err)
	if f == nil {
		return ""
	}
	return f.MessageID
}

// atWork counts the goroutines that are in the store or its driver. The callers'
// own, which are done and about to end, are not.
func atWork() (n int) {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for one := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(one, "app/store/mongodb.") || strings.Contains(one, "mongo-driver/") {
			n++
		}
	}
	return n
}

// TestNobodyWaitsForASilentServer: one call waits for as long as it may; those
// that come after it are refused, and nothing of theirs is asked of the server.
func TestNobodyWaitsForASilentServer(t *testing.T) {
	engine.Address(t)
	for _, c := range []struct {
		name       string
		stop, back func(*proxy.Proxy)
	}{
		{"it is not there", (*proxy.Proxy).Leave, (*proxy.Proxy).Return},
		{"it takes connections and hangs", (*proxy.Proxy).Hold, (*proxy.Proxy).Release},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked atomic.Int64
			s, wire := behindProxy(t, 300, func(e *event.CommandStartedEvent) {
				if e.CommandName != "hello" {
					asked.Add(1)
				}
			})
			check(t, s.KeepText(t.Context(), "d", []byte("x")))
			c.stop(wire)
			for range 2 { // a connection that is cut fails at once, and the next look for a server does not
				if _, err := s.KeptText(t.Context(), "d"); !fault.Is(err, fault.Unavailable) {
					t.Fatalf("%v, want unavailable", err)
				}
			}
			before, running := asked.Load(), atWork()
			for range 5 {
				var crowd sync.WaitGroup
				for range 100 {
					crowd.Go(func() {
						_, err := s.KeptText(t.Context(), "d")
						if message(err) != "store.away" {
							t.Errorf("%v, want that it is away", err)
						}
					})
				}
				crowd.Wait()
			}
			if n := asked.Load() - before; n > 0 {
				t.Errorf("500 calls to a silent server asked it %d times", n)
			}
			if now := atWork(); now > running+20 {
				t.Errorf("%d goroutines of the store before, %d after", running, now)
			}
			if err := s.Ping(t.Context()); message(err) != "store.away" {
				t.Errorf("Ping: %v", err)
			}
			c.back(wire)
			until(t, "Ping", func() error { return s.Ping(t.Context()) })
			text, err := s.KeptText(t.Context(), "d")
			if err != nil || string(text) != "x" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

// TestAServerThatTakesNoWrites: a write says why, nothing of it is there, Ping
// says the same until a write is taken again, and then the same write is done.
func TestAServerThatTakesNoWrites(t *testing.T) {
	engine.Address(t)
	for _, c := range []struct {
		name string
		act  proxy.Act
		says string
	}{
		{"no disk left", proxy.Act{Code: 14031, Name: "OutOfDiskSpace"}, "store.full"},
		{"writes are blocked", proxy.Act{Code: 371, Name: "UserWritesBlocked"}, "store.read_only"},
		{"no primary any more", proxy.Act{Code: 10107, Name: "NotWritablePrimary"}, "store.no_primary"},
		{"no memory left", proxy.Act{Code: 146, Name: "ExceededMemoryLimit"}, "error.unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, wire := behindProxy(t, 2000, func(*event.CommandStartedEvent) {})
			check(t, s.Ping(t.Context()))
			c.act.Harm = proxy.Refused
			wire.Follow(proxy.Only(proxy.Every(1, 0, c.act), "insert"))
			write := func() error {
				return s.AppendEntries(t.Context(), []evidence.Entry{{Key: "k", Kind: "k", Leaf: []byte("x"), Hashes: []byte("y")}})
			}
			if err := write(); !fault.Is(err, fault.Unavailable) || message(err) != c.says || strings.Contains(err.Error(), "the proxy says") {
				t.Errorf("a write: %v, want %s", err, c.says)
			}
			for range 2 {
				if err := s.Ping(t.Context()); message(err) != c.says {
					t.Errorf("Ping: %v, want %s", err, c.says)
				}
			}
			if n, err := s.LogSize(t.Context()); n != 0 || err != nil {
				t.Errorf("%d entries (%v)", n, err)
			}
			wire.Follow(nil)
			until(t, "Ping", func() error { return s.Ping(t.Context()) })
			check(t, write())
			harmed := wire.Harmed()
			wire.Follow(proxy.Only(proxy.Every(1, 0, c.act), "insert"))
			check(t, s.Ping(t.Context()))
			if wire.Harmed() != harmed {
				t.Error("Ping writes although all is well")
			}
		})
	}
}

// TestWhoIsLetThroughASilence: whoever comes once the server has said anything,
// also that it takes no writes: it can be read.
func TestWhoIsLetThroughASilence(t *testing.T) {
	refusal := fault.New(fault.Unavailable, "store.read_only", nil)
	for _, c := range []struct {
		name, says string
		put        func(heard func()) error
	}{
		{"it answers", "", func(heard func()) error { heard(); return nil }},
		{"it answers that it is read-only", "", func(heard func()) error { heard(); return refusal }},
		{"it does not", "store.away", func(func()) error { return fault.New(fault.Unavailable, "store.away", nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			enter := mongodb.Silent(c.put)
			for range 2 {
				if err := enter(t.Context()); message(err) != c.says {
					t.Errorf("%v, want %q", err, c.says)
				}
			}
		})
	}
}

// TestPingAsksWhatTheServerIs: a server that says of itself that it takes no
// writes.
func TestPingAsksWhatTheServerIs(t *testing.T) {
	for _, c := range []struct {
		name, says string
		hello      bson.D
	}{
		{"a primary", "", d()},
		{"a primary of files that cannot be written", "store.read_only", d("readOnly", true)},
		{"none", "store.no_primary", d("isWritablePrimary", false, "ismaster", false, "secondary", true)},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := answering.Start(t, func(string) bson.D {
				answer := answering.Hello(25)
				for _, e := range c.hello {
					answer = append(withoutField(answer, e.Key), e)
				}
				return answer
			})
			s, err := mongodb.Unstarted(t.Context(), mongodb.Config{URI: "mongodb://" + address + "/kokoroe?directConnection=true"})
			check(t, err)
			t.Cleanup(func() { check(t, s.Close()) })
			if err := s.Ping(t.Context()); message(err) != c.says || (err == nil) != (c.says == "") {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func withoutField(document bson.D, name string) bson.D {
	var rest bson.D
	for _, e := range document {
		if e.Key != name {
			rest = append(rest, e)
		}
	}
	return rest
}
