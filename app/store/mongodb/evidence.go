package mongodb

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

var (
	errNotConsecutive = errors.New("entries are not consecutive")
	errNotTheEnd      = errors.New("the first entry is not at the end of the log")
	errSameKey        = errors.New("two entries have the same key")
)

// batchDocument is what was appended at once: sequences ID to Next-1.
type batchDocument struct {
	Header  `bson:",inline"`
	ID      int64           `bson:"_id"`
	Next    int64           `bson:"next"`
	Entries []entryDocument `bson:"entries"`
}

type entryDocument struct {
	Seq     int64         `bson:"seq"`
	Key     string        `bson:"key"`
	Kind    string        `bson:"kind"`
	Actor   string        `bson:"actor"`
	Subject string        `bson:"subject"`
	Object  string        `bson:"object"`
	Scope   string        `bson:"scope"`
	At      bson.DateTime `bson:"at"`
	Record  []byte        `bson:"record,omitempty"`
	Salt    []byte        `bson:"salt,omitempty"`
	Leaf    []byte        `bson:"leaf,omitempty"`
	Hashes  []byte        `bson:"hashes,omitempty"`
}

// value is the entries that were asked for, which may be fewer than the batch.
func (d batchDocument) value() []evidence.Entry {
	list := make([]evidence.Entry, len(d.Entries))
	for i, e := range d.Entries {
		list[i] = evidence.Entry{
			Seq: e.Seq, Key: e.Key, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Object: e.Object, Scope: e.Scope,
			At: instant(e.At), Record: some(e.Record), Salt: some(e.Salt), Leaf: some(e.Leaf), Hashes: some(e.Hashes),
		}
	}
	return list
}

// around is what BSON adds to the bytes of an entry, at most.
const around = 256

// batchOf makes the document of a batch. Invalid, and Conflict when the batch
// holds a key twice, which the index does not see within one document.
func batchOf(entries []evidence.Entry) (batchDocument, error) {
	first := entries[0].Seq
	d := batchDocument{Header: current, ID: first, Next: first + int64(len(entries)), Entries: make([]entryDocument, len(entries))}
	keys := make(map[string]bool, len(entries))
	size := 0
	for i, e := range entries {
		if e.Seq != first+int64(i) {
			return d, invalid(errNotConsecutive)
		}
		if err := plain(e.Key, e.Kind, e.Actor, e.Subject, e.Object, e.Scope); err != nil {
			return d, err
		}
		d.Entries[i] = entryDocument{
			Seq: e.Seq, Key: e.Key, Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Object: e.Object, Scope: e.Scope,
			At: moment(e.At), Record: e.Record, Salt: e.Salt, Leaf: e.Leaf, Hashes: e.Hashes,
		}
		keys[e.Key] = true
		size += around + len(e.Key) + len(e.Kind) + len(e.Actor) + len(e.Subject) + len(e.Object) + len(e.Scope) +
			len(e.Record) + len(e.Salt) + len(e.Leaf) + len(e.Hashes)
	}
	if err := holds(size); err != nil {
		return d, err
	}
	if len(keys) < len(entries) {
		return d, conflict(errSameKey)
	}
	return d, nil
}

// AppendEntries implements evidence.Store. See the package's documentation.
func (s *Store) AppendEntries(ctx context.Context, entries []evidence.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	batch, err := batchOf(entries)
	if err != nil {
		return err
	}
	return s.call(ctx, "sequence or key", func(ctx context.Context) error {
		// Asked each time, also by who appended last: a database may be restored to
		// an older state under a program that runs.
		size, err := logSize(ctx, s.entries)
		if err != nil {
			return err
		}
		if size != batch.ID {
			return conflict(errNotTheEnd)
		}
		_, err = s.entries.InsertOne(ctx, batch)
		return err
	})
}

// LogSize implements evidence.Store.
func (s *Store) LogSize(ctx context.Context) (int64, error) {
	var size int64
	err := s.call(ctx, "log", func(ctx context.Context) (err error) {
		size, err = logSize(ctx, s.size)
		return err
	})
	return size, err
}

func logSize(ctx context.Context, log *mongo.Collection) (int64, error) {
	var d struct {
		Next int64 `bson:"next"`
	}
	err := log.FindOne(ctx, bson.D{}, options.FindOne().SetSort(is("next", -1)).SetProjection(is("_id", 0, "next", 1))).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	return d.Next, err
}

