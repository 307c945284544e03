// Package spreadsheet owns tables as files: it reads what Japanese Excel and
// personnel systems write (XLSX, CSV in UTF-8 or CP932) and writes what they
// open without damage.
//
// A table is text. Leading zeros stay, and nothing that is read or written
// can become a formula.
package spreadsheet
