package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"kokoroe/app"
	"kokoroe/app/document"
	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/app/fault"
)

// witnessCmd is a witness on another host, and what passes between it and a
// portal that it cannot be reached from.
type witnessCmd struct {
	Keys struct {
		New witnessKeysNewCmd `cmd:"" help:"Make a witness: its key, and its empty state."`
	} `cmd:"" help:"Keys of a witness."`
	Serve  witnessServeCmd  `cmd:"" help:"Run a witness."`
	Sign   witnessSignCmd   `cmd:"" help:"At the witness: cosign a request that was carried here as a file."`
	Export witnessExportCmd `cmd:"" help:"On the portal: write a request for a witness that cannot be reached."`
	Import witnessImportCmd `cmd:"" help:"On the portal: read the answer of such a witness."`
}

// office is where a witness keeps what it is.
type office struct {
	Key   string `help:"File with the witness's key, readable by its owner alone." default:"witness.key" type:"path" env:"KOKOROE_WITNESS_KEY" placeholder:"FILE"`
	State string `help:"File with what the witness cosigned last. Never restore it from a backup: a witness that has forgotten must be made anew." default:"witness.state" type:"path" env:"KOKOROE_WITNESS_STATE" placeholder:"FILE"`
}

type witnessKeysNewCmd struct {
	office
	Name string `arg:"" help:"Name of the witness in its cosignatures, for ever, such as audit.city.example/witness."`
}

// Run makes both files, or neither, and prints the verifier key.
func (c *witnessKeysNewCmd) Run(con *console) error {
	if err := witness.NewState(c.State); err != nil {
		return err
	}
	public, err := witness.NewKeyFile(c.Key, c.Name)
	if err != nil {
		return errors.Join(err, os.Remove(c.State))
	}
	fmt.Fprintln(con.out, public)
	return nil
}

// known is what a witness needs to work.
type known struct {
	office
	Logs string `help:"File with the verifier keys of the logs, one a line." required:"" type:"existingfile" env:"KOKOROE_WITNESS_LOGS" placeholder:"FILE"`
}

func (c known) open() (*witness.Witness, error) {
	logs, err := witness.ReadLogs(c.Logs)
	if err != nil {
		return nil, err
	}
	secret, err := witness.ReadKeyFile(c.Key)
	if err != nil {
		return nil, err
	}
	return witness.Open(witness.Config{Secret: secret, State: c.State, Logs: logs, Now: time.Now})
}

type witnessServeCmd struct {
	known
	Listen string `help:"Address to listen on; a proxy with TLS stands in front." default:"127.0.0.1:8090" env:"KOKOROE_LISTEN" placeholder:"HOST:PORT"`
}

// Run answers until it is told to stop.
func (c *witnessServeCmd) Run(ctx context.Context, con *console) (err error) {
	w, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	con.log.Info("witnessing", slog.String("listen", listener.Addr().String()), slog.String("key", w.Public()))
	fmt.Fprintf(con.out, "ready http://%s\n", listener.Addr())
	return w.Serve(ctx, listener, con.log)
}

type witnessSignCmd struct {
	known
	Request string `arg:"" help:"File that witness export wrote." type:"existingfile"`
	Answer  string `arg:"" help:"File to write, for witness import." type:"path"`
}

// Run cosigns one file. What the witness refuses is no failure of the command:
// it says why, and writes nothing.
func (c *witnessSignCmd) Run(con *console) (err error) {
	request, err := readSmall(c.Request)
	if err != nil {
		return err
	}
	w, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	answer, err := w.CosignFile(request)
	if refusal, ok := errors.AsType[*evidence.WitnessRefusal](err); ok {
		fmt.Fprintf(con.out, "not cosigned: %v\n", refusal)
		if refusal.Reason == evidence.RefusedSize {
			fmt.Fprintf(con.out, "If this witness is sound, write the request again with: kokoroe witness export --old %d\n", refusal.Size)
		}
		return errRefused
	}
	if err != nil {
		return err
	}
	return evidence.FileHead(c.Answer).Save(answer)
}

// readSmall reads a request or an answer; what is larger is none.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, witness.MaxRequest+1))
	err = errors.Join(err, f.Close())
	if err == nil && len(b) > witness.MaxRequest {
		err = fmt.Errorf("%s is too large to be of a witness", name)
	}
	return b, err
}

// portal is the log that a witness is to cosign.
type portal struct {
	storage
	Witnesses string `help:"File with the witnesses, YAML." required:"" type:"existingfile" env:"KOKOROE_WITNESSES" placeholder:"FILE"`
}

