package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/store/sqlite"
	"kokoroe/tests/ledger"
)

// examineVariable names, in a process that is there for nothing else, the folder
// of the log that it examines.
const examineVariable = "KOKOROE_LOAD_EXAMINE"

// examined is what an examination cost.
type examined struct {
	took      time.Duration
	cpu       time.Duration
	kilobytes int64 // of memory, at most
}

// examineHere examines the log that the environment names, says how long that
// took, and ends the process; it returns at once when none is named.
func examineHere() {
	path, ok := os.LookupEnv(examineVariable)
	if !ok {
		return
	}
	took, err := examine(context.Background(), path)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(took)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "examining:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func examine(ctx context.Context, path string) (time.Duration, error) {
	f, err := ledger.NewFolder(path, "")
	if err != nil {
		return 0, err
	}
	began := time.Now()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: f.Database()})
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }() // it was read only
	head, err := f.Head().Load()
	if err != nil {
		return 0, err
	}
	found, err := evidence.Examine(ctx, evidence.ExamineConfig{
		Store: s, Verifiers: f.Verifiers(),
		Remember: map[string][]evidence.Remembered{evidence.InHead: {{Name: "head", Note: head}}},
	})
	if err == nil && (found.Found != 0 || found.Signed != found.Size) {
		err = fmt.Errorf("%d of %d entries are signed, and this is found: %v", found.Signed, found.Size, found.Disagreements)
	}
	return time.Since(began), err
}

// examineElsewhere examines the log in a process of its own, whose memory is
// what the examination takes.
func examineElsewhere(ctx context.Context, path string) (examined, error) {
	self, err := os.Executable()
	if err != nil {
		return examined{}, err
	}
	var out, errs bytes.Buffer
	process := exec.CommandContext(ctx, self) //nolint:gosec // this very program
	process.Env = append(os.Environ(), examineVariable+"="+path)
	process.Stdout, process.Stderr = &out, &errs
	if err := process.Run(); err != nil {
		return examined{}, fmt.Errorf("%w\n%s", err, errs.Bytes())
	}
	x := examined{cpu: process.ProcessState.UserTime() + process.ProcessState.SystemTime()}
	if u, ok := process.ProcessState.SysUsage().(*syscall.Rusage); ok {
		x.kilobytes = u.Maxrss
	}
	return x, json.Unmarshal(out.Bytes(), &x.took)
}
