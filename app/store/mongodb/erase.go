package mongodb

import (
	"context"
	"crypto/rand"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// EraseEntry implements evidence.Store. From the disk it goes as MongoDB lets
// go of what was replaced: with the next checkpoints, and from the oplog and
// from backups when those expire.
func (s *Store) EraseEntry(ctx context.Context, seq int64, key string) error {
	if err := plain(key); err != nil {
		return err
	}
	return s.call(ctx, "entry", func(ctx context.Context) error {
		var batch batchDocument
		element := is("$elemMatch", is("seq", seq))
		err := s.entries.FindOne(ctx, is("next", is("$gt", seq)), options.FindOne().SetSort(by("next")).
			SetProjection(is("entries", element))).Decode(&batch)
		if err != nil {
			return err
		}
		if len(batch.Entries) == 0 {
			return mongo.ErrNoDocuments
		}
		_, err = s.entries.UpdateOne(ctx, is("_id", batch.ID), is(
			"$set", is("entries.$[e].key", key, "entries.$[e].actor", "", "entries.$[e].subject", ""),
			"$unset", is("entries.$[e].record", "", "entries.$[e].salt", ""),
		), options.UpdateOne().SetArrayFilters([]any{is("e.seq", seq)}))
		return err
	})
}

// ErasePerson implements store.Store. What a crash leaves undone, doing it
// again does.
func (s *Store) ErasePerson(ctx context.Context, person directory.PersonID) error {
	if err := plain(string(person)); err != nil {
		return err
	}
	for _, c := range []*mongo.Collection{s.session, s.link, s.place, s.attempt, s.message} {
		err := s.call(ctx, "person", func(ctx context.Context) error {
			_, err := c.DeleteMany(ctx, is("person", person))
			return err
		})
		if err != nil {
			return err
		}
	}
	s.places.last.Purge()
	s.attempts.last.Purge()
	for n := 0; ; n++ {
		err := s.callFor(ctx, importLimit*s.limit, "revision", func(ctx context.Context) error { return s.eraseFromRoster(ctx, person) })
		if !fault.Is(err, fault.Conflict) {
			return err
		}
		if err := pause(ctx, n); err != nil { // an import was faster
			return err
		}
	}
}

// eraseFromRoster puts a version that says that the person is gone into force,
// then removes the others, and itself last: at no time is there a revision of
// which one reader sees the person and another does not.
func (s *Store) eraseFromRoster(ctx context.Context, person directory.PersonID) error {
	c, err := s.changes(ctx)
	if err != nil {
		return err
	}
	versions, err := drain[personDocument](ctx, s.person, is("id", person))
	if err != nil || len(versions) == 0 {
		return err
	}
	last, counts := newestOf(versions, c, func(d personDocument) directory.PersonID { return d.ID })[person]
	m := last.Mark
	if !counts {
		m = Mark{Revision: c.newest} // only imports that ended half-way know the person
	}
	if counts && !last.Gone {
		m = Mark{Change: rand.Text(), Revision: c.newest + 1}
		if err := stage(ctx, s.person, []personDocument{{Header: current, Mark: m, ID: person, Gone: true}}); err != nil {
			return err
		}
		if err := s.commit(ctx, m); err != nil {
			return err
		}
	}
	for _, filter := range []bson.D{
		is("id", person, "revision", is("$lte", m.Revision), "change", is("$ne", m.Change)), // an import under way is behind it
		is("id", person, "change", m.Change),
	} {
		if _, err := s.person.DeleteMany(ctx, filter); err != nil {
			return err
		}
	}
	return nil
}
