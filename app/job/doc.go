// Package job owns what runs by itself at night: which jobs there are, when
// each was due, which instance runs it, and what came of it.
//
// Every run has its row in the store before it begins. That row is the claim:
// of several instances one gets it, and keeps it by renewing its lease. Whose
// lease has run out is replaced, and what it still does then is broken off. A
// run that was missed, because nothing was running at that hour, is caught up
// once.
package job
