package notify_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is a Monday morning in Japan.
var start = time.Date(2026, time.November, 30, 1, 0, 0, 0, time.UTC)

// clock moves only when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// server is a mail server: what it was given, and what it says.
type server struct {
	mu    sync.Mutex
	mails []notify.Mail
	tries int
	says  func(try int, m notify.Mail) (string, error) // nil: takes everything
}

func (s *server) Send(_ context.Context, m notify.Mail) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	answer := "250 2.0.0 queued"
	if s.says != nil {
		var err error
		if answer, err = s.says(s.tries, m); err != nil {
			return "", err
		}
	}
	s.mails = append(s.mails, m)
	return answer, nil
}

// taken returns how many mails the server has taken, by their ID.
func (s *server) taken() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, m := range s.mails {
		n[m.ID]++
	}
	return n
}

// rosters is a roster that does not change.
type rosters struct{ *directory.Roster }

func (r rosters) Current(context.Context) (*directory.Roster, error) { return r.Roster, nil }

// compose writes whatever it is told to.
type compose func(m notify.Message, to directory.Person) (notify.Mail, error)

func (c compose) Compose(_ context.Context, m notify.Message, to directory.Person) (notify.Mail, error) {
	return c(m, to)
}

func plainly(m notify.Message, to directory.Person) (notify.Mail, error) {
	return notify.Mail{ID: m.Key, Subject: "About " + m.About(), Body: to.Name + "\n"}, nil
}

// office is an outbox with everything around it.
type office struct {
	t      *testing.T
	store  *memory
	server *server
	clock  *clock
	people []directory.Person
	write  compose
	outbox *notify.Outbox
}

func person(id string) directory.Person {
	return directory.Person{
		ID: directory.PersonID(id), Number: id, Name: "見本 花子", Mail: id + "@city.example", Employment: directory.Regular,
		JoinedOn: calendar.MustDate("2020-04-01"),
	}
}

func newOffice(t *testing.T, people ...directory.Person) *office {
	if len(people) == 0 {
		people = []directory.Person{person("p-1")}
	}
	o := &office{t: t, store: newMemory(), server: &server{}, clock: &clock{now: start}, people: people, write: plainly}
	o.outbox = o.another()
	return o
}

// another returns the outbox of another instance on the same store.
func (o *office) another() *notify.Outbox {
	return notify.New(notify.Config{
		Store: o.store, Sender: o.server, Now: o.clock.Now, Workers: 1,
		Rosters: rosters{directory.NewRoster(directory.Snapshot{Revision: 1, People: o.people})},
		Composers: map[string]notify.Composer{"receipt": compose(func(m notify.Message, to directory.Person) (notify.Mail, error) {
			return o.write(m, to)
		})},
	})
}

func (o *office) put(keys ...string) {
	o.t.Helper()
	for _, key := range keys {
		m := notify.Message{Key: key, Person: o.people[0].ID, State: notify.Waiting, At: o.clock.Now(), NextAt: o.clock.Now()}
		if err := o.store.EnqueueMessages(o.t.Context(), []notify.Message{m}); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *office) deliver() int {
	o.t.Helper()
	n, err := o.outbox.Deliver(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// want fails the test unless the message stands so.
func (o *office) want(key string, state notify.State, attempts int) notify.Message {
	o.t.Helper()
	m := o.store.message(key)
	if m.State != state || m.Attempts != attempts || m.Holder != "" {
		o.t.Fatalf("%s is %s after %d attempts, held by %q; want %s after %d (%q)", key, m.State, m.Attempts, m.Holder, state, attempts, m.Answer)
	}
	return m
}

func keys(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("receipt/", i)
	}
	return list
}
