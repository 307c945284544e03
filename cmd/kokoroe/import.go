package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/app/store"
)

type importCmd struct {
	Roster importRosterCmd `cmd:"" help:"Import the roster of people and departments, CSV (UTF-8 or CP932) or XLSX."`
}

type importRosterCmd struct {
	sources
	storage
	File           string `arg:"" help:"The roster." type:"existingfile"`
	DryRun         bool   `help:"Show what would change and change nothing."`
	On             string `help:"The day that the file speaks of; today when not given." placeholder:"YYYY-MM-DD"`
	NewDepartments bool   `help:"Confirm that unknown departments are new ones."`
	ConfirmLeavers bool   `help:"Confirm that so many people have left."`
	ConfirmNames   bool   `help:"Confirm that so many people have another name."`
	Language       string `help:"Language of the report." default:"ja" env:"KOKOROE_LANGUAGE"`
}

// maxRoster is how large a roster file may be, in bytes.
const maxRoster = 32 << 20

// Run rehearses the import, reports, and applies it unless it is a dry run or
// something is wrong: then nothing is changed and the exit code is 3.
func (c *importRosterCmd) Run(ctx context.Context, con *console) (err error) {
	messages, err := locale.Load(c.locales())
	if err != nil {
		return err
	}
	words := messages.Printer(messages.Match(c.Language, ""))
	src, err := readLimited(c.File, maxRoster)
	if err != nil {
		return err
	}
	day := calendar.DateOf(time.Now())
	if c.On != "" {
		if day, err = calendar.ParseDate(c.On); err != nil {
			return err
		}
	}
	store, done, err := c.open(ctx, con)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	rosters := directory.NewRosters(store, nil)
	plan, err := app.PlanRoster(ctx, rosters, filepath.Base(c.File), src, day, directory.Options{
		NewDepartments: c.NewDepartments, ConfirmLeavers: c.ConfirmLeavers, ConfirmNames: c.ConfirmNames,
	})
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		reportTroubles(con.out, words, f)
		return errRefused
	}
	if err != nil {
		return err
	}
	reportPlan(con.out, words, plan)
	switch {
	case !plan.Ready():
		return errRefused
	case c.DryRun:
		fmt.Fprintln(con.out, words.T("import.dry_run"))
		return nil
	}
	if _, err := rosters.Apply(ctx, plan); err != nil {
		return err
	}
	fmt.Fprintln(con.out, words.T("import.applied"))
	return nil
}

// open opens the store, and makes it unless the import is only rehearsed: then a
// store that is not there is an empty one, which goes with done.
func (c *importRosterCmd) open(ctx context.Context, con *console) (_ store.Store, done func() error, err error) {
	if !c.DryRun {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return nil, nil, err
		}
		s, err := app.OpenStore(ctx, c.store(), con.log)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	s, err := app.OpenExisting(ctx, c.store(), con.log)
	if err == nil {
		return s, s.Close, nil
	}
	if !errors.Is(err, store.ErrNone) {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp("", "kokoroe-rehearsal-")
	if err != nil {
		return nil, nil, err
	}
	s, err = app.OpenStore(ctx, "sqlite:"+filepath.Join(folder, "kokoroe.db"), con.log)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, func() error { return errors.Join(s.Close(), os.RemoveAll(folder)) }, nil
}

// readLimited reads a file that an operator named, up to a size.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(f, limit+1))
	err = errors.Join(err, f.Close())
	if err == nil && int64(len(src)) > limit {
		err = fmt.Errorf("%s is larger than %d MiB", name, limit>>20)
	}
	return src, err
}

// reportTroubles names every cell in trouble, one a line, as
// LINE:COLUMN message.
func reportTroubles(out io.Writer, words *locale.Printer, f *fault.Error) {
	fmt.Fprintln(out, words.T("import.refused"))
	if len(f.Fields) == 0 {
		fmt.Fprintln(out, words.T(f.MessageID, f.Args))
	}
	for _, field := range f.Fields {
		fmt.Fprintf(out, "%s\t%s\n", field.Name, words.T(field.MessageID, field.Args))
	}
}

// describe says what a difference consists of.
func describe(words *locale.Printer, p *directory.Plan, d directory.Difference) string {
	if d.Before.ID == "" {
		return p.PathName(d.After.MembershipOn(p.Day).Department)
	}
	var parts []string
	for _, change := range p.Changes(d) {
		parts = append(parts, words.T("import.change", "Field", words.T(change.Field),
			"Before", named(words, change.Before), "After", named(words, change.After)))
	}
	return strings.Join(parts, "; ")
}

// named is a value as a reader knows it: a form of employment has a name.
func named(words *locale.Printer, value string) string {
	switch {
	case value == "":
		return words.T("import.nothing")
	case words.Has(value):
		return words.T(value)
	}
	return value
}

// reportPlan says what an import would change.
func reportPlan(out io.Writer, words *locale.Printer, p *directory.Plan) {
	fmt.Fprintln(out, words.T("import.heading", "On", words.Date(p.Day)))
	for _, d := range p.NewDepartments {
		fmt.Fprintf(out, "%s\t%s\n", words.T("import.new_department"), d.Path)
	}
	for _, list := range []struct {
		word   string
		people []directory.Difference
	}{
		{"added", p.Added}, {"returned", p.Returned}, {"moved", p.Moved}, {"changed", p.Changed}, {"left", p.Left},
	} {
		for _, d := range list.people {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", words.T("import."+list.word), d.After.Number, d.After.Name, describe(words, p, d))
		}
	}
	fmt.Fprintln(out, words.T("import.sums", "Added", len(p.Added), "Returned", len(p.Returned), "Moved", len(p.Moved),
		"Changed", len(p.Changed), "Left", len(p.Left), "Unchanged", p.Unchanged, "Untouched", p.Untouched))
	for _, field := range p.Problems {
		fmt.Fprintf(out, "%s\t%s\n", field.Name, words.T(field.MessageID, field.Args))
	}
	for _, field := range p.Confirm {
		fmt.Fprintln(out, strings.TrimSpace(field.Name+"\t"+words.T(field.MessageID, field.Args)))
	}
	if len(p.Confirm) > 0 {
		fmt.Fprintln(out, words.T("import.confirm"))
	}
}
