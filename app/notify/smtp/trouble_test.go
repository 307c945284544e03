package smtp_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"strings"
	"testing"

	"kokoroe/app/notify"
	"kokoroe/app/notify/smtp"
)

func decode(part *multipart.Part) io.Reader { return base64.NewDecoder(base64.StdEncoding, part) }

// sort says in a word what an outcome means for the outbox.
func sort(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "taken"
	}
	f, ok := errors.AsType[*notify.Failure](err)
	switch {
	case !ok:
		t.Errorf("%v is no Failure", err)
		return ""
	case f.Server && f.Final:
		t.Errorf("%v is final for every mail", err)
		return ""
	case f.Server:
		return "server"
	case f.Final:
		return "final"
	}
	return "later"
}

func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*server, *smtp.Config)
		want   string
		says   string
	}{
		"sender refused":       {func(s *server, _ *smtp.Config) { s.mail = answer(550, "no such sender") }, "server", "550 no such sender"},
		"sender later":         {func(s *server, _ *smtp.Config) { s.mail = answer(451, "greylisted") }, "server", "451 greylisted"},
		"recipient unknown":    {func(s *server, _ *smtp.Config) { s.rcpt = answer(550, "unknown") }, "final", "550 unknown"},
		"does not relay":       {func(s *server, _ *smtp.Config) { s.rcpt = answer(554, "5.7.1 relay access denied") }, "later", "554 5.7.1"},
		"recipient later":      {func(s *server, _ *smtp.Config) { s.rcpt = answer(452, "mailbox full") }, "later", "452 mailbox full"},
		"closing at recipient": {func(s *server, _ *smtp.Config) { s.rcpt = answer(421, "going down") }, "server", "421 going down"},
		"text refused":         {func(s *server, _ *smtp.Config) { s.at = answer(554, "looks odd") }, "final", "554 looks odd"},
		"text later":           {func(s *server, _ *smtp.Config) { s.at = answer(451, "disk full") }, "later", "451 disk full"},
		"wrong password":       {func(_ *server, c *smtp.Config) { c.Password = "wrong" }, "server", "535"},
		"unknown certificate":  {func(_ *server, c *smtp.Config) { c.RootCAs = nil }, "server", ""},
		"no TLS offered":       {func(s *server, _ *smtp.Config) { s.plain = true }, "server", ""},
		"nobody listens":       {func(_ *server, c *smtp.Config) { c.Server = "127.0.0.1:1" }, "server", ""},
		"plain where TLS is":   {func(_ *server, c *smtp.Config) { c.Security = smtp.TLS }, "server", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{}
			tc.change(s, &smtp.Config{})
			listen(t, s, false)
			c := s.config()
			tc.change(s, &c)
			_, err := sender(t, c).Send(t.Context(), sample())
			if got := sort(t, err); got != tc.want {
				t.Errorf("%s (%v), want %s", got, err, tc.want)
			}
			if f, ok := errors.AsType[*notify.Failure](err); ok && !strings.HasPrefix(f.Answer, tc.says) {
				t.Errorf("answered %q, want %q", f.Answer, tc.says)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("%v holds the password", err)
			}
			if len(s.mails) != 0 {
				t.Error("a mail arrived all the same")
			}
		})
	}
}

// dialogue answers each line in turn, and then waits for the other side to go.
func dialogue(answers ...string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, lines *bufio.Reader) {
		for i, a := range answers {
			if i > 0 {
				if _, err := lines.ReadString('\n'); err != nil {
					return
				}
			}
			if _, err := io.WriteString(conn, a); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, lines)
	}
}

// upTo is a dialogue that ends, with the connection, after the answers.
func upTo(answers ...string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, lines *bufio.Reader) {
		for i, a := range answers {
			if i > 0 {
				if _, err := lines.ReadString('\n'); err != nil {
					return
				}
			}
			_, _ = io.WriteString(conn, a)
		}
	}
}

// afterText answers up to the text, reads it, and says last, if anything.
func afterText(last string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, lines *bufio.Reader) {
		upTo(hello, ehlo, ok, ok, goOn)(conn, lines)
		for {
			line, err := lines.ReadString('\n')
			if err != nil || line == ".\r\n" {
				_, _ = io.WriteString(conn, last)
				return
			}
		}
	}
}

