package policy

import (
	"context"
	"time"
)

// ID names a policy for ever.
type ID string

// Publication is one language of one version, put into force. It is immutable:
// the bytes stand in the store under their digest.
type Publication struct {
	Policy      ID
	Version     int
	Language    string
	Digest      string // "sha256:" and 64 hex digits, of Text
	Text        []byte // Markdown, without front matter
	PublishedAt time.Time
}

// Store is what policy needs kept.
type Store interface {
	// Publish keeps the publication. Publishing the same bytes again changes
	// nothing; other bytes for the same policy, version and language are a
	// Conflict.
	Publish(ctx context.Context, p Publication) error

	// Publications returns everything that was ever published, by policy,
	// version and language, without Text.
	Publications(ctx context.Context) ([]Publication, error)

	// PublishedText returns the publication with these bytes. NotFound.
	PublishedText(ctx context.Context, digest string) (Publication, error)

	// KeepText keeps a text that was shown with a policy (a declaration) under
	// its digest. Keeping it again changes nothing.
	KeepText(ctx context.Context, digest string, text []byte) error

	// KeptText returns a text kept by KeepText. NotFound.
	KeptText(ctx context.Context, digest string) ([]byte, error)
}
