// Package fault owns the one error type of the program: what kind of trouble
// it is, what to tell the reader, and what to tell the operator.
//
// A fault carries a message ID with arguments, never a finished sentence: the
// sentence is made at the edge, in the reader's language. The wrapped cause is
// for the log and never reaches a reader.
package fault
