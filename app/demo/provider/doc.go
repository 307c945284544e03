// Package provider owns the demonstration's OpenID provider: it signs in any
// sample person at the press of a button, without a password, and therefore
// listens on loopback only.
package provider
