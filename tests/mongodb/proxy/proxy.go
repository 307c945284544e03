// Package proxy owns a wire between the program and a MongoDB server that breaks
// when it is told to: it passes messages on, and cuts, delays, doubles or answers
// them by a plan.
package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
)

// Proxy listens on loopback and passes on what it hears.
type Proxy struct {
	network, server string // where the server is
	listener        net.Listener
	links           sync.WaitGroup

	mu     sync.Mutex
	plan   Plan
	harmed int
	open   map[*link]bool
	most   int           // that were open at a time
	held   chan struct{} // closed when all is let go; nil when nothing is held
	away   bool
	closed bool
}

// Start listens in front of the server that uri names. A host that is escaped,
// as %2Ftmp%2Fx.sock, is a socket.
func Start(uri string) (*Proxy, error) {
	_, rest, ok := strings.Cut(uri, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	host, err := url.PathUnescape(hosts)
	if !ok || err != nil || strings.Contains(host, ",") {
		return nil, fmt.Errorf("proxy: %q is not the address of one server", uri)
	}
	p := &Proxy{network: "tcp", server: host, open: map[*link]bool{}}
	if strings.HasPrefix(host, "/") {
		p.network = "unix"
	}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	p.links.Go(p.accept)
	return p, nil
}

// URI is the address of a database of the server, through the proxy.
func (p *Proxy) URI(uri string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + p.listener.Addr().String() + "/" + path
}

// Follow puts a plan in the place of the last; nil passes everything on.
func (p *Proxy) Follow(plan Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = plan
}

// Hold keeps back every message, and answers nobody, until Release.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
}

// Release lets go what was held, in its order.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

// Leave cuts every connection and refuses new ones until Return.
func (p *Proxy) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
	for l := range p.open {
		l.cut()
	}
}

// Return accepts connections again.
func (p *Proxy) Return() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = false
}

// Harmed is how many requests came to harm.
func (p *Proxy) Harmed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.harmed
}

// Most is how many connections were open at a time, at most.
func (p *Proxy) Most() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// Close cuts everything and waits until it is gone.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for l := range p.open {
		l.cut()
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.links.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p.links.Go(func() { p.join(client) })
	}
}

// join connects a client with the server, until one of them goes or is cut off.
func (p *Proxy) join(client net.Conn) {
	server, err := net.Dial(p.network, p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{p: p, client: client, server: server, gone: make(chan struct{}), acts: map[uint32]Act{}}
	defer l.cut()
	if !p.enter(l) {
		return
	}
	defer p.leave(l)
	var back sync.WaitGroup
	back.Go(l.replies)
	l.requests()
	l.cut()
	back.Wait()
}

func (p *Proxy) enter(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away || p.closed {
		return false
	}
	p.open[l] = true
	p.most = max(p.most, len(p.open))
	return true
}

func (p *Proxy) leave(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, l)
}

// act asks the plan.
func (p *Proxy) act(m message) Act {
	command, collection := m.command()
	switch strings.ToLower(command) {
	case "", "hello", "ismaster", "endsessions":
		return Act{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan == nil {
		return Act{}
	}
	a := p.plan(command + " " + collection)
	if a.Harm != None {
		p.harmed++
	}
	return a
}

func (p *Proxy) holding() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}
