// Package answering owns a MongoDB server that says what a test wants to hear:
// what the real engine cannot be brought to say.
package answering

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Start starts a server that speaks the wire protocol and answers each command
// with what answer says.
func Start(t testing.TB, answer func(command string) bson.D) (address string) {
	t.Helper()
	return StartReading(t, func(d bson.Raw) bson.D {
		first, err := d.IndexErr(0)
		if err != nil {
			return Error(9, "FailedToParse")
		}
		return answer(first.Key())
	})
}

// StartReading is Start for who wants to know the whole command. It is asked
// about several at a time.
func StartReading(t testing.TB, answer func(command bson.Raw) bson.D) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				for converse(conn, answer) == nil {
				}
			}()
		}
	}()
	return listener.Addr().String()
}

const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

// converse reads one message and answers it.
func converse(conn io.ReadWriter, answer func(bson.Raw) bson.D) error {
	head := make([]byte, 16)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	size, id, op := binary.LittleEndian.Uint32(head), head[4:8], binary.LittleEndian.Uint32(head[12:])
	body := make([]byte, size-16)
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	var document bson.Raw
	reply, kind := []byte{0, 0, 0, 0, 0}, uint32(opMsg) // flags, and a section of kind 0
	switch op {
	case opMsg:
		document = body[5:]
	case opQuery: // the first hello: flags, name, skip, number, document
		end := 4 + strings.IndexByte(string(body[4:]), 0) + 1 + 8
		document, kind = body[end:], opReply
		reply = append(make([]byte, 16), 1, 0, 0, 0)
	default:
		return errors.New("what is this")
	}
	b, err := bson.Marshal(answer(document))
	if err != nil {
		return err
	}
	reply = append(reply, b...)
	message := binary.LittleEndian.AppendUint32(nil, uint32(16+len(reply)))
	message = append(message, 1, 0, 0, 0)
	message = append(message, id...)
	message = binary.LittleEndian.AppendUint32(message, kind)
	_, err = conn.Write(append(message, reply...))
	return err
}

// Hello is how a primary greets that speaks protocol version wire.
func Hello(wire int32) bson.D {
	return bson.D{
		{Key: "ok", Value: 1.0}, {Key: "isWritablePrimary", Value: true}, {Key: "ismaster", Value: true}, {Key: "helloOk", Value: true},
		{Key: "maxBsonObjectSize", Value: int32(1 << 24)}, {Key: "maxMessageSizeBytes", Value: int32(48_000_000)},
		{Key: "maxWriteBatchSize", Value: int32(100_000)}, {Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: wire},
		{Key: "saslSupportedMechs", Value: bson.A{"SCRAM-SHA-256"}},
	}
}

// Error is how a server refuses a command.
func Error(code int32, name string) bson.D {
	return bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: code}, {Key: "codeName", Value: name}, {Key: "errmsg", Value: "said by a test"}}
}

// Build is what a server says of its version.
func Build(major, minor, patch int32) bson.D {
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "version", Value: fmt.Sprintf("%d.%d.%d", major, minor, patch)},
		{Key: "versionArray", Value: bson.A{major, minor, patch, int32(0)}}}
}
