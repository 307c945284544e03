package mongodb_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/answering"
	"kokoroe/tests/mongodb/proxy"
)

// TestAReplyThatComesTwice is never taken for the answer to another request,
// also when that goes out on the same connection.
func TestAReplyThatComesTwice(t *testing.T) {
	address := answering.Start(t, func(command string) bson.D {
		if command == "hello" || command == "isMaster" || command == "ismaster" {
			return answering.Hello(25)
		}
		return d("ok", 1.0, "to", command)
	})
	p, err := proxy.Start("mongodb://" + address + "/")
	check(t, err)
	t.Cleanup(func() { check(t, p.Close()) })
	client, err := mongodb.Connect(mongodb.Config{URI: p.URI("mongodb://" + address + "/?maxPoolSize=1&retryReads=false&directConnection=true"), Limit: 10 * time.Second})
	check(t, err)
	t.Cleanup(func() { check(t, client.Disconnect(context.Background())) })
	p.Follow(proxy.Only(proxy.Every(1, 0, proxy.Act{Harm: proxy.Twice}), "odd"))

	var told []string
	ask := func(command string) {
		var answer struct{ To string }
		err := client.Database("x").RunCommand(t.Context(), d(command, 1)).Decode(&answer)
		switch {
		case err != nil && !fault.Is(mongodb.Translate(t.Context(), err), fault.Unavailable):
			t.Errorf("%s: %v", command, err)
		case err == nil && answer.To != command:
			t.Errorf("%s is told what was the answer to %s", command, answer.To)
		case err == nil:
			told = append(told, command)
		}
	}
	for range 3 {
		ask("odd")
		ask("even")
		ask("again")
	}
	if p.Harmed() != 3 || !slices.Contains(told, "odd") || !slices.Contains(told, "again") {
		t.Errorf("%d replies came twice; answered: %q", p.Harmed(), told)
	}
}

const opMsg = 2013

// wire is a message of that kind with flags and a body of so many bytes.
func wire(number, answers, flags uint32, body int) []byte {
	var m []byte
	for _, v := range []uint32{uint32(20 + body), number, answers, opMsg, flags} {
		m = binary.LittleEndian.AppendUint32(m, v)
	}
	return append(m, make([]byte, body)...)
}

// TestRepliesInPieces: where the stream is broken does not matter, and neither do
// replies that say that more is to come.
func TestRepliesInPieces(t *testing.T) {
	const moreToCome = 2
	for name, c := range map[string]struct {
		replies [][]byte
		whole   int // messages that are let through
	}{
		"one":                        {[][]byte{wire(70, 7, 0, 11)}, 1},
		"nothing in it":              {[][]byte{wire(70, 7, 0, 0)}, 1},
		"more to come":               {[][]byte{wire(70, 7, moreToCome, 5), wire(71, 70, moreToCome, 90), wire(72, 71, 0, 1)}, 3},
		"more than was to come":      {[][]byte{wire(70, 7, moreToCome, 5), wire(71, 70, 0, 9), wire(72, 71, 0, 1)}, 2},
		"twice":                      {[][]byte{wire(70, 7, 0, 30), wire(70, 7, 0, 30)}, 1},
		"to another":                 {[][]byte{wire(70, 6, 0, 30)}, 0},
		"more to come, and to other": {[][]byte{wire(70, 7, moreToCome, 5), wire(71, 7, 0, 9)}, 1},
		"no message":                 {[][]byte{{3, 0, 0, 0, 1, 2, 3, 4, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, 0},
	} {
		for _, piece := range []int{1, 3, 19, 20, 21, 1000} {
			t.Run(fmt.Sprint(name, piece), func(t *testing.T) {
				near, far := net.Pipe()
				conn := mongodb.Matched(near)
				go func() {
					defer func() { _ = far.Close() }()
					_, _ = io.ReadFull(far, make([]byte, 20+8))
					for all := bytes.Join(c.replies, nil); len(all) > 0; {
						n := min(piece, len(all))
						if _, err := far.Write(all[:n]); err != nil {
							return
						}
						all = all[n:]
					}
				}()
				for request := wire(7, 0, 0, 8); len(request) > 0; {
					n := min(piece, len(request))
					_, err := conn.Write(request[:n])
					check(t, err)
					request = request[n:]
				}
				for i, m := range c.replies {
					b := make([]byte, len(m))
					_, err := io.ReadFull(conn, b)
					if passed := err == nil && bytes.Equal(b, m); passed != (i < c.whole) {
						t.Errorf("reply %d is let through: %t (%v)", i, passed, err)
					}
				}
				check(t, conn.Close())
			})
		}
	}
}
