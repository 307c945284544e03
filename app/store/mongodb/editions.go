package mongodb

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/edition"
	"kokoroe/app/fault"
)

var errNoEdition = errors.New("an edition without a number, or with a bundle that is too large")

type editionDocument struct {
	Header      `bson:",inline"`
	Number      int64         `bson:"_id"`
	Content     string        `bson:"content"`
	Registers   string        `bson:"registers"`
	Program     string        `bson:"program"`
	By          string        `bson:"published_by,omitempty"`
	PublishedAt bson.DateTime `bson:"published_at"`
	Bundle      []byte        `bson:"bundle,omitempty"` // not there when another edition has followed
}

func (d editionDocument) value() edition.Edition {
	return edition.Edition{Number: d.Number, Content: d.Content, Registers: d.Registers, Program: d.Program,
		By: d.By, PublishedAt: instant(d.PublishedAt), Bundle: some(d.Bundle)}
}

func editionOf(e edition.Edition) editionDocument {
	return editionDocument{Header: current, Number: e.Number, Content: e.Content, Registers: e.Registers, Program: e.Program,
		By: e.By, PublishedAt: moment(e.PublishedAt), Bundle: e.Bundle}
}

// plainEdition refuses what no store keeps; a bundle that is not too large fits into a
// document.
func plainEdition(e edition.Edition) error {
	if e.Number <= 0 || len(e.Bundle) > edition.MaxBundle {
		return invalid(errNoEdition)
	}
	return plain(e.Content, e.Registers, e.Program, e.By)
}

// PublishEdition implements edition.Store. The insert is what counts: a bundle
// that is not let go then is with the next edition.
func (s *Store) PublishEdition(ctx context.Context, e edition.Edition) error {
	if err := plainEdition(e); err != nil {
		return err
	}
	if err := s.insert(ctx, s.edition, "edition", editionOf(e)); err != nil {
		return err
	}
	err := s.call(ctx, "edition", func(ctx context.Context) error {
		_, err := s.edition.UpdateMany(ctx, is("_id", is("$lt", e.Number), "bundle", is("$exists", true)), is("$unset", is("bundle", "")))
		return err
	})
	if err != nil {
		s.log.Warn("mongodb: the bundle of a former edition is still kept", "cause", err.Error())
	}
	return nil
}

// newest is the edition in force before all others.
func newest() bson.D { return is("_id", -1) }

// EditionNumber implements edition.Store. The index answers, and no document is
// read.
func (s *Store) EditionNumber(ctx context.Context) (number int64, err error) {
	err = s.call(ctx, "edition", func(ctx context.Context) error {
		var d struct {
			Number int64 `bson:"_id"`
		}
		o := options.FindOne().SetSort(newest()).SetProjection(is("_id", 1)).SetHint("_id_")
		err := s.edition.FindOne(ctx, bson.D{}, o).Decode(&d)
		number = d.Number
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	return number, err
}

// EditionInForce implements edition.Store.
func (s *Store) EditionInForce(ctx context.Context) (edition.Edition, error) {
	return one[editionDocument](ctx, s, s.edition, "edition", bson.D{}, options.FindOne().SetSort(newest()).SetHint("_id_"))
}

// EditionHeld implements edition.Store.
func (s *Store) EditionHeld(ctx context.Context, p edition.Part, digest string) (bool, error) {
	if !isPlain(digest) {
		return false, nil
	}
	field := "registers"
	if p == edition.Content {
		field = "content"
	}
	held := false
	err := s.call(ctx, "edition", func(ctx context.Context) error {
		n, err := s.edition.CountDocuments(ctx, is(field, digest), options.Count().SetLimit(1))
		held = n > 0
		return err
	})
	return held, err
}

type settingDocument struct {
	Header   `bson:",inline"`
	ID       string `bson:"_id"` // settingID
	Settings string `bson:"settings"`
}

const settingID = "instances"

// KeepSettings implements edition.Store.
func (s *Store) KeepSettings(ctx context.Context, settings string) (before string, err error) {
	if err := plain(settings); err != nil {
		return "", err
	}
	if err := holds(len(settings)); err != nil {
		return "", err
	}
	err = s.call(ctx, "settings", func(ctx context.Context) error {
		var d settingDocument
		o := options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.Before)
		err := s.setting.FindOneAndUpdate(ctx, is("_id", settingID), is("$set", is("v", current.V, "settings", settings)), o).Decode(&d)
		before = d.Settings
		return err
	})
	if fault.Is(err, fault.NotFound) { // the first
		return "", nil
	}
	return before, err
}
