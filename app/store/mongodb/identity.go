package mongodb

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
)

var errNothingAsked = errors.New("no field says which sessions to end")

type loginDocument struct {
	Header      `bson:",inline"`
	StateHash   string        `bson:"_id"`
	BrowserHash string        `bson:"browser_hash"`
	Provider    string        `bson:"provider"`
	Nonce       string        `bson:"nonce"`
	Verifier    string        `bson:"verifier"`
	ReturnTo    string        `bson:"return_to"`
	StartedAt   bson.DateTime `bson:"started_at"`
}

func (d loginDocument) value() identity.Login {
	return identity.Login{StateHash: d.StateHash, BrowserHash: d.BrowserHash, Provider: d.Provider, Nonce: d.Nonce,
		Verifier: d.Verifier, ReturnTo: d.ReturnTo, StartedAt: instant(d.StartedAt)}
}

// SaveLogin implements identity.Store.
func (s *Store) SaveLogin(ctx context.Context, l identity.Login) error {
	if err := plain(l.StateHash, l.BrowserHash, l.Provider, l.Nonce, l.Verifier, l.ReturnTo); err != nil {
		return err
	}
	return s.insert(ctx, s.login, "login", loginDocument{Header: current, StateHash: l.StateHash, BrowserHash: l.BrowserHash,
		Provider: l.Provider, Nonce: l.Nonce, Verifier: l.Verifier, ReturnTo: l.ReturnTo, StartedAt: moment(l.StartedAt)})
}

// insert adds a document.
func (s *Store) insert(ctx context.Context, c *mongo.Collection, what string, document any) error {
	return s.call(ctx, what, func(ctx context.Context) error {
		_, err := c.InsertOne(ctx, document)
		return err
	})
}

// TakeLogin implements identity.Store.
func (s *Store) TakeLogin(ctx context.Context, stateHash string) (identity.Login, error) {
	if !isPlain(stateHash) {
		return identity.Login{}, fault.NotFoundf("no such login")
	}
	var l identity.Login
	err := s.call(ctx, "login", func(ctx context.Context) error {
		raw, err := s.login.FindOneAndDelete(ctx, is("_id", stateHash)).Raw()
		if err == nil {
			l, err = read[loginDocument](raw)
		}
		return err
	})
	return l, err
}

// linkDocument has the key that the provider gives, so that it is there once.
type linkDocument struct {
	Header   `bson:",inline"`
	Key      linkKey            `bson:"_id"`
	Issuer   string             `bson:"issuer"` // once more, for the index with the person
	Person   directory.PersonID `bson:"person"`
	LinkedAt bson.DateTime      `bson:"linked_at"`
}

type linkKey struct {
	Issuer  string `bson:"issuer"`
	Subject string `bson:"subject"`
}

func (d linkDocument) value() identity.Link {
	return identity.Link{Issuer: d.Key.Issuer, Subject: d.Key.Subject, Person: d.Person, LinkedAt: instant(d.LinkedAt)}
}

// Link implements identity.Store.
func (s *Store) Link(ctx context.Context, issuer, subject string) (identity.Link, error) {
	if !isPlain(issuer) || !isPlain(subject) {
		return identity.Link{}, fault.NotFoundf("no such link")
	}
	return one[linkDocument](ctx, s, s.link, "link", is("_id", linkKey{issuer, subject}))
}

// SaveLink implements identity.Store.
func (s *Store) SaveLink(ctx context.Context, l identity.Link) error {
	if err := plain(l.Issuer, l.Subject, string(l.Person)); err != nil {
		return err
	}
	return s.insert(ctx, s.link, "link", linkDocument{Header: current, Key: linkKey{l.Issuer, l.Subject}, Issuer: l.Issuer,
		Person: l.Person, LinkedAt: moment(l.LinkedAt)})
}

type sessionDocument struct {
	Header    `bson:",inline"`
	Hash      string             `bson:"_id"`
	Person    directory.PersonID `bson:"person"`
	Provider  string             `bson:"provider"`
	Issuer    string             `bson:"issuer"`
	Subject   string             `bson:"subject"`
	SID       string             `bson:"sid"`
	ACR       string             `bson:"acr"`
	AMR       []string           `bson:"amr,omitempty"`
	AuthAt    bson.DateTime      `bson:"auth_at"`
	IDToken   string             `bson:"id_token"`
	CreatedAt bson.DateTime      `bson:"created_at"`
	SeenAt    bson.DateTime      `bson:"seen_at"`
}

