// Package sqlite owns the embedded database: one file, one writer with group
// commit, a pool of readers.
//
// Every write waits in one queue. The writer takes all that wait, runs them in
// one transaction and answers them after its one sync to the disk; while that
// sync runs, the next batch gathers by itself, so that nothing is delayed on
// purpose and the busier the afternoon, the cheaper each write. An operation
// that fails is undone alone.
//
// Nothing else may open and close the database file in this process: POSIX
// locks belong to the process, and the first close would drop them all. A copy
// is made by Backup.
package sqlite
