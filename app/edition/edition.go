package edition

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kokoroe/app/fault"
)

// Part is one of the two halves of an edition. Different people answer for
// them, and they change at different times.
type Part string

// The parts.
const (
	Content   Part = "content"   // policies, courses, requirements …
	Registers Part = "registers" // contracts, accounts, granted roles
)

// Parts are both of them, in the order of a bundle.
var Parts = [...]Part{Content, Registers}

// Edition is what was put into force at one time. It never changes, but for its
// bundle, which is let go when another edition follows: old registers say who
// once had which role, and nothing asks for that any more.
type Edition struct {
	Number      int64  // from 1
	Content     string // Files.Digest of the content
	Registers   string // Files.Digest of the registers
	Program     string // version of the program that published it
	By          string // opaque ID of who decided it; "" when an instance published it at its start, or before this was kept
	PublishedAt time.Time
	Bundle      []byte // as Pack makes it; nil of an edition that another has followed
}

// Digest returns the digest of a part.
func (e Edition) Digest(p Part) string {
	if p == Content {
		return e.Content
	}
	return e.Registers
}

// Store is what editions need kept.
type Store interface {
	// PublishEdition keeps e, and lets go the bundles of the editions before it.
	// Conflict when there is an edition of its number; Invalid when the number is
	// not above 0, or the bundle is larger than MaxBundle.
	PublishEdition(ctx context.Context, e Edition) error

	// EditionNumber returns the number of the edition in force, the largest; 0
	// before the first. Instances ask it every second.
	EditionNumber(ctx context.Context) (int64, error)

	// EditionInForce returns the edition with the largest number. NotFound.
	EditionInForce(ctx context.Context) (Edition, error)

	// KeepSettings keeps the settings of the instance that starts, and returns those
	// of the one that started before it; "" for none. All instances of a portal are
	// to have the same, and whoever starts with others can say so.
	KeepSettings(ctx context.Context, settings string) (before string, err error)

	// EditionHeld reports whether the part was ever in force with the digest.
	EditionHeld(ctx context.Context, p Part, digest string) (bool, error)
}

var errOtherFiles = errors.New("the bundle holds other files than the edition says")

// Open returns the files of the edition. Invalid when the bundle is not the one
// that the edition names, or not one that this program can read.
func (e Edition) Open() (Bundle, error) {
	b, err := Unpack(e.Bundle)
	if err != nil {
		return Bundle{}, err
	}
	if b.Content.Digest() != e.Content || b.Registers.Digest() != e.Registers {
		return Bundle{}, fault.Wrap(errOtherFiles, fault.Invalid, "edition.other_content")
	}
	return b, nil
}

// New returns the edition that would be the one with the number. Invalid as Pack
// says.
func New(number int64, b Bundle, program string, at time.Time) (Edition, error) {
	packed, err := b.Pack()
	if err != nil {
		return Edition{}, err
	}
	return Edition{
		Number: number, Content: b.Content.Digest(), Registers: b.Registers.Digest(), Program: program,
		PublishedAt: at.UTC().Truncate(time.Millisecond), Bundle: packed,
	}, nil
}

// String names the edition in a log.
func (e Edition) String() string { return fmt.Sprintf("edition %d", e.Number) }
