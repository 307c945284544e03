package portal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"kokoroe/app/notify/smtp"
)

// Mailbox is a mail server of the test's own, on loopback and without TLS. It
// takes everything.
type Mailbox struct {
	Config smtp.Config
	t      testing.TB
	stop   func()

	mu    sync.Mutex
	mails []Mail
	hold  chan struct{} // while it is not nil, nobody is answered after the text
}

// Mail is a mail that arrived, taken to pieces.
type Mail struct {
	From, To string // the envelope's
	Header   mail.Header
	Subject  string
	Text     string // lines end with LF
	File     []byte
	FileName string
}

// NewMailbox starts a mail server that ends with the test.
func NewMailbox(t testing.TB) *Mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &Mailbox{t: t, Config: smtp.Config{Server: listener.Addr().String(), From: "心得 <kokoroe@mihon.example>", Security: smtp.None}}
	m.serve(listener)
	t.Cleanup(func() { m.stop() })
	return m
}

func (m *Mailbox) serve(listener net.Listener) {
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &delivery{box: m}, nil }))
	server.Domain = "mx.mihon.example"
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(listener) }()
	m.stop = sync.OnceFunc(func() { _ = server.Close(); <-ended })
}

// Down stops the server.
func (m *Mailbox) Down() { m.stop() }

// Up starts it again, where it was.
func (m *Mailbox) Up() {
	m.t.Helper()
	listener, err := net.Listen("tcp", m.Config.Server)
	if err != nil {
		m.t.Fatal(err)
	}
	m.serve(listener)
}

// Hang leaves whoever sends a mail without an answer, until release is called.
func (m *Mailbox) Hang() (release func()) {
	hold := make(chan struct{})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold = hold
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.hold = nil
		close(hold)
	})
}

// Mails returns what has arrived.
func (m *Mailbox) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// Wait waits until n mails have arrived and returns them.
func (m *Mailbox) Wait(n int) []Mail {
	m.t.Helper()
	for range 600 {
		if mails := m.Mails(); len(mails) >= n {
			return mails
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Fatalf("%d mails arrived, want %d", len(m.Mails()), n)
	return nil
}

type delivery struct {
	box      *Mailbox
	from, to string
}

func (d *delivery) Mail(from string, _ *gosmtp.MailOptions) error { d.from = from; return nil }
func (d *delivery) Rcpt(to string, _ *gosmtp.RcptOptions) error   { d.to = to; return nil }
func (d *delivery) Reset()                                        {}
func (d *delivery) Logout() error                                 { return nil }

func (d *delivery) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	opened, err := open(data)
	if err != nil {
		d.box.t.Errorf("a mail that cannot be read: %v\n%s", err, data)
		return err
	}
	opened.From, opened.To = d.from, d.to
	d.box.mu.Lock()
	d.box.mails = append(d.box.mails, opened)
	hold := d.box.hold
	d.box.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return nil
}

// open takes a mail to pieces that is one text, or a text and a file.
func open(data []byte) (Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: msg.Header}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return Mail{}, err
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return Mail{}, err
	}
	if kind == "text/plain" {
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, msg.Body))
		m.Text = strings.ReplaceAll(string(body), "\r\n", "\n")
		return m, err
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return Mail{}, err
		}
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		if err != nil {
			return Mail{}, err
		}
		if part.FileName() == "" {
			m.Text = strings.ReplaceAll(string(body), "\r\n", "\n")
		} else {
			m.File, m.FileName = body, part.FileName()
		}
	}
}
