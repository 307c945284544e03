package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"kokoroe/app"
)

// movesTold is how many things are moved between two words about it in the log.
const movesTold = 10_000

type moveCmd struct {
	witnessed
	Data string `help:"Folder with the signing key and the last checkpoint, which stay there." default:"data" type:"path" env:"KOKOROE_DATA" placeholder:"DIR"`
	From string `help:"Store to move from, as for --store of serve. It is only read." required:"" placeholder:"STORE"`
	To   string `help:"Store to move to, as for --store of serve. It must be empty." required:"" placeholder:"STORE"`
}

// Help is what --help says of the command beside its one line.
func (moveCmd) Help() string {
	return "Stop the portal first, every instance of it: what it writes meanwhile would be missing. " +
		"Everybody signs in again afterwards. Use the new store only when the exit code is 0: then record counts, " +
		"the tree's root and the digests of everything else agree. The exit code is 3 when the move is refused and nothing " +
		"was touched, 4 when something does not agree."
}

// Run moves everything and prints what both stores keep, a line a sort, and the
// verdict. No address is printed: it may hold a password.
func (c *moveCmd) Run(ctx context.Context, con *console) (err error) {
	cfg := storage{Data: c.Data, Store: c.From}.installation(con)
	if cfg.Witnesses, err = c.witnesses(); err != nil {
		return err
	}
	so := 0
	m, err := app.Move(ctx, cfg, c.To, func(sort string, n int) {
		if so += n; so/movesTold != (so-n)/movesTold {
			con.log.Info("moving", "things", so, "sort", sort)
		}
	})
	if errors.Is(err, app.ErrNotEmpty) || errors.Is(err, app.ErrNothing) || errors.Is(err, app.ErrDoesNotFit) {
		fmt.Fprintln(con.out, err)
		return errRefused
	}
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(con.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tfrom\tto\tdigest\t")
	for _, s := range m.Sorts {
		fmt.Fprintf(table, "%s\t%d\t%d\t%x\t%s\n", s.From.Sort, s.From.N, s.To.N, s.To.Sum[:8], verdict(s.Same()))
	}
	for _, n := range []struct {
		what     string
		from, to int64
	}{
		{"records", m.From.Records, m.To.Records}, {"erased", m.From.Erased, m.To.Erased}, {"signed up to", m.From.Signed, m.To.Signed},
		{"cosignatures verified", m.From.Cosignatures, m.To.Cosignatures}, {"disagreements", m.From.Found, m.To.Found},
	} {
		fmt.Fprintf(table, "%s\t%d\t%d\t\t%s\n", n.what, n.from, n.to, verdict(n.from == n.to))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "root from %x\nroot to   %x\n", m.From.Root, m.To.Root)
	for _, d := range m.To.Disagreements {
		fmt.Fprintln(con.out, d)
	}
	if !m.Same() {
		fmt.Fprintln(con.out, "NOT the same: do not use the new store. Was a portal running? Empty it, and move again.")
		return errDisagreements
	}
	fmt.Fprintf(con.out, "The same: %d entries, %d checkpoints, and every digest. Start the portal with the new store; everybody signs in again.\n",
		m.To.Size, m.To.Checkpoints)
	return nil
}

func verdict(same bool) string {
	if same {
		return "same"
	}
	return "DIFFERS"
}
