// Package job owns what runs by itself once a day: which jobs there are, when
// each was due, which instance runs it, and what came of it.
//
// Every run has its row in the store before it begins. That row is the claim:
// of several instances one gets it, and keeps it by renewing its lease. Whose
// lease has run out is replaced, and what it still does then is broken off. A
// run that was missed, because nothing was running at that hour, is caught up
// once.
//
// Who was paused and wakes up finds out a moment later that its run is somebody
// else's. For that moment two are at work, so a job is one that does no harm when
// it is done twice at once: it reads, or erases what an idempotency key says was
// erased. What it would report is not kept: a run ends once.
package job