const (
	hello = "220 mx.city.example\r\n"
	ehlo  = "250 mx.city.example\r\n"
	ok    = "250 ok\r\n"
	goOn  = "354 go on\r\n"
)

func TestServersThatMisbehave(t *testing.T) {
	for name, tc := range map[string]struct {
		script func(net.Conn, *bufio.Reader)
		want   string
	}{
		"hangs up at once":         {upTo(), "server"},
		"speaks HTTP":              {upTo("HTTP/1.1 400 Bad Request\r\n\r\n"), "server"},
		"binary":                   {upTo("\x16\x03\x01\x00\xff\x00\xfe\r\n"), "server"},
		"an empty line":            {upTo("\r\n"), "server"},
		"a code alone":             {upTo("220\r\n"), "server"},
		"a short code":             {upTo("4\r\n"), "server"},
		"a code of letters":        {upTo("abc hello\r\n"), "server"},
		"a negative code":          {upTo("-20 hello\r\n"), "server"},
		"not ready":                {upTo("554 no service\r\n"), "server"},
		"greets for ever":          {endless("220-hello\r\n"), "server"},
		"one line for ever":        {endless("x"), "server"},
		"NULs for ever":            {endless("\x00"), "server"},
		"EHLO is unknown":          {dialogue(hello, "502 what\r\n", "502 what\r\n"), "server"},
		"EHLO for ever":            {func(c net.Conn, r *bufio.Reader) { upTo(hello)(c, r); endless("250-X\r\n")(c, r) }, "server"},
		"hangs up after MAIL":      {upTo(hello, ehlo, ""), "server"},
		"hangs up after RCPT":      {upTo(hello, ehlo, ok, ""), "server"},
		"nonsense after RCPT":      {dialogue(hello, ehlo, ok, "yes\r\n"), "server"},
		"hangs up after DATA":      {upTo(hello, ehlo, ok, ok, ""), "later"},
		"no text wanted":           {dialogue(hello, ehlo, ok, ok, "554 no\r\n"), "final"},
		"hangs up in the text":     {upTo(hello, ehlo, ok, ok, goOn), "later"},
		"hangs up after the text":  {afterText(""), "later"},
		"nonsense after the text":  {afterText("thanks\r\n"), "later"},
		"half a word at the end":   {afterText("250"), "later"},
		"hangs up after the taken": {afterText(ok), "taken"},
		"an answer of many lines":  {afterText("250-one\r\n250-two\r\n250 three\r\n"), "taken"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sender(t, raw(t, tc.script)).Send(t.Context(), sample())
			if got := sort(t, err); got != tc.want {
				t.Errorf("%s (%v), want %s", got, err, tc.want)
			}
			if err != nil && len(err.Error()) > mostError {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// mostError is how long an error may be, whatever a server said.
const mostError = 600 << 10

func endless(word string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, _ *bufio.Reader) {
		chunk := []byte(strings.Repeat(word, 1000))
		for {
			if _, err := conn.Write(chunk); err != nil {
				return
			}
		}
	}
}

// TestBrokenOff: a server that stops answering is left when the context ends,
// at whatever step.
func TestBrokenOff(t *testing.T) {
	steps := []string{hello, ehlo, ok, ok, goOn}
	for n := range len(steps) + 1 {
		t.Run(fmt.Sprint("after ", n, " answers"), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := raw(t, func(conn net.Conn, lines *bufio.Reader) {
				upTo(steps[:n]...)(conn, lines)
				if n > 0 { // the last answer has arrived when the next line comes
					_, _ = lines.ReadString('\n')
				}
				cancel()
				_, _ = io.Copy(io.Discard, lines)
			})
			_, err := sender(t, c).Send(ctx, sample())
			want := "server"
			if n >= 4 {
				want = "later" // the text may have arrived
			}
			if got := sort(t, err); got != want {
				t.Errorf("%s (%v), want %s", got, err, want)
			}
		})
	}
}
