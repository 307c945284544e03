// Package duty owns who must do what by when: requirements, the assignments
// that follow from them, and the state of each assignment.
//
// Nothing here is typed in or kept up by a nightly job. An assignment is
// derived from the roster, the registers, the requirement and the evidence log
// each time that it is asked for; its state is derived from that and from the
// day. The Ledger is the reading of the log that makes this fast.
package duty
