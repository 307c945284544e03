// Package evidence owns the append-only log: records, the Merkle tree over
// them, checkpoints, receipts, and their verification. It knows bytes and
// kinds of records; it does not know what a policy or a course is.
//
// The append is the commit point of the whole program: what is not in the log
// has not happened, and what is in the log cannot be made not to have happened.
package evidence
