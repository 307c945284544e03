package smtp_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"kokoroe/app/notify"
	"kokoroe/app/notify/smtp"
)

var at = time.Date(2026, time.November, 30, 17, 15, 30, 0, time.FixedZone("", 9*60*60))

// every byte, every kind of line end, and lines that look like SMTP.
func attachment() []byte {
	var b bytes.Buffer
	for i := range 256 {
		b.WriteByte(byte(i))
	}
	b.WriteString("\n.\n..\r\n.\r\nQUIT\r\n一行目\n\r" + strings.Repeat("長い行", 2000))
	return b.Bytes()
}

func sample() notify.Mail {
	return notify.Mail{
		ID: "receipt.12.00ff", At: at, Name: "見本 花子", Address: "hanako@city.example",
		Subject: "【受領証】情報セキュリティ基本方針への誓約（受付番号 12）",
		Body:    "見本 花子 様\n\n誓約が記録されました。\n.\n..x\nhttps://kokoroe.city.example/receipts/12\n",
		Attachments: []notify.Attachment{
			{Name: "kokoroe-12.receipt", Data: attachment()},
		},
	}
}

// parts is a mail taken to pieces.
type parts struct {
	header netmail.Header
	text   string
	file   []byte
	name   string
}

func read(t *testing.T, data string) parts {
	t.Helper()
	msg, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	p := parts{header: msg.Header}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("the mail is %s (%v)", kind, err)
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Transfer-Encoding"); got != "base64" {
			t.Errorf("a part is encoded as %q", got)
		}
		body, err := io.ReadAll(decode(part))
		if err != nil {
			t.Fatal(err)
		}
		if kind := part.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/plain; charset=UTF-8") {
			p.text = string(body)
		} else {
			p.file, p.name = body, part.FileName()
		}
	}
}

func subject(t *testing.T, p parts) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMail(t *testing.T) {
	for name, tc := range map[string]struct {
		tlsFirst bool
		change   func(*smtp.Config)
		secure   bool
		user     string
	}{
		"STARTTLS": {false, func(*smtp.Config) {}, true, user},
		"TLS":      {true, func(c *smtp.Config) { c.Security = smtp.TLS }, true, user},
		"no name":  {false, func(c *smtp.Config) { c.User, c.Password = "", "" }, true, ""},
		"loopback": {false, func(c *smtp.Config) { c.User, c.Password, c.Security = "", "", smtp.None }, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, &server{}, tc.tlsFirst)
			c := s.config()
			tc.change(&c)
			said, err := sender(t, c).Send(t.Context(), sample())
			if err != nil || !strings.Contains(said, "queued") {
				t.Fatalf("answered %q, %v", said, err)
			}
			got := s.only(t)
			if got.from != "kokoroe@city.example" || got.to != "hanako@city.example" || got.user != tc.user {
				t.Errorf("from %q to %q by %q", got.from, got.to, got.user)
			}
			if name != "TLS" && got.secure != tc.secure {
				t.Errorf("sent over TLS: %v", got.secure)
			}
			wantSample(t, got.data)
		})
	}
}

func wantSample(t *testing.T, data string) {
	t.Helper()
	for line := range strings.SplitSeq(data, "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n\x00") || strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("line %q", line)
		}
	}
	p := read(t, data)
	for header, want := range map[string]string{
		"Message-Id": "<receipt.12.00ff@kokoroe.city.example>", "Auto-Submitted": "auto-generated",
		"Date": "Mon, 30 Nov 2026 17:15:30 +0900", "Mime-Version": "1.0", "Bcc": "", "User-Agent": "", "X-Mailer": "",
	} {
		if got := p.header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	from, err := p.header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != (netmail.Address{Name: "心得", Address: "kokoroe@city.example"}) {
		t.Errorf("from %v, %v", from, err)
	}
	to, err := p.header.AddressList("To")
	if err != nil || len(to) != 1 || *to[0] != (netmail.Address{Name: "見本 花子", Address: "hanako@city.example"}) {
		t.Errorf("to %v, %v", to, err)
	}
	if got := subject(t, p); got != sample().Subject {
		t.Errorf("subject %q", got)
	}
	if want := strings.ReplaceAll(sample().Body, "\n", "\r\n"); p.text != want {
		t.Errorf("text %q, want %q", p.text, want)
	}
	if !bytes.Equal(p.file, attachment()) || p.name != "kokoroe-12.receipt" {
		t.Errorf("the file %q came with %d bytes, want %d the same", p.name, len(p.file), len(attachment()))
	}
}

