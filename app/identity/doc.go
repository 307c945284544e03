// Package identity owns who is at the other end: sign-in through OpenID
// Connect providers, sessions, roles, and the permission table.
package identity
