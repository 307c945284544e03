package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"kokoroe/tests/ledger"
)

// refusals is how often the full disk must have refused before there is room
// again.
const refusals = 30

// diskFull lets the disk fill up while people acknowledge; in every second cycle
// the program is killed then. After there is room again the log goes on.
func diskFull(ctx context.Context, t *trial) (err error) {
	name := fmt.Sprint(t.cycle)
	small := filepath.Join(t.folder, "log"+name)
	limit := uint64(1<<20 + t.rand.IntN(1<<21))
	room := func() error { return nil }
	o := orders{Folder: small, Prefix: "full", Callers: 8, Each: 400}
	if end, err := mountSmall(small, limit); err == nil {
		t.means = "a tmpfs of 1–3 MB, then 256 MB"
		defer func() { err = errors.Join(err, end()) }()
		room = func() error { return growSmall(small) }
	} else {
		t.means = "RLIMIT_FSIZE of 1–3 MB, then none"
		o.Limit = limit
	}
	f, err := t.home(name)
	if err != nil {
		return err
	}
	b := newBook(t)
	c, err := start(ctx, o)
	if err != nil {
		return err
	}
	refused := 0
	for s, ok := c.next(); ok; s, ok = c.next() {
		switch s.word {
		case "ack":
			b.acknowledged(s.key, s.seq)
		case "refused":
			if refused++; refused != refusals {
				continue
			}
			if t.cycle%2 == 1 {
				err = c.process.Process.Kill()
			}
			if err = errors.Join(err, room(), c.more()); err != nil {
				return errors.Join(err, c.process.Process.Kill())
			}
		}
	}
	if _, err := c.wait(); err != nil {
		return err
	}
	t.faults += refused
	if refused < refusals {
		t.fail("the disk was never full: %d refusals", refused)
	}
	if err := b.reopen(ctx, f); err != nil {
		return err
	}
	return t.goesOn(ctx, b, f)
}

// goesOn looks whether a new process acknowledges again.
func (t *trial) goesOn(ctx context.Context, b *book, f ledger.Folder) error {
	before := len(b.keys)
	if _, _, err := live(ctx, b, orders{Folder: f.Path, Prefix: "after", Callers: 4, Each: 10}, 0); err != nil {
		return err
	}
	if len(b.keys) != before+40 {
		t.fail("%d of 40 acknowledged afterwards", len(b.keys)-before)
	}
	return b.everything(ctx, f)
}

// limitFiles limits the size of every file that this process writes; 0 takes
// the limit away. A write beyond it fails, and does not end the process.
func limitFiles(size uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	l.Cur = l.Max
	if size > 0 {
		l.Cur = min(size, l.Max)
	}
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
}

// failingSync lets fsync fail now and then while people acknowledge.
func failingSync(ctx context.Context, t *trial) error {
	f, err := t.home(fmt.Sprint(t.cycle))
	if err != nil {
		return err
	}
	b := newBook(t)
	if err := b.reopen(ctx, f); err != nil { // the schema is made in peace
		return err
	}
	o := orders{Folder: f.Path, Prefix: "sync", Callers: 4, Each: 60}
	var behind []string
	if tracer, ok := injector(ctx); ok {
		t.means = "strace -e inject=fsync,fdatasync:error=EIO"
		behind = append(tracer, fmt.Sprintf("inject=fsync,fdatasync:error=EIO:when=%d+%d", 12+t.rand.IntN(10), 2+t.rand.IntN(6)))
	} else {
		t.means = "a store around the store whose writes fail, because nothing here can inject EIO"
		o.Every, o.Harm, o.Writes = int64(2+t.rand.IntN(6)), refuse, true
	}
	c, err := start(ctx, o, behind...)
	if err != nil {
		return err
	}
	refused := 0
	for s, ok := c.next(); ok; s, ok = c.next() {
		switch s.word {
		case "ack":
			b.acknowledged(s.key, s.seq)
		case "refused":
			refused++
		}
	}
	if _, err := c.wait(); err != nil {
		return err
	}
	t.faults += refused
	if refused == 0 {
		t.fail("no fsync failed")
	}
	if err := b.reopen(ctx, f); err != nil {
		return err
	}
	return t.goesOn(ctx, b, f)
}

// injector returns the command that makes calls of the system fail, but for
// which; false where it is not there or not allowed.
func injector(ctx context.Context) ([]string, bool) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return nil, false
	}
	command := []string{path, "-f", "-qq", "-o", os.DevNull, "-e", "trace=fsync,fdatasync", "-e"}
	probe := append(command, "inject=fsync,fdatasync:error=EIO:when=9", "true")
	return command, exec.CommandContext(ctx, probe[0], probe[1:]...).Run() == nil
}
