// Command kokoroe is the portal: its server, its demonstration, and the tools
// of its operator.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"kokoroe/app/document"
	"kokoroe/app/fault"
)

// Exit codes.
const (
	exitFailed  = 1 // the command could not do what it was asked
	exitUsage   = 2 // the command line is wrong
	exitRefused = 3 // what was given is refused
	exitDiffers = 4 // kokoroe verify found disagreements
)

// errRefused is the error of a command that has said on its output what is
// wrong with what it was given.
var errRefused = errors.New("refused")

// errDisagreements is the error of a verification that has said on its output
// what does not fit.
var errDisagreements = errors.New("disagreements")

// cli is the command line. Every setting can also be given as an environment
// variable or in the file named by --config; --help lists them.
type cli struct {
	Config  kong.ConfigFlag  `help:"File with settings, YAML: the flags' names as keys." placeholder:"FILE" env:"KOKOROE_CONFIG"`
	Log     string           `help:"What is logged: ${enum}." enum:"debug,info,warn,error" default:"info" env:"KOKOROE_LOG"`
	Version kong.VersionFlag `help:"Print the version."`

	Demo    demoCmd    `cmd:"" help:"Run the portal on loopback with a sample city and sample sign-ins."`
	Serve   serveCmd   `cmd:"" help:"Run the portal."`
	Check   checkCmd   `cmd:"" help:"Check content and messages; every problem is named by file and line."`
	Import  importCmd  `cmd:"" help:"Import a file."`
	Publish publishCmd `cmd:"" help:"Put the folders with content and registers into force, while the portal runs."`
	Export  exportCmd  `cmd:"" help:"Export what is kept."`
	Health  healthCmd  `cmd:"" help:"Ask a running portal on this machine whether it is well."`

	Keys      keysCmd      `cmd:"" help:"The log's signing key."`
	Witness   witnessCmd   `cmd:"" help:"A witness of evidence logs, on another host."`
	Verify    verifyCmd    `cmd:"" help:"Compare everything that is kept with everything else; exit code 4 when something does not fit."`
	Erase     eraseCmd     `cmd:"" help:"Erase the records about a person who has left."`
	Retention retentionCmd `cmd:"" help:"Erase the records that have outlived their time, as the portal does every night."`
	Backup    backupCmd    `cmd:"" help:"Copy the database, also of a portal that runs."`
	Restore   restoreCmd   `cmd:"" help:"Put a backup in the place of the database."`
	Move      moveCmd      `cmd:"" help:"Carry everything from one store into an empty other one, and prove that nothing changed; the portal must be stopped."`
	BeginAnew beginAnewCmd `cmd:"" help:"Let a log go on that has lost signed entries for good."`
}

// console is where a command writes.
type console struct {
	out io.Writer
	log *slog.Logger
}

// gcPercent trades memory, of which a city needs little, for time: two thirds
// as much is spent on collecting garbage. A city of 2,000 stays well under 150
// MB with it. GOGC in the environment decides otherwise.
const gcPercent = 150

// writing is how many processors more than there are the program is told of. A
// database that waits for the disk keeps one of them for up to a millisecond
// before the runtime takes it back, hundreds of times a second: on two
// processors that is a fifth of the throughput. GOMAXPROCS in the environment
// decides otherwise.
const writing = 2

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + writing)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run parses the command line and runs the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	var c cli
	parser, err := kong.New(&c, kong.Name("kokoroe"),
		kong.Description("心得 Kokoroe: staff security training and policy acknowledgement."),
		kong.Configuration(yamlSettings), kong.Vars{"version": version()},
		kong.Writers(stdout, stderr), kong.Exit(func(status int) { panic(exit(status)) }))
	if err != nil {
		fmt.Fprintln(stderr, "kokoroe:", err)
		return exitFailed
	}
	defer func() {
		// --help and --version end the run from inside the parser.
		if status, ok := recover().(exit); ok {
			code = int(status)
		}
	}()
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "kokoroe:", err)
		return exitUsage
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log)); err != nil {
		fmt.Fprintln(stderr, "kokoroe:", err)
		return exitUsage
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(&console{out: stdout, log: log})
	if problems, ok := errors.AsType[document.Problems](err); ok {
		fmt.Fprintln(stderr, problems.Error())
		return exitRefused
	}
	switch {
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errDisagreements):
		return exitDiffers
	case fault.Is(err, fault.Invalid): // a store that is none, or not ours, or too new
		fmt.Fprintln(stderr, "kokoroe:", err)
		return exitRefused
	case err != nil:
		fmt.Fprintln(stderr, "kokoroe:", err)
		return exitFailed
	}
	return 0
}

type exit int

// release is set by the linker when a release is built.
var release string

// version is the release, or the commit that a build without one was made of.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}
