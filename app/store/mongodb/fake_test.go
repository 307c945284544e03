package mongodb_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/fault"
)

// answering is a server that speaks the wire protocol and answers each command
// with what answer says: what the real engine cannot be brought to say.
func answering(t *testing.T, answer func(command string) bson.D) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
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
func converse(conn io.ReadWriter, answer func(string) bson.D) error {
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
	first, err := document.IndexErr(0)
	if err != nil {
		return err
	}
	b, err := bson.Marshal(answer(first.Key()))
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

func hello(wire int32) bson.D {
	return d("ok", 1.0, "isWritablePrimary", true, "ismaster", true, "helloOk", true, "maxBsonObjectSize", int32(1<<24), "maxMessageSizeBytes", int32(48_000_000),
		"maxWriteBatchSize", int32(100_000), "minWireVersion", int32(0), "maxWireVersion", wire, "saslSupportedMechs", bson.A{"SCRAM-SHA-256"})
}

func TestASignInThatIsRefused(t *testing.T) {
	address := answering(t, func(command string) bson.D {
		if strings.HasPrefix(command, "sasl") {
			return d("ok", 0.0, "code", int32(18), "codeName", "AuthenticationFailed", "errmsg", "Authentication failed.")
		}
		return hello(25)
	})
	err := refused(t, "mongodb://user:hunter2@"+address+"/kokoroe", "mongodb.sign_in_refused", fault.Invalid)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error tells the password: %v", err)
	}
}

func TestAUserWhoMayNothing(t *testing.T) {
	address := answering(t, func(command string) bson.D {
		switch command {
		case "buildInfo":
			return d("ok", 1.0, "version", "8.0.4", "versionArray", bson.A{int32(8), int32(0), int32(4), int32(0)})
		case "listCollections":
			return d("ok", 0.0, "code", int32(13), "codeName", "Unauthorized", "errmsg", "not authorized on kokoroe")
		}
		return hello(25)
	})
	_ = refused(t, "mongodb://"+address+"/kokoroe", "mongodb.not_permitted", fault.Invalid)
}

func TestAnOldServer(t *testing.T) {
	for name, wire := range map[string]int32{"known to the driver": 17, "unknown to the driver": 4} {
		t.Run(name, func(t *testing.T) {
			address := answering(t, func(command string) bson.D {
				if command == "buildInfo" {
					return d("ok", 1.0, "version", "6.0.1", "versionArray", bson.A{int32(6), int32(0), int32(1), int32(0)})
				}
				return hello(wire)
			})
			_ = refused(t, "mongodb://"+address+"/kokoroe", "mongodb.server_old", fault.Invalid)
		})
	}
}
