package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is a process at work.
type child struct {
	process *exec.Cmd
	input   io.WriteCloser
	lines   *bufio.Reader
	errors  bytes.Buffer
}

// start starts a process with the orders, behind a command such as a tracer
// when one is given.
func start(ctx context.Context, o orders, behind ...string) (*child, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := append(behind, self)
	c := &child{process: exec.CommandContext(ctx, command[0], command[1:]...)}
	c.process.Env = append(os.Environ(), workVariable+"="+string(raw))
	c.process.Stderr = &c.errors
	if c.input, err = c.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.lines = bufio.NewReader(out)
	return c, c.process.Start()
}

// said is one line of a child.
type said struct {
	word string
	seq  int64
	key  string
}

// next returns the next line; false when the child has gone. A line that was cut
// short was not said.
func (c *child) next() (said, bool) {
	line, err := c.lines.ReadString('\n')
	if err != nil {
		return said{}, false
	}
	fields := strings.Fields(line)
	s := said{word: fields[0]}
	switch {
	case s.word == "ack" && len(fields) == 3:
		s.seq, _ = strconv.ParseInt(fields[1], 10, 64)
		s.key = fields[2]
	case len(fields) == 2:
		s.key = fields[1]
	}
	return s, true
}

// more lets the child have all the room that it wants.
func (c *child) more() error {
	_, err := io.WriteString(c.input, "more\n")
	return err
}

// wait waits for the end; it reports whether the child was killed. Every other
// end but a good one is an error.
func (c *child) wait() (wasKilled bool, err error) {
	err = c.process.Wait()
	if err == nil {
		return false, nil
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return true, nil
		}
	}
	return false, fmt.Errorf("a worker ended by itself: %w\n%s", err, c.errors.Bytes())
}

// live lets a child live until it is done or has died, and notes in the book
// what it acknowledged; after is when it is killed, 0 for never. It returns the
// keys that were asked for and not answered.
func live(ctx context.Context, b *book, o orders, after time.Duration) (unanswered []string, wasKilled bool, err error) {
	c, err := start(ctx, o)
	if err != nil {
		return nil, false, err
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = c.process.Process.Kill() })
		defer timer.Stop()
	}
	again := map[string]bool{}
	for _, key := range o.Again {
		again[key] = true
	}
	next := make([]int, o.Callers)
	for s, ok := c.next(); ok; s, ok = c.next() {
		if s.word != "ack" {
			continue
		}
		b.acknowledged(s.key, s.seq)
		if again[s.key] {
			delete(again, s.key)
			continue
		}
		caller := 0
		if _, err := fmt.Sscanf(strings.TrimPrefix(s.key, o.Prefix), "/%d/", &caller); err == nil {
			next[caller]++
		}
	}
	wasKilled, err = c.wait()
	if err != nil || !wasKilled {
		return nil, wasKilled, err
	}
	for key := range again {
		unanswered = append(unanswered, key)
	}
	if len(again) == 0 { // the callers have begun
		for caller, i := range next {
			if o.Each == 0 || i < o.Each {
				unanswered = append(unanswered, keyOf(o.Prefix, caller, i))
			}
		}
	}
	return unanswered, wasKilled, nil
}
