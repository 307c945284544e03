package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

const (
	// longest is how long a mail takes at most until the server has its text:
	// RFC 5321, 4.5.3.2 allows minutes for every step, which is for relays.
	longest = time.Minute

	// longestLook is how long the server may then look at the text before it
	// answers (RFC 5321, 4.5.3.2.6). Who hangs up earlier makes it arrive twice.
	longestLook = 10 * time.Minute

	// mostRead is how much a server may say in the course of one mail. The answers
	// of an honest one are a few hundred bytes; a library gathers what it is told.
	mostRead = 256 << 10
)

var errTalkative = errors.New("the server says too much")

// bound is a connection with an end: no deadline that is set goes beyond its
// own, and no more is read than a server has to say.
type bound struct {
	net.Conn
	until time.Time
	left  int
}

// extend gives the connection so much more time from now on.
func (b *bound) extend(d time.Duration) error {
	b.until = time.Now().Add(d)
	return b.Conn.SetDeadline(b.until)
}

// SetDeadline sets the deadline, but never a later one than the connection's
// own.
func (b *bound) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(b.until) {
		t = b.until
	}
	return b.Conn.SetDeadline(t)
}

// Read reads until the server has said too much.
func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	if len(p) > b.left {
		p = p[:b.left]
	}
	n, err := b.Conn.Read(p)
	b.left -= n
	return n, err
}

// dial connects to the server. What the library talks to is talk: the bound
// connection, or TLS over it.
func (s settings) dial(ctx context.Context, network, address string) (conn *bound, talk net.Conn, err error) {
	raw, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, nil, err
	}
	conn = &bound{Conn: raw, left: mostRead}
	if err := conn.extend(longest); err != nil {
		return nil, nil, errors.Join(err, raw.Close())
	}
	if s.secure != TLS {
		return conn, conn, nil
	}
	secure := tls.Client(conn, s.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, nil, errors.Join(err, raw.Close())
	}
	return conn, secure, nil
}
