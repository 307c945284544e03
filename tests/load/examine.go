package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	Took      time.Duration
	CPU       time.Duration
	Kilobytes int64 // of memory, at most
}

// examineHere examines the log that the environment names, says how long that
// took, and ends the process; it returns at once when none is named.
func examineHere() {
	path, ok := os.LookupEnv(examineVariable)
	if !ok {
		return
	}
	x, err := examine(context.Background(), path)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(x)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "examining:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func examine(ctx context.Context, path string) (x examined, err error) {
	f, err := ledger.NewFolder(path, "")
	if err != nil {
		return x, err
	}
	began := time.Now()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: f.Database()})
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	head, err := f.Head().Load()
	if err != nil {
		return x, err
	}
	found, err := evidence.Examine(ctx, evidence.ExamineConfig{
		Store: s, Verifiers: f.Verifiers(),
		Remember: map[string][]evidence.Remembered{evidence.InHead: {{Name: "head", Note: head}}},
	})
	if err == nil && (found.Found != 0 || found.Signed != found.Size) {
		err = fmt.Errorf("%d of %d entries are signed, and this is found: %v", found.Signed, found.Size, found.Disagreements)
	}
	x.Took, x.CPU = time.Since(began), clientCPU()
	_, x.Kilobytes = memoryOf(os.Getpid())
	return x, err
}

// examineElsewhere examines the log in a process of its own, whose memory is
// what the examination takes.
func examineElsewhere(ctx context.Context, path string) (examined, error) {
	self, err := os.Executable()
	if err != nil {
		return examined{}, err
	}
	var out, errs bytes.Buffer
	process := exec.CommandContext(ctx, self)
	process.Env = append(os.Environ(), examineVariable+"="+path)
	process.Stdout, process.Stderr = &out, &errs
	if err := process.Run(); err != nil {
		return examined{}, fmt.Errorf("%w\n%s", err, errs.Bytes())
	}
	var x examined
	return x, json.Unmarshal(out.Bytes(), &x)
}
