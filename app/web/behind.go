package web

import (
	"net/url"
	"slices"
)

// How many rows of a register a page lists.
const (
	registerOf = 20  // as cards
	officialOf = 100 // as rows, for everybody
)

// behind returns the rows of a register that a page of at most most lists: those
// behind the key that the address names, from the first when it names none that is
// there; and where the next ones are.
func behind[T any](x *exchange, rows []T, most int, here string, key func(T) string) (page []T, next string) {
	if after := x.query("after"); after != "" {
		rows = rows[slices.IndexFunc(rows, func(row T) bool { return key(row) == after })+1:]
	}
	if len(rows) <= most {
		return rows, ""
	}
	return rows[:most], here + "?" + url.Values{"after": {key(rows[most-1])}}.Encode()
}
