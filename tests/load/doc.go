// Command load owns the measure of speed: it starts the program in a process
// of its own with an invented city, lets many employees walk from the sign-in
// to the receipt at once, and says how long everything took and what it cost.
//
//	go run ./tests/load
//	go run ./tests/load -duration 60s -concurrency 64 -people 8000
//	go run ./tests/load -evidence
//	go run ./tests/mongodb go run ./tests/load -stores
//	go run ./tests/mongodb go run ./tests/load -growth
//
// It is no test: its figures depend on the machine, so that nothing fails but
// what answers something unexpected. The last line is for scripts.
package main
