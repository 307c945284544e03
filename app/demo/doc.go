// Package demo owns the demonstration: a sample city, two sample OpenID
// providers, and a portal that uses both, all on loopback. The demo command
// and the tests start the same one. serve cannot.
package demo
