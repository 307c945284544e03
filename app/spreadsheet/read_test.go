package spreadsheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
)

// sjis returns s in CP932.
func sjis(t testing.TB, s string) []byte {
	t.Helper()
	b, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// flat is a table as its header and its rows with their lines.
func flat(t spreadsheet.Table) []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	out := []string{fmt.Sprintf("%d:%s", t.Line, strings.Join(names, "|"))}
	for _, r := range t.Rows {
		out = append(out, fmt.Sprintf("%d:%s", r.Line, strings.Join(r.Cells, "|")))
	}
	return out
}

func TestReadCSV(t *testing.T) {
	header, row := "職員番号,氏名\r\n", "000123,見本　花子\r\n"
	plain := []string{"1:職員番号|氏名", "2:000123|見本　花子"}
	tests := map[string]struct {
		data []byte
		want []string
	}{
		"UTF-8":                    {[]byte(header + row), plain},
		"UTF-8 with BOM":           {[]byte("\uFEFF" + header + row), plain},
		"CP932":                    {sjis(t, header+row), plain},
		"LF, no end of line":       {[]byte("職員番号,氏名\n000123,見本　花子"), plain},
		"tabs":                     {[]byte("職員番号\t氏名\n000123\t見本　花子"), plain},
		"blank lines keep numbers": {[]byte("\r\n" + header + ",,\r\n\r\n" + row), []string{"2:職員番号|氏名", "5:000123|見本　花子"}},
		"blanks trimmed":           {[]byte("　職員番号 , 氏名\u00a0\n　000123　,\u3000見本　花子 \n"), plain},
		"half-width kana only in the header": {sjis(t, "ｼｮｸｲﾝ番号,ｶﾅ\r\n1,ﾊﾅｺ\r\n"),
			[]string{"1:ショクイン番号|カナ", "2:1|ﾊﾅｺ"}},
		"ragged":                         {[]byte("a,b,c\n1\n1,2,3,4\n1,,\n"), []string{"1:a|b|c", "2:1", "3:1|2|3|4", "4:1"}},
		"quotes":                         {[]byte("a,b\n\"x, \"\"y\"\"\",\"two\nlines\"\n3,4\n"), []string{"1:a|b", "2:x, \"y\"|two\nlines", "4:3|4"}},
		"IBM extensions of CP932":        {sjis(t, "氏名\n髙塚﨑①㈱\n"), []string{"1:氏名", "2:髙塚﨑①㈱"}},
		"CP932 letters with ASCII bytes": {sjis(t, "氏名,表\nソ能,予十\n"), []string{"1:氏名|表", "2:ソ能|予十"}},
		"UTF-8 beyond CP932":             {[]byte("氏名\nNguyễn 𠮷野\n"), []string{"1:氏名", "2:Nguyễn 𠮷野"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := spreadsheet.Read("roster.csv", tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, flat(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadRefusals(t *testing.T) {
	cut := sjis(t, "番号,氏名\n1,見本\n2,花子")
	tests := map[string]struct {
		name  string
		data  []byte
		id    string
		place string
	}{
		"empty":                    {"a.csv", nil, "spreadsheet.empty", ""},
		"blanks only":              {"a.csv", []byte("\uFEFF , ,\r\n\r\n"), "spreadsheet.empty", ""},
		"UTF-8 broken":             {"a.csv", []byte("番号,氏名\n1,見本\n2,花\xe5\xad子\n"), "spreadsheet.encoding", "3:2"},
		"BOM, then CP932":          {"a.csv", append([]byte("\uFEFF"), sjis(t, "番号,氏名\n")...), "spreadsheet.encoding", "1:1"},
		"CP932 cut short":          {"a.csv", cut[:len(cut)-1], "spreadsheet.encoding", "3:2"},
		"CP932 hole":               {"a.csv", append(sjis(t, "番号,氏名\n1,"), 0x82, 0x20), "spreadsheet.encoding", "2:2"},
		"UTF-16":                   {"a.csv", []byte("\xff\xfea\x00,\x00"), "spreadsheet.kind", ""},
		"old Excel":                {"a.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ..."), "spreadsheet.kind", ""},
		"named xlsx but text":      {"a.XLSX", []byte("a,b\n"), "spreadsheet.kind", ""},
		"quote never closed":       {"a.csv", []byte("a,b\n1,\"2\n3,4\n5,6\n"), "spreadsheet.quote", "2:2"},
		"quote inside a cell":      {"a.csv", []byte("a,b\n1,2\n3,x\"y\n"), "spreadsheet.quote", "3:2"},
		"text after a quoted cell": {"a.csv", []byte("a,b\n\"1\"x,2\n"), "spreadsheet.quote", "2:1"},
		"too many columns":         {"a.csv", []byte("a\n" + strings.Repeat(",", 200) + "x\n"), "spreadsheet.columns_too_many", ""},
		"a million commas":         {"a.csv", bytes.Repeat([]byte{','}, 31<<20), "spreadsheet.columns_too_many", ""},
		"too many rows":            {"a.csv", bytes.Repeat([]byte("1\n"), spreadsheet.MaxRows+2), "spreadsheet.rows_too_many", ""},
		"too large":                {"a.csv", bytes.Repeat([]byte("1\n"), spreadsheet.MaxBytes/2+1), "spreadsheet.too_large", ""},
		"zip of nothing":           {"a.xlsx", zipped(t, nil), "spreadsheet.kind", ""},
		"zip that is no workbook":  {"a.xlsx", zipped(t, map[string]string{"a.txt": "hello"}), "spreadsheet.broken", ""},
		"zip cut short":            {"a.xlsx", workbook(t, "")[:900], "spreadsheet.broken", ""},
		"zip bomb":                 {"a.xlsx", bomb(t), "spreadsheet.unpacked_too_large", ""},
		"thousands of parts":       {"a.xlsx", manyParts(t), "spreadsheet.unpacked_too_large", ""},
		"row far away":             {"a.xlsx", workbook(t, `<row r="99999999"><c r="A99999999" t="inlineStr"><is><t>x</t></is></c></row>`), "spreadsheet.broken", ""},
		"cell far below its row":   {"a.xlsx", workbook(t, `<row r="1"><c r="A99999999" t="inlineStr"><is><t>x</t></is></c></row>`), "spreadsheet.broken", ""},
		"column far away":          {"a.xlsx", workbook(t, `<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>`), "spreadsheet.columns_too_many", ""},
		"no rows":                  {"a.xlsx", workbook(t, ""), "spreadsheet.empty", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := allocated()
			_, err := spreadsheet.Read(tt.name, tt.data)
			if grown := (allocated() - before) >> 20; grown > 130 {
				t.Errorf("allocated %d MiB to refuse a file", grown)
			}
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Invalid || e.MessageID != tt.id {
				t.Fatalf("error = %v, want %s", err, tt.id)
			}
			if tt.place != "" && (len(e.Fields) != 1 || e.Fields[0].Name != tt.place) {
				t.Errorf("fields = %v, want one at %s", e.Fields, tt.place)
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestReadXLSX(t *testing.T) {
	f := excelize.NewFile()
	style := func(format string) int {
		id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	builtin, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	set := func(cell string, value any, style int) {
		if err := errors.Join(f.SetCellValue("Sheet1", cell, value), f.SetCellStyle("Sheet1", cell, cell, style)); err != nil {
			t.Fatal(err)
		}
	}
	for i, h := range []string{"番号", "ｶﾅ", "採用日", "退職日", "異動日"} {
		set(string(rune('A'+i))+"2", h, 0)
	}
	const serial = 46113 // 1 April 2026
	set("A4", 123, style("000000"))
	set("B4", "　カナ　", 0)
	set("C4", serial, builtin)
	set("D4", serial, style(`yyyy"年"m"月"d"日"`))
	set("E4", serial, style("yyyy/m/d;@"))
	if _, err := f.NewSheet("other"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := spreadsheet.Read("roster.xlsx", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2:番号|カナ|採用日|退職日|異動日", "4:000123|カナ|2026-04-01|2026年4月1日|2026/4/1"}
	if d := cmp.Diff(want, flat(got)); d != "" {
		t.Error(d)
	}
}

func TestHeaderKey(t *testing.T) {
	for _, name := range []string{"職員番号", " 職 員　番 号 ", "職員番号\n"} {
		if got := spreadsheet.HeaderKey(name); got != "職員番号" {
			t.Errorf("HeaderKey(%q) = %q", name, got)
		}
	}
	if got := spreadsheet.HeaderKey("Ｅ－Ｍａｉｌ　ｱﾄﾞﾚｽ"); got != "e-mailアドレス" {
		t.Errorf("HeaderKey = %q", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a.csv", []byte("\uFEFF職員番号,氏名\r\n000123,\"見本, 花子\"\r\n"))
	f.Add("a.csv", sjis(f, "職員番号,氏名\r\n000123,見本\r\n"))
	f.Add("a.csv", []byte("a\tb\n\"\n"))
	f.Add("a.xlsx", workbook(f, `<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>`))
	if sample, err := os.ReadFile("../../content/sample/roster.csv"); err == nil {
		f.Add("roster.csv", sample[:2000])
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		table, err := spreadsheet.Read(name, data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		line := table.Line
		for _, r := range table.Rows {
			if r.Line <= line || len(r.Cells) > spreadsheet.MaxColumns || len(r.Cells) == 0 || r.Cells[len(r.Cells)-1] == "" {
				t.Fatalf("row %d after %d: %q", r.Line, line, r.Cells)
			}
			line = r.Line
		}
		for _, e := range []spreadsheet.Encoding{spreadsheet.UTF8, spreadsheet.CP932} {
			var b bytes.Buffer
			if _, err := spreadsheet.WriteCSV(&b, table, e); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// zipped returns a ZIP file with these parts.
func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	contentTypes = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`
	rootRels     = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookRels     = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
	book         = `<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`
)

// workbook returns an XLSX file with these rows as XML.
func workbook(t testing.TB, rows string) []byte {
	return zipped(t, map[string]string{
		"[Content_Types].xml": contentTypes, "_rels/.rels": rootRels,
		"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": bookRels,
		"xl/worksheets/sheet1.xml": `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`,
	})
}

func bomb(t testing.TB) []byte {
	return workbook(t, strings.Repeat("<row></row>", 20<<20))
}

func manyParts(t testing.TB) []byte {
	parts := map[string]string{}
	for i := range 3000 {
		parts[fmt.Sprintf("xl/p%d.xml", i)] = "<a/>"
	}
	return zipped(t, parts)
}
