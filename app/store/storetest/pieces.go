package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// samplePieces is a piece of every sort, more than one of some, in the order in
// which they are visited. x is in the keys; revisions are not those of something
// new.
func samplePieces(x string) []store.Piece {
	attempt, open := sampleAttempt("a-"+x), sampleAttempt("b-"+x)
	attempt.SubmittedAt, attempt.Right, attempt.Passed, attempt.Revision = after(time.Hour), 2, true, 9
	attempt.Drawn[0].Answer = []learning.OptionID{}
	attempt.Person, open.Person, open.Revision, open.Drawn = directory.PersonID("p-"+x), directory.PersonID("p-"+x), 3, nil
	published := samplePublication(policy.ID("policy-"+x), 2, "ja", "sha256:"+x)
	empty := published
	empty.Version, empty.Text = 3, nil
	ended, running := sampleRun("one"), sampleRun("two")
	ended.Job, running.Job, running.DueAt = "job-"+x, "job-"+x, after(24*time.Hour)
	ended.EndedAt, ended.Outcome, ended.Report = after(5*time.Second), job.Fine, `{"名":"検証"}`
	message, waiting := sampleMessage("m-"+x), sampleMessage("n-"+x)
	message.State, message.Attempts, message.SettledAt, message.Answer = notify.Sent, 4, after(time.Minute), "250 OK"
	waiting.Holder, waiting.NextAt = "holder", after(time.Hour)
	former, newer := sampleEdition(keyNumber(x), "former "+x), sampleEdition(keyNumber(x)+1, "newer "+x)
	former.Bundle, former.By = nil, ""
	return []store.Piece{
		{Roster: &directory.Snapshot{
			Revision: 41, People: []directory.Person{samplePerson(1), {ID: "p-bare", Number: "0000002"}},
			Departments: []directory.Department{{ID: "d-1", Name: "総務部", Order: 1}, {ID: "d-2", Name: "課", Parent: "d-1", Order: 2, OutOfScope: true}},
		}},
		{Link: &identity.Link{Issuer: "i", Subject: x, Person: directory.PersonID("p-" + x), LinkedAt: at}},
		{Place: &learning.Place{Scope: "2026", Person: directory.PersonID("p-" + x), Course: "annual", Done: []learning.LessonID{"l-2", "l-1"},
			Practised: []learning.QuestionID{"q-1"}, Failed: 2, StartedAt: at, UpdatedAt: after(time.Second), Revision: 17}},
		{Place: &learning.Place{Scope: "2026", Person: directory.PersonID("p-" + x), Course: "bare", StartedAt: at, UpdatedAt: at, Revision: 1}},
		{Attempt: &attempt},
		{Attempt: &open},
		{Publication: &published},
		{Publication: &empty},
		{Text: &store.Text{Digest: "sha256:" + x, Text: []byte("宣言\x00\xff")}},
		{Run: &ended},
		{Run: &running},
		{Message: &message},
		{Message: &waiting},
		{Position: &store.Position{Reader: "reader-" + x, Seq: 12}},
		{Edition: &former},
		{Edition: &newer},
	}
}

// keyNumber is a number for a text: of two texts the greater has the greater.
func keyNumber(x string) int64 {
	n := int64(1)
	for i := range 6 {
		n <<= 8
		if i < len(x) {
			n += int64(x[i])
		}
	}
	return 2 * n
}

func put(t tb, s store.Store, pieces ...store.Piece) {
	t.Helper()
	for i, err := range together(len(pieces), func(i int) error { return s.PutPiece(background, pieces[i]) }) {
		if err != nil {
			t.Fatalf("%s %d: %v", pieces[i].Sort(), i, err)
		}
	}
}

// visited returns every piece of the store.
func visited(t tb, s store.Store) (list []store.Piece) {
	t.Helper()
	noError(t, s.Pieces(background, func(p store.Piece) error {
		list = append(list, p)
		return nil
	}))
	return list
}

