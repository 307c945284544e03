package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/demo"
)

// day is when the portal is measured, whatever the year: the contracts of its city
// are of that one.
const day = "2026-11-24"

// server is the portal that is measured: a process of its own, this process
// when it is to be profiled, or one that somebody else started.
type server struct {
	url     string
	startMS int64 // from exec to ready, on a folder that holds the city

	program string
	args    []string
	errors  string // file with what the program logged
	process *exec.Cmd
	end     func() error // of the one in this process
}

// boot starts the portal twice: once to load the city, once to be measured.
func boot(ctx context.Context, o options, c *city, folder string) (*server, error) {
	if o.url != "" {
		return &server{url: strings.TrimSuffix(o.url, "/"), end: func() error { return nil }}, nil
	}
	files, data := filepath.Join(folder, "city"), filepath.Join(folder, "data")
	if err := c.write(files); err != nil {
		return nil, err
	}
	if o.cpuProfile != "" || o.memProfile != "" {
		return bootHere(ctx, o, files, data)
	}
	s, err := buildProgram(ctx, folder)
	if err != nil {
		return nil, err
	}
	s.args = []string{"demo", "--date", day, "--listen", "127.0.0.1:0", "--data", data, "--city", files, "--empty"}
	if o.store != "" {
		s.args = append(s.args, "--store", o.store)
	}
	for range 2 {
		if err := s.stop(); err != nil {
			return nil, err
		}
		if err := s.start(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// buildProgram builds the program into a folder. It is to be given its arguments.
func buildProgram(ctx context.Context, folder string) (*server, error) {
	s := &server{program: filepath.Join(folder, "kokoroe"), errors: filepath.Join(folder, "log")}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.program, "kokoroe/cmd/kokoroe")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return s, nil
}

// bootHere starts the portal in this process.
func bootHere(ctx context.Context, o options, files, data string) (*server, error) {
	ctx, cancel := context.WithCancel(ctx)
	d, err := demo.Open(ctx, demo.Config{
		Folder: data, Listen: "127.0.0.1:0", Store: o.store, City: os.DirFS(files), Date: calendar.MustDate(day), Empty: true, Version: "load", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	return &server{url: d.URL, end: func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}}, nil
}

// start runs the program until it says that it is ready.
func (s *server) start(ctx context.Context) error {
	log, err := os.OpenFile(s.errors, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.CommandContext(ctx, s.program, s.args...)
	s.process.Stderr = log
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.process.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			s.startMS, s.url = time.Since(began).Milliseconds(), url
			go func() {
				for lines.Scan() { // or the program would wait for a reader
				}
			}()
			return nil
		}
	}
	said, _ := os.ReadFile(s.errors)
	return errors.Join(fmt.Errorf("the program ended before it was ready:\n%s", said), s.process.Wait())
}

// stop ends the program as a service manager does.
func (s *server) stop() error {
	if s.end != nil {
		return s.end()
	}
	if s.process == nil {
		return nil
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.process.Wait()
	s.process = nil
	return err
}

// startAgain starts the program once more, with all that it now holds, and
// returns how long that took; 0 when it is not ours to start.
func (s *server) startAgain(ctx context.Context) (int64, error) {
	if s.process == nil {
		return 0, nil
	}
	if err := s.stop(); err != nil {
		return 0, err
	}
	if err := s.start(ctx); err != nil {
		return 0, err
	}
	return s.startMS, nil
}

// cpu is how long the program has kept processors busy, and how much of that
// in the system.
func (s *server) cpu() (total, system time.Duration) {
	if s.process == nil {
		return 0, 0
	}
	_, total, system = processorOf(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	return total, system
}

// processorOf returns the name of a process or a thread and what it has used of
// the processor, by its file under /proc; nothing when it is gone. See proc(5).
func processorOf(file string) (name string, total, system time.Duration) {
	stat, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return "", 0, 0
	}
	// The second field is the name in parentheses, and may hold anything.
	begin, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
	fields := strings.Fields(string(stat[end+1:]))
	field := func(i int) time.Duration { // counted from the third
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		return time.Duration(n) * tick
	}
	return string(stat[begin+1 : end]), field(11) + field(12), field(12)
}

// tick is the unit of /proc/PID/stat, the same on every Linux.
const tick = 10 * time.Millisecond

// memory returns the memory that the program has now and the most it had, in
// kilobytes.
func (s *server) memory() (now, most int64) {
	if s.process == nil {
		return 0, 0 // not ours, or mixed with the load's
	}
	return memoryOf(s.process.Process.Pid)
}

// memoryOf is memory of any process. What the system tells a parent of a child
// that has ended begins with the parent's own.
func memoryOf(pid int) (now, most int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = n
		case "VmHWM":
			most = n
		}
	}
	return now, most
}
