// Package identity owns who is at the other end: sign-in through OpenID
// Connect providers, sessions, roles, and the permission table.
//
// A person is known by (issuer, subject), linked once to the roster by number.
// Sessions are kept by the hash of their token, so that what is stored opens
// nothing; every check is made on every request, on any instance.
package identity
