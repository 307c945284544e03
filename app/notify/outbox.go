package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// Sender hands a mail to the mail server. nil means that the server took it,
// and the answer is what it said. Anything else is a *Failure, or trouble that
// is taken for the server's.
type Sender interface {
	Send(ctx context.Context, m Mail) (answer string, err error)
}

// Failure is why a server did not take a mail.
type Failure struct {
	Final  bool   // it will never take this one
	Server bool   // it would take no other now either: it is down, or does not know us
	Answer string // what it said, if anything
	Err    error
}

// Error is for logs.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Answer
	}
	return f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Composer writes the messages of one topic. to is the message's person, who
// may be mailed.
type Composer interface {
	// Compose returns the mail, to which recipient and date are added. A
	// *NotMailed error says that there is to be none, a *NotYet error that it is
	// too early; any other, that it cannot be written now.
	Compose(ctx context.Context, m Message, to directory.Person) (Mail, error)
}

// NotMailed is a Composer's word that a message is not to be mailed.
type NotMailed struct{ Reason Reason }

// Error is for logs.
func (n *NotMailed) Error() string { return "not mailed: " + string(n.Reason) }

// NotYet is a Composer's word that what a message says is not complete yet.
type NotYet struct{ After time.Duration }

// Error is for logs.
func (n *NotYet) Error() string { return "not yet: again in " + n.After.String() }

// Rosters gives the roster in force.
type Rosters interface {
	Current(ctx context.Context) (*directory.Roster, error)
}

// Config is what an Outbox is made of.
type Config struct {
	Store     Store
	Sender    Sender
	Rosters   Rosters
	Composers map[string]Composer // by topic
	Now       calendar.Clock
	Logger    *slog.Logger
	Workers   int // mails under way at once; 0: 4
}

const (
	// patience is how long one mail may take, and lease how long a claim lasts:
	// so much longer that nobody sends what is still being sent. A server may look
	// at a text for ten minutes before it says that it took it (RFC 5321,
	// 4.5.3.2.6); who does not wait sends it twice.
	patience = 12 * time.Minute
	lease    = 20 * time.Minute

	// grace is how long a mail that is under way may take when the program stops:
	// one that is broken off may have arrived.
	grace = 10 * time.Second

	firstRetry  = time.Minute
	longestWait = 4 * time.Hour
	maxAttempts = 32 // about four days of them

	firstPause   = 15 * time.Second
	longestPause = 5 * time.Minute
)

// Outbox sends the messages that wait. Several may share one store.
type Outbox struct {
	c Config

	mu      sync.Mutex
	pause   time.Duration // of the last trouble with the server; 0 when there was none
	until   time.Time     // when the server is tried again
	trouble string        // what the server answered, while paused

	// taken are mails that the server took and the store does not know of yet,
	// by key: they must not be sent again.
	taken map[string]owed
}

// owed is a settlement that the store has not taken.
type owed struct {
	holder string
	s      Settlement
}

