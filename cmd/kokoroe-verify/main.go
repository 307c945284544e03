// Command kokoroe-verify verifies receipts and exported logs under a trust
// policy. It needs no database and no network, and cannot reach either.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/locales"
)

// Exit codes.
const (
	exitRefused = 1 // something is not good
	exitUsage   = 2 // the command line or the trust policy is wrong
)

type cli struct {
	Policy  string           `help:"The trust policy: a file with the keys of the log, the witnesses and the quorum. Get it from somebody you believe, and not from who hands out the receipts." required:"" placeholder:"FILE"`
	JSON    bool             `help:"Print one JSON object a line for each path." name:"json"`
	Lang    string           `help:"Language of the answers, ja or en. The default is that of LC_ALL, LC_MESSAGES or LANG." enum:",ja,en" default:"" placeholder:"ja|en"`
	Version kong.VersionFlag `help:"Print the version."`
	Paths   []string         `arg:"" name:"path" help:"Receipts (.receipt), - for one on standard input, and folders with an exported log."`
}

const description = `心得 Kokoroe: verifies receipts and exported logs, without a database and without a network.

受領証と、書き出された証跡台帳を検証します。データベースもネットワークも使いません。--lang ja を付けると日本語で答えます。

A receipt is good when it is written as receipts are; its texts are those that its record names; the record is in the log at the place it says; a key of the log that the policy names has signed the log at that size; no signature by a key of the policy is wrong; and as many witnesses have cosigned as the policy asks for. A log is good when that holds of its checkpoint, and all its files, entries, records and texts fit together; what does not is named by entry and field.

With --json, a good receipt has the members file, ok, seq, origin, size, root, kind, subject, at, signers and witnesses. Anything else has file, ok and error, and where it is about a line, line. Errors: too_large, not_receipt, line_invalid, record_malformed, record_version_unknown, text_differs, declaration_differs, checkpoint_malformed, signature_unknown, signature_wrong, not_in_log, quorum_missing, and besides: unreadable for what is no plain file or cannot be read, not_export for a folder that is no exported log, log_disagrees for a log in which something does not fit. A log has the members file, ok, origin, size, root, signers, witnesses, records, erased, checkpoints, found and disagreements.

Exit codes: 0 everything is good; 1 something is not; 2 the command line or the trust policy is wrong, and nothing was verified.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// exit is how --help and --version end a run from inside the parser.
type exit int

func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	var c cli
	parser, err := kong.New(&c, kong.Name("kokoroe-verify"), kong.Description(description), kong.Vars{"version": version()},
		kong.Writers(stdout, stderr), kong.Exit(func(status int) { panic(exit(status)) }))
	if err != nil {
		fmt.Fprintln(stderr, "kokoroe-verify:", err)
		return exitUsage
	}
	defer func() {
		switch status := recover().(type) {
		case nil:
		case exit:
			code = int(status)
		default:
			panic(status)
		}
	}()
	if _, err := parser.Parse(args); err != nil {
		fmt.Fprintln(stderr, "kokoroe-verify:", err)
		return exitUsage
	}
	messages, err := locale.Load(areas{locales.FS})
	if err != nil {
		fmt.Fprintln(stderr, "kokoroe-verify:", err)
		return exitUsage
	}
	v := verifier{stdin: stdin, out: stdout, asJSON: c.JSON, words: messages.Printer(locale.Tag(language(c.Lang, getenv)))}
	if v.policy, err = readPolicy(c.Policy); err != nil {
		fmt.Fprintln(stderr, "kokoroe-verify:", v.policyTrouble(c.Policy, err))
		return exitUsage
	}
	for _, path := range c.Paths {
		if !v.verify(ctx, path) {
			code = exitRefused
		}
	}
	return code
}

// language is the one asked for, or that of the environment, as POSIX has it:
// the first that is set decides.
func language(asked string, getenv func(string) string) string {
	if asked != "" {
		return asked
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(strings.ToLower(value), "ja") {
				return "ja"
			}
			return "en"
		}
	}
	return "en"
}

// areas are the messages that this program has a use for: the others would
// only take time and memory.
type areas struct{ fs.FS }

func (a areas) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(a.FS, pattern)
	return slices.DeleteFunc(names, func(name string) bool {
		area, _, _ := strings.Cut(name, ".")
		return !slices.Contains([]string{"verifier", "trust", "calendar"}, area)
	}), err
}

func readPolicy(path string) (evidence.TrustPolicy, error) {
	b, err := readPlain(path, evidence.MaxTrustPolicy)
	if err != nil {
		return evidence.TrustPolicy{}, err
	}
	return evidence.ParseTrustPolicy(b)
}

func (v *verifier) policyTrouble(path string, err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		args := fault.Args{}
		for name, value := range f.Args {
			args[name] = value
			if s, ok := value.(string); ok {
				args[name] = printable(s, 160)
			}
		}
		return printable(path, 400) + ": " + v.words.T(f.MessageID, args)
	}
	return printable(path, 400) + ": " + v.words.T(unreadableID(err))
}

// release is set by the linker when a release is built.
var release string

func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}
