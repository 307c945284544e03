package smtp_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"kokoroe/app/notify/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received is a mail as the server got it.
type received struct {
	from, to, user string
	secure         bool
	data           string
}

// server is a mail server in this process. What it says to each step may be
// replaced.
type server struct {
	address string
	roots   *x509.CertPool
	plain   bool // offers no TLS

	mu             sync.Mutex
	mails          []received
	mail, rcpt, at error // answers to MAIL, RCPT and the text
	password       string
}

const (
	user     = "kokoroe"
	password = "かなりや canary-password-4x1z"
)

// listen starts the server. tlsFirst has it speak TLS from the first byte.
func listen(t *testing.T, s *server, tlsFirst bool) *server {
	t.Helper()
	certificate, roots := selfSigned(t)
	s.roots, s.password = roots, password
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if tlsFirst {
		listener = tls.NewListener(listener, config)
	}
	g := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) { return &session{s: s, c: c}, nil }))
	g.Domain, g.ErrorLog = "mx.city.example", quiet{}
	if !s.plain {
		g.TLSConfig = config
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = g.Serve(listener) }()
	// Close knows the listener only once Serve has taken it.
	t.Cleanup(func() { _ = errors.Join(g.Close(), listener.Close()); <-ended })
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type session struct {
	s *server
	c *gosmtp.Conn
	received
}

func (x *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (x *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, pass string) error {
		if username != user || pass != x.s.password {
			return gosmtp.ErrAuthFailed
		}
		x.user = username
		return nil
	}), nil
}

func (x *session) Mail(from string, _ *gosmtp.MailOptions) error {
	x.from = from
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.s.mail
}

func (x *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	x.to = to
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.s.rcpt
}

func (x *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.data = string(data)
	_, x.secure = x.c.TLSConnectionState()
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.at != nil {
		return x.s.at
	}
	x.s.mails = append(x.s.mails, x.received)
	return nil
}

func (x *session) Reset()        {}
func (x *session) Logout() error { return nil }

func answer(code int, text string) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.NoEnhancedCode, Message: text}
}

// only returns the one mail that the server has.
func (s *server) only(t *testing.T) received {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != 1 {
		t.Fatalf("the server has %d mails, want one", len(s.mails))
	}
	return s.mails[0]
}

// config is right for the server.
func (s *server) config() smtp.Config {
	return smtp.Config{Server: s.address, From: "心得 <kokoroe@city.example>", User: user, Password: password, Domain: "kokoroe.city.example", RootCAs: s.roots}
}

func sender(t *testing.T, c smtp.Config) *smtp.Sender {
	t.Helper()
	s, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// raw is a server that says what a script says. It has no notion of mail.
func raw(t *testing.T, script func(conn net.Conn, lines *bufio.Reader)) smtp.Config {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			group.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				defer stop()
				defer conn.Close()
				script(conn, bufio.NewReader(conn))
			})
		}
	})
	t.Cleanup(func() { cancel(); _ = listener.Close(); group.Wait() })
	return smtp.Config{Server: listener.Addr().String(), From: "kokoroe@city.example", Security: smtp.None, Domain: "k.example"}
}
