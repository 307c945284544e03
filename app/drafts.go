package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kokoroe/app/document"
	"kokoroe/app/edition"
	"kokoroe/app/fault"
	"kokoroe/app/policy"
)

// What takes force of the folders. Whatever else is in them stays there: a
// roster, the samples, what an editor left.
var (
	contentNames   = []string{"policies", "declarations", "courses", glossaryFile, requirementsFile, retentionFile, remindersFile}
	registersNames = []string{suppliersFile, accountsFile, rolesFile}
)

// drafts are what the folders of this instance hold.
type drafts struct {
	bundle    edition.Bundle
	named     map[edition.Part]bool // by the operator: in place of what is in force
	languages []string
	catalogue *Catalogue // of the bundle, with registers; nil: not read yet
	registers *RegisterSet
}

// readDrafts reads the folders, and names everything that is wrong in them. What
// ships with the program may not be what registers go with: then they are looked
// at together with the content in force.
func readDrafts(cfg Config, languages []string) (d drafts, err error) {
	d.named = map[edition.Part]bool{edition.Content: !cfg.Shipped, edition.Registers: cfg.Registers != nil}
	d.languages = languages
	if d.bundle.Content, err = edition.Read(cfg.Content, contentNames...); err != nil {
		return d, err
	}
	if cfg.Registers != nil {
		if d.bundle.Registers, err = edition.Read(cfg.Registers, registersNames...); err != nil {
			return d, err
		}
	}
	if d.named[edition.Content] {
		d.catalogue, d.registers, err = load(d.bundle, languages)
	}
	return d, err
}

// load is load of any bundle, without reading the drafts again.
func (d drafts) load(b edition.Bundle) (*Catalogue, *RegisterSet, error) {
	for _, p := range edition.Parts {
		if d.catalogue == nil || b.Files(p).Digest() != d.bundle.Files(p).Digest() {
			return load(b, d.languages)
		}
	}
	return d.catalogue, d.registers, nil
}

// load reads a bundle as this program understands it.
func load(b edition.Bundle, languages []string) (*Catalogue, *RegisterSet, error) {
	content, err := b.Content.FS()
	if err != nil {
		return nil, nil, err
	}
	registers, err := b.Registers.FS()
	if err != nil {
		return nil, nil, err
	}
	catalogue, err := LoadCatalogue(content, languages...)
	if err != nil {
		return nil, nil, err
	}
	set, err := loadRegisters(registers, catalogue.Policies)
	return catalogue, set, err
}

// standing is the edition in force and what comes after it; Number 0 before the
// first.
type standing struct {
	edition.Edition
	was, next edition.Bundle
}

// same reports whether nothing changes.
func (s standing) same() bool {
	return s.Number > 0 && s.Content == s.next.Content.Digest() && s.Registers == s.next.Registers.Digest()
}

// standing works out what the drafts come to. A part that the operator has named
// no folder for stays as it is in force. So does a part that was in force once
// and is no more, unless again is wanted: an instance that restarts on an old
// folder must not bring back what was replaced.
func (in *Installation) standing(ctx context.Context, d drafts, again bool) (s standing, err error) {
	s.Edition, err = in.Store.EditionInForce(ctx)
	if fault.Is(err, fault.NotFound) {
		s.next = d.bundle
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if s.was, err = s.Open(); err != nil {
		return s, notTaken(s.Edition, err)
	}
	s.next = s.was
	for _, p := range edition.Parts {
		files := d.bundle.Files(p)
		if !d.named[p] || files.Digest() == s.Digest(p) {
			continue
		}
		held := false
		if !again {
			if held, err = in.Store.EditionHeld(ctx, p, files.Digest()); err != nil {
				return s, err
			}
		}
		if held {
			in.cfg.Logger.Warn("a later edition has replaced what the folder holds: the one in force is taken",
				"part", string(p), "edition", s.Number, "published_by", s.Program)
			continue
		}
		s.next = s.next.With(p, files)
	}
	// What is held may be so since a moment ago, by an edition behind this one.
	if n, err := in.Store.EditionNumber(ctx); err != nil || n == s.Number {
		return s, err
	}
	return in.standing(ctx, d, again)
}

// notTaken says why the edition is not taken over, in one line.
func notTaken(e edition.Edition, err error) error {
	why := strings.ReplaceAll(err.Error(), "\n", "; ")
	if problems, ok := errors.AsType[document.Problems](err); ok && len(problems) > 1 {
		why = fmt.Sprintf("%s, and %d more", problems[:1].Error(), len(problems)-1)
	}
	return &fault.Error{Kind: fault.Invalid, MessageID: "edition.other_content",
		Err: fmt.Errorf("edition %d, published by version %s, cannot be taken over by this program: %s", e.Number, e.Program, why)}
}

// errOvertaken says that another instance has published meanwhile.
var errOvertaken = errors.New("another edition was published meanwhile")

// put puts what comes next into force, as decided by somebody or by nobody: the
// texts of its policies first, for a record names them, then the edition. The one
// before it has its record by then, so that the newest alone may still lack it.
func (in *Installation) put(ctx context.Context, s standing, d drafts, by string) (*inForce, error) {
	catalogue, registers, err := d.load(s.next)
	if err != nil {
		return nil, err
	}
	if err := in.recordPublished(ctx, s.Edition); err != nil {
		return nil, err
	}
	e, err := edition.New(s.Number+1, s.next, in.cfg.Version, in.cfg.Now())
	if err != nil {
		return nil, err
	}
	e.By = by
	if err := in.texts().Publish(ctx, catalogue.Policies); err != nil {
		return nil, err
	}
	err = in.Store.PublishEdition(ctx, e)
	if fault.Is(err, fault.Conflict) {
		return nil, errOvertaken
	}
	if err != nil {
		return nil, err
	}
	in.cfg.Logger.Info("published", "edition", e.Number, "content", e.Content, "registers", e.Registers)
	return newInForce(e, catalogue, registers), nil
}

// texts is what publishes the texts of policies.
func (in *Installation) texts() *policy.Service {
	return &policy.Service{Store: in.Store, Now: in.cfg.Now}
}
