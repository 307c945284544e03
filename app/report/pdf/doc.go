// Package pdf owns how a sheet of words becomes a PDF on A4: line breaking by
// the Japanese rules, pages, fonts, and that no character gets lost on the way.
// It does not know what a receipt is; who asks has put everything into words.
//
// The bytes depend on nothing but the sheet: there is no clock and no chance
// in them.
package pdf