func (d sessionDocument) value() identity.Session {
	return identity.Session{Hash: d.Hash, Person: d.Person, Provider: d.Provider, Issuer: d.Issuer, Subject: d.Subject, SID: d.SID,
		ACR: d.ACR, AMR: d.AMR, AuthAt: instant(d.AuthAt), IDToken: d.IDToken, CreatedAt: instant(d.CreatedAt), SeenAt: instant(d.SeenAt)}
}

// SaveSession implements identity.Store.
func (s *Store) SaveSession(ctx context.Context, v identity.Session) error {
	if err := plain(v.Hash, string(v.Person), v.Provider, v.Issuer, v.Subject, v.SID, v.ACR, v.IDToken); err != nil {
		return err
	}
	if err := plainAll(v.AMR); err != nil {
		return err
	}
	return s.insert(ctx, s.session, "session", sessionDocument{Header: current, Hash: v.Hash, Person: v.Person, Provider: v.Provider,
		Issuer: v.Issuer, Subject: v.Subject, SID: v.SID, ACR: v.ACR, AMR: v.AMR, AuthAt: moment(v.AuthAt), IDToken: v.IDToken,
		CreatedAt: moment(v.CreatedAt), SeenAt: moment(v.SeenAt)})
}

// Session implements identity.Store.
func (s *Store) Session(ctx context.Context, hash string) (identity.Session, error) {
	if !isPlain(hash) {
		return identity.Session{}, fault.NotFoundf("no such session")
	}
	return one[sessionDocument](ctx, s, s.session, "session", is("_id", hash))
}

// TouchSession implements identity.Store.
func (s *Store) TouchSession(ctx context.Context, hash string, at time.Time) error {
	if !isPlain(hash) {
		return fault.NotFoundf("no such session")
	}
	return s.call(ctx, "session", func(ctx context.Context) error {
		r, err := s.session.UpdateOne(ctx, is("_id", hash), is("$set", is("seen_at", moment(at))))
		if err == nil && r.MatchedCount == 0 {
			return mongo.ErrNoDocuments
		}
		return err
	})
}

// EndSession implements identity.Store.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	if !isPlain(hash) {
		return nil
	}
	return s.call(ctx, "session", func(ctx context.Context) error {
		_, err := s.session.DeleteOne(ctx, is("_id", hash))
		return err
	})
}

// EndSessions implements identity.Store.
func (s *Store) EndSessions(ctx context.Context, q identity.SessionQuery) (int, error) {
	var filter bson.D
	for _, f := range []struct{ field, value string }{
		{"sid", q.SID}, {"person", string(q.Person)}, {"subject", q.Subject}, {"issuer", q.Issuer},
	} {
		if f.value == "" {
			continue
		}
		if !isPlain(f.value) {
			return 0, nil
		}
		filter = append(filter, bson.E{Key: f.field, Value: f.value})
	}
	if len(filter) == 0 {
		return 0, invalid(errNothingAsked)
	}
	ended := 0
	err := s.call(ctx, "session", func(ctx context.Context) error {
		r, err := s.session.DeleteMany(ctx, filter)
		if err == nil {
			ended = int(r.DeletedCount)
		}
		return err
	})
	return ended, err
}

type tokenDocument struct {
	Header    `bson:",inline"`
	ID        string        `bson:"_id"`
	ExpiresAt bson.DateTime `bson:"expires_at"`
}

// UseOnce implements identity.Store.
func (s *Store) UseOnce(ctx context.Context, id string, expiresAt time.Time) (bool, error) {
	if err := plain(id); err != nil {
		return false, err
	}
	err := s.insert(ctx, s.token, "token", tokenDocument{Header: current, ID: id, ExpiresAt: moment(expiresAt)})
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

// Expire implements identity.Store. What it does not come to, the next one
// does.
func (s *Store) Expire(ctx context.Context, loginsBefore, createdBefore, seenBefore, now time.Time) error {
	for _, step := range []struct {
		of     *mongo.Collection
		field  string
		before time.Time
	}{
		{s.login, "started_at", loginsBefore}, {s.session, "created_at", createdBefore},
		{s.session, "seen_at", seenBefore}, {s.token, "expires_at", now},
	} {
		err := s.call(ctx, "expired documents", func(ctx context.Context) error {
			_, err := step.of.DeleteMany(ctx, is(step.field, is("$lt", bound(step.before))))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
