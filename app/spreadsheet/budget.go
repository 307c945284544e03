package spreadsheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"kokoroe/app/fault"
)

// A small file can say a long text once and repeat it in every cell. These are
// the limits of what a file may become, far above any roster.
const (
	maxCells     = 4 << 20
	maxText      = 64 << 20 // bytes, in all cells together
	maxShared    = 12 << 20 // bytes of the part with the texts that cells share
	maxRepeated  = 4 << 10  // bytes of one such text
	maxAttribute = 1 << 10  // bytes, in the part with the formats of numbers
)

// budget is what a file may still use.
type budget struct{ cells, text int }

// spend counts a row as it was read.
func (b *budget) spend(cells []string) error {
	b.cells += len(cells)
	for _, cell := range cells {
		b.text += len(cell)
	}
	if b.cells > maxCells || b.text > maxText {
		return tooMuchUnpacked()
	}
	return nil
}

func tooMuchUnpacked() error {
	return fault.New(fault.Invalid, "spreadsheet.unpacked_too_large", fault.Args{"Megabytes": maxUnzipped >> 20})
}

// checkRepeated refuses long texts where cells only point to them: shared
// strings, and formats of numbers with words in them.
func checkRepeated(z *zip.Reader) error {
	for _, part := range z.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))
		if name != "xl/sharedstrings.xml" && name != "xl/styles.xml" {
			continue
		}
		if part.UncompressedSize64 > maxShared {
			return tooMuchUnpacked()
		}
		if err := checkPart(part); err != nil {
			return err
		}
	}
	return nil
}

func checkPart(part *zip.File) error {
	r, err := part.Open()
	if err != nil {
		return brokenXLSX(err)
	}
	defer func() { _ = r.Close() }() // it was only read
	d := xml.NewDecoder(io.LimitReader(r, maxShared))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // lengths are bytes
	length := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return brokenXLSX(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if x.Name.Local == "si" {
				length = 0
			}
			for _, a := range x.Attr {
				if len(a.Value) > maxAttribute {
					return tooMuchUnpacked()
				}
			}
		case xml.CharData:
			if length += len(x); length > maxRepeated {
				return tooMuchUnpacked()
			}
		case xml.EndElement:
			if x.Name.Local == "si" {
				length = 0
			}
		}
	}
}
