package mongodb

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
	"kokoroe/app/store"
)

var (
	errClaimEnded  = errors.New("the claim has ended")
	errTooManyKeys = errors.New("too many keys at once")
)

type messageDocument struct {
	Header    `bson:",inline"`
	Key       string             `bson:"_id"`
	Person    directory.PersonID `bson:"person"`
	State     notify.State       `bson:"state"`
	Reason    notify.Reason      `bson:"reason"`
	At        bson.DateTime      `bson:"at"`
	NextAt    bson.DateTime      `bson:"next_at"`
	Holder    string             `bson:"holder"`
	Attempts  int64              `bson:"attempts"`
	SettledAt bson.DateTime      `bson:"settled_at"`
	Answer    string             `bson:"answer"`
}

func (d messageDocument) value() notify.Message {
	return notify.Message{Key: d.Key, Person: d.Person, State: d.State, Reason: d.Reason, At: instant(d.At), NextAt: instant(d.NextAt),
		Holder: d.Holder, Attempts: int(d.Attempts), SettledAt: instant(d.SettledAt), Answer: d.Answer}
}

func messageOf(m notify.Message) messageDocument {
	return messageDocument{Header: current, Key: m.Key, Person: m.Person, State: m.State, Reason: m.Reason, At: moment(m.At),
		NextAt: moment(m.NextAt), Holder: m.Holder, Attempts: int64(m.Attempts), SettledAt: moment(m.SettledAt), Answer: m.Answer}
}

func plainMessage(m notify.Message) error {
	return plain(m.Key, string(m.Person), string(m.State), string(m.Reason), m.Holder, m.Answer)
}

