package store

import (
	"context"
	"errors"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
)

// Piece is one thing that is kept beside the evidence log, as it is kept, with
// its revision. Exactly one field is set.
type Piece struct {
	Roster      *directory.Snapshot // the whole roster; of a revision above 0
	Link        *identity.Link
	Place       *learning.Place
	Attempt     *learning.Attempt
	Publication *policy.Publication // with its text
	Text        *Text
	Run         *job.Run
	Message     *notify.Message
	Position    *Position
	Edition     *edition.Edition
}

// ErrNoPiece is why PutPiece refuses what is none.
var ErrNoPiece = errors.New("not one piece, or a roster without a revision")

// VisitRoster visits the roster of a store as a piece, unless nothing was ever
// imported: the first that Pieces visits.
func VisitRoster(ctx context.Context, s directory.Store, visit func(Piece) error) error {
	roster, err := s.Roster(ctx)
	if err != nil || roster.Revision == 0 {
		return err
	}
	return visit(Piece{Roster: &roster})
}

// Text is a text that was shown with a policy; see policy.Store.KeepText.
type Text struct {
	Digest string
	Text   []byte
}

// Position is how far a reader of the evidence log has come; see
// notify.Store.Position.
type Position struct {
	Reader string
	Seq    int64
}

// Sort names what the piece is; it is empty unless exactly one field is set.
func (p Piece) Sort() string {
	sort := ""
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"roster", p.Roster != nil}, {"link", p.Link != nil}, {"place", p.Place != nil}, {"attempt", p.Attempt != nil},
		{"publication", p.Publication != nil}, {"text", p.Text != nil}, {"run", p.Run != nil}, {"message", p.Message != nil},
		{"position", p.Position != nil}, {"edition", p.Edition != nil},
	} {
		switch {
		case f.set && sort != "":
			return ""
		case f.set:
			sort = f.name
		}
	}
	return sort
}
