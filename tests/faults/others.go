package main

import (
	"context"
	"fmt"
)

// others are the verifiers in other languages, and the receipts kept for them.
type others struct {
	folder  string
	public  string // the log's verifier key
	genuine []kept
	altered []kept

	counts
	means    string
	failures int
}

// kept is a receipt and where it comes from.
type kept struct {
	file string
	from string // the fault, seed and cycle
}

func newOthers(folder, public string) *others { return &others{folder: folder, public: public} }

func (o *others) sample(t *trial, file []byte)  {}
func (o *others) changed(t *trial, file []byte) {}

func (o *others) verify(ctx context.Context) { _ = fmt.Sprint(ctx) }
