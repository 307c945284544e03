package main

import (
	"context"
	"errors"
	"fmt"

	"kokoroe/app"
)

type publishCmd struct {
	sources
	registerFolder
	storage
	Shipped bool `help:"Publish the content that ships with this program, as after an update of it."`
	DryRun  bool `help:"Show what would change, and publish nothing."`
}

// Help is what --help says of the command beside its one line.
func (publishCmd) Help() string {
	return "Name --content or --registers, or both; what is not named stays as it is in force. The folders are checked as " +
		"\"kokoroe check\" does. Every instance takes the new edition over within two seconds. An older state of a folder is " +
		"brought back in the same way."
}

var errNothingNamed = errors.New("name what to publish: --content, --registers or --shipped")

// Validate sees that something is named.
func (c *publishCmd) Validate() error {
	if c.Content == "" && c.Registers == "" && !c.Shipped || c.Content != "" && c.Shipped {
		return errNothingNamed
	}
	return nil
}

// Run prints how the files differ from those in force, and publishes them.
func (c *publishCmd) Run(ctx context.Context, con *console) (err error) {
	cfg := c.installation(con)
	cfg.Content, cfg.Shipped, cfg.Locales, cfg.Registers = c.content(), c.Content == "" && !c.Shipped, c.locales(), c.registers()
	in, err := app.OpenInstallation(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if !c.DryRun {
		if err := in.OpenLog(ctx); err != nil {
			return err
		}
	}
	p, err := in.Publish(ctx, c.DryRun)
	if err != nil {
		return err
	}
	for _, change := range p.Changes {
		fmt.Fprintf(con.out, "%-8s %s/%s\n", change.Sort, change.Part, change.Path)
	}
	for _, v := range p.Versions {
		fmt.Fprintf(con.out, "new text %s, version %d, %s\n", v.Policy, v.Version, v.Language)
	}
	switch {
	case len(p.Changes) == 0:
		fmt.Fprintf(con.out, "Nothing changes: edition %d is in force.\n", p.Number)
	case c.DryRun:
		fmt.Fprintln(con.out, "Nothing was published.")
	default:
		fmt.Fprintf(con.out, "Edition %d is in force; every instance takes it over within two seconds.\n", p.Number)
	}
	return nil
}
