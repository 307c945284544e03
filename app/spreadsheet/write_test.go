package spreadsheet_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
)

func sample() spreadsheet.Table {
	return spreadsheet.Table{
		Columns: []spreadsheet.Column{{Name: "職員番号"}, {Name: "氏名"}, {Name: "件数", Number: true}},
		Rows: []spreadsheet.Row{
			{Cells: []string{"000123", "見本, \"花子\"", "12"}},
			{Cells: []string{"W0001", "Nguyễn 〜−—𠮷", "-3.5"}},
			{Cells: []string{"3"}},
		},
	}
}

func TestWriteCSV(t *testing.T) {
	var b bytes.Buffer
	n, err := spreadsheet.WriteCSV(&b, sample(), spreadsheet.UTF8)
	if err != nil || n != 0 {
		t.Fatal(n, err)
	}
	want := "\uFEFF職員番号,氏名,件数\r\n000123,\"見本, \"\"花子\"\"\",12\r\nW0001,Nguyễn 〜−—𠮷,-3.5\r\n3,,\r\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestWriteCSVInCP932(t *testing.T) {
	tests := map[string]struct {
		cell, want string
		replaced   int
	}{
		"plain":              {"見本 花子", "見本 花子", 0},
		"mapped":             {"10〜20−5—終‖¥", "10～20－5―終∥￥", 0},
		"beyond":             {"Nguyễn 𠮷野", "Nguy〓n 〓野", 2},
		"Portuguese":         {"Conceição", "Concei〓〓o", 2},
		"decomposed":         {"か\u3099き", "がき", 0},
		"variation selector": {"葛\U000E0100城", "葛城", 1},
		"minus at the start": {"−5", "'－5", 0},
		"IBM extensions":     {"髙﨑①", "髙﨑①", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			table := spreadsheet.Table{Columns: spreadsheet.Columns("氏名"), Rows: []spreadsheet.Row{{Cells: []string{tt.cell}}}}
			n, err := spreadsheet.WriteCSV(&b, table, spreadsheet.CP932)
			if err != nil {
				t.Fatal(err)
			}
			text, err := japanese.ShiftJIS.NewDecoder().String(b.String())
			if err != nil {
				t.Fatal(err)
			}
			if want := "氏名\r\n" + tt.want + "\r\n"; text != want || n != tt.replaced {
				t.Errorf("got %q, %d replaced; want %q, %d", text, n, want, tt.replaced)
			}
		})
	}
}

func TestFormulasAreNeutral(t *testing.T) {
	for _, cell := range []string{
		"=1+1", "+81 53", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", `=HYPERLINK("http://x.example","見る")`,
	} {
		table := spreadsheet.Table{Columns: spreadsheet.Columns(cell), Rows: []spreadsheet.Row{{Cells: []string{cell}}}}
		var b bytes.Buffer
		if _, err := spreadsheet.WriteCSV(&b, table, spreadsheet.UTF8); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimPrefix(strings.TrimSpace(b.String()), "\uFEFF"), "\r\n") {
			if !strings.HasPrefix(strings.TrimPrefix(line, `"`), "'") {
				t.Errorf("%q is written as %q", cell, line)
			}
		}
		b.Reset()
		if err := spreadsheet.WriteXLSX(&b, "s", table); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		formula, err := f.GetCellFormula("s", "A2")
		kind, kindErr := f.GetCellType("s", "A2")
		if err := errors.Join(err, kindErr); err != nil || formula != "" || kind == excelize.CellTypeNumber || kind == excelize.CellTypeFormula {
			t.Errorf("%q in XLSX: formula %q, type %v, %v", cell, formula, kind, err)
		}
	}
}

func TestNumberColumnHoldsOnlyNumbers(t *testing.T) {
	table := spreadsheet.Table{Columns: []spreadsheet.Column{{Name: "n", Number: true}}}
	for _, cell := range []string{"-1", "-1+1", "007", "1e5", "=1"} {
		table.Rows = append(table.Rows, spreadsheet.Row{Cells: []string{cell}})
	}
	var b bytes.Buffer
	if _, err := spreadsheet.WriteCSV(&b, table, spreadsheet.UTF8); err != nil {
		t.Fatal(err)
	}
	if want := "\uFEFFn\r\n-1\r\n'-1+1\r\n007\r\n1e5\r\n'=1\r\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestWriteXLSX(t *testing.T) {
	var b bytes.Buffer
	if err := spreadsheet.WriteXLSX(&b, "名簿", sample()); err != nil {
		t.Fatal(err)
	}
	back, err := spreadsheet.Read("x.xlsx", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1:職員番号|氏名|件数", "2:000123|見本, \"花子\"|12", "3:W0001|Nguyễn 〜−—𠮷|-3.5", "4:3"}
	if d := cmp.Diff(want, flat(back)); d != "" {
		t.Error(d)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeInlineString, "C2": excelize.CellTypeUnset} {
		if got, err := f.GetCellType("名簿", cell); err != nil || got != want {
			t.Errorf("type of %s = %v, %v; want %v", cell, got, err, want)
		}
	}
	panes, err := f.GetPanes("名簿")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes = %+v, %v", panes, err)
	}
	if width, err := f.GetColWidth("名簿", "B"); err != nil || width < 15 {
		t.Errorf("width = %v, %v", width, err)
	}
	if part, _ := f.Pkg.Load("xl/worksheets/sheet1.xml"); !bytes.Contains(part.([]byte), []byte(`<cols><col min="1"`)) {
		t.Error("the columns are not in order")
	}
	if names := f.GetDefinedName(); len(names) != 1 || !strings.Contains(names[0].RefersTo, "$A$1:$C$4") {
		t.Errorf("filter = %+v", names)
	}
}

