package notify

import (
	"context"
	"time"

	"kokoroe/app/fault"
)

// Summary is how the mail stands, for whoever looks after it.
type Summary struct {
	Waiting, Sent, Refused, Withheld int64     // messages in each state, since the beginning
	WaitingSince                     time.Time // when the oldest that waits was put in; zero when none waits
	Trouble                          string    // what the server last answered to this instance, while it takes no mail; empty when all is well
	TriedAgainAt                     time.Time // when it is tried again; zero when all is well
}

// Summary counts the messages. Unavailable when the store does not answer.
func (o *Outbox) Summary(ctx context.Context) (Summary, error) {
	var s Summary
	for state, to := range map[State]*int64{Waiting: &s.Waiting, Sent: &s.Sent, Refused: &s.Refused, Withheld: &s.Withheld} {
		n, err := o.c.Store.CountMessages(ctx, state)
		if err != nil {
			return Summary{}, err
		}
		*to = n
	}
	switch oldest, err := o.c.Store.OldestMessage(ctx, Waiting); {
	case err == nil:
		s.WaitingSince = oldest.At
	case !fault.Is(err, fault.NotFound):
		return Summary{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pause > 0 {
		s.Trouble, s.TriedAgainAt = o.trouble, o.until
	}
	return s, nil
}
