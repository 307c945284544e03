// Package static owns the files that browsers load: style, script and pictures;
// the page that verifies receipts without a network, for download; and the fonts
// that paper is set in, which no browser gets.
package static

import "embed"

// FS holds css, fonts, js, img, and verify/kokoroe-verify.html.
//
//go:embed css fonts js img verify/kokoroe-verify.html
var FS embed.FS
