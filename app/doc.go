// Package app owns the composition: it puts the parts together into the one
// program that the command, the tests and the load tool all boot.
package app