// TestOddHeaders: what stands in names and titles stays in its header, and is
// read as it was written.
func TestOddHeaders(t *testing.T) {
	s := listen(t, &server{}, false)
	send := sender(t, s.config())
	allowed := regexp.MustCompile(`^(Date|Mime-Version|Message-Id|Subject|From|To|Content-Type|Auto-Submitted)$`)
	for _, odd := range []string{
		`"quoted" <evil@example.org>`, "a, b@example.org", `back\slash"`, "=?UTF-8?B?QQ==?=", "a (comment)", "𠮷野家 葛󠄀城", "ｶﾞ", "a:b;c",
		"Ünï", strings.Repeat("長い題名", 40), strings.Repeat("x", 150), "%0d%0aBcc: a@b.example", "<script>", "", " ", "👩‍👩‍👧",
	} {
		m := sample()
		m.Name, m.Subject = odd, odd
		s.mu.Lock()
		s.mails = nil
		s.mu.Unlock()
		if _, err := send.Send(t.Context(), m); err != nil {
			t.Errorf("%q: %v", odd, err)
			continue
		}
		got := s.only(t)
		p := read(t, got.data)
		for header := range p.header {
			if !allowed.MatchString(header) {
				t.Errorf("%q made a header %s", odd, header)
			}
		}
		if word := subject(t, p); strings.TrimSpace(word) != strings.TrimSpace(odd) && !strings.HasPrefix(odd, "=?") {
			t.Errorf("%q is read as the subject %q", odd, word)
		}
		to, err := p.header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "hanako@city.example" || strings.TrimSpace(to[0].Name) != strings.TrimSpace(odd) {
			t.Errorf("%q is read as the recipient %v (%v)", odd, to, err)
		}
		if got.to != "hanako@city.example" {
			t.Errorf("%q changed the envelope to %q", odd, got.to)
		}
	}
}

// TestNotEvenTried: what cannot be a header or an address goes to no server.
func TestNotEvenTried(t *testing.T) {
	s := listen(t, &server{}, false)
	send := sender(t, s.config())
	for name, change := range map[string]func(*notify.Mail){
		"line end in the subject":    func(m *notify.Mail) { m.Subject = "a\r\nBcc: b@c.example" },
		"line end in the name":       func(m *notify.Mail) { m.Name = "a\nb" },
		"line end in the ID":         func(m *notify.Mail) { m.ID = "a\r\nX: y" },
		"line end in the address":    func(m *notify.Mail) { m.Address = "a@b.example\r\nRCPT TO:<c@d.example>" },
		"two addresses":              func(m *notify.Mail) { m.Address = "a@b.example, c@d.example" },
		"an address with parameters": func(m *notify.Mail) { m.Address = "a@b.example> BODY=8BITMIME <" },
		"an address with a name":     func(m *notify.Mail) { m.Address = "X <a@b.example>" },
		"an address in quotes":       func(m *notify.Mail) { m.Address = `"a b"@b.example` },
		"an address beyond ASCII":    func(m *notify.Mail) { m.Address = "花子@city.example" },
		"no address":                 func(m *notify.Mail) { m.Address = "" },
		"half an address":            func(m *notify.Mail) { m.Address = "hanako" },
	} {
		t.Run(name, func(t *testing.T) {
			m := sample()
			change(&m)
			_, err := send.Send(t.Context(), m)
			if f, ok := errors.AsType[*notify.Failure](err); !ok || !f.Final || f.Server {
				t.Errorf("%v", err)
			}
		})
	}
	if len(s.mails) != 0 {
		t.Errorf("the server has %d mails", len(s.mails))
	}
}

func TestSettings(t *testing.T) {
	right := smtp.Config{Server: "smtp.city.example:587", From: "kokoroe@city.example", Domain: "k.example"}
	for name, tc := range map[string]struct {
		change func(*smtp.Config)
		says   string // empty: is right
	}{
		"right":                 {func(*smtp.Config) {}, ""},
		"IPv6":                  {func(c *smtp.Config) { c.Server = "[::1]:25"; c.Security = smtp.None }, ""},
		"localhost":             {func(c *smtp.Config) { c.Server = "localhost:25"; c.Security = smtp.None }, ""},
		"no port":               {func(c *smtp.Config) { c.Server = "smtp.city.example" }, "HOST:PORT"},
		"no host":               {func(c *smtp.Config) { c.Server = ":25" }, "HOST:PORT"},
		"port in words":         {func(c *smtp.Config) { c.Server = "h:smtp" }, "no port"},
		"port 0":                {func(c *smtp.Config) { c.Server = "h:0" }, "no port"},
		"no sender":             {func(c *smtp.Config) { c.From = "" }, "mail sender"},
		"two senders":           {func(c *smtp.Config) { c.From = "a@b.example, c@d.example" }, "mail sender"},
		"sender with line end":  {func(c *smtp.Config) { c.From = "a\r\nBcc: x <a@b.example>" }, "mail sender"},
		"no TLS to elsewhere":   {func(c *smtp.Config) { c.Security = smtp.None }, "this machine"},
		"no TLS with password":  {func(c *smtp.Config) { c.Server, c.Security, c.User, c.Password = "[::1]:25", smtp.None, "u", "p" }, "without TLS"},
		"user without password": {func(c *smtp.Config) { c.User = "u" }, "needs a password"},
		"password without user": {func(c *smtp.Config) { c.Password = "p" }, "needs a password"},
		"unknown security":      {func(c *smtp.Config) { c.Security = "maybe" }, "none of starttls"},
		"no domain":             {func(c *smtp.Config) { c.Domain = "" }, "Domain"},
	} {
		t.Run(name, func(t *testing.T) {
			c := right
			tc.change(&c)
			_, err := smtp.New(c)
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
}