var pieceContracts = []contract{
	{"a new store has no pieces", func(t *testing.T, s store.Store) {
		same(t, len(visited(t, s)), 0)
		for _, d := range value[[]store.Digest](t)(store.Digests(t.Context(), s)) {
			same(t, d.N, 0)
		}
	}},
	{"pieces come back whole", func(t *testing.T, s store.Store) {
		pieces := samplePieces("x")
		put(t, s, pieces...)
		same(t, visited(t, s), pieces)
	}},
	{"what was put is what the portal reads", putIsRead},
	{"what the portal wrote is visited, but for what is short-lived", func(t *testing.T, s store.Store) {
		fill(t, s)
		noError(t, s.SaveLink(t.Context(), identity.Link{Issuer: "i", Subject: "s", Person: "p-1", LinkedAt: at}))
		noError(t, s.ClaimRun(t.Context(), sampleRun("one"), at))
		noError(t, second(s.UseOnce(t.Context(), "token", at)))
		apply(t, s, 0, directory.Change{People: []directory.Person{samplePerson(1)}})
		apply(t, s, 1, directory.Change{})
		var sorts []string
		for _, p := range visited(t, s) {
			sorts = append(sorts, p.Sort())
			if p.Roster != nil {
				same(t, *p.Roster, directory.Snapshot{Revision: 2, People: []directory.Person{samplePerson(1)}})
			}
		}
		same(t, sorts, []string{"roster", "link", "place", "attempt", "publication", "text", "run", "message", "message", "position", "edition"})
	}},
	{"pieces are in the order of their bytes", piecesInOrder},
	{"many pieces are visited once each", func(t *testing.T, s store.Store) {
		var want []store.Piece
		for i := range 450 {
			want = append(want, store.Piece{Position: &store.Position{Reader: fmt.Sprintf("r-%04d", i), Seq: int64(i)}})
		}
		put(t, s, want...)
		same(t, visited(t, s), want)
	}},
	{"a key is kept once", func(t *testing.T, s store.Store) {
		pieces := samplePieces("x")
		put(t, s, pieces...)
		for _, p := range samplePieces("x") {
			err := s.PutPiece(t.Context(), p)
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v, want a conflict", p.Sort(), err)
			}
		}
		same(t, visited(t, s), pieces)
	}},
	{"not one piece is refused", func(t *testing.T, s store.Store) {
		for _, p := range []store.Piece{
			{}, {Text: &store.Text{Digest: "x"}, Position: &store.Position{Reader: "x"}}, {Roster: &directory.Snapshot{}}, {Edition: &edition.Edition{}},
		} {
			wantKind(t, s.PutPiece(t.Context(), p), fault.Invalid)
		}
		same(t, len(visited(t, s)), 0)
	}},
	{"an error of visit ends the walk and is returned as it is", func(t *testing.T, s store.Store) {
		pieces := samplePieces("x")
		put(t, s, pieces...)
		enough := errors.New("enough")
		for n := range pieces {
			seen := 0
			err := s.Pieces(t.Context(), func(store.Piece) error {
				seen++
				if seen > n {
					return enough
				}
				return nil
			})
			if err != enough || seen != n+1 {
				t.Errorf("after %d pieces: %v, %d were visited", n, err, seen)
			}
		}
	}},
	{"a context that is cancelled ends the walk", func(t *testing.T, s store.Store) {
		pieces := samplePieces("x")
		put(t, s, pieces...)
		for n := range len(pieces) - 1 {
			ctx, cancel := context.WithCancel(t.Context())
			seen := 0
			err := s.Pieces(ctx, func(store.Piece) error {
				if seen++; seen > n {
					cancel()
				}
				return nil
			})
			cancel()
			wantKind(t, err, fault.Unavailable)
			same(t, seen, n+1)
		}
	}},
}

