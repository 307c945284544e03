package policy

import (
	"context"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// ShownBytes returns the texts that a record says were shown, as they are kept:
// nil for one that the record does not name, and for one that is not kept any
// more, which a receipt then refuses. Unavailable when the store does not
// answer.
func (s *Service) ShownBytes(ctx context.Context, shown evidence.Shown) (text, declaration []byte, err error) {
	if text, err = s.kept(ctx, shown.Text); err != nil {
		return nil, nil, err
	}
	declaration, err = s.kept(ctx, shown.Declaration)
	return text, declaration, err
}

func (s *Service) kept(ctx context.Context, digest string) ([]byte, error) {
	if digest == "" {
		return nil, nil
	}
	published, err := s.Store.PublishedText(ctx, digest)
	if err == nil {
		return published.Text, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	text, err := s.Store.KeptText(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return text, err
}
