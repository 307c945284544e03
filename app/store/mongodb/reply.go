package mongodb

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

var errForeignReply = errors.New("a reply that answers no request, or another")

// matching dials connections on which a reply counts for the request that it
// names alone. The driver takes what comes for the answer to what it asked last:
// a reply that came twice would tell the next caller that its write is done.
//
// It reads MongoDB's wire protocol as it goes by, and so is of use on plain
// connections only; with TLS, records are numbered and none counts twice.
type matching struct{ under options.ContextDialer }

// DialContext implements options.ContextDialer.
func (m matching) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := m.under.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &matched{Conn: conn}, nil
}

type matched struct {
	net.Conn

	mu       sync.Mutex
	out, in  frames
	asked    uint32 // number of the message that the next reply must answer
	waiting  bool   // a reply is due
	mistaken bool   // for good
}

// Write notes which request goes out.
func (c *matched) Write(b []byte) (int, error) {
	c.mu.Lock()
	ok := c.out.pass(b, func(h head) bool {
		c.asked, c.waiting = h.number(), true
		return true
	})
	c.mistaken = c.mistaken || !ok
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// Read fails once a reply is not to what was asked; the driver then closes the
// connection, and the outcome of what it waited for is unknown.
func (c *matched) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mistaken = c.mistaken || !c.in.pass(b[:n], c.due); c.mistaken {
		return 0, errForeignReply
	}
	return n, err
}

// due reports whether a reply is to what was asked. One that says that more is
// to come is itself what the next one answers.
func (c *matched) due(h head) bool {
	ok := c.waiting && h.answers() == c.asked
	c.asked, c.waiting = h.number(), h.more()
	return ok
}

// head is the begin of a message: its length, its number, the number of the
// message that it answers, its kind, and the flags of most kinds.
type head [20]byte

func (h head) size() uint32    { return binary.LittleEndian.Uint32(h[0:]) }
func (h head) number() uint32  { return binary.LittleEndian.Uint32(h[4:]) }
func (h head) answers() uint32 { return binary.LittleEndian.Uint32(h[8:]) }

// more reports whether another message follows without being asked for.
func (h head) more() bool {
	const kindMsg, moreToCome = 2013, 1 << 1
	return binary.LittleEndian.Uint32(h[12:]) == kindMsg && binary.LittleEndian.Uint32(h[16:])&moreToCome != 0
}

// frames follows the messages in a stream.
type frames struct {
	head head
	have int    // bytes of head
	left uint32 // bytes of the message behind head that are still to come
}

// pass shows every head as soon as it is whole. It returns false, at once, when
// see does, or what goes by is no message.
func (f *frames) pass(b []byte, see func(head) bool) bool {
	for len(b) > 0 {
		if f.have < len(f.head) {
			n := copy(f.head[f.have:], b)
			f.have, b = f.have+n, b[n:]
			if f.have < len(f.head) {
				return true
			}
			if f.head.size() < uint32(len(f.head)) || !see(f.head) {
				return false
			}
			f.left = f.head.size() - uint32(len(f.head))
		}
		n := min(uint64(f.left), uint64(len(b)))
		if f.left, b = f.left-uint32(n), b[n:]; f.left == 0 {
			f.have = 0
		}
	}
	return true
}
