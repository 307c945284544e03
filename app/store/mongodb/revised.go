package mongodb

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

// revisable is a document that is replaced as a whole, by who has seen the
// revision before.
type revisable[T any] interface {
	document[T]
	revision() int64 // 1 for a new one
}

// revised is a collection of them, by _id.
//
// What an update begins with need not be read when this instance has just read
// or written it. That it is the newest, nobody knows: the revision shows when it
// is replaced, and a refusal of the update itself counts only after a look.
type revised[K comparable, D revisable[T], T any] struct {
	store *Store
	of    *mongo.Collection
	what  string
	begin func(K) T // what an update gets when there is none; nil: it is NotFound
	queue *replacements
	last  *lru.Cache[K, seen[D]]
	luck  luck
}

// seen is a document as it was read or written here. It never changes: it shares
// no list with the values that it was made of and that are made of it.
type seen[D any] struct {
	document  D
	absent    bool      // there was none, of a collection whose documents begin with an update
	writtenAt time.Time // by this process's clock; zero when it was only read
}

// remembered is how many documents of a collection an instance has at hand, of
// about a kilobyte.
const remembered = 4096

func newRevised[K comparable, D revisable[T], T any](s *Store, of *mongo.Collection, what string, begin func(K) T) *revised[K, D, T] {
	last, err := lru.New[K, seen[D]](remembered)
	if err != nil {
		panic(err) // only of a size below one
	}
	return &revised[K, D, T]{store: s, of: of, what: what, begin: begin, queue: &replacements{store: s, of: of, turn: turn}, last: last}
}

// read returns the document as it is in the store now, or as it was written here
// a moment ago for the very browser that asks.
func (r *revised[K, D, T]) read(ctx context.Context, id K) (v T, err error) {
	if learning.FollowsOwnWrite(ctx) {
		if own, ok := r.last.Get(id); ok && time.Since(own.writtenAt) < learning.OwnWriteFor {
			return own.document.value(), nil
		}
	}
	return r.look(ctx, id)
}

// look is read of what is in the store.
func (r *revised[K, D, T]) look(ctx context.Context, id K) (v T, err error) {
	err = r.store.call(ctx, r.what, func(ctx context.Context) error {
		raw, err := r.of.FindOne(ctx, is("_id", id)).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) && r.begin != nil {
			r.last.Add(id, seen[D]{absent: true})
		}
		if err != nil {
			return err
		}
		d, err := decode[D](raw)
		if err != nil {
			return err
		}
		now := seen[D]{document: d}
		if before, ok := r.last.Get(id); ok {
			same := before.document.revision() == d.revision()
			r.luck.turned(same)
			if same {
				now.writtenAt = before.writtenAt
			}
		}
		r.last.Add(id, now)
		v = d.value()
		return nil
	})
	return v, err
}

// update replaces the document by what change makes of it, and again with a
// newer one when somebody was faster. NotFound when there is none and none begins
// with an update.
func (r *revised[K, D, T]) update(ctx context.Context, id K, change func(T) (D, error)) (none T, err error) {
	guessing := r.luck.holds()
	for n := 0; ; n++ {
		last, guess := r.last.Get(id)
		var old T
		if guess = guess && guessing; guess {
			old, err = r.valueOf(id, last), nil
		} else if old, err = r.look(ctx, id); r.begin != nil && fault.Is(err, fault.NotFound) {
			old, err = r.begin(id), nil
		}
		if err != nil {
			return none, err
		}
		d, refused := change(old)
		if refused == nil {
			won, err := r.put(ctx, id, d)
			if err != nil {
				return none, err
			}
			if won {
				if guess {
					r.luck.turned(true)
				}
				return d.value(), nil
			}
		}
		if guess {
			guessing = false // with what is there
			continue
		}
		if refused != nil {
			return none, refused
		}
		if err := pause(ctx, n); err != nil {
			return none, err
		}
	}
}

// valueOf is what an update begins with of what is at hand.
func (r *revised[K, D, T]) valueOf(id K, s seen[D]) T {
	if s.absent {
		return r.begin(id)
	}
	return s.document.value()
}

// put stores the document if the one stored has the revision before; false when
// somebody was faster.
func (r *revised[K, D, T]) put(ctx context.Context, id K, d D) (won bool, err error) {
	err = r.store.call(ctx, r.what, func(ctx context.Context) (err error) {
		if d.revision() == 1 {
			_, err = r.of.InsertOne(ctx, d)
			won = err == nil
			return err
		}
		replacement, err := replacementOf(id, d.revision(), d)
		if err == nil {
			won, err = r.queue.put(ctx, replacement)
		}
		return err
	})
	switch {
	case won:
		r.wrote(id, d)
	case d.revision() == 1 && fault.Is(err, fault.Conflict):
		return false, nil
	case err != nil:
		r.last.Remove(id) // whether it is there, nobody knows
	}
	return won, err
}

// wrote keeps at hand what was written here just now.
func (r *revised[K, D, T]) wrote(id K, d D) {
	r.last.Add(id, seen[D]{document: d, writtenAt: time.Now()})
}

// luck says whether guesses were right of late: they are where one instance
// serves, and are not where several take turns at the same documents.
type luck struct{ n atomic.Int32 }

const mostLuck = 8

func (l *luck) holds() bool { return l.n.Load() >= 0 }

// turned notes that a guess was, or would have been, right.
func (l *luck) turned(right bool) {
	step := int32(1)
	if !right {
		step = -2
	}
	l.n.Store(min(mostLuck, max(-mostLuck, l.n.Load()+step)))
}
