package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/demo/provider"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/notify/smtp"
	"kokoroe/content"
	"kokoroe/locales"
	"kokoroe/static"
)

// Config says how the demonstration is run.
type Config struct {
	Folder    string             // keeps the data; created when it is not there
	Store     string             // as app.OpenStore has it; "": a file in Folder
	Listen    string             // loopback address of the portal
	BaseURL   string             // where browsers reach it, when something stands in front; "": Listen
	Content   fs.FS              // nil: what ships with the program
	City      fs.FS              // roster.csv and the registers; nil: the sample city
	Witnesses []evidence.Witness // of the log; nil: nobody
	Mail      smtp.Config        // zero: none is sent, for the people are invented; journeys give their own server
	Empty     bool               // no history: nobody has done anything yet
	Version   string
	Logger    *slog.Logger
	Date      calendar.Date  // on which it begins; zero: today, and in the sample city DayInSample
	Real      calendar.Clock // the real clock; nil: time.Now
	Now       calendar.Clock // the clock to live by, whatever Date and Real say; nil: as they say
}

// Demo is a running demonstration.
type Demo struct {
	App         *app.App
	URL         string
	People      []SignIn
	staff       *provider.Provider
	contractors *provider.Provider
	listener    net.Listener
	secret      string // between portal and providers, new at each start
	cfg         app.Config

	known sync.Map // directory.Kind → known
}

// known are a roster's people of one kind, as a provider knows them.
type known struct {
	roster *directory.Roster
	notes  int
	people []provider.Person
}

// The names of the two providers.
const (
	StaffProvider      = "city"
	ContractorProvider = "contractors"
)

const clientID = "kokoroe-demo"

// Open starts the two providers, puts the portal together and loads the sample
// city into an empty folder; a folder that holds one already goes on where it
// was. Nothing answers yet: call Run.
func Open(ctx context.Context, cfg Config) (_ *Demo, err error) {
	if cfg.Content == nil {
		cfg.Content = content.FS
	}
	if cfg.Store == "" {
		cfg.Store = "sqlite:" + filepath.Join(cfg.Folder, "kokoroe.db")
	}
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return nil, err
	}
	if cfg.Real == nil {
		cfg.Real = time.Now
	}
	if cfg.Now == nil {
		if cfg.Now, err = startClock(ctx, cfg); err != nil {
			return nil, err
		}
	}
	if cfg.City == nil {
		if cfg.City, err = fs.Sub(content.FS, "sample"); err != nil {
			return nil, err
		}
	}
	d := &Demo{secret: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.listener, err = listen(ctx, cfg.Listen); err != nil {
		return nil, err
	}
	if d.URL = cfg.BaseURL; d.URL == "" {
		d.URL = "http://" + d.listener.Addr().String()
	}
	if err := d.startProviders(ctx, cfg.Now); err != nil {
		return nil, err
	}
	d.cfg = app.Config{
		Listen: d.listener.Addr().String(), BaseURL: d.URL, Zone: "demo.example/kokoroe/1",
		Store: cfg.Store, State: cfg.Folder,
		Content: cfg.Content, Locales: locales.FS, Static: static.FS, Registers: cfg.City,
		Providers: d.providers(), Witnesses: cfg.Witnesses, Version: cfg.Version, Logger: cfg.Logger, Now: cfg.Now, Mail: cfg.Mail,
	}
	d.App, err = app.New(ctx, d.cfg)
	if err != nil {
		return nil, err
	}
	return d, d.load(ctx, cfg)
}

// listen opens the portal's address. The demonstration signs in anybody, so it
// refuses to be reached from elsewhere.
func listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %q: want HOST:PORT", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the demonstration signs in anybody without a password: it listens on loopback only, not on %q", address)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// startProviders starts the two providers on the ports behind the portal's,
// so that a second start on the same folder finds the same issuers; on any
// port when those are taken.
func (d *Demo) startProviders(ctx context.Context, now calendar.Clock) (err error) {
	host, port, err := net.SplitHostPort(d.listener.Addr().String())
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	start := func(id string, title map[string]string, kind directory.Kind, port int) (*provider.Provider, error) {
		cfg := provider.Config{
			Title: title, Now: now, People: func() []provider.Person { return d.people(kind) },
			Clients: []provider.Client{{
				ID: clientID, Secret: d.secret, RedirectURLs: []string{d.URL + "/sign-in/" + id + "/callback"}, PostLogoutURLs: []string{d.URL + "/signed-out"},
			}},
		}
		cfg.Listen = net.JoinHostPort(host, strconv.Itoa(port))
		if p, err := provider.Start(ctx, cfg); err == nil {
			return p, nil
		}
		cfg.Listen = net.JoinHostPort(host, "0")
		return provider.Start(ctx, cfg)
	}
	if d.staff, err = start(StaffProvider, staffTitle, directory.Employee, first+1); err != nil {
		return err
	}
	d.contractors, err = start(ContractorProvider, contractorTitle, directory.ContractorWorker, first+2)
	return err
}