// with opens the log for reading. It may be served meanwhile.
func (c portal) with(ctx context.Context, con *console, do func(*evidence.Log, []evidence.Witness) error) (err error) {
	witnesses, err := readWitnesses(c.Witnesses)
	if err != nil {
		return err
	}
	store, err := app.OpenExisting(ctx, c.store(), con.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	last, err := store.LastCheckpoint(ctx)
	if fault.Is(err, fault.NotFound) {
		return errors.New("the log has no signed checkpoint yet")
	}
	if err != nil {
		return err
	}
	_, origin, err := evidence.ParseCheckpoint(last.Note)
	if err != nil {
		return err
	}
	log, err := evidence.Open(ctx, evidence.Config{
		Store: store, Origin: origin, Now: time.Now, Witnesses: witnesses, Head: evidence.FileHead(filepath.Join(c.Data, "checkpoint")),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close(context.WithoutCancel(ctx))) }()
	if err := log.Trouble(); err != nil {
		return err
	}
	err = do(log, witnesses)
	if fault.Is(err, fault.Invalid) {
		fmt.Fprintln(con.out, err)
		return errRefused
	}
	return err
}

type witnessExportCmd struct {
	portal
	Request string `arg:"" help:"File to write, for witness sign." type:"path"`
	Witness string `help:"Name of the witness, when there are several." placeholder:"NAME"`
	Old     int64  `help:"What the witness says that it cosigned last, when the portal does not know." default:"-1" placeholder:"SIZE"`
}

// Run writes the request.
func (c *witnessExportCmd) Run(ctx context.Context, con *console) error {
	return c.with(ctx, con, func(log *evidence.Log, witnesses []evidence.Witness) error {
		w, err := c.pick(witnesses)
		if err != nil {
			return err
		}
		r, err := log.WitnessRequest(ctx, w.Key, c.Old)
		if err != nil {
			return err
		}
		return evidence.FileHead(c.Request).Save(witness.MarshalRequest(r))
	})
}

func (c *witnessExportCmd) pick(witnesses []evidence.Witness) (evidence.Witness, error) {
	for _, w := range witnesses {
		if w.Title == c.Witness || c.Witness == "" && len(witnesses) == 1 {
			return w, nil
		}
	}
	if c.Witness == "" {
		return evidence.Witness{}, errors.New("there are several witnesses: say which with --witness")
	}
	return evidence.Witness{}, fmt.Errorf("there is no witness %q in %s", c.Witness, c.Witnesses)
}

type witnessImportCmd struct {
	portal
	Answer string `arg:"" help:"File that witness sign wrote." type:"existingfile"`
}

// Run keeps the cosignatures of the answer.
func (c *witnessImportCmd) Run(ctx context.Context, con *console) error {
	answer, err := readSmall(c.Answer)
	if err != nil {
		return err
	}
	return c.with(ctx, con, func(log *evidence.Log, _ []evidence.Witness) error {
		fresh, err := log.AddCosignatures(ctx, answer)
		if err != nil {
			return err
		}
		for _, cs := range fresh {
			fmt.Fprintf(con.out, "%d entries, cosigned by %s at %s\n", cs.Size, log.WitnessTitle(cs.Witness), cs.At.Format(time.RFC3339))
		}
		if len(fresh) == 0 {
			fmt.Fprintln(con.out, "nothing new: this answer was read before")
		}
		return nil
	})
}

// witnessed names the witnesses of a log that may have some.
type witnessed struct {
	Witnesses string `help:"File with the witnesses of the evidence log, YAML." type:"existingfile" env:"KOKOROE_WITNESSES" placeholder:"FILE"`
}

func (w witnessed) witnesses() ([]evidence.Witness, error) {
	if w.Witnesses == "" {
		return nil, nil
	}
	return readWitnesses(w.Witnesses)
}

// readWitnesses reads the witnesses' file.
func readWitnesses(name string) ([]evidence.Witness, error) {
	src, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	var file struct {
		Witnesses []struct {
			Lines document.Lines `yaml:"-"`
			Name  string         `yaml:"name"`
			Key   string         `yaml:"key"`
			URL   string         `yaml:"url"`
		} `yaml:"witnesses"`
	}
	problems := document.Decode(name, src, &file)
	if len(problems) > 0 {
		return nil, problems
	}
	var out []evidence.Witness
	seen := map[string]bool{}
	for _, row := range file.Witnesses {
		w := evidence.Witness{Title: row.Name}
		if w.Key, err = evidence.NewCosignatureVerifier(row.Key); err != nil {
			problems.Add(name, row.Lines.Of("key"), "%v", err)
			continue
		}
		if row.Name == "" || seen["name "+row.Name] || seen["key "+row.Key] {
			problems.Add(name, row.Lines.Start, "a witness has a name and a key of its own")
		}
		seen["name "+row.Name], seen["key "+row.Key] = true, true
		if row.URL != "" {
			if w.Asks, err = witness.NewClient(row.URL); err != nil {
				problems.Add(name, row.Lines.Of("url"), "%v", err)
			}
		}
		out = append(out, w)
	}
	if len(out) == 0 && len(problems) == 0 {
		problems.Add(name, 0, "names no witness")
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}
