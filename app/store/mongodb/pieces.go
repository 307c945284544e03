package mongodb

import (
	"context"
	"errors"
	"reflect"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// How many documents a walk reads at once: small ones, and those with a text,
// which may be as large as documents are.
const (
	walkPage  = 200
	walkTexts = 4
)

// Pieces implements store.Store.
func (s *Store) Pieces(ctx context.Context, visit func(store.Piece) error) error {
	if err := store.VisitRoster(ctx, s, visit); err != nil {
		return err
	}
	for _, walk := range []func() error{
		func() error {
			return walk[linkDocument](ctx, s, s.link, "_id_", walkPage,
				func(l identity.Link) bson.D { return is("_id", linkKey{l.Issuer, l.Subject}) },
				func(l identity.Link) error { return visit(store.Piece{Link: &l}) })
		},
		func() error {
			return walk[placeDocument](ctx, s, s.place, "_id_", walkPage,
				func(p learning.Place) bson.D { return is("_id", placeKey{p.Scope, p.Person, p.Course}) },
				func(p learning.Place) error { return visit(store.Piece{Place: &p}) })
		},
		func() error {
			return walk[attemptDocument](ctx, s, s.attempt, "_id_", walkPage,
				func(a learning.Attempt) bson.D { return is("_id", a.ID) },
				func(a learning.Attempt) error { return visit(store.Piece{Attempt: &a}) })
		},
		func() error {
			return walk[publicationDocument](ctx, s, s.published, "_id_", walkTexts,
				func(p policy.Publication) bson.D { return is("_id", keyOf(p)) },
				func(p policy.Publication) error { return visit(store.Piece{Publication: &p}) })
		},
		func() error {
			return walk[textDocument](ctx, s, s.text, "_id_", walkTexts,
				func(t store.Text) bson.D { return is("_id", t.Digest) },
				func(t store.Text) error { return visit(store.Piece{Text: &t}) })
		},
		func() error {
			return walk[runDocument](ctx, s, s.run, "job_run_due", walkPage,
				func(r job.Run) bson.D { return is("job", r.Job, "due_at", moment(r.DueAt)) },
				func(r job.Run) error { return visit(store.Piece{Run: &r}) })
		},
		func() error {
			return walk[messageDocument](ctx, s, s.message, "_id_", walkPage,
				func(m notify.Message) bson.D { return is("_id", m.Key) },
				func(m notify.Message) error { return visit(store.Piece{Message: &m}) })
		},
		func() error {
			return walk[readerDocument](ctx, s, s.reader, "_id_", walkPage,
				func(p store.Position) bson.D { return is("_id", p.Reader) },
				func(p store.Position) error { return visit(store.Piece{Position: &p}) })
		},
		func() error {
			return walk[editionDocument](ctx, s, s.edition, "_id_", walkTexts,
				func(e edition.Edition) bson.D { return is("_id", e.Number) },
				func(e edition.Edition) error { return visit(store.Piece{Edition: &e}) })
		},
	} {
		if err := walk(); err != nil {
			return err
		}
	}
	return nil
}

// walk visits every document in the order of an index, whose key of a value is
// what key returns. It reads page by page, each from the last key on, so that no
// call outlasts its limit, however many documents there are and however long
// visit takes.
func walk[D document[T], T any](ctx context.Context, s *Store, c *mongo.Collection, index string, page int, key func(T) bson.D, visit func(T) error) error {
	var none T
	var order, last bson.D
	for _, e := range key(none) {
		order = append(order, bson.E{Key: e.Key, Value: 1})
	}
	for {
		o := options.Find().SetHint(index).SetSort(order).SetLimit(int64(page) + 1)
		if last != nil {
			o.SetMin(last)
		}
		list, err := all[D](ctx, s, c, bson.D{}, o)
		if err != nil {
			return err
		}
		whole := len(list) == page+1
		if last != nil && len(list) > 0 && reflect.DeepEqual(key(list[0]), last) { // the bound itself was visited
			list = list[1:]
		}
		for _, v := range list {
			if err := ctx.Err(); err != nil {
				return unavailable(err)
			}
			if err := visit(v); err != nil {
				return err
			}
			last = key(v)
		}
		if !whole {
			return nil
		}
	}
}

// PutPiece implements store.Store.
func (s *Store) PutPiece(ctx context.Context, p store.Piece) error {
	switch p.Sort() {
	case "roster":
		if p.Roster.Revision <= 0 {
			return invalid(store.ErrNoPiece)
		}
		_, err := s.applyRoster(ctx, 0, p.Roster.Revision, directory.Change{People: p.Roster.People, Departments: p.Roster.Departments})
		return err
	case "link":
		return s.SaveLink(ctx, *p.Link)
	case "place":
		d, err := placeOf(*p.Place)
		return s.add(ctx, s.place, "place", err, d)
	case "attempt":
		d, err := attemptOf(*p.Attempt)
		return s.add(ctx, s.attempt, "attempt", err, d)
	case "publication":
		v := *p.Publication
		return s.add(ctx, s.published, "publication",
			errors.Join(plain(string(v.Policy), v.Language, v.Digest), holds(len(v.Text))), publicationOf(v))
	case "text":
		t := *p.Text
		return s.add(ctx, s.text, "text", errors.Join(plain(t.Digest), holds(len(t.Text))),
			textDocument{Header: current, Digest: t.Digest, Body: t.Text})
	case "run":
		r := *p.Run
		return s.add(ctx, s.run, "run", plain(r.Job, r.Owner, string(r.Outcome), r.Report), runOf(r))
	case "message":
		return s.add(ctx, s.message, "message", plainMessage(*p.Message), messageOf(*p.Message))
	case "position":
		return s.add(ctx, s.reader, "reader", plain(p.Position.Reader),
			readerDocument{Header: current, Name: p.Position.Reader, Seq: p.Position.Seq})
	case "edition":
		e := *p.Edition
		return s.add(ctx, s.edition, "edition", plainEdition(e), editionOf(e))
	}
	return invalid(store.ErrNoPiece)
}

// add inserts one document, unless its values were refused.
func (s *Store) add(ctx context.Context, c *mongo.Collection, what string, refused error, document any) error {
	if refused != nil {
		return refused
	}
	return s.insert(ctx, c, what, document)
}
