// Package instances owns what it takes to run several processes of the program
// as one portal: the program that is built, a folder for each process, one
// provider to sign in with, and a balancer in front to whose address no session
// sticks.
package instances
