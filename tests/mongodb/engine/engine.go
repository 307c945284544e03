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
	// Not bound to ctx: the engine ends with its input, after it has tidied up.
	command := exec.Command("node", "engine.mjs")
	command.Dir, command.Stderr = folder, os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{command: command, input: input}
	line, err := bufio.NewReader(output).ReadString('\n')
	if e.URI = strings.TrimSpace(line); err != nil || !strings.HasPrefix(e.URI, "mongodb://") {
		return nil, errors.Join(fmt.Errorf("engine: it did not start: %q", e.URI), e.Close())
	}
	return e, nil
}

// Close ends the engine and waits until its data are gone.
func (e *Engine) Close() error {
	return errors.Join(e.input.Close(), e.command.Wait())
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