func TestRoundTripOfCSV(t *testing.T) {
	table := sample()
	table.Rows[1].Cells[1] = "髙塚 ～－"
	for _, e := range []spreadsheet.Encoding{spreadsheet.UTF8, spreadsheet.CP932} {
		var b bytes.Buffer
		if _, err := spreadsheet.WriteCSV(&b, table, e); err != nil {
			t.Fatal(err)
		}
		back, err := spreadsheet.Read("x.csv", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"1:職員番号|氏名|件数", "2:000123|見本, \"花子\"|12", "3:W0001|髙塚 ～－|-3.5", "4:3"}
		if d := cmp.Diff(want, flat(back)); d != "" {
			t.Error(d)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrorsSurface(t *testing.T) {
	for _, e := range []spreadsheet.Encoding{spreadsheet.UTF8, spreadsheet.CP932} {
		if _, err := spreadsheet.WriteCSV(fullDisk{}, sample(), e); err == nil {
			t.Error("no error from a full disk")
		}
	}
	if err := spreadsheet.WriteXLSX(fullDisk{}, "s", sample()); err == nil {
		t.Error("no error from a full disk")
	}
}

// A prefecture's roster goes out and comes back whole.
func TestLargeTable(t *testing.T) {
	table := spreadsheet.Table{Columns: spreadsheet.Columns("番号", "氏名", "カナ", "メール", "所属", "採用日")}
	for range 20_000 {
		table.Rows = append(table.Rows, spreadsheet.Row{Cells: []string{"000123", "見本　花子", "ミホン　ハナコ", "s@city.example", "総務部/人事課", "2026-04-01"}})
	}
	start := time.Now()
	var b bytes.Buffer
	if err := spreadsheet.WriteXLSX(&b, "s", table); err != nil {
		t.Fatal(err)
	}
	back, err := spreadsheet.Read("x.xlsx", b.Bytes())
	if err != nil || len(back.Rows) != len(table.Rows) {
		t.Fatal(len(back.Rows), err)
	}
	t.Logf("20,000 rows written and read in %v", time.Since(start))
}

// broken is a source that ends with an error in the middle.
func broken(rows int) spreadsheet.Source {
	return spreadsheet.Source{Columns: spreadsheet.Columns("職員番号"), Rows: func(yield func(spreadsheet.Row, error) bool) {
		for range rows {
			if !yield(spreadsheet.Row{Cells: []string{"000123"}}, nil) {
				return
			}
		}
		yield(spreadsheet.Row{}, errBroken)
	}}
}

var errBroken = errors.New("the store is gone")

func TestASourceThatBreaksIsNoTable(t *testing.T) {
	for _, rows := range []int{0, 1, 250} { // before, within and behind the rows that are measured
		if _, err := broken(rows).WriteCSV(io.Discard, spreadsheet.CP932); !errors.Is(err, errBroken) {
			t.Errorf("CSV behind %d rows: %v", rows, err)
		}
		if err := broken(rows).WriteXLSX(io.Discard, "x"); !errors.Is(err, errBroken) {
			t.Errorf("XLSX behind %d rows: %v", rows, err)
		}
	}
}

// firstWrite is a writer that takes nothing, as a reader who has gone.
type firstWrite struct{}

func (firstWrite) Write([]byte) (int, error) { return 0, errBroken }

// A reader who has gone ends the reading of rows, too.
func TestAWriterThatBreaksEndsTheRows(t *testing.T) {
	asked := 0
	endless := spreadsheet.Source{Columns: spreadsheet.Columns("職員番号"), Rows: func(yield func(spreadsheet.Row, error) bool) {
		for asked = 0; asked < 1_000_000; asked++ {
			if !yield(spreadsheet.Row{Cells: []string{"000123"}}, nil) {
				return
			}
		}
	}}
	if _, err := endless.WriteCSV(firstWrite{}, spreadsheet.UTF8); err == nil || asked > 10_000 {
		t.Errorf("%d rows were asked for, %v", asked, err)
	}
}

func TestASheetIsFull(t *testing.T) {
	endless := spreadsheet.Source{Columns: spreadsheet.Columns("職員番号"), Rows: func(yield func(spreadsheet.Row, error) bool) {
		for yield(spreadsheet.Row{}, nil) {
		}
	}}
	var file bytes.Buffer
	err := endless.WriteXLSX(&file, "x")
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.MessageID != "spreadsheet.sheet_full" || file.Len() > 0 {
		t.Errorf("%v, %d bytes", err, file.Len())
	}
}
