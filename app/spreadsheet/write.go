package spreadsheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Encoding is how a CSV file is encoded.
type Encoding int

// The encodings that Japanese Excel opens.
const (
	UTF8  Encoding = iota // with a byte order mark, without which Excel guesses wrong
	CP932                 // for programs that know nothing else
)

// WriteCSV writes the table with CRLF line ends and returns how many
// characters the encoding lacks; 〓 stands in their place.
func WriteCSV(w io.Writer, t Table, encoding Encoding) (replaced int, err error) {
	return t.Source().WriteCSV(w, encoding)
}

// WriteCSV is WriteCSV of a table, row by row.
func (t Source) WriteCSV(w io.Writer, encoding Encoding) (replaced int, err error) {
	fit := func(s string) string { return s }
	if encoding == CP932 {
		e := cp932{known: map[rune]bool{}, fitted: map[string]fitted{}}
		defer func() { replaced = e.replaced }()
		fit = e.fit
		encoded := transform.NewWriter(w, japanese.ShiftJIS.NewEncoder())
		defer func() {
			if closeErr := encoded.Close(); err == nil {
				err = closeErr
			}
		}()
		w = encoded
	} else if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return 0, fmt.Errorf("write CSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	record := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns {
		record = append(record, neutral(fit(c.Name)))
	}
	err = out.Write(record)
	for row, rowErr := range t.Rows {
		if rowErr != nil {
			return 0, rowErr
		}
		record = record[:0]
		for i := range max(len(row.Cells), len(t.Columns)) {
			cell := fit(row.Cell(i))
			if !t.isNumber(i, cell) {
				cell = neutral(cell)
			}
			record = append(record, cell)
		}
		if err = out.Write(record); err != nil {
			break
		}
	}
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	if err != nil {
		return 0, fmt.Errorf("write CSV: %w", err)
	}
	return 0, nil
}

// number is a decimal that Excel keeps as it is: 15 digits and no leading
// zero.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$`)

func (t Source) isNumber(column int, cell string) bool {
	return column < len(t.Columns) && t.Columns[column].Number && number.MatchString(cell)
}

// neutral returns the cell with an apostrophe before anything that Excel or
// another program would run as a formula.
func neutral(cell string) string {
	r, _ := utf8.DecodeRuneInString(cell)
	switch r {
	case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '−', '＠':
		return "'" + cell
	}
	return cell
}

// lookalikes are characters that CP932 has under another code point, which is
// the one that Windows uses.
var lookalikes = map[rune]rune{
	'〜': '～', '−': '－', '—': '―', '‖': '∥', '¢': '￠', '£': '￡', '¬': '￢', '¥': '￥',
}

// geta is what Japanese typesetters put where a character is missing.
const geta = '〓'

// cp932 fits text to what CP932 can say.
type cp932 struct {
	known    map[rune]bool
	fitted   map[string]fitted // most cells of a column are alike
	replaced int
}

// maxFitted bounds what is remembered: a name is not repeated as a state is.
const maxFitted = 1 << 12

// fitted is a text as CP932 can say it, and how much of it that lost.
type fitted struct {
	text     string
	replaced int
}

func (e *cp932) fit(s string) string {
	if isASCII(s) {
		return s
	}
	if f, ok := e.fitted[s]; ok {
		e.replaced += f.replaced
		return f.text
	}
	if len(e.fitted) == maxFitted {
		clear(e.fitted)
	}
	before := e.replaced
	text := e.fitNew(s)
	e.fitted[s] = fitted{text, e.replaced - before}
	return text
}

func (e *cp932) fitNew(s string) string {
	out := make([]rune, 0, len(s)/2)
	for _, r := range norm.NFC.String(s) { // か+゛ of a Mac is が here
		if to, ok := lookalikes[r]; ok {
			r = to
		}
		switch {
		case r < utf8.RuneSelf || e.encodable(r):
		case isVariationSelector(r):
			e.replaced++ // the shape is lost, the character is not
			continue
		default:
			e.replaced++
			r = geta
		}
		out = append(out, r)
	}
	return string(out)
}

func (e *cp932) encodable(r rune) bool {
	ok, asked := e.known[r]
	if !asked {
		_, err := japanese.ShiftJIS.NewEncoder().String(string(r))
		ok = err == nil && r != utf8.RuneError
		e.known[r] = ok
	}
	return ok
}

func isVariationSelector(r rune) bool {
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
