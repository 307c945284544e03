package tests

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app/spreadsheet"
	"kokoroe/content"
	"kokoroe/tests/portal"
)

// exportAt fetches an export and reads it back.
func exportAt(t *testing.T, b *portal.Browser, path string) (spreadsheet.Table, *portal.Page) {
	t.Helper()
	page := b.Get(path).Want(t, 200)
	name := "export.csv"
	if strings.Contains(path, ".xlsx") {
		name = "export.xlsx"
	}
	read, err := spreadsheet.Read(name, page.Body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return read, page
}

// columnOf returns the cells of the column with the name.
func columnOf(t *testing.T, table spreadsheet.Table, name string) []string {
	t.Helper()
	i := slices.IndexFunc(table.Columns, func(c spreadsheet.Column) bool {
		return spreadsheet.HeaderKey(c.Name) == spreadsheet.HeaderKey(name)
	})
	if i < 0 {
		t.Fatalf("no column %s in %v", name, table.Columns)
	}
	var out []string
	for _, r := range table.Rows {
		out = append(out, r.Cell(i))
	}
	return out
}

// cellsOf are all cells, row by row, with what an empty end leaves out.
func cellsOf(table spreadsheet.Table) []string {
	var out []string
	for _, r := range table.Rows {
		for i := range table.Columns {
			out = append(out, r.Cell(i))
		}
	}
	return out
}

func TestExportedPeopleAgreeWithThePage(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithHistory())
	for _, language := range []string{"ja", "en"} {
		b := p.As("hr")
		b.Language = language
		number := map[string]string{"ja": "職員番号", "en": "Staff number"}[language]
		for _, filter := range []string{"requirement=annual-staff&group=overdue", "requirement=contract-worker", "requirement=account-owner&group=done"} {
			names := listedPeople(t, b, "/departments/all/people?"+filter)
			utf8, page := exportAt(t, b, "/exports/people.csv?"+filter)
			if got := columnOf(t, utf8, number); !slices.Equal(got, names) || len(got) == 0 {
				t.Errorf("%s: CSV has %v, the page %v", filter, got, names)
			}
			if !bytes.HasPrefix(page.Body, []byte("\ufeff")) || page.Header.Get("X-Replaced-Characters") != "0" {
				t.Errorf("%s: no byte order mark, or %s characters replaced", filter, page.Header.Get("X-Replaced-Characters"))
			}
			xlsx, _ := exportAt(t, b, "/exports/people.xlsx?"+filter)
			if !slices.Equal(cellsOf(xlsx), cellsOf(utf8)) {
				t.Errorf("%s: XLSX and CSV differ", filter)
			}
			checkCP932(t, b, filter, utf8)
		}
	}
}

// checkCP932: the same table but for 〓, which are as many as are said.
func checkCP932(t *testing.T, b *portal.Browser, filter string, utf8 spreadsheet.Table) {
	t.Helper()
	old, page := exportAt(t, b, "/exports/people.csv?encoding=cp932&"+filter)
	lost := 0
	before, after := cellsOf(utf8), cellsOf(old)
	if len(before) != len(after) {
		t.Fatalf("%s: %d cells in UTF-8, %d in CP932", filter, len(before), len(after))
	}
	for i := range before {
		want, got := []rune(before[i]), []rune(after[i])
		if len(want) != len(got) {
			t.Errorf("%q became %q", before[i], after[i])
			continue
		}
		for j := range want {
			if want[j] != got[j] {
				lost++
				if got[j] != '〓' {
					t.Errorf("%q became %q", before[i], after[i])
				}
			}
		}
	}
	said := page.Header.Get("X-Replaced-Characters")
	if said != strconv.Itoa(lost) || strings.Contains(filter, "contract-worker") != (lost > 0) {
		t.Errorf("%s: %d characters are lost, %s are told", filter, lost, said)
	}
	if !strings.Contains(page.Header.Get("Content-Type"), "windows-31j") {
		t.Errorf("%s is %s", filter, page.Header.Get("Content-Type"))
	}
	list := b.Get("/departments/all/people?"+filter).Want(t, 200)
	if offer := list.Text(`section[aria-labelledby="export"]`); lost > 0 && !strings.Contains(offer, said) {
		t.Errorf("the page does not tell of %s lost characters: %s", said, offer)
	}
}

