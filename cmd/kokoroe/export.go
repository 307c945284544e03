package main

import (
	"context"
	"errors"
	"fmt"

	"kokoroe/app"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
)

type exportCmd struct {
	Log exportLogCmd `cmd:"" help:"Export the evidence log as tiles (C2SP tlog-tiles), with a manifest, for kokoroe-verify and other tools. The portal may go on serving."`
}

type exportLogCmd struct {
	sources
	storage
	Folder         string `arg:"" name:"dir" help:"The folder to make; it must not exist." type:"path"`
	WithoutRecords bool   `help:"Leave records, salts and texts out: the tree alone, which says nothing about anybody."`
	Witnessed      int    `help:"Export up to the last checkpoint that so many witnesses have cosigned, and not up to the very last." placeholder:"N"`
	Language       string `help:"Language of the report." default:"ja" env:"KOKOROE_LANGUAGE"`
}

// Run exports the log up to its last checkpoint. The exit code is 3 when the
// folder is there already or nothing is signed yet.
func (c *exportLogCmd) Run(ctx context.Context, con *console) (err error) {
	messages, err := locale.Load(c.locales())
	if err != nil {
		return err
	}
	words := messages.Printer(messages.Match(c.Language, ""))
	if c.Witnessed < 0 {
		return errors.New("--witnessed is a number of witnesses")
	}
	in, err := c.open(ctx, con, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	m, err := in.ExportLog(ctx, app.LogExport{Folder: c.Folder, Records: !c.WithoutRecords, Witnessed: c.Witnessed})
	if f, ok := errors.AsType[*fault.Error](err); ok && (f.Kind == fault.Invalid || f.Kind == fault.NotFound) {
		fmt.Fprintln(con.out, words.T(f.MessageID, f.Args))
		return errRefused
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(con.out, words.T("export.done", "Records", m.Size, "Origin", m.Origin, "Path", c.Folder,
		"Erased", m.Erased, "Missing", len(m.MissingTexts)))
	return nil
}
