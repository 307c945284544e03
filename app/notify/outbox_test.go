package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
)

func TestSentOnce(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1", "receipt/1", "receipt/2")
	if n := o.deliver(); n != 2 {
		t.Errorf("dealt with %d messages, want 2", n)
	}
	o.put("receipt/1") // again, as after a crash
	o.clock.advance(24 * time.Hour)
	if n := o.deliver(); n != 0 {
		t.Errorf("dealt with %d messages again", n)
	}
	m := o.want("receipt/1", notify.Sent, 1)
	if m.Answer != "250 2.0.0 queued" || !m.SettledAt.Equal(start) {
		t.Errorf("sent at %s, with the answer %q", m.SettledAt, m.Answer)
	}
	mail := o.server.mails[0]
	if mail.Address != "p-1@city.example" || mail.Name != "見本 花子" || !mail.At.Equal(start) || mail.Subject != "About 1" {
		t.Errorf("the server was given %+v", mail)
	}
}

func TestLaterEachTimeAndGivenUp(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1")
	o.server.says = func(int, notify.Mail) (string, error) { return "", &notify.Failure{Answer: "452 4.2.2 mailbox full"} }
	var waits []time.Duration
	for range 100 {
		if o.deliver() == 0 {
			t.Fatal("nothing was due")
		}
		m := o.store.message("receipt/1")
		if m.State != notify.Waiting {
			break
		}
		waits = append(waits, m.NextAt.Sub(o.clock.Now()))
		o.clock.advance(waits[len(waits)-1] - time.Millisecond)
		if o.deliver() != 0 {
			t.Fatal("tried before its time")
		}
		o.clock.advance(time.Millisecond)
	}
	m := o.want("receipt/1", notify.Refused, 32)
	if m.Answer != "452 4.2.2 mailbox full" {
		t.Errorf("the answer kept is %q", m.Answer)
	}
	if fmt.Sprint(waits[:10]) != "[1m0s 2m0s 4m0s 8m0s 16m0s 32m0s 1h4m0s 2h8m0s 4h0m0s 4h0m0s]" {
		t.Errorf("waited %v", waits)
	}
	if total := o.clock.Now().Sub(start); total < 3*24*time.Hour || total > 5*24*time.Hour {
		t.Errorf("given up after %s", total)
	}
	o.clock.advance(1000 * time.Hour)
	if o.deliver() != 0 {
		t.Error("a refused message was tried again")
	}
}

func TestFinalRefusal(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1", "receipt/2")
	o.server.says = func(try int, _ notify.Mail) (string, error) {
		if try == 1 {
			return "", &notify.Failure{Final: true, Answer: "550 5.1.1 <P-1@City.Example>: p-1@city.example is unknown\r\nhere"}
		}
		return "250 ok", nil
	}
	o.deliver()
	if m := o.want("receipt/1", notify.Refused, 1); m.Answer != "550 5.1.1 <…>: … is unknown here" {
		t.Errorf("kept %q: the address must not stay", m.Answer)
	}
	o.want("receipt/2", notify.Sent, 1)
}

// TestServerDown leaves the server alone, gives no message up for it, and goes
// on when it is back.
func TestServerDown(t *testing.T) {
	o := newOffice(t)
	o.put(keys(50)...)
	down := true
	o.server.says = func(int, notify.Mail) (string, error) {
		if down {
			return "", errors.New("connection refused") // not even a Failure
		}
		return "250 ok", nil
	}
	var pauses []time.Duration
	for range 300 { // a day of it
		tries := o.server.tries
		o.deliver()
		if o.server.tries != tries+1 {
			t.Fatalf("%d connections at once to a server that is down", o.server.tries-tries)
		}
		summary, err := o.outbox.Summary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if summary.Waiting != 50 || summary.Trouble != "connection refused" || !summary.WaitingSince.Equal(start) {
			t.Fatalf("the summary says %+v", summary)
		}
		pauses = append(pauses, summary.TriedAgainAt.Sub(o.clock.Now()))
		if o.deliver() != 0 {
			t.Fatal("tried while paused")
		}
		o.clock.advance(pauses[len(pauses)-1])
	}
	if fmt.Sprint(pauses[:7]) != "[15s 30s 1m0s 2m0s 4m0s 5m0s 5m0s]" {
		t.Errorf("paused for %v", pauses[:7])
	}
	down = false
	if n := o.deliver(); n != 50 {
		t.Errorf("%d messages went out when the server was back", n)
	}
	o.want("receipt/0", notify.Sent, 1)
	if summary, _ := o.outbox.Summary(t.Context()); summary != (notify.Summary{Sent: 50}) {
		t.Errorf("the summary says %+v", summary)
	}
}

