// Package engine owns the real MongoDB engine that tests run against.
package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// What a test is told by its environment.
const (
	AddressVariable = "KOKOROE_TEST_MONGODB_URI" // address of a running engine
	RequireVariable = "KOKOROE_TEST_REQUIRE"     // 1: a test that would skip fails
)

// Engine is a running engine. Its data go with it.
type Engine struct {
	URI string // without a database

	command *exec.Cmd
	input   io.Closer
	folder  string // for all that it writes
	began   time.Time

	asked  atomic.Bool   // to end
	ended  chan struct{} // is closed when it has
	err    error         // why, once it has ended
	tidied chan struct{} // is closed when nobody tidies up any more
	seen   atomic.Value  // what it last held of the machine, a string
}

// Start starts an engine and waits until it can be used. The first time, it
// fetches the package that holds it.
func Start(ctx context.Context) (*Engine, error) {
	folder, err := scripts()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); errors.Is(err, os.ErrNotExist) {
		install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
		install.Dir, install.Stdout, install.Stderr = folder, os.Stderr, os.Stderr
		if err := install.Run(); err != nil {
			return nil, fmt.Errorf("engine: npm ci: %w", err)
		}
	}
	e := &Engine{began: time.Now(), ended: make(chan struct{}), tidied: make(chan struct{})}
	if e.folder, err = os.MkdirTemp("", "mongodb-"); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	// Not bound to ctx: the engine ends with its input, after it has tidied up.
	e.command = exec.Command("node", "engine.mjs")
	e.command.Dir, e.command.Stderr = folder, os.Stderr
	e.command.Env = append(os.Environ(), "TMPDIR="+e.folder)
	if err := e.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("engine: it did not start: %w", err), os.RemoveAll(e.folder))
	}
	return e, nil
}

func (e *Engine) start() error {
	input, err := e.command.StdinPipe()
	if err != nil {
		return err
	}
	output, err := e.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.command.Start(); err != nil {
		return err
	}
	e.input = input
	line, err := bufio.NewReader(output).ReadString('\n')
	if e.URI = strings.TrimSpace(line); err != nil || !strings.HasPrefix(e.URI, "mongodb://") {
		return errors.Join(fmt.Errorf("it says %q", e.URI), input.Close(), e.command.Wait())
	}
	go e.tidy()
	go e.watch()
	return nil
}

// watch waits for the end. One that nobody asked for is said at once: what the
// tests say of it then is that nobody answers.
func (e *Engine) watch() {
	defer close(e.ended)
	err := e.command.Wait()
	if e.asked.Load() {
		e.err = err
		return
	}
	e.err = fmt.Errorf("engine: MongoDB's engine ended unasked after %v (%v)", time.Since(e.began).Round(time.Second), e.command.ProcessState)
	if seen, ok := e.seen.Load().(string); ok {
		e.err = fmt.Errorf("%w; it was last seen with %s", e.err, seen)
	}
	fmt.Fprintf(os.Stderr, "\n%v\n\n", e.err)
}

// Close ends the engine and waits until its data are gone. The error says how it
// ended, if that was not well or not now.
func (e *Engine) Close() error {
	e.asked.Store(true)
	err := e.input.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil // it has ended already
	}
	<-e.ended
	<-e.tidied
	return errors.Join(e.err, err, os.RemoveAll(e.folder))
}

// scripts is the folder with the script that starts the engine.
func scripts() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	folder := filepath.Dir(filepath.Dir(file))
	if !ok || !filepath.IsAbs(folder) {
		return "", errors.New("engine: built without the paths of its source")
	}
	return folder, nil
}
