package main

import (
	"context"
	"errors"
	"fmt"

	"kokoroe/app"
	"kokoroe/app/fault"
)

type backupCmd struct {
	storage
	File string `arg:"" help:"File for the copy; it must not exist yet." type:"path"`
}

// Run copies the database, also of a portal that runs.
func (c *backupCmd) Run(ctx context.Context, con *console) (err error) {
	in, err := c.open(ctx, con, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.Backup(ctx, c.File); err != nil {
		if fault.Is(err, fault.Conflict) {
			return fmt.Errorf("%s is there already", c.File)
		}
		return err
	}
	fmt.Fprintf(con.out, "%s: written. Keep log.key, log.public and checkpoint of %s somewhere else.\n", c.File, c.Data)
	return nil
}

type restoreCmd struct {
	storage
	File string `arg:"" help:"The backup." type:"existingfile"`
}

// Run puts a backup in the place of the database. When it is older than what
// was signed it says what can be done, and the exit code is 3.
func (c *restoreCmd) Run(ctx context.Context, con *console) error {
	done, err := app.Restore(ctx, c.installation(con), c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s is restored: %d entries; the former database is %s\n", c.File, done.Entries, done.Aside)
	if done.Trouble == nil {
		return nil
	}
	fmt.Fprintf(con.out, `
The log of this backup holds %d entries, and %d were signed: what was recorded
after the backup is missing. The portal can be read, and takes no
acknowledgements (%v).

There are two ways out:
 1. Bring the missing records back: restore a newer backup, or the former
    database, when that can still be read.
 2. When they are lost: kokoroe begin-anew --by NUMBER --reason TEXT
    The log then goes on under the next name, with a new key, and with a first
    record that says what is missing. Receipts of lost records still verify, and
    show what their holders did: ask for them.
`, done.Entries, done.Signed, done.Trouble)
	return errRefused
}

type beginAnewCmd struct {
	storage
	witnessed
	By     string `help:"Number in the roster, or opaque ID, of who decided it." required:"" placeholder:"ID"`
	Reason string `help:"What happened. It is kept in the log." required:"" placeholder:"TEXT"`
}

// Run lets a log go on that has lost signed entries for good.
func (c *beginAnewCmd) Run(ctx context.Context, con *console) error {
	cfg := c.installation(con)
	var err error
	if cfg.Witnesses, err = c.witnesses(); err != nil { // one of them may be all that knows of the loss
		return err
	}
	keys, err := app.BeginAnew(ctx, cfg, c.By, c.Reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "The log goes on as %s. Give its new public key to everybody who verifies, witnesses included:\n%s\n", keys.Origin(), keys.Public)
	return nil
}