// New returns the outbox of a store.
func New(c Config) *Outbox {
	if c.Workers <= 0 {
		c.Workers = 4
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Outbox{c: c, taken: map[string]owed{}}
}

// Deliver sends everything that is due, and returns how many messages it dealt
// with. When ctx ends, what is under way is finished and nothing begun. An
// error is the store's.
func (o *Outbox) Deliver(ctx context.Context) (int, error) {
	if err := o.pay(ctx); err != nil {
		return 0, err
	}
	first, err := o.claim(ctx)
	if first == nil {
		return 0, err // as most of the time
	}
	counts, errs := make([]int, o.c.Workers), make([]error, o.c.Workers)
	var group sync.WaitGroup
	for i := range o.c.Workers {
		mine := first
		first = nil
		group.Go(func() { counts[i], errs[i] = o.work(ctx, mine) })
	}
	group.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return total, errors.Join(errs...)
}

// claim returns a message that is due, and nil when there is none, when the
// server is left alone, or when nothing is to be begun any more.
func (o *Outbox) claim(ctx context.Context) (*Message, error) {
	if stopping(ctx) || o.paused() {
		return nil, nil
	}
	now := o.c.Now()
	m, err := o.c.Store.ClaimMessage(ctx, rand.Text(), now, now.Add(lease))
	if err == nil {
		return &m, nil
	}
	if fault.Is(err, fault.NotFound) || stopping(ctx) {
		err = nil
	}
	return nil, err
}

func stopping(ctx context.Context) bool { return ctx.Err() != nil }

// work deals with one message after the other, beginning with first unless it
// is nil.
func (o *Outbox) work(ctx context.Context, first *Message) (n int, err error) {
	for m := first; ; n++ {
		if m == nil {
			if m, err = o.claim(ctx); m == nil {
				return n, err
			}
		}
		if err := o.settle(ctx, *m, o.attempt(ctx, *m)); err != nil {
			return n, err
		}
		m = nil
	}
}

// attempt deals with a claimed message and says how it goes on.
func (o *Outbox) attempt(ctx context.Context, m Message) Settlement {
	if s, ok := o.owes(m.Key); ok {
		return s
	}
	if stopping(ctx) { // nothing is begun any more
		return o.later(0, m.Attempts-1, m.Answer)
	}
	mail, err := o.write(ctx, m)
	if n, ok := errors.AsType[*NotMailed](err); ok {
		return Settlement{State: Withheld, Reason: n.Reason, Attempts: m.Attempts - 1, SettledAt: o.c.Now()}
	}
	if n, ok := errors.AsType[*NotYet](err); ok {
		return o.later(n.After, m.Attempts-1, m.Answer)
	}
	if err != nil {
		o.c.Logger.Error("mail cannot be written", "key", m.Key, "person", m.Person, "cause", err.Error())
		if fault.Is(err, fault.Unavailable) { // not for anything about this message
			return o.later(firstRetry, m.Attempts-1, m.Answer)
		}
		return o.retry(m, "")
	}
	if o.c.Now().After(m.NextAt.Add(-patience)) { // the program was paused: somebody else may be sending it, or has
		return o.later(0, m.Attempts-1, m.Answer)
	}
	answer, err := o.send(ctx, mail)
	answer = without(answer, mail.Address)
	if err == nil {
		o.reached()
		return Settlement{State: Sent, Attempts: m.Attempts, SettledAt: o.c.Now(), Answer: answer}
	}
	failure, ok := errors.AsType[*Failure](err)
	if !ok {
		failure = &Failure{Server: true, Err: err}
	}
	if answer = without(failure.Answer, mail.Address); answer == "" {
		answer = without(failure.Error(), mail.Address)
	}
	switch {
	case failure.Server:
		return o.later(o.leave(answer), m.Attempts-1, answer)
	case failure.Final:
		o.reached()
		return Settlement{State: Refused, Attempts: m.Attempts, SettledAt: o.c.Now(), Answer: answer}
	}
	o.reached()
	return o.retry(m, answer)
}

// write finds out whether the person may be mailed, and puts the message into
// words. What the roster says on this day decides.
func (o *Outbox) write(ctx context.Context, m Message) (Mail, error) {
	composer, ok := o.c.Composers[m.Topic()]
	if !ok {
		return Mail{}, fmt.Errorf("nobody writes %q", m.Topic())
	}
	roster, err := o.c.Rosters.Current(ctx)
	if err != nil {
		return Mail{}, err
	}
	now := o.c.Now()
	today := calendar.DateOf(now)
	person, known := roster.Person(m.Person)
	switch {
	case !known:
		return Mail{}, &NotMailed{Unknown}
	case !person.ActiveOn(today):
		return Mail{}, &NotMailed{Left}
	case person.OnLeave(today):
		return Mail{}, &NotMailed{OnLeave}
	case person.Mail == "":
		return Mail{}, &NotMailed{NoAddress}
	}
	mail, err := composer.Compose(ctx, m, person)
	mail.Name, mail.Address, mail.At = person.Name, person.Mail, now
	return mail.tidy(), err
}

// send hands the mail over. It is not broken off at once when the program
// stops: see grace.
func (o *Outbox) send(ctx context.Context, m Mail) (string, error) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	ended := context.AfterFunc(ctx, func() {
		select {
		case <-own.Done():
		case <-time.After(grace):
			cancel()
		}
	})
	defer ended()
	return o.c.Sender.Send(own, m)
}

