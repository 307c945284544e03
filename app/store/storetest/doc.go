// Package storetest owns the conformance suite: what every store must do alike,
// beyond what the domains' interfaces say in words.
//
//   - Text is kept byte for byte: nothing is normalised, trimmed or folded, and
//     two strings are the same only when their bytes are. Order is byte order.
//     A NUL or bytes that are not UTF-8 are Invalid in a write, which stores
//     nothing, and match nothing in a read.
//   - Text is never an operator, a path or SQL.
//   - Times come back in UTC, cut to the millisecond (towards the past); the zero
//     time comes back as the zero time. Bounds are compared exactly: a bound
//     between two milliseconds is not rounded down.
//   - An empty list or byte string comes back nil. The one exception is
//     learning.Drawn.Answer, whose nil says "not answered".
//   - What an update returns is what the next read returns.
//   - update functions run in the caller's goroutine and may call the store.
//   - A context that is done before the call is Unavailable, wraps the context's
//     error, and nothing is stored. After Close everything is Unavailable.
package storetest