func TestExportedCompletionAgreesWithThePage(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithHistory())
	b := p.As("hr")
	csv, page := exportAt(t, b, "/exports/completion.csv?requirement=annual-staff")
	disposition := page.Header.Get("Content-Disposition")
	if !strings.Contains(disposition, url.PathEscape("完了状況_全庁_2026-11-22.csv")) {
		t.Errorf("the file is called %s", disposition)
	}
	xlsx, _ := exportAt(t, b, "/exports/completion.xlsx?requirement=annual-staff")
	if !slices.Equal(cellsOf(xlsx), cellsOf(csv)) {
		t.Error("XLSX and CSV differ")
	}
	shown := map[string][]string{}
	b.Get("/departments?levels=3").Want(t, 200).Find(`section[aria-labelledby="annual-staff"] tbody tr`).Each(func(_ int, row *goquery.Selection) {
		if row.Find("td").Length() < 6 {
			return // outside the scope
		}
		var numbers []string
		row.Find("td.numeric").Each(func(_ int, s *goquery.Selection) {
			numbers = append(numbers, strings.Join(strings.Fields(strings.TrimPrefix(words(s), words(s.Find(".cell-label")))), ""))
		})
		name := words(row.Find("th"))
		shown[name] = append(shown[name], strings.Join(numbers, " ")+" "+words(row.Find(".rate-number")))
	})
	names, required, done := columnOf(t, csv, "部署"), columnOf(t, csv, "対象者"), columnOf(t, csv, "完了")
	overdue, open, rates := columnOf(t, csv, "期限超過"), columnOf(t, csv, "未完了"), columnOf(t, csv, "完了率（％）")
	exempt, paused := columnOf(t, csv, "免除"), columnOf(t, csv, "休止")
	if len(names) < 30 {
		t.Fatalf("%d departments", len(names))
	}
	for i, name := range names {
		want := strings.Join([]string{done[i] + "/" + required[i], overdue[i], open[i], exempt[i], paused[i], rates[i] + "%"}, " ")
		own := name[strings.LastIndex(name, "/")+1:]
		if !slices.Contains(shown[own], want) {
			t.Errorf("%s: the file says %s, the page %q", name, want, shown[own])
		}
	}
	head := p.As("head")
	own, page := exportAt(t, head, "/exports/completion.csv")
	if got := columnOf(t, own, "部署"); got[0] != "市民生活部/税務課" || len(got) != 4 {
		t.Errorf("the head's file is of %v", got)
	}
	if !strings.Contains(page.Header.Get("Content-Disposition"), url.PathEscape("市民生活部_税務課")) {
		t.Errorf("the head's file is called %s", page.Header.Get("Content-Disposition"))
	}
	for _, path := range []string{"/exports/people.csv?encoding=utf16", "/exports/people.csv?group=none", "/exports/people.xlsx?requirement=none", "/exports/completion.csv?department=none"} {
		b.Get(path).Want(t, 404)
	}
}

// formulaNames are names that a spreadsheet might run. A name with @ in it the
// roster refuses.
var formulaNames = []string{
	"=1+1　式", "=HYPERLINK(\"https://evil.example\";\"開く\")", "+1　式", "-1　式", "＝1+1　式", "＋1　式", "－1　式", "＠SUM(A1)",
	"=cmd|' /C calc'!A0", "−2　式",
}

func TestNoExportIsAFormula(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithCity(cityWithNames(t, formulaNames)))
	b := p.As("hr")
	for _, encoding := range []string{"utf8", "cp932"} {
		read, _ := exportAt(t, b, "/exports/people.csv?requirement=annual-staff&encoding="+encoding)
		found := 0
		for _, cell := range cellsOf(read) {
			r := []rune(cell + " ")[0]
			if strings.ContainsRune("=+-@＝＋－−＠", r) {
				t.Errorf("%s: a cell is %q", encoding, cell)
			}
			if r == '\'' {
				found++
			}
		}
		if found < 50 {
			t.Errorf("%s: %d cells were made harmless", encoding, found)
		}
	}
	_, page := exportAt(t, b, "/exports/people.xlsx?requirement=annual-staff")
	book, err := zip.NewReader(bytes.NewReader(page.Body), int64(len(page.Body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range book.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(body, []byte("<f>")) || bytes.Contains(body, []byte("<f ")) || bytes.Contains(body, []byte("<hyperlink")) {
			t.Errorf("%s holds a formula or a link", part.Name)
		}
	}
}

// cityWithNames is the sample city whose people have these names, in turn.
func cityWithNames(t *testing.T, names []string) fstest.MapFS {
	t.Helper()
	city := fstest.MapFS{}
	for _, name := range []string{"sign-ins.yaml", "roles.yaml", "accounts.yaml", "suppliers.yaml", "roster.csv"} {
		src, err := fs.ReadFile(content.FS, "sample/"+name)
		if err != nil {
			t.Fatal(err)
		}
		city[name] = &fstest.MapFile{Data: src}
	}
	lines := strings.Split(strings.TrimSpace(string(city["roster.csv"].Data)), "\n")
	for i := range lines[1:] {
		fields := strings.Split(lines[i+1], ",")
		fields[1] = `"` + strings.ReplaceAll(names[i%len(names)], `"`, `""`) + `"`
		lines[i+1] = strings.Join(fields, ",")
	}
	city["roster.csv"].Data = []byte(strings.Join(lines, "\n") + "\n")
	return city
}