// retry is for a message that did not go through: it is tried again, later each
// time, and given up after so many attempts.
func (o *Outbox) retry(m Message, answer string) Settlement {
	if m.Attempts >= maxAttempts {
		return Settlement{State: Refused, Attempts: m.Attempts, SettledAt: o.c.Now(), Answer: answer}
	}
	return o.later(doubled(firstRetry, m.Attempts-1, longestWait), m.Attempts, answer)
}

func (o *Outbox) later(after time.Duration, attempts int, answer string) Settlement {
	return Settlement{State: Waiting, NextAt: o.c.Now().Add(after), Attempts: attempts, Answer: answer}
}

// doubled is first, doubled so many times, and no more than most.
func doubled(first time.Duration, times int, most time.Duration) time.Duration {
	for ; times > 0 && first < most; times-- {
		first *= 2
	}
	return min(first, most)
}

// settlePauses are the waits between attempts to tell the store how a claimed
// message goes on. What the server took would be sent twice otherwise.
var settlePauses = []time.Duration{50 * time.Millisecond, 250 * time.Millisecond, time.Second}

// settle tells the store. A claim that ran out meanwhile is not an error: who
// has it now settles it.
func (o *Outbox) settle(ctx context.Context, m Message, s Settlement) error {
	// The store is told also when the program stops: it is open until this
	// returns.
	ctx = context.WithoutCancel(ctx)
	err := o.c.Store.SettleMessage(ctx, m.Key, m.Holder, s)
	for _, pause := range settlePauses {
		if err == nil || fault.Is(err, fault.Conflict) {
			break
		}
		time.Sleep(pause)
		err = o.c.Store.SettleMessage(ctx, m.Key, m.Holder, s)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		delete(o.taken, m.Key)
		o.note(m, s)
	case s.State == Sent:
		o.taken[m.Key] = owed{m.Holder, s}
	}
	if fault.Is(err, fault.Conflict) {
		o.c.Logger.Warn("a claim on a mail ran out", "key", m.Key, "person", m.Person, "state", s.State)
		return nil
	}
	return err
}

// note logs how a message went. Logs name people by their ID.
func (o *Outbox) note(m Message, s Settlement) {
	level := slog.LevelInfo
	if s.State == Refused {
		level = slog.LevelWarn
	}
	o.c.Logger.Log(context.Background(), level, "mail", "key", m.Key, "person", m.Person, "state", s.State,
		"reason", s.Reason, "attempts", s.Attempts, "answer", s.Answer)
}

// owes returns the settlement of a mail that the server took already.
func (o *Outbox) owes(key string) (Settlement, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	debt, ok := o.taken[key]
	return debt.s, ok
}

// pay tells the store of mails that the server took and the store could not be
// told of.
func (o *Outbox) pay(ctx context.Context) error {
	o.mu.Lock()
	debts := make(map[string]owed, len(o.taken))
	for key, debt := range o.taken {
		debts[key] = debt
	}
	o.mu.Unlock()
	for key, debt := range debts {
		err := o.c.Store.SettleMessage(ctx, key, debt.holder, debt.s)
		if fault.Is(err, fault.Conflict) && o.c.Now().Before(debt.s.SettledAt.Add(2*lease)) {
			continue // the claim ran out: when the next is ours, attempt settles it
		}
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
		o.mu.Lock()
		delete(o.taken, key)
		o.mu.Unlock()
	}
	return nil
}

// paused reports whether the server is left alone for now.
func (o *Outbox) paused() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pause > 0 && o.c.Now().Before(o.until)
}

// leave leaves the server alone for a while, longer each time, and returns how
// long.
func (o *Outbox) leave(answer string) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.c.Now(); !now.Before(o.until) { // else another worker has met the same trouble
		o.pause = min(max(2*o.pause, firstPause), longestPause)
		o.until, o.trouble = now.Add(o.pause), answer
		o.c.Logger.Error("the mail server takes no mail", "answer", answer, "again_in", o.pause.String())
	}
	return o.until.Sub(o.c.Now())
}

// reached says that the server answers.
func (o *Outbox) reached() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pause, o.until, o.trouble = 0, time.Time{}, ""
}
