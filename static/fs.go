// Package static owns the files that browsers load: style, script and pictures.
package static

import "embed"

// FS holds css, js and img.
//
//go:embed css js img
var FS embed.FS
