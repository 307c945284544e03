package notify

import (
	"context"
	"strings"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// Store is what the outbox needs kept.
type Store interface {
	// EnqueueMessages keeps new messages. One whose key is there already is left
	// as it is: that is no error. When it fails, some may have been kept; the same
	// call again keeps the rest.
	EnqueueMessages(ctx context.Context, messages []Message) error

	// ClaimMessage gives the waiting message that is due at now for the longest
	// time (the smallest NextAt, then the smallest Key) to holder until the time
	// given: its Holder and NextAt become these, and Attempts grows by one. Of
	// many claims at once each gets another message. NotFound when none is due.
	ClaimMessage(ctx context.Context, holder string, now, until time.Time) (Message, error)

	// SettleMessage ends holder's claim. Conflict when holder has none on the
	// message: it ran out, and somebody else has claimed or settled it.
	SettleMessage(ctx context.Context, key, holder string, s Settlement) error

	// FindMessages returns the messages that match, newest first: by At, then by
	// Key, both descending.
	FindMessages(ctx context.Context, q MessageQuery) ([]Message, error)

	// ListMessages returns the messages of a range that match, in the order of the
	// bytes of their keys.
	ListMessages(ctx context.Context, r MessageRange) ([]Message, error)

	// Messages returns those of the messages with these keys that there are, in
	// the order of the bytes of their keys. Invalid for more than MostKeys.
	Messages(ctx context.Context, keys []string) ([]Message, error)

	// CountRange counts the messages whose keys begin with the prefix, by state
	// and reason: sorted by both, and nothing for what there is none of. The prefix
	// is as MessageRange has it.
	CountRange(ctx context.Context, prefix string) ([]MessageCount, error)

	// CountMessages returns how many messages are in the state.
	CountMessages(ctx context.Context, state State) (int64, error)

	// OldestMessage returns the message in the state with the smallest At, then
	// Key. NotFound.
	OldestMessage(ctx context.Context, state State) (Message, error)

	// DeleteMessages removes the messages with these keys; one that is not there
	// is no error. It is for erasure: a message ties a person to a record. A claim
	// on a message that is gone cannot be settled.
	DeleteMessages(ctx context.Context, keys []string) error

	// ExpireMessages removes the messages that are sent, refused or withheld and
	// were put in before an instant, and returns how many they were.
	ExpireMessages(ctx context.Context, before time.Time) (int64, error)

	// Position returns how far a reader of the evidence log has come: the first
	// sequence that it has not read. It keeps first for a reader that is new.
	Position(ctx context.Context, reader string, first int64) (int64, error)

	// AdvancePosition moves a reader on. It never goes back: a smaller number
	// changes nothing. NotFound for a reader without a position.
	AdvancePosition(ctx context.Context, reader string, to int64) error
}

// MessageQuery selects messages by person or by state; one of the two, or
// both.
type MessageQuery struct {
	Person directory.PersonID
	State  State
	Topic  string // of a person's messages, those whose keys begin with it and a slash; empty: all
	Limit  int    // at most; 0 means 100, never more than 1,000
}

// MostKeys is how many messages are asked for by their keys at once.
const MostKeys = 1000

// MessageRange selects messages by what their keys begin with, as a round's do.
type MessageRange struct {
	Prefix string // ends with a slash
	After  string // behind this key; empty: from the first on
	State  State  // in this state alone; empty: in any
	Reason Reason // withheld for this reason alone; empty: for any or none
	Limit  int    // at most; 0 means 100, never more than 1,000
}

// MessageCount is how many messages of a range are in a state, for a reason.
type MessageCount struct {
	State  State
	Reason Reason
	N      int64
}

// Keys returns the keys between which the keys lie that begin with the prefix
// and are no more than it; Invalid for a prefix that does not end with a slash.
func Keys(prefix string) (above, below string, err error) {
	stem, ok := strings.CutSuffix(prefix, "/")
	if !ok {
		return "", "", fault.New(fault.Invalid, "error.invalid", nil)
	}
	return prefix, stem + string(rune('/'+1)), nil
}

// Keys returns the keys between which those of the range lie.
func (r MessageRange) Keys() (above, below string, err error) {
	above, below, err = Keys(r.Prefix)
	return max(above, r.After), below, err
}
