// Package qr owns QR codes (ISO/IEC 18004): what a telephone reads from a
// receipt on paper or screen. It knows squares; pages and paper draw them.
package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Quiet is how many modules around the code must stay white (ISO/IEC 18004,
// 6.3.8).
const Quiet = 4

// Code is a square of black and white modules.
type Code struct{ code *qr.Code }

// Encode returns the code of text, with error correction level M: a fold or a
// stain on 15 % of it does no harm. It fails for a text that fits no code, over
// 2,331 bytes.
func Encode(text string) (Code, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("QR code of %d bytes: %w", len(text), err)
	}
	return Code{code}, nil
}

// Size is the number of modules along a side, without the quiet zone.
func (c Code) Size() int { return c.code.Size }

// Run is a row's stretch of black modules, in modules from the upper left.
type Run struct{ X, Y, Length int }

// Runs are all black modules, row by row. Drawn as runs, neighbours have no
// seam that a printer could show.
func (c Code) Runs() []Run {
	var runs []Run
	for y := range c.Size() {
		for x := 0; x < c.Size(); x++ {
			from := x
			for x < c.Size() && c.code.Black(x, y) {
				x++
			}
			if x > from {
				runs = append(runs, Run{X: from, Y: y, Length: x - from})
			}
		}
	}
	return runs
}

// Side is the width and height of Path's drawing, in modules.
func (c Code) Side() int { return c.Size() + 2*Quiet }

// Path draws the black modules as the data of an SVG path, in a square of Side
// by Side that has the quiet zone around it.
func (c Code) Path() string {
	var b strings.Builder
	for _, r := range c.Runs() {
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", r.X+Quiet, r.Y+Quiet, r.Length, r.Length)
	}
	return b.String()
}
