package notify_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/notify"
)

// memory is a Store in memory that keeps the rules of the interface.
type memory struct {
	mu       sync.Mutex
	messages map[string]notify.Message

	// trouble, when set, may answer for the store, by the name of the call.
	trouble func(call string) error
}

func newMemory() *memory { return &memory{messages: map[string]notify.Message{}} }

func (s *memory) enter(call string) (leave func(), err error) {
	s.mu.Lock()
	if s.trouble != nil {
		err = s.trouble(call)
	}
	return s.mu.Unlock, err
}

func (s *memory) EnqueueMessages(_ context.Context, messages []notify.Message) error {
	leave, err := s.enter("enqueue")
	defer leave()
	if err != nil {
		return err
	}
	for _, m := range messages {
		if _, there := s.messages[m.Key]; !there {
			s.messages[m.Key] = m
		}
	}
	return nil
}

func (s *memory) ClaimMessage(_ context.Context, holder string, now, until time.Time) (notify.Message, error) {
	leave, err := s.enter("claim")
	defer leave()
	if err != nil {
		return notify.Message{}, err
	}
	due := func(a, b notify.Message) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.Key, b.Key))
	}
	var first *notify.Message
	for _, m := range s.messages {
		if m.State == notify.Waiting && !m.NextAt.After(now) && (first == nil || due(m, *first) < 0) {
			first = &m
		}
	}
	if first == nil {
		return notify.Message{}, fault.NotFoundf("nothing is due")
	}
	first.Holder, first.NextAt = holder, until
	first.Attempts++
	s.messages[first.Key] = *first
	return *first, nil
}

func (s *memory) SettleMessage(_ context.Context, key, holder string, v notify.Settlement) error {
	leave, err := s.enter("settle")
	defer leave()
	if err != nil {
		return err
	}
	m, ok := s.messages[key]
	if !ok || m.State != notify.Waiting || m.Holder != holder || holder == "" {
		return fault.New(fault.Conflict, "error.conflict", nil)
	}
	m.State, m.Reason, m.NextAt, m.Holder = v.State, v.Reason, v.NextAt, ""
	m.Attempts, m.SettledAt, m.Answer = v.Attempts, v.SettledAt, v.Answer
	s.messages[key] = m
	return nil
}

func (s *memory) FindMessages(_ context.Context, q notify.MessageQuery) ([]notify.Message, error) {
	leave, err := s.enter("find")
	defer leave()
	var out []notify.Message
	for _, m := range s.messages {
		if (q.Person == "" || q.Person == m.Person) && (q.State == "" || q.State == m.State) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b notify.Message) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Key, a.Key)) })
	return out, err
}

func (s *memory) ListMessages(context.Context, notify.MessageRange) ([]notify.Message, error) {
	return nil, fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

func (s *memory) Messages(context.Context, []string) ([]notify.Message, error) {
	return nil, fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

func (s *memory) CountRange(context.Context, string) ([]notify.MessageCount, error) {
	return nil, fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

func (s *memory) CountMessages(ctx context.Context, state notify.State) (int64, error) {
	list, err := s.FindMessages(ctx, notify.MessageQuery{State: state})
	return int64(len(list)), err
}

func (s *memory) OldestMessage(ctx context.Context, state notify.State) (notify.Message, error) {
	list, err := s.FindMessages(ctx, notify.MessageQuery{State: state})
	if err == nil && len(list) == 0 {
		return notify.Message{}, fault.NotFoundf("no such message")
	}
	if err != nil {
		return notify.Message{}, err
	}
	return list[len(list)-1], nil
}

func (s *memory) DeleteMessages(context.Context, []string) error {
	return fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

func (s *memory) ExpireMessages(context.Context, time.Time) (int64, error) {
	return 0, fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

func (s *memory) Position(context.Context, string, int64) (int64, error) {
	return 0, fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

func (s *memory) AdvancePosition(context.Context, string, int64) error {
	return fault.New(fault.Internal, "error.internal", nil) // the outbox never asks
}

// message returns how a message stands.
func (s *memory) message(key string) notify.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages[key]
}
