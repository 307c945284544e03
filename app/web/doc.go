// Package web owns the HTTP edge and the pages: what a browser sends is
// decoded here, asked of a domain package, and answered as a page.
//
// web.go lists every route in one place; each feature is one file with its
// handlers and its page structs. A handler gets an exchange and returns an
// error: it never writes a status for trouble, the one error handler does.
// GET never writes to the store; every change is POST, 303, GET.
package web
