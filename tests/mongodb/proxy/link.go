package proxy

import (
	"net"
	"sync"
	"time"
)

// link is one connection of a client with the server.
type link struct {
	p              *Proxy
	client, server net.Conn
	once           sync.Once
	gone           chan struct{}

	mu   sync.Mutex
	acts map[uint32]Act // what is to happen to the reply, by the request's number
}

// cut ends both sides.
func (l *link) cut() {
	l.once.Do(func() {
		close(l.gone)
		_ = l.client.Close()
		_ = l.server.Close()
	})
}

// wait waits while everything is held. It reports whether there is still
// somebody to speak to.
func (l *link) wait() bool {
	for {
		held := l.p.holding()
		if held == nil {
			return true
		}
		select {
		case <-held:
		case <-l.gone:
			return false
		}
	}
}

// listen reads what the client says. It reads ahead, to notice a client that
// goes while its request is held.
func (l *link) listen() <-chan message {
	heard := make(chan message)
	l.p.links.Go(func() {
		defer close(heard)
		defer l.cut()
		for {
			m, err := readMessage(l.client)
			if err != nil {
				return
			}
			select {
			case heard <- m:
			case <-l.gone:
				return
			}
		}
	})
	return heard
}

// requests passes on what the client says, until it is gone or cut off.
func (l *link) requests() {
	for m := range l.listen() {
		if !l.wait() {
			return
		}
		to, out := l.server, m
		switch a := l.p.act(m); a.Harm {
		case CutBefore:
			return
		case Refused:
			to, out = l.client, refusal(m.number(), a) // the driver asks one thing at a time: no reply is on its way there
		case CutAfter, CutWithin, Late, Twice, Unsure:
			l.mu.Lock()
			l.acts[m.number()] = a
			l.mu.Unlock()
		case None:
		}
		if _, err := to.Write(out); err != nil {
			return
		}
	}
}

// replies passes on what the server says, or what is left of it.
func (l *link) replies() {
	defer l.cut()
	for {
		m, err := readMessage(l.server)
		if err != nil || !l.wait() {
			return
		}
		out, cut := []byte(m), false
		switch a := l.take(m); a.Harm {
		case CutAfter:
			return
		case CutWithin:
			out, cut = out[:len(out)/2], true
		case Late:
			if !l.sleep(a.Delay) {
				return
			}
		case Twice:
			out = append(out[:len(out):len(out)], out...)
		case Unsure:
			out = doubt(m.answers(), a)
		case None, CutBefore, Refused:
		}
		if _, err := l.client.Write(out); err != nil || cut {
			return
		}
	}
}

// take is what is to happen to a reply.
func (l *link) take(m message) Act {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.acts[m.answers()]
	delete(l.acts, m.answers())
	return a
}

func (l *link) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.gone:
		return false
	}
}
