package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"

	"github.com/wneessen/go-mail"
)

// Security says how the connection is kept from others.
type Security string

// The ways. None is for a relay on this machine alone.
const (
	STARTTLS Security = "starttls" // required: a server that does not offer it gets no mail
	TLS      Security = "tls"      // from the first byte, usually port 465
	None     Security = "none"
)

// Config says where mail goes. The zero Config is none.
type Config struct {
	Server   string // HOST:PORT; empty: no mail
	From     string // sender, "city@example.jp" or "心得 <city@example.jp>"; its address is the envelope's too
	User     string // empty: the server asks for no name
	Password string
	Security Security // empty: STARTTLS
	Domain   string   // of Message-ID and EHLO: the portal's own host name

	RootCAs *x509.CertPool // nil: those of the system
}

// settings is a Config that was found to work.
type settings struct {
	host   string
	port   int
	from   *netmail.Address
	domain string
	secure Security
	user   string
	pass   string
	tls    *tls.Config
}

func (c Config) settings() (settings, error) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil || host == "" {
		return settings{}, fmt.Errorf("mail server %q: want HOST:PORT", c.Server)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return settings{}, fmt.Errorf("mail server %q: %q is no port", c.Server, port)
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return settings{}, fmt.Errorf("mail sender %q: want an address such as kokoroe@city.example", c.From)
	}
	s := settings{host: host, port: int(number), from: from, domain: c.Domain, secure: c.Security, user: c.User, pass: c.Password}
	if s.domain == "" {
		return settings{}, errors.New("mail: Domain is required")
	}
	s.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs}
	switch s.secure {
	case "":
		s.secure = STARTTLS
	case STARTTLS, TLS:
	case None:
		if !isLoopback(host) {
			return settings{}, fmt.Errorf("mail server %q: without TLS only a server on this machine", c.Server)
		}
		if c.User != "" {
			return settings{}, fmt.Errorf("mail server %q: a password is not sent without TLS", c.Server)
		}
	default:
		return settings{}, fmt.Errorf("mail: %q is none of starttls, tls, none", c.Security)
	}
	if (c.User == "") != (c.Password == "") {
		return settings{}, errors.New("mail: a user needs a password, and a password a user")
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// options are what the library is told for one connection.
func (s settings) options(dial mail.DialContextFunc) []mail.Option {
	options := []mail.Option{
		mail.WithPort(s.port), mail.WithHELO(s.domain), mail.WithTimeout(longest), mail.WithDialContextFunc(dial),
		mail.WithTLSConfig(s.tls), mail.WithTLSPolicy(mail.NoTLS), mail.WithoutNoop(),
	}
	if s.secure == STARTTLS {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.user != "" {
		options = append(options, mail.WithUsername(s.user), mail.WithPassword(s.pass),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return options
}
