package mongodb

import (
	"bytes"
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/fault"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

var errOtherBytes = errors.New("other bytes stand there already")

type publicationDocument struct {
	Header      `bson:",inline"`
	Key         publicationKey `bson:"_id"`
	Digest      string         `bson:"digest"`
	PublishedAt bson.DateTime  `bson:"published_at"`
	Body        []byte         `bson:"body,omitempty"`
}

type publicationKey struct {
	Policy   policy.ID `bson:"policy"`
	Version  int64     `bson:"version"`
	Language string    `bson:"language"`
}

func keyOf(p policy.Publication) publicationKey {
	return publicationKey{p.Policy, int64(p.Version), p.Language}
}

func publicationOf(p policy.Publication) publicationDocument {
	return publicationDocument{Header: current, Key: keyOf(p), Digest: p.Digest, PublishedAt: moment(p.PublishedAt), Body: p.Text}
}

func (d publicationDocument) value() policy.Publication {
	return policy.Publication{Policy: d.Key.Policy, Version: int(d.Key.Version), Language: d.Key.Language, Digest: d.Digest,
		Text: some(d.Body), PublishedAt: instant(d.PublishedAt)}
}

// Publish implements policy.Store.
func (s *Store) Publish(ctx context.Context, p policy.Publication) error {
	if err := plain(string(p.Policy), p.Language, p.Digest); err != nil {
		return err
	}
	if err := holds(len(p.Text)); err != nil {
		return err
	}
	err := s.insert(ctx, s.published, "publication", publicationOf(p))
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	old, err := one[publicationDocument](ctx, s, s.published, "publication", is("_id", keyOf(p)))
	if err == nil && (old.Digest != p.Digest || !bytes.Equal(old.Text, p.Text)) {
		return conflict(errOtherBytes)
	}
	return met(err)
}

// met makes of what was there a moment ago, and is not on the majority yet,
// something to try again.
func met(err error) error {
	if fault.Is(err, fault.NotFound) {
		return unavailable(err)
	}
	return err
}

// Publications implements policy.Store. The key is a document, and documents are
// in order of their fields.
func (s *Store) Publications(ctx context.Context) ([]policy.Publication, error) {
	return all[publicationDocument](ctx, s, s.published, bson.D{}, options.Find().SetSort(by("_id")).SetProjection(is("body", 0)))
}

// PublishedText implements policy.Store.
func (s *Store) PublishedText(ctx context.Context, digest string) (policy.Publication, error) {
	if !isPlain(digest) {
		return policy.Publication{}, fault.NotFoundf("no such publication")
	}
	return one[publicationDocument](ctx, s, s.published, "publication", is("digest", digest), options.FindOne().SetSort(by("_id")))
}

type textDocument struct {
	Header `bson:",inline"`
	Digest string `bson:"_id"`
	Body   []byte `bson:"body,omitempty"`
}

func (d textDocument) value() store.Text { return store.Text{Digest: d.Digest, Text: some(d.Body)} }

// KeepText implements policy.Store. Other bytes under the same digest are a
// Conflict.
func (s *Store) KeepText(ctx context.Context, digest string, text []byte) error {
	if err := plain(digest); err != nil {
		return err
	}
	if err := holds(len(text)); err != nil {
		return err
	}
	err := s.insert(ctx, s.text, "text", textDocument{Header: current, Digest: digest, Body: text})
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	old, err := s.KeptText(ctx, digest)
	if err == nil && !bytes.Equal(old, text) {
		return conflict(errOtherBytes)
	}
	return met(err)
}

// KeptText implements policy.Store.
func (s *Store) KeptText(ctx context.Context, digest string) ([]byte, error) {
	if !isPlain(digest) {
		return nil, fault.NotFoundf("no such text")
	}
	text, err := one[textDocument](ctx, s, s.text, "text", is("_id", digest))
	return text.Text, err
}