// Entry implements evidence.Store.
func (s *Store) Entry(ctx context.Context, seq int64) (evidence.Entry, error) {
	return s.entryOf(ctx, is("next", is("$gt", seq)), is("seq", seq), options.FindOne().SetSort(by("next")))
}

// EntryByKey implements evidence.Store.
func (s *Store) EntryByKey(ctx context.Context, key string) (evidence.Entry, error) {
	if !isPlain(key) {
		return evidence.Entry{}, fault.NotFoundf("no such entry")
	}
	return s.entryOf(ctx, is("entries.key", key), is("key", key), options.FindOne())
}

// entryOf returns the one entry that element matches, of the first batch that
// batch matches.
func (s *Store) entryOf(ctx context.Context, batch, element bson.D, o *options.FindOneOptionsBuilder) (evidence.Entry, error) {
	found, err := one[batchDocument](ctx, s, s.entries, "entry", batch, o.SetProjection(is("v", 1, "entries", is("$elemMatch", element))))
	if err != nil {
		return evidence.Entry{}, err
	}
	if len(found) == 0 { // the first batch behind seq begins behind it too
		return evidence.Entry{}, fault.NotFoundf("no such entry")
	}
	return found[0], nil
}

// EntriesFrom implements evidence.Store.
func (s *Store) EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	return s.gather(ctx, limit, func(ctx context.Context) (*mongo.Cursor, error) {
		return s.entries.Find(ctx, is("next", is("$gt", seq)), options.Find().SetSort(by("next")).SetLimit(int64(limit)).SetBatchSize(firstBatches))
	}, func(batch []evidence.Entry) []evidence.Entry {
		for len(batch) > 0 && batch[0].Seq < seq {
			batch = batch[1:]
		}
		return batch
	})
}

// firstBatches is how many batches a reader of the log is sent at first. One that
// reads at the end gets all that is new; one that reads everything learns how
// large they are, and is not sent a hundred of them for the entries of four.
// Who looks for something mostly finds a page of it in the first.
const (
	firstBatches = 8
	firstFound   = 2
)

// gather reads batches until there are limit entries.
func (s *Store) gather(ctx context.Context, limit int, find func(context.Context) (*mongo.Cursor, error),
	choose func([]evidence.Entry) []evidence.Entry) ([]evidence.Entry, error) {
	var list []evidence.Entry
	err := s.call(ctx, "entries", func(ctx context.Context) error {
		cursor, err := find(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = cursor.Close(ctx) }()
		for batches := 1; len(list) < limit && cursor.Next(ctx); batches++ {
			batch, err := read[batchDocument](cursor.Current)
			if err != nil {
				return err
			}
			batch = choose(batch)
			list = append(list, batch[:min(len(batch), limit-len(list))]...)
			if cursor.RemainingBatchLength() == 0 && len(list) > 0 {
				cursor.SetBatchSize(int32((limit-len(list))*batches/len(list) + 1))
			}
		}
		return cursor.Err()
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

type checkpointDocument struct {
	Header `bson:",inline"`
	Size   int64         `bson:"_id"`
	Root   []byte        `bson:"root,omitempty"`
	Note   []byte        `bson:"note,omitempty"`
	At     bson.DateTime `bson:"at"`
}

func (d checkpointDocument) value() evidence.Checkpoint {
	return evidence.Checkpoint{Size: d.Size, Root: some(d.Root), Note: some(d.Note), At: instant(d.At)}
}

// SaveCheckpoint implements evidence.Store.
func (s *Store) SaveCheckpoint(ctx context.Context, c evidence.Checkpoint) error {
	return s.call(ctx, "checkpoint", func(ctx context.Context) error {
		_, err := s.checkpoint.InsertOne(ctx, checkpointDocument{Header: current, Size: c.Size, Root: c.Root, Note: c.Note, At: moment(c.At)})
		return err
	})
}

// LastCheckpoint implements evidence.Store.
func (s *Store) LastCheckpoint(ctx context.Context) (evidence.Checkpoint, error) {
	return one[checkpointDocument](ctx, s, s.checkpoint, "checkpoint", bson.D{}, options.FindOne().SetSort(is("_id", -1)))
}

// CheckpointCovering implements evidence.Store.
func (s *Store) CheckpointCovering(ctx context.Context, size int64) (evidence.Checkpoint, error) {
	return one[checkpointDocument](ctx, s, s.checkpoint, "checkpoint", is("_id", is("$gte", size)), options.FindOne().SetSort(by("_id")))
}
