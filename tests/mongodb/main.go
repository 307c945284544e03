// Command mongodb runs a command beside MongoDB's own engine, which it starts
// and ends:
//
//	go run ./tests/mongodb go test ./app/store/mongodb ./tests
//
// The command finds the engine's address in KOKOROE_TEST_MONGODB_URI, and
// KOKOROE_TEST_REQUIRE=1 makes a test that would skip without one fail. Node 20
// or newer must be there; what else is needed is fetched.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"kokoroe/tests/mongodb/engine"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tests/mongodb COMMAND [ARGUMENT ...]")
		os.Exit(2)
	}
	code, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// run returns the exit code of the command; when there is trouble beside it, one
// that is not 0.
func run(name string, args []string) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e, err := engine.Start(ctx)
	if err != nil {
		return 1, err
	}
	command := exec.CommandContext(ctx, name, args...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), engine.AddressVariable+"="+e.URI, engine.RequireVariable+"=1")
	err = command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		code, err = exit.ExitCode(), nil
	}
	if err = errors.Join(err, e.Close()); err != nil {
		code = max(code, 1)
	}
	return code, err
}
