package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"kokoroe/app"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/retention"
)

// installation is the configuration of a command that works on what a portal
// keeps.
func (s storage) installation(con *console) app.Config {
	return app.Config{Store: s.store(), State: s.Data, Version: version(), Logger: con.log}
}

// open opens what is kept, and the log unless it is only to be looked at.
func (s storage) open(ctx context.Context, con *console, log bool) (*app.Installation, error) {
	in, err := app.LookInto(ctx, s.installation(con))
	if err != nil || !log {
		return in, err
	}
	if err := in.OpenLog(ctx); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

type keysCmd struct {
	New   keysNewCmd   `cmd:"" help:"Make the log's signing key; once, before the first start."`
	Renew keysRenewCmd `cmd:"" help:"Make a new signing key in the place of the present one; the portal must not be running."`
	Show  keysShowCmd  `cmd:"" help:"Print every public key that the log ever had, one a line, the present one last."`
	Trust keysTrustCmd `cmd:"" help:"Print the trust policy that verifiers want: every public key, and the witnesses."`
}

type keysNewCmd struct {
	Data   string `help:"Folder for the signing key." default:"data" type:"path" env:"KOKOROE_DATA" placeholder:"DIR"`
	Origin string `help:"Name of the evidence log in its checkpoints, such as kokoroe.city.example/1. It never changes." required:"" placeholder:"NAME"`
}

// Run makes the key and prints its public part.
func (c *keysNewCmd) Run(con *console) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	keys, err := evidence.NewKeyRing(c.Data, c.Origin)
	if err != nil {
		return err
	}
	fmt.Fprintln(con.out, keys.Public)
	return nil
}

type keysRenewCmd struct{ storage }

// Run renews the key and prints the new public key.
func (c *keysRenewCmd) Run(ctx context.Context, con *console) error {
	keys, err := app.RenewKey(ctx, c.installation(con))
	if err != nil {
		return err
	}
	fmt.Fprintln(con.out, keys.Public)
	return nil
}

type keysShowCmd struct {
	Data string `help:"Folder with the keys." default:"data" type:"path" env:"KOKOROE_DATA" placeholder:"DIR"`
}

// Run prints the public keys.
func (c *keysShowCmd) Run(con *console) error {
	keys, err := evidence.OpenKeyRing(c.Data)
	for _, k := range keys.All {
		fmt.Fprintln(con.out, k)
	}
	return err
}

type keysTrustCmd struct {
	Data      string `help:"Folder with the keys." default:"data" type:"path" env:"KOKOROE_DATA" placeholder:"DIR"`
	Witnesses string `help:"File with the witnesses, YAML." type:"existingfile" env:"KOKOROE_WITNESSES" placeholder:"FILE"`
}

// Run prints the trust policy. It asks for no witness: how many must have signed
// is for whoever verifies to decide.
func (c *keysTrustCmd) Run(con *console) error {
	keys, err := evidence.OpenKeyRing(c.Data)
	if err != nil {
		return err
	}
	var witnesses []evidence.Witness
	if c.Witnesses != "" {
		if witnesses, err = readWitnesses(c.Witnesses); err != nil {
			return err
		}
	}
	policy, err := evidence.FormatTrustPolicy(keys.TrustPolicy(witnesses))
	if err != nil {
		return err
	}
	_, err = con.out.Write(policy)
	return err
}

type verifyCmd struct {
	storage
	witnessed
	JSON bool `help:"Print the result as JSON."`
}

// Run examines everything that is kept and names each disagreement, one a line.
// The exit code is then 4.
func (c *verifyCmd) Run(ctx context.Context, con *console) (err error) {
	cfg := c.installation(con)
	if cfg.Witnesses, err = c.witnesses(); err != nil {
		return err
	}
	in, err := app.LookInto(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	began := time.Now()
	x, err := in.Examine(ctx, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(con.out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(x)
	} else {
		for _, d := range x.Disagreements {
			fmt.Fprintln(con.out, d)
		}
		fmt.Fprintf(con.out, "%s: %d entries (%d records, %d erased), %d checkpoints, %d cosignatures, signed up to %d, root %x, %d disagreements, %s\n",
			in.Keys.Origin(), x.Size, x.Records, x.Erased, x.Checkpoints, x.Cosignatures, x.Signed, x.Root, x.Found, time.Since(began).Round(time.Millisecond))
	}
	if err == nil && x.Found > 0 {
		return errDisagreements
	}
	return err
}

type eraseCmd struct {
	storage
	Person string `help:"Number in the roster, or opaque ID, of the person to erase; they must have left." required:"" placeholder:"ID"`
	By     string `help:"Number in the roster, or opaque ID, of who decided it." required:"" placeholder:"ID"`
	Reason string `help:"Why. It is kept in the log." required:"" placeholder:"TEXT"`
}

// Run erases the records about a person and what else is kept of them.
func (c *eraseCmd) Run(ctx context.Context, con *console) (err error) {
	in, err := c.open(ctx, con, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	done, err := in.ErasePerson(ctx, c.Person, c.By, c.Reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: %d records erased %v; %d records about others name this person as the one who acted, and stay\n",
		done.Person, len(done.Records), done.Records, done.Others)
	fmt.Fprintln(con.out, "Backups that were made before still hold what was erased: let them expire.")
	return nil
}

type retentionCmd struct {
	sources
	storage
	DryRun bool `help:"Count what has outlived its time, and erase nothing."`
}

// Run erases what has outlived its time and reports by kind.
func (c *retentionCmd) Run(ctx context.Context, con *console) (err error) {
	in, err := c.open(ctx, con, !c.DryRun)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	rules, err := in.RetentionRules(ctx)
	if c.Content != "" || fault.Is(err, fault.NotFound) {
		rules, err = retention.Load(c.content(), "retention.yaml")
	}
	if err != nil {
		return err
	}
	s := retention.Service{Rules: func() []retention.Rule { return rules }, Records: in.Store, Log: in, Rosters: in.Rosters, Now: time.Now}
	report, err := s.Run(ctx, c.DryRun)
	word := "erased"
	if c.DryRun {
		word = "to be erased"
	}
	for _, k := range report.Kinds {
		fmt.Fprintf(con.out, "%s: kept for %d years since %s, made before %s: %d %s %v\n", k.Kind, k.Years, k.Since, k.Before, k.Erased, word, k.First)
	}
	return err
}
