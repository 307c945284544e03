// Package locales owns the words of the program, one file an area and language.
package locales

import "embed"

// FS holds the catalogue: <area>.<language>.yaml.
//
//go:embed *.yaml
var FS embed.FS
