package mongodb_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/storetest"
	"kokoroe/tests/mongodb/engine"
)

func TestErrorsAreFaults(t *testing.T) {
	write := func(code int) error {
		return mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: code, Message: "secret 花子"}}}
	}
	command := func(code int32, labels ...string) error {
		return mongo.CommandError{Code: code, Name: "Name", Message: "secret 花子", Labels: labels}
	}
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
	}{
		{"nothing found", mongo.ErrNoDocuments, fault.NotFound},
		{"a duplicate", write(11000), fault.Conflict},
		{"a duplicate, and not on a majority yet", mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 64},
			WriteErrors: mongo.WriteErrors{{Code: 11000}}}, fault.Conflict},
		{"not on a majority yet", mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 64, Message: "secret 花子"}}, fault.Unavailable},
		{"not on a majority, in bulk", mongo.BulkWriteException{WriteConcernError: &mongo.WriteConcernError{Code: 91}}, fault.Unavailable},
		{"a validator", write(121), fault.Internal},
		{"a document that is too large", write(10334), fault.Invalid},
		{"no disk left", write(14031), fault.Unavailable},
		{"a primary that is none any more", command(10107), fault.Unavailable},
		{"a primary that steps down", command(189), fault.Unavailable},
		{"a server that shuts down", command(11600), fault.Unavailable},
		{"the server's time is over", command(50), fault.Unavailable},
		{"a permission that was taken away", command(13), fault.Unavailable},
		{"a label that asks to try again", command(999, "RetryableWriteError"), fault.Unavailable},
		{"a network that broke", command(0, "NetworkError"), fault.Unavailable},
		{"a connection that broke", &net.OpError{Op: "read", Err: io.EOF}, fault.Unavailable},
		{"connections that another call's error cleared", clearedError{}, fault.Unavailable},
		{"a client that is gone", mongo.ErrClientDisconnected, fault.Unavailable},
		{"a deadline", context.DeadlineExceeded, fault.Unavailable},
		{"a command that does not exist", command(59), fault.Internal},
		{"a fault", fault.New(fault.Stale, "x.y", nil), fault.Stale},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mongodb.Translate(t.Context(), c.err)
			if !fault.Is(err, c.kind) {
				t.Errorf("%v, want %v", err, c.kind)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error repeats what the server quoted: %v", err)
			}
		})
	}
	if err := mongodb.Translate(t.Context(), nil); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := mongodb.Translate(ended, io.EOF); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want what ended the context", err)
	}
}

// TestWhetherNothingWasDone: a server that takes no writes has not taken this one,
// unless it was several, or stands and a majority does not have it.
func TestWhetherNothingWasDone(t *testing.T) {
	concern := &mongo.WriteConcernError{Code: 371}
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"no disk left", mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 14031}}}, true},
		{"writes are blocked", mongo.CommandError{Code: 371}, true},
		{"writes are blocked, after some of several", mongo.BulkWriteException{WriteErrors: []mongo.BulkWriteError{{WriteError: mongo.WriteError{Code: 371}}}}, false},
		{"done, and then blocked", mongo.WriteException{WriteConcernError: concern}, false},
		{"both", mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 14031}}, WriteConcernError: concern}, false},
		{"no primary any more", mongo.CommandError{Code: 10107}, false},
		{"a connection that broke", &net.OpError{Op: "read", Err: io.EOF}, false},
		{"a deadline", context.DeadlineExceeded, false},
	} {
		err := mongodb.Translate(t.Context(), c.err)
		if !fault.Is(err, fault.Unavailable) || fault.NothingDone(err) != c.want {
			t.Errorf("%s: %v, nothing done: %v", c.name, err, fault.NothingDone(err))
		}
	}
}

// clearedError is such as the driver's own, which has no name outside of it.
type clearedError struct{}

func (clearedError) Error() string {
	return "cleared because another operation failed with: secret 花子"
}
func (clearedError) Retryable() bool { return true }

func TestADuplicateIsNotQuoted(t *testing.T) {
	engine.Address(t)
	s := open(t, engine.Database(t))
	v := identity.Session{Hash: "hash-that-nobody-logs", Person: "p"}
	check(t, s.SaveSession(t.Context(), v))
	if err := s.SaveSession(t.Context(), v); !fault.Is(err, fault.Conflict) || strings.Contains(err.Error(), v.Hash) {
		t.Error(err)
	}
}

// TestMoreThanADocumentHoldsInEveryField: it is refused, whatever it would be.
func TestMoreThanADocumentHoldsInEveryField(t *testing.T) {
	engine.Address(t)
	storetest.Hostile(t, open(t, engine.Database(t)), nil, map[string]string{"too long": strings.Repeat("長", 6<<20)})
}

// TestMoreThanADocumentHolds is the one limit that the embedded store has not.
func TestMoreThanADocumentHolds(t *testing.T) {
	engine.Address(t)
	s := open(t, engine.Database(t))
	for _, size := range []int{16<<20 - 50, 17 << 20, 49 << 20} {
		large := make([]byte, size)
		if err := s.KeepText(t.Context(), "d", large); !fault.Is(err, fault.Invalid) {
			t.Errorf("a text of %d bytes: %v, want invalid", size, err)
		}
		if _, err := s.KeptText(t.Context(), "d"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a text of %d bytes: %v, want not found", size, err)
		}
		if err := s.AppendEntries(t.Context(), []evidence.Entry{{Key: "k", Record: large}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an entry of %d bytes: %v, want invalid", size, err)
		}
	}
	if n, err := s.LogSize(t.Context()); n != 0 || err != nil {
		t.Error(n, err)
	}
	check(t, s.KeepText(t.Context(), "d", make([]byte, 4<<20))) // more is slow through the socket of the engine for tests
}
