package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// others are the verifiers in other languages, and the receipts kept for them.
type others struct {
	counts
	folder   string
	public   string // the log's verifier key
	log      io.Writer
	kept     map[string]*pile // by fault and whether they are genuine
	genuine  int              // receipts of each fault that they look at, at most
	altered  int              // and changed ones
	means    []string
	failures int
}

// pile is a fair sample of many receipts.
type pile struct {
	files [][]byte
	again []string // how each came to be
	of    int      // so many
}

// newOthers keeps more for them the more cycles there are.
func newOthers(folder, public string, o Options) *others {
	return &others{
		folder: folder, public: public, log: o.Log, kept: map[string]*pile{},
		genuine: min(40, max(8, o.Cycles/25)), altered: min(400, max(60, o.Cycles*2/5)),
	}
}

// sample keeps a genuine receipt for them, or not.
func (o *others) sample(t *trial, file []byte) { o.keep(t, "genuine", o.genuine, file) }

// changed keeps a changed one, or not.
func (o *others) changed(t *trial, file []byte) { o.keep(t, "changed", o.altered, file) }

func (o *others) keep(t *trial, what string, most int, file []byte) {
	p := o.kept[what+"-"+t.threat.name]
	if p == nil {
		p = &pile{}
		o.kept[what+"-"+t.threat.name] = p
	}
	p.of++
	again := fmt.Sprintf("-only %s -seed %d -cycle %d", t.threat.name, t.options.Seed, t.cycle)
	if len(p.files) < most {
		p.files, p.again = append(p.files, file), append(p.again, again)
		return
	}
	if i := t.rand.IntN(p.of); i < most {
		p.files[i], p.again[i] = file, again
	}
}

// verify lets each of them look at what was kept.
func (o *others) verify(ctx context.Context) error {
	paths, again, err := o.write()
	if err != nil || len(paths) == 0 {
		return err
	}
	for _, v := range []struct{ command, script string }{{"python3", "verify.py"}, {"node", "verify.mjs"}} {
		script, err := find(v.script)
		if err != nil {
			o.means = append(o.means, v.script+" is not in this tree")
			continue
		}
		if _, err := exec.LookPath(v.command); err != nil {
			o.means = append(o.means, v.script+": no "+v.command+" here")
			continue
		}
		before := o.counts
		if err := o.ask(ctx, v.command, script, paths, again); err != nil {
			return fmt.Errorf("%s: %w", v.script, err)
		}
		o.means = append(o.means, fmt.Sprintf("%s: %d verified, %d of %d refused", v.script,
			o.receipts-before.receipts, o.found-before.found, o.tampered-before.tampered))
	}
	return nil
}

// write writes the receipts and the policy file. A genuine one is called so.
func (o *others) write() (paths []string, again map[string]string, err error) {
	again = map[string]string{}
	folder := filepath.Join(o.folder, "receipts")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, err
	}
	for name, p := range o.kept {
		for i, file := range p.files {
			path := filepath.Join(folder, fmt.Sprintf("%s-%d.receipt", name, i))
			if err := os.WriteFile(path, file, 0o600); err != nil {
				return nil, nil, err
			}
			paths, again[path] = append(paths, path), p.again[i]
		}
	}
	return paths, again, os.WriteFile(filepath.Join(o.folder, "policy"), []byte("log "+o.public+"\nquorum none\n"), 0o600)
}

// find finds a verifier from the top of the repository, where commands run, or
// from this folder, where tests do.
func find(script string) (string, error) {
	for _, folder := range []string{"tests/verifiers", "../verifiers"} {
		path := filepath.Join(folder, script)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", os.ErrNotExist
}

// ask runs a verifier over all files and compares what it says of each.
func (o *others) ask(ctx context.Context, command, script string, paths []string, again map[string]string) error {
	args := append([]string{script, "--policy", filepath.Join(o.folder, "policy"), "--json"}, paths...)
	run := exec.CommandContext(ctx, command, args...)
	var said, errs bytes.Buffer
	run.Stdout, run.Stderr = &said, &errs
	err := run.Run()
	exit, refused := errors.AsType[*exec.ExitError](err)
	if err != nil && (!refused || exit.ExitCode() != 1) {
		return fmt.Errorf("%w\n%s", err, errs.Bytes())
	}
	heard := 0
	for lines := json.NewDecoder(&said); ; heard++ {
		var s struct {
			File  string
			OK    bool
			Error string
		}
		if err := lines.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		genuine := strings.HasPrefix(filepath.Base(s.File), "genuine-")
		switch {
		case genuine && s.OK:
			o.receipts++
		case genuine:
			o.fail("%s refuses a genuine receipt: %s (%s)", script, s.Error, again[s.File])
		case s.OK:
			o.tampered++
			o.fail("%s accepts a changed receipt (%s)", script, again[s.File])
		default:
			o.tampered++
			o.found++
		}
	}
	if heard != len(paths) {
		return fmt.Errorf("it was given %d receipts and spoke of %d", len(paths), heard)
	}
	o.cycles++
	return nil
}

func (o *others) fail(format string, args ...any) {
	o.failures++
	fmt.Fprintf(o.log, format+"\n", args...)
}
