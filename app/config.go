package app

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/notify/smtp"
)

// Config is everything that the program is told. The command fills it from
// flags, environment and file.
type Config struct {
	Listen         string   // address to listen on, such as 127.0.0.1:8080
	BaseURL        string   // how browsers reach the portal; empty: http:// and Listen
	Hosts          []string // other values of Host that are answered
	TrustedProxies []string // addresses or prefixes of proxies in front
	City           string   // what the organisation is called

	Store string // as OpenStore has it
	State string // folder for the signing key and the last checkpoint; must not be the store's backup
	Zone  string // name of the log whose signing key is made when there is none; empty: that is an error

	Content   fs.FS // policies/, courses/, declarations/, glossary.yaml, requirements.yaml
	Shipped   bool  // Content is what ships with the program: it takes force only where nothing else is
	Locales   fs.FS
	Static    fs.FS
	Registers fs.FS // suppliers.yaml, accounts.yaml, roles.yaml; nil: those in force stay, at first none

	Witnesses []evidence.Witness // who cosigns the log; nil: nobody
	Providers []identity.ProviderConfig
	Idle      time.Duration
	Absolute  time.Duration

	Mail smtp.Config // where receipts are mailed from; the zero Config mails none

	Version string
	Logger  *slog.Logger
	Now     calendar.Clock
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://" + c.Listen
	}
	return c
}

// proxies reads the trusted proxies; a single address is a prefix of its own
// length.
func proxies(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		if !strings.Contains(s, "/") {
			addr, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fmt.Errorf("trusted proxy %q is neither an address nor a prefix", s)
			}
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is neither an address nor a prefix", s)
		}
		out = append(out, p)
	}
	return out, nil
}
