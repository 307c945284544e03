package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"time"
)

// wire is one connection to a server, kept open, with as little of HTTP/1.1 as
// two known servers need: the load shares the processors with the server that
// it measures.
type wire struct {
	host    string
	timeout time.Duration // of a request; 0: wireTimeout
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	body    []byte // of an answer that came in pieces
}

// answer is what came back. All of it is valid until the next request.
type answer struct {
	status   int
	location string
	cookies  [][]byte // the values of Set-Cookie
	body     []byte
}

const (
	wireTimeout = 10 * time.Second
	wireBuffer  = 128 << 10 // larger than any page
)

var errWire = errors.New("not an answer")

// do sends a request and reads the answer. A connection that fails is given up.
func (w *wire) do(method, path, cookies, form string) (answer, error) {
	if w.conn == nil {
		conn, err := net.DialTimeout("tcp", w.host, wireTimeout)
		if err != nil {
			return answer{}, err
		}
		w.conn = conn
		if w.reader == nil {
			w.reader = bufio.NewReaderSize(nil, wireBuffer)
		}
		w.reader.Reset(conn)
	}
	a, err := w.exchange(method, path, cookies, form)
	if err != nil {
		w.close()
	}
	return a, err
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *wire) exchange(method, path, cookies, form string) (answer, error) {
	b := append(w.request[:0], method...)
	b = append(append(append(b, ' '), path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, w.host...), "\r\nAccept-Language: ja\r\n"...)
	if cookies != "" {
		b = append(append(append(b, "Cookie: "...), cookies...), "\r\n"...)
	}
	if method == "POST" {
		b = append(b, "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(form)), 10), "\r\n"...)
	}
	w.request = append(append(b, "\r\n"...), form...)
	if err := w.conn.SetDeadline(time.Now().Add(max(w.timeout, wireTimeout))); err != nil {
		return answer{}, err
	}
	if _, err := w.conn.Write(w.request); err != nil {
		return answer{}, err
	}
	return w.read()
}

func (w *wire) line() ([]byte, error) {
	line, err := w.reader.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// read reads the head line by line. What is kept of it is copied, because the
// buffer moves on; the body is not.
func (w *wire) read() (a answer, err error) {
	line, err := w.line()
	if err != nil {
		return a, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return a, errWire
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, errWire
	}
	length, chunked := 0, false
	for {
		if line, err = w.line(); err != nil {
			return a, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case is(name, "content-length"):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, errWire
			}
		case is(name, "transfer-encoding"):
			chunked = true
		case is(name, "location"):
			a.location = string(value)
		case is(name, "set-cookie"):
			a.cookies = append(a.cookies, bytes.Clone(value))
		}
	}
	switch {
	case chunked:
		a.body, err = w.chunks()
	case length > wireBuffer: // no page is so large, but an export is
		w.body = slices.Grow(w.body[:0], length)[:length]
		_, err = io.ReadFull(w.reader, w.body)
		a.body = w.body
	default:
		if a.body, err = w.reader.Peek(length); err == nil {
			_, err = w.reader.Discard(length) // the bytes stay until the next read
		}
	}
	return a, err
}

// is reports whether a header has the name, which is in lower case.
func is(header []byte, name string) bool {
	return len(header) == len(name) && bytes.EqualFold(header, []byte(name))
}

func (w *wire) chunks() ([]byte, error) {
	w.body = w.body[:0]
	for {
		line, err := w.line()
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseUint(string(line), 16, 24)
		if err != nil {
			return nil, errWire
		}
		at := len(w.body)
		w.body = append(w.body, make([]byte, size)...)
		if _, err := io.ReadFull(w.reader, w.body[at:]); err != nil {
			return nil, err
		}
		if _, err := w.line(); err != nil {
			return nil, err
		}
		if size == 0 {
			return w.body, nil
		}
	}
}
