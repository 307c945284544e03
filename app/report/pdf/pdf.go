package pdf

import (
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/signintech/gopdf"

	"kokoroe/app/report/qr"
)

// Sheet is what a PDF says, in words. The first page is complete in itself;
// what does not fit there, and the appendices, follow on pages of their own.
type Sheet struct {
	Language     string    // BCP 47, of the words
	Title        string    // of the document; also its heading
	Over         string    // above the heading: whose it is
	Lead         string    // below it
	Link         string    // an address, as a QR code in the corner of the first page; "" is none
	LinkLabel    string    // below the code
	At           time.Time // the document's date in its information
	Sections     []Section // of the first page
	Appendices   []Section // each begins a page
	Foot         string    // at the foot of every page
	Page         func(page, of int) string
	Lacking      func(list string) string // says which characters the font lacks
	LackingTitle string
}

// Section is a part with a heading.
type Section struct {
	Heading string
	Rows    []Row
	Lines   []string // paragraphs
	Framed  bool     // a line at the left tells the words of others from ours
	// Later is said instead of Lines when these do not fit on the first page:
	// they are an appendix then. "" for a section that cannot move.
	Later string
}

// Row is a fact: what it is and what it says.
type Row struct {
	Term  string
	Lines []string
}

// Writer writes PDFs. Several goroutines may use one.
type Writer struct {
	load func() (*fonts, error)
}

// fonts are both weights, read once.
type fonts struct {
	regular, bold *face
	container     gopdf.FontContainer
}

// New returns a Writer with the fonts in a folder: BIZUDPGothic-Regular.ttf and
// BIZUDPGothic-Bold.ttf. They are read when the first sheet is written, as they
// are large and many an installation never prints; that they are there is
// checked now.
func New(folder fs.FS) (*Writer, error) {
	for _, f := range faces {
		if _, err := fs.Stat(folder, f.file); err != nil {
			return nil, fmt.Errorf("font: %w", err)
		}
	}
	return &Writer{load: sync.OnceValues(func() (*fonts, error) { return readFonts(folder) })}, nil
}

func readFonts(folder fs.FS) (*fonts, error) {
	t := &fonts{}
	for i, to := range []**face{&t.regular, &t.bold} {
		f, err := readFace(folder, faces[i].file, faces[i].family)
		if err != nil {
			return nil, err
		}
		option := gopdf.TtfOption{OnGlyphNotFoundSubstitute: func(rune) rune { return Geta }}
		if err := t.container.AddTTFFontDataWithOption(f.family, f.data, option); err != nil {
			return nil, fmt.Errorf("font %s: %w", f.family, err)
		}
		*to = f
	}
	return t, nil
}

// Write returns the sheet as a PDF. It fails when a font cannot be read and for
// a link that fits no QR code.
func (w *Writer) Write(s Sheet) ([]byte, error) {
	t, err := w.load()
	if err != nil {
		return nil, err
	}
	var code *qr.Code
	if s.Link != "" {
		c, err := qr.Encode(s.Link)
		if err != nil {
			return nil, err
		}
		code = &c
	}
	pages := compose(t, s)
	return draw(t, s, code, pages)
}
