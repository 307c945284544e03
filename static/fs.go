// Package static owns the files that browsers load: style, script and pictures;
// and the fonts that paper is set in, which no browser gets.
package static

import "embed"

// FS holds css, fonts, js and img.
//
//go:embed css fonts js img
var FS embed.FS
