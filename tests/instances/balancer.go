package instances

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Balancer sends each request, and not each connection, to the next instance.
type Balancer struct {
	URL    string
	Before func() // what is done before each request; nil: nothing. Set it before the first.

	server *http.Server
	served chan struct{}
	proxy  *httputil.ReverseProxy

	mu        sync.Mutex
	instances []string // addresses
	next      int
}

// Listen starts a balancer on loopback that has no instances yet.
func Listen(ctx context.Context) (*Balancer, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Balancer{URL: "http://" + ln.Addr().String(), served: make(chan struct{})}
	b.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: b.turn()})
			p.Out.Host = p.In.Host
		},
		// An instance that was killed is 502, as behind any balancer that has not
		// noticed yet.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true},
	}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: time.Minute}
	go func() { defer close(b.served); _ = b.server.Serve(ln) }()
	return b, nil
}

// Share names the instances that there are now, by their addresses.
func (b *Balancer) Share(addresses ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.instances = addresses
}

func (b *Balancer) turn() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	return b.instances[b.next%len(b.instances)]
}

// ServeHTTP implements http.Handler.
func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.Before != nil {
		b.Before()
	}
	b.proxy.ServeHTTP(w, r)
}

// Close stops listening and ends what is under way.
func (b *Balancer) Close() error {
	err := b.server.Close()
	<-b.served
	if t, ok := b.proxy.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
