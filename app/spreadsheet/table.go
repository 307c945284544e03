package spreadsheet

import (
	"iter"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// The limits of a file that is read.
const (
	MaxBytes   = 32 << 20
	MaxColumns = 200
	MaxRows    = 200_000
)

// Table is a header and the rows below it.
type Table struct {
	Columns []Column
	Line    int // of the header in the file that was read
	Rows    []Row
}

// Source is a table whose rows are made while they are written, so that nobody
// holds all of them. An error ends it, and what was written of it is no table.
type Source struct {
	Columns []Column
	Rows    iter.Seq2[Row, error] // may be asked for more than once
}

// Source returns the table as a source.
func (t Table) Source() Source {
	return Source{Columns: t.Columns, Rows: func(yield func(Row, error) bool) {
		for _, row := range t.Rows {
			if !yield(row, nil) {
				return
			}
		}
	}}
}

// Column is one column of a table.
type Column struct {
	Name string
	// Number says that cells which look like a decimal number are written as
	// numbers. Everything else, such as 職員番号, is text.
	Number bool
}

// Row is one row. Line is its place in the file that was read, counted from 1
// as a text editor or Excel does.
type Row struct {
	Line  int
	Cells []string
}

// Cell returns the cell in column, counted from 0; a row may be shorter than
// the header.
func (r Row) Cell(column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

// Columns returns text columns with these names.
func Columns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}

// HeaderKey returns the form of a column's name that names are compared in:
// full-width kana, half-width letters in lower case, no blanks.
func HeaderKey(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(name)), ""))
}

// trim removes blanks from both ends, the full-width one and the byte order
// mark of a pasted text among them.
func trim(s string) string {
	for {
		t := strings.Trim(strings.TrimSpace(s), "\uFEFF\u200B")
		if t == s {
			return t
		}
		s = t
	}
}

// tidy returns the cells trimmed, without the empty ones at the end.
func tidy(cells []string) []string {
	n := len(cells)
	for n > 0 && trim(cells[n-1]) == "" {
		n--
	}
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = trim(cells[i])
	}
	return out
}

// add appends a row that was read; the first that is not blank is the header.
func (t *Table) add(line int, raw []string) error {
	cells := tidy(raw)
	switch {
	case cells == nil:
		return nil
	case len(cells) > MaxColumns:
		return tooManyColumns(line)
	case t.Columns == nil:
		t.Line = line
		for i, name := range cells {
			cells[i] = norm.NFKC.String(name)
		}
		t.Columns = Columns(cells...)
		return nil
	case len(t.Rows) == MaxRows:
		return tooManyRows()
	}
	t.Rows = append(t.Rows, Row{Line: line, Cells: cells})
	return nil
}
