package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
)

// verifier answers about one path after the other.
type verifier struct {
	policy evidence.TrustPolicy
	words  *locale.Printer
	stdin  io.Reader
	out    io.Writer
	asJSON bool
}

var (
	errFolder  = errors.New("a folder")
	errSpecial = errors.New("no plain file")
)

// verify answers about one path, and reports whether all is good.
func (v *verifier) verify(ctx context.Context, path string) bool {
	if path == "-" {
		b, err := io.ReadAll(io.LimitReader(v.stdin, evidence.MaxReceipt+1))
		return v.receipt(path, b, err)
	}
	b, err := readPlain(path, evidence.MaxReceipt)
	if errors.Is(err, errFolder) {
		return v.log(ctx, path)
	}
	return v.receipt(path, b, err)
}

// readPlain reads a plain file up to a byte more than limit: the rest says
// nothing more about it. Opening anything else may wait for ever.
func readPlain(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errFolder
	case !info.Mode().IsRegular():
		return nil, errSpecial
	}
	f, err := os.Open(path) //nolint:gosec // whoever runs the program names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // was only read
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// goodReceipt and refused are the answers for programs, as the evidence
// package documents them.
type goodReceipt struct {
	File      string   `json:"file"`
	OK        bool     `json:"ok"`
	Seq       int64    `json:"seq"`
	Origin    string   `json:"origin"`
	Size      int64    `json:"size"`
	Root      string   `json:"root"`
	Kind      string   `json:"kind"`
	Subject   string   `json:"subject"`
	At        int64    `json:"at"`
	Signers   []string `json:"signers"`
	Witnesses []string `json:"witnesses"`
}

type refused struct {
	File  string `json:"file"`
	OK    bool   `json:"ok"`
	Error string `json:"error"`
	Line  int    `json:"line,omitempty"`
}

// examinedLog is the answer about an exported log.
type examinedLog struct {
	File          string                  `json:"file"`
	OK            bool                    `json:"ok"`
	Error         string                  `json:"error,omitempty"`
	Origin        string                  `json:"origin"`
	Size          int64                   `json:"size"`
	Root          string                  `json:"root"`
	Signers       []string                `json:"signers"`
	Witnesses     []string                `json:"witnesses"`
	Records       int64                   `json:"records"`
	Erased        int64                   `json:"erased"`
	Checkpoints   int64                   `json:"checkpoints"`
	Found         int64                   `json:"found"`
	Disagreements []evidence.Disagreement `json:"disagreements"`
}

func (v *verifier) print(answer any, words string) {
	if !v.asJSON {
		fmt.Fprintln(v.out, words)
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		panic(err) // strings, numbers and lists of them
	}
	fmt.Fprint(v.out, b.String())
}

func (v *verifier) receipt(path string, b []byte, err error) bool {
	if err != nil {
		return v.unreadable(path, err)
	}
	r, err := evidence.ParseReceipt(b)
	var found evidence.Verified
	if err == nil {
		found, err = v.policy.Verify(r)
	}
	if err != nil {
		refusal, ok := evidence.RefusalOf(err)
		if !ok {
			return v.unreadable(path, err)
		}
		v.print(refused{File: path, Error: refusal.Code, Line: refusal.Line}, v.refusedWords(path, b, r, err))
		return false
	}
	v.print(goodReceipt{File: path, OK: true, Seq: found.Seq, Origin: found.Origin, Size: found.Size,
		Root: base64.StdEncoding.EncodeToString(found.Root[:]), Kind: found.Record.Kind, Subject: found.Record.Subject,
		At: found.Record.At.UnixMilli(), Signers: list(found.Signers), Witnesses: list(found.Witnesses)}, v.goodWords(path, r, found))
	return true
}

// list is never null for a program.
func list(names []string) []string { return append([]string{}, names...) }

func (v *verifier) unreadable(path string, err error) bool {
	v.print(refused{File: path, Error: "unreadable"}, v.notGood(path, v.words.T(unreadableID(err))))
	return false
}

// unreadableID is the message that says why a path could not be read.
func unreadableID(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "verifier.unreadable.missing"
	case errors.Is(err, fs.ErrPermission):
		return "verifier.unreadable.permission"
	case errors.Is(err, errFolder):
		return "verifier.unreadable.folder"
	case errors.Is(err, errSpecial):
		return "verifier.unreadable.special"
	}
	return "verifier.unreadable.other"
}

func (v *verifier) log(ctx context.Context, path string) bool {
	root, err := os.OpenRoot(path)
	if err != nil {
		return v.unreadable(path, err)
	}
	defer func() { _ = root.Close() }() // was only read
	r, err := evidence.VerifyExport(ctx, root.FS(), v.policy)
	if fault.Is(err, fault.Invalid) {
		v.print(refused{File: path, Error: "not_export"}, v.notGood(path, v.words.T("verifier.not_export")))
		return false
	}
	if err != nil {
		return v.unreadable(path, err)
	}
	answer := examinedLog{File: path, OK: r.Found == 0, Origin: r.Origin, Size: r.Size, Root: base64.StdEncoding.EncodeToString(r.Root[:]),
		Signers: list(r.Signers), Witnesses: list(r.Witnesses), Records: r.Records, Erased: r.Erased, Checkpoints: r.Checkpoints,
		Found: r.Found, Disagreements: append([]evidence.Disagreement{}, r.Disagreements...)}
	if r.Found > 0 {
		answer.Error = "log_disagrees"
	}
	v.print(answer, v.logWords(path, r))
	return r.Found == 0
}