// putIsRead reads each piece by the method that the portal has for it, and goes
// on with it.
func putIsRead(t *testing.T, s store.Store) {
	pieces := samplePieces("x")
	put(t, s, pieces...)
	same(t, value[int64](t)(s.RosterRevision(t.Context())), 41)
	same(t, value[directory.Snapshot](t)(s.Roster(t.Context())), *pieces[0].Roster)
	same(t, value[identity.Link](t)(s.Link(t.Context(), "i", "x")), *pieces[1].Link)
	same(t, value[learning.Place](t)(s.Place(t.Context(), "p-x", "annual", "2026")), *pieces[2].Place)
	same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-x")), *pieces[4].Attempt)
	same(t, value[policy.Publication](t)(s.PublishedText(t.Context(), "sha256:x")), *pieces[6].Publication)
	same(t, value[[]byte](t)(s.KeptText(t.Context(), "sha256:x")), pieces[8].Text.Text)
	same(t, value[[]job.Run](t)(s.Runs(t.Context(), "job-x", 5)), []job.Run{*pieces[10].Run, *pieces[9].Run})
	same(t, found(t, s, notify.MessageQuery{Person: pieces[11].Message.Person}), []string{"n-x", "m-x"})
	same(t, value[int64](t)(s.Position(t.Context(), "reader-x", 0)), 12)
	same(t, value[edition.Edition](t)(s.EditionInForce(t.Context())), *pieces[15].Edition)
	same(t, value[bool](t)(s.EditionHeld(t.Context(), edition.Content, "content former x")), true)

	apply(t, s, 41, directory.Change{People: []directory.Person{samplePerson(3)}})
	same(t, len(value[directory.Snapshot](t)(s.Roster(t.Context())).People), 3)
	same(t, setPlace(t, s, learning.Place{Person: "p-x", Course: "annual", Scope: "2026"}).Revision, 18)
	same(t, openAttempt(t, s, learning.Attempt{ID: "new", Person: "p-x", Course: "annual", Scope: "2026", Purpose: learning.Check}).ID, "b-x")
	same(t, submit(t, s, "b-x", after(time.Hour)).Revision, 4)
	ended := *pieces[10].Run
	ended.EndedAt, ended.Outcome = after(time.Hour), job.Fine
	noError(t, s.EndRun(t.Context(), ended))
	noError(t, s.ErasePerson(t.Context(), samplePerson(1).ID))
	same(t, value[int64](t)(s.RosterRevision(t.Context())), 43)
}

// piecesInOrder keeps each sort under keys that collations would order otherwise.
func piecesInOrder(t *testing.T, s store.Store) {
	keys := []string{"", "10", "9", "A", "Z", "a", "a b", "ab", "b", "É", "é", "ア", "ｱ", "𠮷"} // of these U+FF71 is before U+20BB7
	slices.Sort(keys)
	var pieces []store.Piece
	for _, x := range keys {
		for _, p := range samplePieces(x)[1:] {
			if x != "" || p.Attempt == nil && p.Link == nil {
				pieces = append(pieces, p)
			}
		}
	}
	shuffled := slices.Clone(pieces)
	slices.Reverse(shuffled)
	put(t, s, shuffled...)
	order := []string{"link", "place", "attempt", "publication", "text", "run", "message", "position", "edition"}
	key := func(p store.Piece) (parts []string) {
		switch {
		case p.Link != nil:
			parts = []string{p.Link.Issuer, p.Link.Subject}
		case p.Place != nil:
			parts = []string{p.Place.Scope, string(p.Place.Person), string(p.Place.Course)}
		case p.Attempt != nil:
			parts = []string{string(p.Attempt.ID)}
		case p.Publication != nil:
			parts = []string{string(p.Publication.Policy), fmt.Sprint(p.Publication.Version), p.Publication.Language}
		case p.Text != nil:
			parts = []string{p.Text.Digest}
		case p.Run != nil:
			parts = []string{p.Run.Job, p.Run.DueAt.Format(time.RFC3339Nano)}
		case p.Message != nil:
			parts = []string{p.Message.Key}
		case p.Position != nil:
			parts = []string{p.Position.Reader}
		case p.Edition != nil:
			parts = []string{fmt.Sprintf("%020d", p.Edition.Number)}
		}
		return append([]string{string(rune('a' + slices.Index(order, p.Sort())))}, parts...)
	}
	slices.SortFunc(pieces, func(a, b store.Piece) int { return slices.Compare(key(a), key(b)) })
	same(t, visited(t, s), pieces)
}

