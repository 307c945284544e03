// Command faults owns the proof that evidence survives: it kills the program,
// fills its disk, breaks its store, its clock and its backups, tampers with rows
// and receipts, and looks each time whether anything that was acknowledged is
// lost or doubled, whether every receipt verifies, and whether every tampering
// is found.
//
//	go run ./tests/faults
//	go run ./tests/faults -cycles 1000
//	go run ./tests/faults -only kill -seed 7 -cycle 12
//	go run ./tests/mongodb go run ./tests/faults
//
// Beside MongoDB's own engine, as in the last line, it also breaks the wire to
// that. It prints a table for the release notes. The last line is for scripts. A
// short run of the same is part of go test.
package main