func TestWhoIsNotMailed(t *testing.T) {
	day := calendar.DateOf(start)
	for name, tc := range map[string]struct {
		change func(*directory.Person)
		want   notify.Reason // empty: is mailed
	}{
		"as usual":       {func(*directory.Person) {}, ""},
		"no address":     {func(p *directory.Person) { p.Mail = "" }, notify.NoAddress},
		"left yesterday": {func(p *directory.Person) { p.LeftOn = day.AddDays(-1) }, notify.Left},
		"last day today": {func(p *directory.Person) { p.LeftOn = day }, ""},
		"comes tomorrow": {func(p *directory.Person) { p.JoinedOn = day.AddDays(1) }, notify.Left},
		"on leave":       {func(p *directory.Person) { p.Leaves = []calendar.Period{{From: day}} }, notify.OnLeave},
		"back from leave": {func(p *directory.Person) {
			p.Leaves = []calendar.Period{{From: day.AddDays(-9), Until: day.AddDays(-1)}}
		}, ""},
		"not in the city":  {func(p *directory.Person) { p.ID = "p-2" }, notify.Unknown},
		"left, no address": {func(p *directory.Person) { p.Mail, p.LeftOn = "", day.AddDays(-1) }, notify.Left},
	} {
		t.Run(name, func(t *testing.T) {
			p := person("p-1")
			o := newOffice(t, p)
			o.put("receipt/1")
			tc.change(&p)
			o.people = []directory.Person{p}
			o.outbox = o.another()
			o.deliver()
			if tc.want == "" {
				o.want("receipt/1", notify.Sent, 1)
				return
			}
			if m := o.want("receipt/1", notify.Withheld, 0); m.Reason != tc.want || !m.SettledAt.Equal(start) {
				t.Errorf("withheld for %q at %s, want %q", m.Reason, m.SettledAt, tc.want)
			}
			if o.server.tries != 0 {
				t.Error("the server was asked all the same")
			}
		})
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1", "riddle/1")
	o.write = func(notify.Message, directory.Person) (notify.Mail, error) {
		return notify.Mail{}, &notify.NotMailed{Reason: notify.Erased}
	}
	o.deliver()
	if m := o.want("receipt/1", notify.Withheld, 0); m.Reason != notify.Erased {
		t.Errorf("withheld for %q", m.Reason)
	}
	o.want("riddle/1", notify.Waiting, 1) // of a topic that this program does not know

	o.put("receipt/3")
	o.write = func(notify.Message, directory.Person) (notify.Mail, error) {
		return notify.Mail{}, &notify.NotYet{After: 2 * time.Second}
	}
	for range 100 {
		o.deliver()
		o.clock.advance(2 * time.Second)
	}
	o.want("receipt/3", notify.Waiting, 0)
	o.write = plainly
	o.deliver()
	o.want("receipt/3", notify.Sent, 1)

	o.put("receipt/2")
	o.write = func(notify.Message, directory.Person) (notify.Mail, error) {
		return notify.Mail{}, fault.New(fault.Unavailable, "error.unavailable", nil)
	}
	for range 100 { // a store that is away is no fault of the message
		o.deliver()
		o.clock.advance(time.Minute)
	}
	o.want("receipt/2", notify.Waiting, 0)
	o.write = plainly
	o.deliver()
	o.want("receipt/2", notify.Sent, 1)
}

// TestTakenIsNotSentAgain: the server has taken a mail, and the store cannot be
// told.
func TestTakenIsNotSentAgain(t *testing.T) {
	for name, after := range map[string]time.Duration{
		"the claim lasts": time.Second, "the claim ran out": time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.put("receipt/1")
			o.store.trouble = func(call string) error {
				if call == "settle" {
					return fault.New(fault.Unavailable, "error.unavailable", nil)
				}
				return nil
			}
			if _, err := o.outbox.Deliver(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("no word of the store's trouble: %v", err)
			}
			o.clock.advance(after)
			if _, err := o.outbox.Deliver(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("no word of the store's trouble: %v", err)
			}
			o.store.trouble = nil
			o.deliver()
			o.deliver()
			if m := o.store.message("receipt/1"); m.State != notify.Sent {
				t.Errorf("the message is %s", m.State)
			}
			if n := o.server.taken()["receipt/1"]; n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

// TestStoreComesAndGoes settles within a moment when the store is back in time.
func TestStoreComesAndGoes(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1")
	failures := 0
	o.store.trouble = func(call string) error {
		if call == "settle" && failures < 2 {
			failures++
			return fault.New(fault.Unavailable, "error.unavailable", nil)
		}
		return nil
	}
	o.deliver()
	o.want("receipt/1", notify.Sent, 1)
}

// TestDiedWhileSending: another instance takes over when the claim ends, and
// what the first one says then counts for nothing.
func TestDiedWhileSending(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1")
	other := o.another()
	o.server.says = func(try int, m notify.Mail) (string, error) {
		if try > 1 {
			return "250 ok", nil
		}
		// The first instance hangs here. The other one looks in the meantime.
		for _, step := range []time.Duration{19 * time.Minute, 2 * time.Minute} {
			o.clock.advance(step)
			o.server.mu.Unlock()
			n, err := other.Deliver(t.Context())
			o.server.mu.Lock()
			if want := map[bool]int{true: 0, false: 1}[step > 5*time.Minute]; err != nil || n != want {
				t.Errorf("after %s the other instance dealt with %d, want %d (%v)", step, n, want, err)
			}
		}
		return "", &notify.Failure{Answer: "421 too late", Server: true}
	}
	o.deliver()
	o.want("receipt/1", notify.Sent, 2)
}

// TestPausedBeforeSending: who wakes up when its claim has nearly or quite run out
// does not send what another instance may be sending, or has.
func TestPausedBeforeSending(t *testing.T) {
	for name, pause := range map[string]time.Duration{"for long": time.Hour, "not for quite so long": 15 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.put("receipt/1")
			other, paused := o.another(), false
			o.write = func(m notify.Message, to directory.Person) (notify.Mail, error) {
				if !paused {
					paused = true
					o.clock.advance(pause)
					if _, err := other.Deliver(t.Context()); err != nil {
						t.Error(err)
					}
					sent := len(o.server.mails)
					o.server.says = func(int, notify.Mail) (string, error) {
						if o.store.message("receipt/1").NextAt.Sub(o.clock.Now()) < 12*time.Minute {
							t.Errorf("sent under a claim that runs out, after %d", sent)
						}
						return "250 ok", nil
					}
				}
				return plainly(m, to)
			}
			o.deliver()
			o.deliver()
			if n := o.server.taken()["receipt/1"]; n != 1 {
				t.Errorf("sent %d times", n)
			}
			if m := o.store.message("receipt/1"); m.State != notify.Sent {
				t.Errorf("the message is %s", m.State)
			}
		})
	}
}

func TestManyInstancesSendEachOnce(t *testing.T) {
	o := newOffice(t)
	o.put(keys(300)...)
	var group sync.WaitGroup
	for range 5 {
		outbox := o.another()
		group.Go(func() {
			if _, err := outbox.Deliver(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	taken := o.server.taken()
	if len(taken) != 300 || len(o.server.mails) != 300 {
		t.Errorf("%d mails of %d messages, want 300 of 300", len(o.server.mails), len(taken))
	}
}

// TestStop: what is under way is finished and settled, nothing else is begun.
func TestStop(t *testing.T) {
	o := newOffice(t)
	o.put("receipt/1", "receipt/2")
	ctx, stop := context.WithCancel(t.Context())
	o.server.says = func(int, notify.Mail) (string, error) { stop(); return "250 ok", nil }
	if n, err := o.outbox.Deliver(ctx); n != 1 || err != nil {
		t.Errorf("dealt with %d (%v), want the one under way", n, err)
	}
	o.want("receipt/1", notify.Sent, 1)
	o.want("receipt/2", notify.Waiting, 0)
}

// TestHeadersHoldNoLines gives names and titles that want to be more than one
// header, or to read otherwise than they are written.
func TestHeadersHoldNoLines(t *testing.T) {
	for _, evil := range []string{
		"a\r\nBcc: all@city.example", "a\nSubject: b", "a\rb", "a\x00b", "a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb\x0cc", "\r\n\r\nbody",
		"\u202eterces\u202c", "\u2066a\u2069", "a\xff\r\nb", "a\x7fb", "\x1b[31m", " \t a \t ",
	} {
		p := person("p-1")
		p.Name = evil
		o := newOffice(t, p)
		o.put("receipt/1")
		o.write = func(m notify.Message, _ directory.Person) (notify.Mail, error) {
			return notify.Mail{ID: m.Key, Subject: evil, Body: "x"}, nil
		}
		o.deliver()
		o.want("receipt/1", notify.Sent, 1)
		for _, got := range []string{o.server.mails[0].Subject, o.server.mails[0].Name} {
			if strings.ContainsAny(got, "\r\n\x00\u2028\u2029\u0085\x0b\x0c\x7f\x1b\u202e\u202c\u2066\u2069") || strings.TrimSpace(got) != got {
				t.Errorf("%q became %q", evil, got)
			}
		}
	}
	p := person("p-1")
	p.Name = strings.Repeat("長", 5000)
	o := newOffice(t, p)
	o.put("receipt/1")
	o.deliver()
	if n := len([]rune(o.server.mails[0].Name)); n != 100 {
		t.Errorf("a name of %d characters", n)
	}
}
