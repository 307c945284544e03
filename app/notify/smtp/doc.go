// Package smtp owns the way to the mail server: one connection a mail, by RFC
// 5321, with TLS (RFC 3207, RFC 8314) unless the server is on this machine.
package smtp
