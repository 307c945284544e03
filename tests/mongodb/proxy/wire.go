package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// What is needed of MongoDB's wire protocol. A message is a header of four
// little-endian integers of 32 bits (its length with the header, its number, the
// number of the message that it answers, the kind) and a body.
const (
	headerSize = 16
	largest    = 48 << 20

	kindQuery = 2004
	kindMsg   = 2013
)

type message []byte

func (m message) number() uint32  { return binary.LittleEndian.Uint32(m[4:]) }
func (m message) answers() uint32 { return binary.LittleEndian.Uint32(m[8:]) }
func (m message) kind() uint32    { return binary.LittleEndian.Uint32(m[12:]) }

// readMessage reads one message whole.
func readMessage(r io.Reader) (message, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(header[:]))
	if size < headerSize || size > largest {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	m := make(message, size)
	copy(m, header[:])
	_, err := io.ReadFull(r, m[headerSize:])
	return m, err
}

// command is the name of the command that the message holds, and the collection
// that it is about; "" when it holds none that is understood here.
func (m message) command() (name, collection string) {
	d, err := m.document()
	if err != nil {
		return "", ""
	}
	first, err := d.IndexErr(0)
	if err != nil {
		return "", ""
	}
	collection, _ = first.Value().StringValueOK()
	return first.Key(), collection
}

var errNoCommand = errors.New("a message without a command")

// document is the command. In kindMsg it stands in the section of kind 0, which
// need not be the first; kindQuery is how a driver says its first hello.
func (m message) document() (bson.Raw, error) {
	body := m[headerSize:]
	if len(body) < 4 {
		return nil, errNoCommand
	}
	switch m.kind() {
	case kindQuery: // flags, name, two numbers, document
		end := strings.IndexByte(string(body[4:]), 0)
		if end < 0 || len(body) < 4+end+1+8 {
			return nil, errNoCommand
		}
		return bson.Raw(body[4+end+1+8:]), nil
	case kindMsg:
		for rest := body[4:]; len(rest) > 5; {
			size := int(binary.LittleEndian.Uint32(rest[1:]))
			if size < 5 || size > len(rest)-1 {
				return nil, errNoCommand
			}
			if rest[0] == 0 {
				return bson.Raw(rest[1 : 1+size]), nil
			}
			rest = rest[1+size:]
		}
	}
	return nil, errNoCommand
}

// refusal is the reply of a server that does not do what a message asks.
func refusal(to uint32, a Act) message {
	return reply(to, bson.D{
		{Key: "ok", Value: 0.0}, {Key: "code", Value: a.Code}, {Key: "codeName", Value: a.Name}, {Key: "errmsg", Value: "the proxy says so"},
	})
}

// doubt is the reply of a server that has done the write that a message asks
// for, and cannot say that it stays.
func doubt(to uint32, a Act) message {
	return reply(to, bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: int32(1)}, {Key: "writeConcernError", Value: bson.D{
		{Key: "code", Value: a.Code}, {Key: "codeName", Value: a.Name}, {Key: "errmsg", Value: "the proxy says so"},
	}}})
}

// reply is a message that answers the one with the number to.
func reply(to uint32, said bson.D) message {
	d, err := bson.Marshal(said)
	if err != nil {
		panic(err) // numbers and text are always a document
	}
	answer := binary.LittleEndian.AppendUint32(nil, uint32(headerSize+5+len(d)))
	answer = binary.LittleEndian.AppendUint32(answer, to)
	answer = binary.LittleEndian.AppendUint32(answer, to)
	answer = binary.LittleEndian.AppendUint32(answer, kindMsg)
	answer = append(answer, 0, 0, 0, 0, 0) // no flags, and a section of kind 0
	return append(answer, d...)
}
