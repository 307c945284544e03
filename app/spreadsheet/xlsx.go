package spreadsheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"kokoroe/app/fault"
)

// The limits of an XLSX file once it is unpacked. The library needs five times
// as much memory; 20,000 people take 15 MB.
const (
	maxUnzipped = 40 << 20
	maxParts    = 2000
)

func readXLSX(data []byte) (t Table, err error) {
	if err := checkZip(data); err != nil {
		return Table{}, err
	}
	// A malformed file must cost its sender an error and nobody else anything:
	// excelize has panicked on some before.
	defer func() {
		if p := recover(); p != nil {
			t, err = Table{}, brokenXLSX(fmt.Errorf("panic: %v", p))
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit:    maxUnzipped,
		UnzipXMLSizeLimit: maxUnzipped, // a roster never goes to a temporary file
		ShortDatePattern:  "yyyy-mm-dd",
	})
	if err != nil {
		return Table{}, brokenXLSX(err)
	}
	defer func() { _ = f.Close() }() // it was in memory only
	sheet := firstVisible(f)
	rows, err := f.Rows(sheet)
	if err != nil {
		return Table{}, brokenXLSX(err)
	}
	defer func() { _ = rows.Close() }()
	var used budget
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			return Table{}, brokenXLSX(err)
		}
		if err := used.spend(cells); err != nil {
			return Table{}, err
		}
		if err := t.add(line, cells); err != nil {
			return Table{}, err
		}
	}
	if err := rows.Error(); err != nil {
		return Table{}, brokenXLSX(err)
	}
	return t, nil
}

// checkZip refuses a bomb by what the directory of the ZIP file says; that it
// does not lie is checked while unpacking.
func checkZip(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return brokenXLSX(err)
	}
	var total uint64
	for _, part := range z.File {
		total += min(part.UncompressedSize64, maxUnzipped+1)
		if total > maxUnzipped || len(z.File) > maxParts {
			return tooMuchUnpacked()
		}
	}
	return checkRepeated(z)
}

func brokenXLSX(err error) error { return fault.Wrap(err, fault.Invalid, "spreadsheet.broken") }

func firstVisible(f *excelize.File) string {
	sheets := f.GetSheetList()
	for _, sheet := range sheets {
		if visible, err := f.GetSheetVisible(sheet); err == nil && visible {
			return sheet
		}
	}
	if len(sheets) > 0 {
		return sheets[0]
	}
	return ""
}

// WriteXLSX writes the table as the one sheet of a workbook: header in bold
// and frozen, a filter on every column, text as text.
func WriteXLSX(w io.Writer, sheet string, t Table) error { return t.Source().WriteXLSX(w, sheet) }

// WriteXLSX is WriteXLSX of a table. The library keeps a large sheet in a
// temporary file until the workbook is complete. Invalid
// (spreadsheet.sheet_full) for more rows than a sheet has, which nothing is
// written of.
func (t Source) WriteXLSX(w io.Writer, sheet string) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // nothing to lose: the file is in w
	if err := fill(f, sheet, t); err != nil {
		return fmt.Errorf("write XLSX: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write XLSX: %w", err)
	}
	return nil
}

// measuredRows are the rows that the widths of the columns are guessed from.
const measuredRows = 200

func fill(f *excelize.File, sheet string, t Source) error {
	if err := f.SetSheetName(f.GetSheetName(0), sheet); err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@": a cell edited in Excel keeps its zeros
	if err != nil {
		return err
	}
	s, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	next, stop := iter.Pull2(t.Rows)
	defer stop()
	var first []Row
	for range measuredRows {
		row, err, ok := next()
		if !ok {
			break
		}
		if err != nil {
			return err
		}
		first = append(first, row)
	}
	// The stream writer puts each before the ones set earlier, and Excel wants
	// them in order.
	for i, width := range slices.Backward(widths(t.Columns, first)) {
		if err := s.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	lines, err := stream(s, t, first, next, bold, text)
	if err != nil {
		return err
	}
	if err := filter(f, sheet, len(t.Columns), lines); err != nil {
		return err
	}
	return s.Flush()
}

// filter puts a filter on every column. It is written when the stream ends, and
// so knows where that is.
func filter(f *excelize.File, sheet string, columns, lines int) error {
	if columns == 0 {
		return nil
	}
	last, err := excelize.CoordinatesToCellName(columns, lines)
	if err != nil {
		return err
	}
	return f.AutoFilter(sheet, "A1:"+last, nil)
}

// stream writes the header, the rows that were measured, and the others, and
// returns how many lines these are.
func stream(s *excelize.StreamWriter, t Source, first []Row, next func() (Row, error, bool), bold, text int) (lines int, err error) {
	cells := make([]any, 0, len(t.Columns))
	for _, c := range t.Columns {
		cells = append(cells, excelize.Cell{StyleID: bold, Value: c.Name})
	}
	if err := s.SetRow("A1", cells); err != nil {
		return 0, err
	}
	for lines = 1; ; lines++ {
		var row Row
		if n := lines - 1; n < len(first) {
			row = first[n]
		} else {
			var ok bool
			if row, err, ok = next(); !ok || err != nil {
				return lines, err
			}
		}
		if lines == excelize.TotalRows {
			return 0, fault.New(fault.Invalid, "spreadsheet.sheet_full", fault.Args{"Max": excelize.TotalRows - 1})
		}
		cells = cells[:0]
		for column, cell := range row.Cells {
			cells = append(cells, value(t, column, cell, text))
		}
		if err := s.SetRow("A"+strconv.Itoa(lines+1), cells); err != nil {
			return 0, err
		}
	}
}

func value(t Source, column int, cell string, text int) any {
	if t.isNumber(column, cell) {
		if n, err := strconv.ParseFloat(cell, 64); err == nil {
			return n
		}
	}
	if cell == "" {
		return nil
	}
	return excelize.Cell{StyleID: text, Value: cell}
}

// widths guesses how wide each column must be from the first rows; a Japanese
// character is as wide as two Latin ones.
func widths(columns []Column, rows []Row) []float64 {
	out := make([]float64, len(columns))
	measure := func(i int, s string) {
		n := 0.0
		for _, r := range s {
			n++
			if utf8.RuneLen(r) > 2 {
				n++
			}
		}
		out[i] = min(max(out[i], n+2), 60)
	}
	for i, c := range columns {
		out[i] = 8
		measure(i, c.Name+"　") // room for the filter's button
	}
	for _, row := range rows {
		for i := range min(len(row.Cells), len(out)) {
			measure(i, row.Cells[i])
		}
	}
	return out
}
