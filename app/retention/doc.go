// Package retention owns for how long records are kept, by kind: which ones
// have outlived their time, and their erasure. What is erased is the record and
// everything that names a person; the leaf in the log stays.
package retention
