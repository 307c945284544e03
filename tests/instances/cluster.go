package instances

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"kokoroe/app/demo/provider"
	"kokoroe/content"
	"kokoroe/tests/ledger"
)

// Config says what is started.
type Config struct {
	Program string   // what Build has built
	Folder  string   // for everything that is written; it is there
	Stores  []string // one instance for each, on this store: the same one, by whatever way
	Mail    string   // address of a mail server without TLS; empty: none is mailed
	Content string   // a folder; empty: what ships with the program
	Idle    bool     // nothing is started yet
}

// Cluster is several processes of the program, on one store and behind one
// address, with the sample city.
type Cluster struct {
	URL       string // how browsers reach it
	Provider  *provider.Provider
	Instances []*Instance
	Staff     []string // numbers of people who can sign in on any day

	program  string
	folder   string // of the first instance
	store    string // of the first instance
	balancer *Balancer
}

// What the provider and its client, the portal, are called.
const (
	ProviderID = "city"
	ClientID   = "kokoroe-instances"
	secret     = "known to the portal and the provider"
)

// Open makes a key, imports the sample city's roster and
// starts the instances.
func Open(ctx context.Context, cfg Config) (_ *Cluster, err error) {
	c := &Cluster{program: cfg.Program, folder: dataOf(cfg.Folder, 0), store: cfg.Stores[0]}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.balancer, err = Listen(ctx); err != nil {
		return nil, err
	}
	c.URL = c.balancer.URL
	roster, err := fs.ReadFile(content.FS, "sample/roster.csv")
	if err != nil {
		return nil, err
	}
	if c.Provider, err = c.provide(ctx, roster); err != nil {
		return nil, err
	}
	if err := c.files(cfg.Folder); err != nil {
		return nil, err
	}
	if err := c.command(ctx, "keys", "new", "--data", c.folder, "--origin", ledger.Origin); err != nil {
		return nil, err
	}
	for i, store := range cfg.Stores {
		data := dataOf(cfg.Folder, i)
		if i > 0 { // as if on another host
			if err := carry(c.folder, data); err != nil {
				return nil, err
			}
		}
		args := []string{
			"serve", "--listen", "127.0.0.1:0", "--base-url", c.URL, "--data", data, "--store", store,
			"--providers", filepath.Join(cfg.Folder, "providers.yaml"), "--registers", filepath.Join(cfg.Folder, "sample"),
		}
		if cfg.Mail != "" {
			args = append(args, "--mail-server", cfg.Mail, "--mail-from", "kokoroe@mihon.example", "--mail-tls", "none")
		}
		if cfg.Content != "" {
			args = append(args, "--content", cfg.Content)
		}
		c.Instances = append(c.Instances, &Instance{program: c.program, args: args})
	}
	if err := c.Import(ctx, roster); err != nil {
		return nil, err
	}
	if cfg.Idle {
		return c, nil
	}
	return c, c.Start(ctx)
}

// carry copies the log's keys from one host to another.
func carry(from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, f := range files {
		key, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, f.Name()), key, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func dataOf(folder string, instance int) string {
	return filepath.Join(folder, fmt.Sprintf("data-%d", instance+1))
}

// Start starts every instance that does not run.
func (c *Cluster) Start(ctx context.Context) error {
	for _, i := range c.Instances {
		if i.process == nil {
			if err := i.Start(ctx); err != nil {
				return err
			}
		}
	}
	c.share()
	return nil
}

func (c *Cluster) share() {
	var addresses []string
	for _, i := range c.Instances {
		addresses = append(addresses, i.address)
	}
	c.balancer.Share(addresses...)
}

// Stop stops every instance that runs.
func (c *Cluster) Stop() error {
	var errs []error
	for _, i := range c.Instances {
		errs = append(errs, i.Stop())
	}
	return errors.Join(errs...)
}

// Import imports a roster by the command, beside what runs.
func (c *Cluster) Import(ctx context.Context, roster []byte) error {
	file := filepath.Join(filepath.Dir(c.folder), "roster.csv")
	if err := os.WriteFile(file, roster, 0o600); err != nil {
		return err
	}
	return c.command(ctx, "import", "roster", file, "--data", c.folder, "--store", c.store, "--new-departments")
}

// Log is the folder with the key of the log, which has the name of all logs in
// tests.
func (c *Cluster) Log() (ledger.Folder, error) { return ledger.NewFolder(c.folder, "") }

// Verify examines all that is kept, by the command.
func (c *Cluster) Verify(ctx context.Context) error {
	return c.command(ctx, "verify", "--data", c.folder, "--store", c.store)
}

// Close ends everything, as if the hosts were switched off.
func (c *Cluster) Close() error {
	var errs []error
	for _, i := range c.Instances {
		errs = append(errs, i.Kill())
	}
	if c.balancer != nil {
		errs = append(errs, c.balancer.Close())
	}
	if c.Provider != nil {
		errs = append(errs, c.Provider.Close())
	}
	return errors.Join(errs...)
}

func (c *Cluster) command(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, c.program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("kokoroe %s: %w\n%s", strings.Join(args[:2], " "), err, out)
	}
	return nil
}

// provide starts a provider that signs in everybody of the roster.
func (c *Cluster) provide(ctx context.Context, roster []byte) (*provider.Provider, error) {
	rows, err := csv.NewReader(bytes.NewReader(roster)).ReadAll()
	if err != nil {
		return nil, err
	}
	var people []provider.Person
	for _, row := range rows[1:] {
		people = append(people, provider.Person{Number: row[0], Name: row[1]})
		if row[4] == "正職員" && strings.Join(row[8:], "") == "" { // here to stay
			c.Staff = append(c.Staff, row[0])
		}
	}
	return provider.Start(ctx, provider.Config{
		Listen: "127.0.0.1:0", Title: map[string]string{"ja": "見本市", "en": "Mihon City"},
		People: func() []provider.Person { return slices.Clone(people) },
		Clients: []provider.Client{{
			ID: ClientID, Secret: secret,
			RedirectURLs: []string{c.URL + "/sign-in/" + ProviderID + "/callback"}, PostLogoutURLs: []string{c.URL + "/signed-out"},
		}},
	})
}

// files writes what all instances are told.
func (c *Cluster) files(folder string) error {
	sample, err := fs.Sub(content.FS, "sample")
	if err != nil {
		return err
	}
	providers := fmt.Sprintf(`providers:
  - id: %s
    title: {ja: 職員としてサインイン, en: Sign in as city staff}
    issuer: %s
    client_id: %s
    client_secret_file: %s
    kinds: [employee]
`, ProviderID, c.Provider.Issuer(), ClientID, filepath.Join(folder, "secret"))
	return errors.Join(
		os.CopyFS(filepath.Join(folder, "sample"), sample),
		os.WriteFile(filepath.Join(folder, "secret"), []byte(secret), 0o600),
		os.WriteFile(filepath.Join(folder, "providers.yaml"), []byte(providers), 0o600),
	)
}
