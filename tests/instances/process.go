package instances

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Build builds the program as a file of that path.
func Build(ctx context.Context, file string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", file, "kokoroe/cmd/kokoroe")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// Instance is one process of the program that serves.
type Instance struct {
	program string
	args    []string

	process *exec.Cmd
	end     func() error // waits for the end of the process
	address string       // host and port that it listens on

	mu  sync.Mutex
	log bytes.Buffer // all that it logged, in all its lives
}

// Start starts the process and waits until it serves.
func (i *Instance) Start(ctx context.Context) error {
	process := exec.CommandContext(context.WithoutCancel(ctx), i.program, i.args...)
	logged, err := process.StderrPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	serving := make(chan string, 1)
	read := make(chan struct{})
	go func() { defer close(read); i.read(logged, serving) }()
	i.process, i.end = process, sync.OnceValue(func() error {
		<-read
		return process.Wait()
	})
	select {
	case address, ok := <-serving:
		if !ok {
			i.process = nil
			return fmt.Errorf("the program ended before it served: %w\n%s", i.end(), i.Log())
		}
		i.address = address
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), i.Kill())
	}
}

// read keeps what the process logs, and tells once where it serves. The channel
// is closed when the process ends before it does.
func (i *Instance) read(logged io.Reader, serving chan<- string) {
	defer close(serving)
	for lines := bufio.NewReader(logged); ; {
		line, err := lines.ReadBytes('\n')
		i.mu.Lock()
		i.log.Write(line)
		i.mu.Unlock()
		if err != nil {
			return
		}
		var said struct{ Msg, Listen string }
		if json.Unmarshal(line, &said) == nil && said.Msg == "serving" {
			serving <- said.Listen
		}
	}
}

// Log is what the process has logged so far.
func (i *Instance) Log() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.log.String()
}

// Has reports whether the process has logged a line with all the words.
func (i *Instance) Has(words ...string) bool {
	for line := range strings.Lines(i.Log()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return true
		}
	}
	return false
}

// Address is where the process itself listens.
func (i *Instance) Address() string { return i.address }

// Kill ends the process in the middle of whatever it does.
func (i *Instance) Kill() error {
	if i.process == nil {
		return nil
	}
	err := i.process.Process.Kill()
	_ = i.end() // that it was killed
	i.process = nil
	return err
}

// Pause stops the process where it is, until Wake.
func (i *Instance) Pause() error { return i.process.Process.Signal(syscall.SIGSTOP) }

// Wake lets a paused process go on.
func (i *Instance) Wake() error { return i.process.Process.Signal(syscall.SIGCONT) }

// Stop ends the process as a service manager does: it finishes what has begun.
func (i *Instance) Stop() error {
	if i.process == nil {
		return nil
	}
	if err := i.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := i.end()
	i.process = nil
	if err != nil {
		return fmt.Errorf("%w\n%s", err, i.Log())
	}
	return nil
}
