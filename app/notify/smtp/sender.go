package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
	protocol "github.com/wneessen/go-mail/smtp"

	"kokoroe/app/notify"
)

// Sender sends mail through one server. It is safe for concurrent use.
type Sender struct{ s settings }

var _ notify.Sender = (*Sender)(nil)

// New returns the sender of a Config, or says what is wrong with it. The server
// is not asked: it may come up later.
func New(c Config) (*Sender, error) {
	s, err := c.settings()
	if err != nil {
		return nil, err
	}
	return &Sender{s}, nil
}

// Send hands the mail to the server and returns its answer once it took it.
//
// What the server says against this mail (to RCPT, or after the text) is this
// mail's trouble, final when it begins with 5; but see failure. What goes wrong before is the
// server's: a refused sender or password would refuse every other mail too. A
// connection that ends without an answer after the text leaves it unknown
// whether the mail was taken, and is trouble of this mail, to be tried again.
func (s *Sender) Send(ctx context.Context, m notify.Mail) (string, error) {
	text, err := s.write(m)
	if err != nil {
		return "", &notify.Failure{Final: true, Err: err}
	}
	l, err := s.connect(ctx)
	defer l.hangUp()
	if err != nil {
		return "", failure(err, true)
	}
	if err := l.client.Mail(s.s.from.Address); err != nil {
		return "", failure(err, true)
	}
	if err := l.client.Rcpt(m.Address); err != nil {
		return "", failure(err, !isAnswer(err))
	}
	answer, err := l.transfer(text)
	if err != nil {
		return "", failure(err, false)
	}
	_ = l.client.Quit() // it has taken the mail, and nothing that it says now changes that
	return answer, nil
}

// line is a connection to the server.
type line struct {
	client *protocol.Client
	conn   *bound
	hangUp func()
}

// connect greets the server. The connection ends with ctx, also in the middle
// of a word. hangUp is to be called in any case.
func (s *Sender) connect(ctx context.Context) (*line, error) {
	l := &line{hangUp: func() {}}
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, talk, err := s.s.dial(dialing, network, address)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		l.conn, l.hangUp = conn, func() {
			stop()
			_ = conn.Close()
		}
		return talk, nil
	}
	library, err := mail.NewClient(s.s.host, s.s.options(dial)...)
	if err != nil {
		return l, err
	}
	l.client, err = library.DialToSMTPClientWithContext(ctx)
	return l, err
}

// transfer sends the text and returns the server's answer to it.
func (l *line) transfer(text []byte) (string, error) {
	w, err := l.client.Data()
	if err != nil {
		return "", err
	}
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := l.conn.extend(longestLook); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	if closer, ok := w.(*protocol.DataCloser); ok {
		return closer.ServerResponse(), nil
	}
	return "", nil
}

// failure says what the trouble means. A server that says it is closing down
// (421) means every mail. One that says no for reasons of policy (RFC 3463,
// X.7.X: it does not relay for us, say) may mean this mail or a setting that
// somebody will mend: that is not final.
func failure(err error, server bool) *notify.Failure {
	f := &notify.Failure{Server: server, Err: err}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		f.Answer = strconv.Itoa(answer.Code) + " " + answer.Msg
		f.Server = server || answer.Code == 421
		f.Final = !f.Server && answer.Code >= 500 && answer.Code <= 599 && !strings.HasPrefix(answer.Msg, "5.7.")
	}
	return f
}

// isAnswer reports whether the server itself said no.
func isAnswer(err error) bool {
	_, ok := errors.AsType[*textproto.Error](err)
	return ok
}

// write makes the mail's text as it goes over the wire (RFC 5322, RFC 2045).
func (s *Sender) write(m notify.Mail) ([]byte, error) {
	to, err := netmail.ParseAddress(m.Address)
	if err != nil || to.Address != m.Address || strings.ContainsFunc(m.Address, isOdd) {
		return nil, errors.New("the address is no mail address")
	}
	to.Name = m.Name
	for _, header := range []string{m.ID, m.Subject, m.Name} {
		if strings.ContainsAny(header, "\r\n\x00") {
			return nil, errors.New("a header holds a line end")
		}
	}
	msg := mail.NewMsg(mail.WithEncoding(mail.EncodingB64), mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.s.from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(m.ID + "@" + s.s.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers it
	// Lines of text end with CRLF before they are encoded (RFC 2045, 6.8).
	msg.SetBodyString(mail.TypeTextPlain, strings.ReplaceAll(strings.ReplaceAll(m.Body, "\r\n", "\n"), "\n", "\r\n"))
	for _, a := range m.Attachments {
		err := msg.AttachReader(a.Name, bytes.NewReader(a.Data), mail.WithFileEncoding(mail.EncodingB64),
			mail.WithFileContentType(mail.TypeAppOctetStream)) // nobody on the way may think it text and mend its line ends
		if err != nil {
			return nil, fmt.Errorf("attachment: %w", err)
		}
	}
	var text bytes.Buffer
	if _, err := msg.WriteTo(&text); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// isOdd reports whether r cannot stand in an address that a server reads.
func isOdd(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }
