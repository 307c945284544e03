package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/demo"
	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/content"
	"kokoroe/locales"
	"kokoroe/static"
)

// sources are the folders that stand instead of what ships with the program.
type sources struct {
	Content string `help:"Folder with policies, courses and requirements, instead of those that ship with the program." type:"existingdir" env:"KOKOROE_CONTENT" placeholder:"DIR"`
	Locales string `help:"Folder with messages, instead of those that ship with the program." type:"existingdir" env:"KOKOROE_LOCALES" placeholder:"DIR"`
}

func (s sources) content() fs.FS {
	if s.Content != "" {
		return os.DirFS(s.Content)
	}
	return content.FS
}

func (s sources) locales() fs.FS {
	if s.Locales != "" {
		return os.DirFS(s.Locales)
	}
	return locales.FS
}

// registerFolder is the folder of what stands beside the roster.
type registerFolder struct {
	Registers string `help:"Folder with suppliers.yaml, accounts.yaml and roles.yaml." type:"existingdir" env:"KOKOROE_REGISTERS" placeholder:"DIR"`
}

// registers is nil when no folder is named.
func (r registerFolder) registers() fs.FS {
	if r.Registers == "" {
		return nil
	}
	return os.DirFS(r.Registers)
}

// storage says where everything is kept.
type storage struct {
	Data  string `help:"Folder for the database, the signing key and the last checkpoint." default:"data" type:"path" env:"KOKOROE_DATA" placeholder:"DIR"`
	Store string `help:"Store: sqlite:PATH, mongodb://HOST/DATABASE, or file:PATH of a file for its owner alone that holds one of them; the default is kokoroe.db in the data folder." env:"KOKOROE_STORE" placeholder:"STORE"`
}

func (s storage) store() string {
	if s.Store != "" {
		return s.Store
	}
	return "sqlite:" + filepath.Join(s.Data, "kokoroe.db")
}

type demoCmd struct {
	Listen string `help:"Loopback address; the two sample providers take the next two ports." default:"127.0.0.1:8080" env:"KOKOROE_LISTEN" placeholder:"HOST:PORT"`
	Data   string `help:"Folder that keeps the data; without it a temporary one that is removed at the end." type:"path" placeholder:"DIR"`
	Store  string `help:"Store, sqlite:PATH or mongodb://…, instead of a file in the folder." env:"KOKOROE_STORE" placeholder:"STORE"`
	City   string `help:"Folder with roster.csv, sign-ins.yaml and the registers, instead of the sample city." type:"existingdir" placeholder:"DIR"`
	Empty  bool   `help:"Start with nobody having done anything yet."`
	Date   string `help:"Day on which the demonstration begins; today when not given. The sample city lives from April 2026 to March 2027: in every other year it is the same day of that one." placeholder:"YYYY-MM-DD"`

	Content string `help:"Folder with policies, courses and requirements, instead of those that ship with the program." type:"existingdir" placeholder:"DIR"`
}

// Run starts the demonstration and prints where it is and who may sign in.
func (c *demoCmd) Run(ctx context.Context, con *console) (err error) {
	day, err := calendar.ParseDate(c.Date)
	if err != nil {
		return fmt.Errorf("--date: %w", err)
	}
	folder := c.Data
	if folder == "" {
		if folder, err = os.MkdirTemp("", "kokoroe-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	cfg := demo.Config{Folder: folder, Store: c.Store, Listen: c.Listen, Empty: c.Empty, Date: day, Version: version(), Logger: con.log}
	if c.City != "" {
		cfg.City = os.DirFS(c.City)
	}
	if c.Content != "" {
		cfg.Content = os.DirFS(c.Content)
	}
	d, err := demo.Open(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintln(con.out, "心得 Kokoroe, demonstration: every person, company and account is invented.")
	if shown := calendar.DateOf(d.Now()); shown != calendar.DateOf(time.Now()) {
		fmt.Fprintf(con.out, "The day is %s there.\n", shown)
	}
	fmt.Fprintln(con.out, "Sign in without a password as:")
	for _, s := range d.People {
		fmt.Fprintf(con.out, "  %-7s %s  %s / %s\n", s.Number, s.Name, s.Note["ja"], s.Note["en"])
	}
	fmt.Fprintln(con.out, "No mail is sent.")
	if c.Data != "" {
		fmt.Fprintf(con.out, "Data is kept in %s\n", folder)
	}
	fmt.Fprintf(con.out, "ready %s\n", d.URL)
	return d.Run(ctx)
}

type serveCmd struct {
	sources
	registerFolder
	storage
	witnessed
	Listen         string        `help:"Address to listen on; a proxy with TLS stands in front." default:"127.0.0.1:8080" env:"KOKOROE_LISTEN" placeholder:"HOST:PORT"`
	BaseURL        string        `help:"How browsers reach the portal, such as https://kokoroe.city.example." required:"" env:"KOKOROE_BASE_URL" placeholder:"URL"`
	Hosts          []string      `help:"Other values of Host that are answered, such as a health checker's." env:"KOKOROE_HOSTS" placeholder:"HOST"`
	TrustedProxies []string      `help:"Addresses or prefixes of proxies whose X-Forwarded-For counts." env:"KOKOROE_TRUSTED_PROXIES" placeholder:"ADDRESS"`
	City           string        `help:"What the organisation is called on every page." env:"KOKOROE_CITY" placeholder:"NAME"`
	Providers      string        `help:"File with the OpenID providers, YAML." required:"" type:"existingfile" env:"KOKOROE_PROVIDERS" placeholder:"FILE"`
	Idle           time.Duration `help:"A session ends when nothing was asked for so long." default:"30m" env:"KOKOROE_IDLE"`
	Absolute       time.Duration `help:"A session ends in any case after so long." default:"12h" env:"KOKOROE_ABSOLUTE"`
	mailServer
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, con *console) (err error) {
	providers, err := readProviders(c.Providers)
	if err != nil {
		return err
	}
	witnesses, err := c.witnesses()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	mail, err := c.mail()
	if err != nil {
		return err
	}
	a, listener, err := app.Wait(ctx, app.Config{
		Listen: c.Listen, BaseURL: c.BaseURL, Hosts: c.Hosts, TrustedProxies: c.TrustedProxies, City: c.City,
		Store: c.store(), State: c.Data,
		Content: c.content(), Shipped: c.Content == "", Locales: c.locales(), Static: static.FS, Registers: c.registers(),
		Providers: providers, Witnesses: witnesses, Idle: c.Idle, Absolute: c.Absolute, Version: version(), Logger: con.log, Mail: mail,
	}, func() (net.Listener, error) { return new(net.ListenConfig).Listen(ctx, "tcp", c.Listen) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	con.log.Info("serving", slog.String("listen", listener.Addr().String()), slog.String("base_url", c.BaseURL),
		slog.String("log_key", a.Keys.Public), slog.String("version", version()))
	fmt.Fprintf(con.out, "ready %s\n", c.BaseURL)
	return a.Run(ctx, listener)
}

// readProviders reads the providers' file. A client secret is never in it, nor
// in a flag: the file names the file that holds the secret.
func readProviders(name string) ([]identity.ProviderConfig, error) {
	src, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	var file struct {
		Providers []struct {
			Lines            document.Lines `yaml:"-"`
			ID               string         `yaml:"id"`
			Title            document.Text  `yaml:"title"`
			Issuer           string         `yaml:"issuer"`
			ClientID         string         `yaml:"client_id"`
			ClientSecretFile string         `yaml:"client_secret_file"`
			Claim            string         `yaml:"claim"`
			Kinds            []string       `yaml:"kinds"`
			Scopes           []string       `yaml:"scopes"`
			ACRValues        []string       `yaml:"acr_values"`
			MaxAgeMinutes    int            `yaml:"max_age_minutes"`
			Hosts            []string       `yaml:"hosts"`
		} `yaml:"providers"`
	}
	if problems := document.Decode(name, src, &file); len(problems) > 0 {
		return nil, problems
	}
	var out []identity.ProviderConfig
	for _, row := range file.Providers {
		p := identity.ProviderConfig{
			ID: row.ID, Issuer: row.Issuer, ClientID: row.ClientID, Claim: row.Claim, Scopes: row.Scopes,
			ACRValues: row.ACRValues, MaxAge: time.Duration(row.MaxAgeMinutes) * time.Minute, Hosts: row.Hosts, Title: map[string]string{},
		}
		for _, language := range row.Title.Languages() {
			p.Title[language] = row.Title.In(language)
		}
		for _, k := range row.Kinds {
			p.Kinds = append(p.Kinds, directory.Kind(k))
		}
		if row.ClientSecretFile != "" {
			if p.ClientSecret, err = evidence.ReadSecret(row.ClientSecretFile); err != nil {
				return nil, document.Problems{{File: name, Line: row.Lines.Of("client_secret_file"), Message: err.Error()}}
			}
		}
		out = append(out, p)
	}
	return out, nil
}

type healthCmd struct {
	Listen string `help:"Address that the portal listens on." default:"127.0.0.1:8080" env:"KOKOROE_LISTEN" placeholder:"HOST:PORT"`
}

// Run asks /healthz and fails unless it answers 200. A container's health
// check needs no other program.
func (c *healthCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address := c.Listen
	if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || host == "0.0.0.0" || host == "::") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", address, response.Status)
	}
	return nil
}