// EnqueueMessages implements notify.Store.
func (s *Store) EnqueueMessages(ctx context.Context, messages []notify.Message) error {
	list := make([]messageDocument, 0, len(messages))
	seen := make(map[string]bool, len(messages))
	for _, m := range messages {
		if err := plainMessage(m); err != nil {
			return err
		}
		if seen[m.Key] {
			continue
		}
		seen[m.Key] = true
		list = append(list, messageOf(m))
	}
	for some := range slices.Chunk(list, maxListed) {
		err := s.call(ctx, "messages", func(ctx context.Context) error {
			_, err := s.message.InsertMany(ctx, some, options.InsertMany().SetOrdered(false))
			return unlessThere(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unlessThere is err unless all that is wrong is that some documents were there
// already.
func unlessThere(err error) error {
	e, ok := errors.AsType[mongo.BulkWriteException](err)
	if !ok {
		return err
	}
	for _, w := range e.WriteErrors {
		if w.Code != codeDuplicate {
			return mongo.WriteException{WriteErrors: mongo.WriteErrors{w.WriteError}, Labels: e.Labels}
		}
	}
	if e.WriteConcernError != nil {
		return mongo.WriteException{WriteConcernError: e.WriteConcernError, Labels: e.Labels}
	}
	return nil
}

// ClaimMessage implements notify.Store.
func (s *Store) ClaimMessage(ctx context.Context, holder string, now, until time.Time) (notify.Message, error) {
	if err := plain(holder); err != nil {
		return notify.Message{}, err
	}
	var m notify.Message
	err := s.call(ctx, "message that is due", func(ctx context.Context) error {
		raw, err := s.message.FindOneAndUpdate(ctx, is("state", notify.Waiting, "next_at", is("$lte", moment(now))),
			is("$set", is("holder", holder, "next_at", moment(until)), "$inc", is("attempts", int64(1))),
			options.FindOneAndUpdate().SetSort(by("next_at", "_id")).SetReturnDocument(options.After)).Raw()
		if err == nil {
			m, err = read[messageDocument](raw)
		}
		return err
	})
	return m, err
}

// SettleMessage implements notify.Store.
func (s *Store) SettleMessage(ctx context.Context, key, holder string, v notify.Settlement) error {
	if err := plain(key, holder, string(v.State), string(v.Reason), v.Answer); err != nil {
		return err
	}
	return s.call(ctx, "message", func(ctx context.Context) error {
		r, err := s.message.UpdateOne(ctx, is("_id", key, "holder", is("$eq", holder, "$ne", ""), "state", notify.Waiting),
			is("$set", is("state", v.State, "reason", v.Reason, "next_at", moment(v.NextAt), "holder", "", "attempts", int64(v.Attempts),
				"settled_at", moment(v.SettledAt), "answer", v.Answer)))
		if err == nil && r.MatchedCount == 0 {
			return conflict(errClaimEnded)
		}
		return err
	})
}

// FindMessages implements notify.Store. A person has few messages, a state many:
// the person chooses the index.
func (s *Store) FindMessages(ctx context.Context, q notify.MessageQuery) ([]notify.Message, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	var filter bson.D
	hint := ""
	for _, f := range []struct{ field, value string }{{"person", string(q.Person)}, {"state", string(q.State)}} {
		if f.value == "" {
			continue
		}
		if !isPlain(f.value) {
			return nil, nil
		}
		if hint == "" {
			hint = "message_" + f.field
		}
		filter = append(filter, bson.E{Key: f.field, Value: f.value})
	}
	if len(filter) == 0 || q.Topic != "" && q.Person == "" {
		return nil, invalid(errNothingAsked)
	}
	if q.Topic != "" {
		above, below, err := notify.Keys(q.Topic + "/")
		if err != nil || !isPlain(q.Topic) {
			return nil, err
		}
		filter = append(filter, bson.E{Key: "_id", Value: is("$gt", above, "$lt", below)})
	}
	return all[messageDocument](ctx, s, s.message, filter,
		options.Find().SetSort(is("at", -1, "_id", -1)).SetLimit(int64(min(limit, 1000))).SetHint(hint))
}

// ListMessages implements notify.Store.
func (s *Store) ListMessages(ctx context.Context, r notify.MessageRange) ([]notify.Message, error) {
	above, below, err := r.Keys()
	if err == nil {
		err = plain(r.Prefix, r.After)
	}
	if err != nil {
		return nil, err
	}
	limit := r.Limit
	if limit <= 0 {
		limit = 100
	}
	filter := is("_id", is("$gt", above, "$lt", below))
	for _, f := range []struct{ field, value string }{{"state", string(r.State)}, {"reason", string(r.Reason)}} {
		if f.value == "" {
			continue
		}
		if !isPlain(f.value) {
			return nil, nil
		}
		filter = append(filter, bson.E{Key: f.field, Value: f.value})
	}
	return all[messageDocument](ctx, s, s.message, filter,
		options.Find().SetSort(by("_id")).SetLimit(int64(min(limit, 1000))).SetHint("_id_"))
}

// Messages implements notify.Store.
func (s *Store) Messages(ctx context.Context, keys []string) ([]notify.Message, error) {
	if len(keys) > notify.MostKeys {
		return nil, invalid(errTooManyKeys)
	}
	if err := plain(keys...); err != nil || len(keys) == 0 {
		return nil, err
	}
	return all[messageDocument](ctx, s, s.message, is("_id", is("$in", keys)), options.Find().SetSort(by("_id")))
}

// countDocument is a group of CountRange.
type countDocument struct {
	ID struct {
		State  notify.State  `bson:"state"`
		Reason notify.Reason `bson:"reason"`
	} `bson:"_id"`
	N int64 `bson:"n"`
}

// CountRange implements notify.Store.
func (s *Store) CountRange(ctx context.Context, prefix string) ([]notify.MessageCount, error) {
	above, below, err := notify.Keys(prefix)
	if err == nil {
		err = plain(prefix)
	}
	if err != nil {
		return nil, err
	}
	var groups []countDocument
	err = s.call(ctx, "messages", func(ctx context.Context) error {
		cursor, err := s.message.Aggregate(ctx, mongo.Pipeline{
			is("$match", is("_id", is("$gt", above, "$lt", below))),
			is("$group", is("_id", is("state", "$state", "reason", "$reason"), "n", is("$sum", int64(1)))),
		}, options.Aggregate().SetHint("_id_"))
		if err != nil {
			return err
		}
		groups = nil
		return cursor.All(ctx, &groups)
	})
	if err != nil {
		return nil, err
	}
	var counts []notify.MessageCount
	for _, g := range groups {
		counts = append(counts, notify.MessageCount{State: g.ID.State, Reason: g.ID.Reason, N: g.N})
	}
	slices.SortFunc(counts, func(a, b notify.MessageCount) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return counts, nil
}

// CountMessages implements notify.Store.
func (s *Store) CountMessages(ctx context.Context, state notify.State) (int64, error) {
	if !isPlain(string(state)) {
		return 0, nil
	}
	var n int64
	err := s.call(ctx, "messages", func(ctx context.Context) (err error) {
		n, err = s.message.CountDocuments(ctx, is("state", state))
		return err
	})
	return n, err
}

// OldestMessage implements notify.Store.
func (s *Store) OldestMessage(ctx context.Context, state notify.State) (notify.Message, error) {
	if !isPlain(string(state)) {
		return notify.Message{}, fault.NotFoundf("no such message")
	}
	return one[messageDocument](ctx, s, s.message, "message", is("state", state), options.FindOne().SetSort(by("at", "_id")))
}

// DeleteMessages implements notify.Store.
func (s *Store) DeleteMessages(ctx context.Context, keys []string) error {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !isPlain(k) })
	for some := range slices.Chunk(keys, maxListed) {
		err := s.call(ctx, "messages", func(ctx context.Context) error {
			_, err := s.message.DeleteMany(ctx, is("_id", is("$in", some)))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ExpireMessages implements notify.Store.
func (s *Store) ExpireMessages(ctx context.Context, before time.Time) (int64, error) {
	var expired int64
	err := s.call(ctx, "messages", func(ctx context.Context) error {
		r, err := s.message.DeleteMany(ctx,
			is("state", is("$in", []notify.State{notify.Sent, notify.Refused, notify.Withheld}), "at", is("$lt", bound(before))))
		if err == nil {
			expired = r.DeletedCount
		}
		return err
	})
	return expired, err
}

// readerDocument is how far a reader of the log has come.
type readerDocument struct {
	Header `bson:",inline"`
	Name   string `bson:"_id"`
	Seq    int64  `bson:"seq"`
}

func (d readerDocument) value() store.Position { return store.Position{Reader: d.Name, Seq: d.Seq} }

// Position implements notify.Store.
func (s *Store) Position(ctx context.Context, reader string, first int64) (int64, error) {
	if err := plain(reader); err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		p, err := one[readerDocument](ctx, s, s.reader, "reader", is("_id", reader))
		if !fault.Is(err, fault.NotFound) {
			return p.Seq, err
		}
		err = s.insert(ctx, s.reader, "reader", readerDocument{Header: current, Name: reader, Seq: first})
		if err == nil {
			return first, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return 0, err
		}
		if err := pause(ctx, n); err != nil {
			return 0, err
		}
	}
}

// AdvancePosition implements notify.Store.
func (s *Store) AdvancePosition(ctx context.Context, reader string, to int64) error {
	if err := plain(reader); err != nil {
		return err
	}
	return s.call(ctx, "reader", func(ctx context.Context) error {
		r, err := s.reader.UpdateOne(ctx, is("_id", reader), is("$max", is("seq", to)))
		if err == nil && r.MatchedCount == 0 {
			return mongo.ErrNoDocuments
		}
		return err
	})
}