// carried puts everything of one store into another, and compares.
func carried(t *testing.T, from, to store.Store) {
	for _, x := range []string{"ab", "𠮷", "ア"} {
		pieces := samplePieces(x)
		if x != "ab" {
			pieces = pieces[1:]
		}
		put(t, from, pieces...)
	}
	noError(t, from.AppendEntries(t.Context(), sampleEntries(0, 300)))
	noError(t, from.EraseEntry(t.Context(), 7, "erased/7"))
	for _, size := range []int64{5, 300} {
		noError(t, from.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: size, Root: []byte{1}, Note: []byte("note"), At: at}))
		for _, w := range []string{"w+00000002", "w+00000001"} {
			noError(t, from.SaveCosignature(t.Context(), sampleCosignature(size, w)))
		}
	}
	want := value[[]store.Digest](t)(store.Digests(t.Context(), from))
	for _, d := range want {
		if d.N == 0 {
			t.Errorf("nothing of %s was there to carry", d.Sort)
		}
	}
	noError(t, store.WalkLog(t.Context(), from, store.LogVisitor{
		Entries:     func(e []evidence.Entry) error { return to.AppendEntries(t.Context(), e) },
		Checkpoint:  func(c evidence.Checkpoint) error { return to.SaveCheckpoint(t.Context(), c) },
		Cosignature: func(c evidence.Cosignature) error { return to.SaveCosignature(t.Context(), c) },
	}))
	noError(t, from.Pieces(t.Context(), func(p store.Piece) error { return to.PutPiece(t.Context(), p) }))
	same(t, value[[]store.Digest](t)(store.Digests(t.Context(), to)), want)

	// A digest that says nothing of a difference would be worth nothing.
	noError(t, to.AdvancePosition(t.Context(), "reader-ab", 13))
	setPlace(t, to, learning.Place{Person: "p-ab", Course: "bare", Scope: "2026"})
	var other []string
	for i, d := range value[[]store.Digest](t)(store.Digests(t.Context(), to)) {
		if d != want[i] {
			other = append(other, d.Sort)
		}
	}
	same(t, other, []string{"place", "position"})
}

// pieceCalls puts a new piece of each sort, and visits all.
func pieceCalls(s store.Store, calls map[string]func(context.Context) error) {
	calls["Pieces"] = func(ctx context.Context) error { return s.Pieces(ctx, func(store.Piece) error { return nil }) }
	for _, p := range samplePieces("new") {
		if p.Text != nil {
			p.Text.Digest = "new"
		}
		calls["PutPiece of "+p.Sort()] = func(ctx context.Context) error { return s.PutPiece(ctx, p) }
	}
}

// pieceWrites puts x into each text of each piece in turn.
func pieceWrites(s store.Store, x string, writes map[string]func() error) {
	person, question := directory.PersonID(x), learning.QuestionID(x)
	pieces := []store.Piece{
		{Roster: &directory.Snapshot{Revision: 2, People: []directory.Person{{Name: x}}}},
		{Roster: &directory.Snapshot{Revision: 2, Departments: []directory.Department{{Name: x}}}},
		{Link: &identity.Link{Issuer: x}}, {Link: &identity.Link{Subject: x}}, {Link: &identity.Link{Person: person}},
		{Place: &learning.Place{Scope: x}}, {Place: &learning.Place{Person: person}}, {Place: &learning.Place{Course: learning.CourseID(x)}},
		{Place: &learning.Place{Done: []learning.LessonID{learning.LessonID(x)}}}, {Place: &learning.Place{Practised: []learning.QuestionID{question}}},
		{Attempt: &learning.Attempt{ID: learning.AttemptID(x)}}, {Attempt: &learning.Attempt{Person: person}},
		{Attempt: &learning.Attempt{Drawn: []learning.Drawn{{Question: question}}}},
		{Publication: &policy.Publication{Policy: policy.ID(x)}}, {Publication: &policy.Publication{Language: x}},
		{Publication: &policy.Publication{Digest: x}}, {Text: &store.Text{Digest: x}},
		{Run: &job.Run{Job: x}}, {Run: &job.Run{Owner: x}}, {Run: &job.Run{Outcome: job.Outcome(x)}}, {Run: &job.Run{Report: x}},
		{Message: &notify.Message{Key: x}}, {Message: &notify.Message{Person: person}}, {Message: &notify.Message{Answer: x}},
		{Position: &store.Position{Reader: x}},
		{Edition: &edition.Edition{Number: 1, Content: x}}, {Edition: &edition.Edition{Number: 1, Registers: x}},
		{Edition: &edition.Edition{Number: 1, Program: x}}, {Edition: &edition.Edition{Number: 1, By: x}},
	}
	for i, p := range pieces {
		writes[strings.Join([]string{"piece", p.Sort(), fmt.Sprint(i)}, " ")] = func() error { return s.PutPiece(background, p) }
	}
}
