package pdf

import (
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/signintech/gopdf"
)

// Geta stands where the font has no glyph, as printers have done since lead
// type was turned upside down for it.
const Geta = '〓'

// face is one weight of the font.
type face struct {
	family string
	data   []byte
	font   gopdf.SubsetFontObj // only read: tells glyphs and widths
}

// The files in the folder of fonts, and what the PDF calls them.
var faces = [...]struct{ file, family string }{
	{"BIZUDPGothic-Regular.ttf", "BIZUDPGothic-Regular"},
	{"BIZUDPGothic-Bold.ttf", "BIZUDPGothic-Bold"},
}

func readFace(folder fs.FS, file, family string) (*face, error) {
	data, err := fs.ReadFile(folder, file)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	f := &face{family: family, data: data}
	if err := f.font.SetTTFData(data); err != nil {
		return nil, fmt.Errorf("font %s: %w", file, err)
	}
	if _, ok := f.glyph(Geta); !ok {
		return nil, fmt.Errorf("font %s has no %c", file, Geta)
	}
	return f, nil
}

// glyph returns the number of the character's glyph, and false when the font
// has none: the library itself would draw an empty box, or a space.
func (f *face) glyph(r rune) (uint, bool) {
	g, err := f.font.CharCodeToGlyphIndex(r)
	return g, err == nil && g != 0
}

// width is the character's advance at a size, in points. The library rounds to
// a thousandth of the size, and so is what readers of the file see.
func (f *face) width(r rune, size float64) float64 {
	g, ok := f.glyph(r)
	if !ok {
		return 0
	}
	return float64(f.font.GlyphIndexToPdfWidth(g)) * size / 1000
}

// drawn returns what is drawn for text: a geta for every character that the
// font lacks, nothing for those that have no look of their own, spaces for a
// tab. lack is told of each that is not drawn as it is.
func (f *face) drawn(text string, lack func(rune)) string {
	var b strings.Builder
	for _, r := range text {
		switch _, ok := f.glyph(r); {
		case r == '\t':
			b.WriteString("    ")
		case ok && !unicode.IsControl(r):
			b.WriteRune(r)
		case isInvisible(r):
			lack(r)
		default:
			lack(r)
			b.WriteRune(Geta)
		}
	}
	return b.String()
}

// isInvisible reports whether a character only says how its neighbours look.
func isInvisible(r rune) bool {
	return unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Cf, r)
}