var (
	staffTitle      = map[string]string{"ja": "職員として サインインする", "en": "Sign in as city staff"}
	contractorTitle = map[string]string{"ja": "委託事業者として サインインする", "en": "Sign in as a contractor"}
)

func (d *Demo) providers() []identity.ProviderConfig {
	return []identity.ProviderConfig{
		{ID: StaffProvider, Issuer: d.staff.Issuer(), ClientID: clientID, ClientSecret: d.secret, Title: staffTitle, Kinds: []directory.Kind{directory.Employee}},
		{ID: ContractorProvider, Issuer: d.contractors.Issuer(), ClientID: clientID, ClientSecret: d.secret, Title: contractorTitle, Kinds: []directory.Kind{directory.ContractorWorker}},
	}
}

// people are all whom a provider can sign in; those of sign-ins.yaml come with
// a note and so with a button.
func (d *Demo) people(kind directory.Kind) []provider.Person {
	if d.App == nil {
		return nil
	}
	roster, err := d.App.Rosters.Current(context.Background())
	if err != nil {
		return nil
	}
	// A provider asks at every sign-in, and a large city signs in all at once.
	if k, ok := d.known.Load(kind); ok && k.(known).roster == roster && k.(known).notes == len(d.People) {
		return k.(known).people
	}
	notes := map[string]map[string]string{}
	for _, s := range d.People {
		notes[s.Number] = s.Note
	}
	k := known{roster: roster, notes: len(d.People)}
	for p := range roster.People() {
		if p.Kind() == kind {
			k.people = append(k.people, provider.Person{Number: p.Number, Name: p.Name, Note: notes[p.Number]})
		}
	}
	d.known.Store(kind, k)
	return k.people
}

// load imports the roster through the same importer as the command does, and
// gives an empty city its history.
func (d *Demo) load(ctx context.Context, cfg Config) error {
	revision, err := d.App.Store.RosterRevision(ctx)
	if err != nil {
		return err
	}
	if revision > 0 {
		return d.readSignIns(ctx, cfg.City)
	}
	src, err := fs.ReadFile(cfg.City, "roster.csv")
	if err != nil {
		return err
	}
	plan, err := app.PlanRoster(ctx, d.App.Rosters, "roster.csv", src, calendar.DateOf(cfg.Now()), directory.Options{})
	if err != nil {
		return err
	}
	if _, err := d.App.Rosters.Apply(ctx, plan); err != nil {
		return err
	}
	d.App.Ledger.Noticed() // a clock that stands still never makes it look again
	d.App.Ledger.Noticed()
	if err := d.readSignIns(ctx, cfg.City); err != nil || cfg.Empty {
		return err
	}
	if err := d.history(ctx, cfg.Now()); err != nil {
		return err
	}
	// As if the portal had been running last night.
	for _, name := range []string{app.JobVerify, app.JobRetention} {
		if _, err := d.App.Jobs.RunNow(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Now tells the time in the demonstration.
func (d *Demo) Now() time.Time { return d.cfg.Now() }

// Run serves until ctx ends, then closes everything.
func (d *Demo) Run(ctx context.Context) error {
	return errors.Join(d.App.Run(ctx, d.listener), d.Close())
}

// Address is where the portal itself listens.
func (d *Demo) Address() string { return d.listener.Addr().String() }

// Beside puts another instance of the same portal together, on the same store
// and behind the same address. It listens nowhere yet. changes are made to its
// configuration, as an operator's hand would.
func (d *Demo) Beside(ctx context.Context, changes ...func(*app.Config)) (*app.App, error) {
	cfg := d.cfg
	for _, change := range changes {
		change(&cfg)
	}
	return app.New(ctx, cfg)
}

// CloseProviders stops both providers and leaves the portal to itself: nobody
// can sign in any more.
func (d *Demo) CloseProviders() error {
	err := errors.Join(d.staff.Close(), d.contractors.Close())
	d.staff, d.contractors = nil, nil
	return err
}

// Close stops the providers and closes the portal's store.
func (d *Demo) Close() error {
	var errs []error
	if d.staff != nil {
		errs = append(errs, d.staff.Close())
	}
	if d.contractors != nil {
		errs = append(errs, d.contractors.Close())
	}
	if d.App != nil {
		errs = append(errs, d.App.Close())
	}
	if d.listener != nil {
		if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	d.staff, d.contractors, d.App, d.listener = nil, nil, nil, nil
	return errors.Join(errs...)
}
