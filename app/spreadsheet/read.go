package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"

	"kokoroe/app/fault"
)

// Read reads the table in data: XLSX, or CSV in UTF-8 or CP932, told apart by
// the bytes. The name serves only to explain what an unreadable file is.
//
// Every error is Invalid and says what to do; where one cell is to blame, the
// error has a field "line:column".
func Read(name string, data []byte) (Table, error) {
	if len(data) > MaxBytes {
		return Table{}, fault.New(fault.Invalid, "spreadsheet.too_large", fault.Args{"Megabytes": MaxBytes >> 20})
	}
	var t Table
	var err error
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		t, err = readXLSX(data)
	case isOther(name, data):
		err = fault.New(fault.Invalid, "spreadsheet.kind", nil)
	default:
		t, err = readCSV(data)
	}
	if err != nil {
		return Table{}, err
	}
	if t.Columns == nil {
		return Table{}, fault.New(fault.Invalid, "spreadsheet.empty", nil)
	}
	return t, nil
}

// isOther recognises files that are no table we read: the old Excel format
// and Excel files with a password (both OLE), UTF-16, and other binaries.
func isOther(name string, data []byte) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".xlsx", ".xlsm", ".xls", ".pdf", ".ods":
		return true // it would have begun as a ZIP file if we could read it
	}
	return bytes.IndexByte(data, 0) >= 0
}

func readCSV(data []byte) (Table, error) {
	text, err := decode(data)
	if err != nil {
		return Table{}, err
	}
	delimiter := delimiterOf(text)
	if err := checkShape(text, delimiter); err != nil {
		return Table{}, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = rune(delimiter)
	r.FieldsPerRecord = -1 // rows may be ragged: Excel drops what is empty
	r.ReuseRecord = true
	var t Table
	var used budget
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return Table{}, quoteFault(text, delimiter, err)
		}
		if err := used.spend(record); err != nil {
			return Table{}, err
		}
		line, _ := r.FieldPos(0)
		if err := t.add(line, record); err != nil {
			return Table{}, err
		}
	}
}

// delimiterOf is the comma, unless the first line has tabs and no comma: that
// is what Excel's "text" format and copying from a sheet give.
func delimiterOf(text string) byte {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	if strings.Contains(first, "\t") && !strings.Contains(first, ",") {
		return '\t'
	}
	return ','
}

// decode returns the text of a CSV file.
func decode(data []byte) (string, error) {
	body, marked := bytes.CutPrefix(data, []byte("\uFEFF"))
	if utf8.Valid(body) {
		return string(body), nil
	}
	if marked || looksLikeUTF8(body) {
		text := string(body)
		return "", encodingFault(text, firstInvalid(text), "UTF-8")
	}
	decoded, err := japanese.ShiftJIS.NewDecoder().Bytes(body)
	if err != nil {
		return "", encodingFault("", 0, "CP932")
	}
	text := string(decoded)
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		return "", encodingFault(text, i, "CP932")
	}
	return text, nil
}

// looksLikeUTF8 says which encoding a broken file was meant to be in: in
// CP932 hardly any two bytes make a character of UTF-8.
func looksLikeUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		b = b[size:]
	}
	return good > bad
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

// place is a line and a column, both from 1.
type place struct{ line, column int }

func (p place) field(messageID string, args fault.Args) *fault.Error {
	if args == nil {
		args = fault.Args{}
	}
	args["Line"], args["Column"] = p.line, p.column
	e := fault.New(fault.Invalid, messageID, args)
	e.Fields = []fault.Field{{Name: fmt.Sprintf("%d:%d", p.line, p.column), MessageID: messageID, Args: args}}
	return e
}

// shape is what a walk over a text knows at its end.
type shape struct {
	at       place
	inQuotes bool
	opened   place // where the last quoted cell began
	tooWide  int   // line of the first row with too many columns; 0: none
}

// walk goes through the first end bytes of text. It looks at bytes: no
// delimiter or quote is part of another character in UTF-8.
func walk(text string, delimiter byte, end int) shape {
	s := shape{at: place{1, 1}}
	row, cellBegins := 1, true
	for i := 0; i < end; i++ {
		c := text[i]
		switch {
		case s.inQuotes && c == '"':
			if i+1 < len(text) && text[i+1] == '"' {
				i++
			} else {
				s.inQuotes = false
			}
		case s.inQuotes:
			if c == '\n' {
				s.at.line++
			}
		case c == '"' && cellBegins:
			s.inQuotes, s.opened, cellBegins = true, s.at, false
		case c == delimiter:
			s.at.column++
			cellBegins = true
			if s.at.column > MaxColumns && s.tooWide == 0 {
				s.tooWide = row
			}
		case c == '\n':
			s.at = place{s.at.line + 1, 1}
			row, cellBegins = s.at.line, true
		default:
			cellBegins = false
		}
	}
	return s
}

// checkShape refuses what would cost memory to parse or hide rows: a line of
// a million commas, and a quote that swallows the rest of the file.
func checkShape(text string, delimiter byte) error {
	s := walk(text, delimiter, len(text))
	if s.tooWide > 0 {
		return tooManyColumns(s.tooWide)
	}
	if s.inQuotes {
		return s.opened.field("spreadsheet.quote", nil)
	}
	return nil
}

func encodingFault(text string, offset int, encoding string) error {
	at := walk(text, delimiterOf(text), min(offset, len(text))).at
	return at.field("spreadsheet.encoding", fault.Args{"Encoding": encoding})
}

func quoteFault(text string, delimiter byte, err error) error {
	pe, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return fault.Wrap(err, fault.Invalid, "spreadsheet.broken")
	}
	at := place{line: pe.StartLine, column: 1}
	if lines := strings.SplitN(text, "\n", pe.Line+1); pe.Line <= len(lines) {
		last := lines[pe.Line-1]
		at = place{pe.Line, walk(last, delimiter, min(max(pe.Column-1, 0), len(last))).at.column}
	}
	return at.field("spreadsheet.quote", nil)
}

func tooManyColumns(line int) error {
	return fault.New(fault.Invalid, "spreadsheet.columns_too_many", fault.Args{"Line": line, "Limit": MaxColumns})
}

func tooManyRows() error {
	return fault.New(fault.Invalid, "spreadsheet.rows_too_many", fault.Args{"Limit": MaxRows})
}
