package learning

import (
	"context"
	"time"
)

// OwnWriteFor is how long an instance may answer from what it has written
// itself, to the browser that had it written: so old at most is what it shows of
// what the same person does elsewhere meanwhile. What is written next is always
// checked against the store.
const OwnWriteFor = time.Second

type ownWriteKey struct{}

// AfterOwnWrite marks a request that follows a submission from the same browser,
// through this instance, by less than OwnWriteFor: nearly every page of a course
// is the answer to one.
func AfterOwnWrite(ctx context.Context) context.Context {
	return context.WithValue(ctx, ownWriteKey{}, true)
}

// FollowsOwnWrite reports whether ctx was marked. A store that keeps in memory
// what it has written in the last OwnWriteFor need not look again then.
func FollowsOwnWrite(ctx context.Context) bool { return ctx.Value(ownWriteKey{}) != nil }
