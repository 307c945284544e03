// Package portal owns the harness of the journeys: it boots the real program
// with the sample city on a real socket, with both sample providers, a real store
// and a clock that the test sets, and gives browsers without script to walk
// through it. The store is a SQLite file, or a database of the MongoDB engine
// that the environment names.
package portal

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/demo"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/notify/smtp"
)

// Start is the day on which journeys begin: a Sunday in 令和8年度.
var Start = time.Date(2026, time.November, 22, 1, 0, 0, 0, time.UTC)

// Portal is a running program.
type Portal struct {
	URL    string
	App    *app.App
	Demo   *demo.Demo
	Folder string
	Store  string // as app.OpenStore has it
	Logs   *Logs
	Clock  *Clock
	t      testing.TB
	stop   func()
}

// Option changes how the portal is booted.
type Option func(*demo.Config)

// WithHistory gives the sample city its history; without it nobody has done
// anything yet.
func WithHistory() Option { return func(c *demo.Config) { c.Empty = false } }

// WithContent boots with other content.
func WithContent(content fs.FS) Option { return func(c *demo.Config) { c.Content = content } }

// WithFolder keeps the data in a folder of the test's own, to boot on it again.
func WithFolder(folder string) Option { return func(c *demo.Config) { c.Folder = folder } }

// WithClock shares a clock between boots.
func WithClock(clock *Clock) Option { return func(c *demo.Config) { c.Now = clock.Now } }

// WithRealClock lets the demonstration live by its own clock, beside a real one of
// the test's.
func WithRealClock(clock calendar.Clock) Option {
	return func(c *demo.Config) { c.Now, c.Real = nil, clock }
}

// WithCity boots with another roster and registers.
func WithCity(city fs.FS) Option { return func(c *demo.Config) { c.City = city } }

// WithWitnesses boots with witnesses of the evidence log.
func WithWitnesses(witnesses ...evidence.Witness) Option {
	return func(c *demo.Config) { c.Witnesses = witnesses }
}

// WithMail boots with a mail server.
func WithMail(mail smtp.Config) Option { return func(c *demo.Config) { c.Mail = mail } }

// OnStore boots on a store of the test's own.
func OnStore(setting string) Option { return func(c *demo.Config) { c.Store = setting } }

// OnFile boots on SQLite in any case, for a test of what only a file has: its
// backups are put back by hand.
func OnFile() Option {
	return func(c *demo.Config) { c.Store = "sqlite:" + filepath.Join(c.Folder, "kokoroe.db") }
}

// New boots the program and stops it when the test ends.
func New(t testing.TB, options ...Option) *Portal {
	t.Helper()
	p := &Portal{t: t, Logs: &Logs{}, Clock: &Clock{now: Start}}
	cfg := demo.Config{
		Folder: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Empty: true, Version: "test",
		Logger: slog.New(slog.NewJSONHandler(p.Logs, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: p.Clock.Now,
	}
	for _, o := range options {
		o(&cfg)
	}
	if cfg.Store == "" {
		cfg.Store = StoreIn(t, cfg.Folder)
	}
	p.Folder, p.Store = cfg.Folder, cfg.Store
	ctx, cancel := context.WithCancel(context.Background())
	d, err := demo.Open(ctx, cfg)
	if err != nil {
		cancel()
		t.Fatalf("booting the portal: %v", err)
	}
	p.Demo, p.App, p.URL = d, d.App, d.URL
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("stopping the portal: %v", err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

// At returns a portal that runs elsewhere, behind an address. Nothing else is
// known of it.
func At(t testing.TB, url string) *Portal { return &Portal{URL: url, t: t} }

// Stop stops the program before the test ends, as SIGTERM would.
func (p *Portal) Stop() { p.stop() }

// Browser returns a new browser with no cookies.
func (p *Portal) Browser() *Browser {
	b := &Browser{Portal: p, t: p.t, Language: "ja", cookies: map[string]*http.Cookie{}}
	b.client = &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	}
	p.t.Cleanup(b.client.CloseIdleConnections)
	return b
}

// As returns a browser in which the sample person of a role is signed in:
// employee, head, contractor, account-owner, hr, security-office, auditor.
func (p *Portal) As(role string) *Browser {
	p.t.Helper()
	s, ok := p.Demo.As(role)
	if !ok {
		p.t.Fatalf("no sample person shows %q", role)
	}
	b := p.Browser()
	b.SignIn(s.Provider, s.Number)
	return b
}

// Person returns the roster's person with the number.
func (p *Portal) Person(number string) directory.Person {
	p.t.Helper()
	roster, err := p.App.Rosters.Current(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	person, ok := roster.PersonByNumber(number)
	if !ok {
		p.t.Fatalf("nobody has the number %s", number)
	}
	return person
}

// Clock is the portal's clock. It moves only when it is told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at an instant.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to an instant.
func (c *Clock) Set(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Logs keeps everything that the program logged.
type Logs struct {
	mu    sync.Mutex
	bytes []byte
}

// Write keeps a line.
func (l *Logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes = append(l.bytes, b...)
	return len(b), nil
}

// String returns everything logged so far.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.bytes)
}
