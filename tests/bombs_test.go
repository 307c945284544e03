package tests

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
	"kokoroe/tests/portal"
)

// allocatedBy is how many bytes of memory the process asked for while f ran. A test
// that measures it is not beside others.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// gzipOf returns so many zeros, compressed.
func gzipOf(t testing.TB, size int64) string {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestCompressedBodiesAreRefused(t *testing.T) {
	p := portal.New(t)
	b := p.Browser()
	b.Get("/help").Want(t, 200)
	bomb := gzipOf(t, 60<<20) // 60 KB that would be 60 MB
	if len(bomb) > 63<<10 {
		t.Fatalf("the bomb has %d bytes and would be refused for its size", len(bomb))
	}
	for _, c := range []struct {
		name      string
		encodings []string
		kind      string
	}{
		{"gzip", []string{"gzip"}, "application/x-www-form-urlencoded"},
		{"deflate", []string{"deflate"}, "application/x-www-form-urlencoded"},
		{"br", []string{"br"}, "application/x-www-form-urlencoded"},
		{"zstd", []string{"zstd"}, "application/x-www-form-urlencoded"},
		{"identity", []string{"identity"}, "application/x-www-form-urlencoded"},
		{"capitals", []string{"GZIP"}, "application/x-www-form-urlencoded"},
		{"a list", []string{"gzip, gzip, gzip"}, "application/x-www-form-urlencoded"},
		{"an empty one and gzip", []string{"", "gzip"}, "application/x-www-form-urlencoded"},
		{"two lines", []string{"identity", "gzip"}, "application/x-www-form-urlencoded"},
		{"JSON", []string{"gzip"}, "application/json"},
		{"multipart", []string{"gzip"}, "multipart/form-data; boundary=x"},
		{"no kind", []string{"gzip"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var page *portal.Page
			spent := allocatedBy(func() {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/language", strings.NewReader(bomb))
				if err != nil {
					t.Fatal(err)
				}
				r.Header["Content-Encoding"] = c.encodings
				if c.kind != "" {
					r.Header.Set("Content-Type", c.kind)
				}
				page = b.Do(r)
			})
			page.Want(t, 415)
			assertGuarded(t, c.name, page.Header)
			if spent > 4<<20 {
				t.Errorf("refusing it took %d KB of memory", spent>>10)
			}
		})
	}
}

func TestOnlyFormsArePosted(t *testing.T) {
	p := portal.New(t)
	b := p.As("employee")
	_, form := b.Form(`form[action="/language"]`, nil)
	for kind, body := range map[string]string{
		"application/json":                `{"csrf":"` + form.Get("csrf") + `","lang":"en"}`,
		"text/plain":                      form.Encode(),
		"":                                form.Encode(),
		"application/xml":                 "<x/>",
		"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + form.Get("csrf") + "\r\n--x--\r\n",
		"multipart/form-data":             "--x\r\n\r\n--x--",
		"application/x-www-form-urlencoded-not-quite":   form.Encode(),
		"application/x-www-form-urlencoded/../json":     form.Encode(),
		"text/html, application/x-www-form-urlencoded":  form.Encode(),
		"application/x-www-form-urlencodedx; charset=x": form.Encode(),
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/language", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		b.Do(r).Want(t, 415)
	}
}

func TestFormBombs(t *testing.T) {
	p := portal.New(t)
	b := p.As("employee")
	b.Get("/policies/basic-policy").Want(t, 200)
	csrf := b.Page().Find("input[name=csrf]").First().AttrOr("value", "")
	forms := []string{"/language", "/sign-in/city", "/policies/basic-policy/acknowledgement", "/policies/basic-policy/question",
		"/courses/annual/check", "/courses/annual/practice", "/courses/annual/lessons/why-it-matters"}
	for _, c := range []struct {
		name, body string
		status     int // 0: any below 500
	}{
		{"an index of a million", "n[999999].x=1&n[999999][x]=1", 0},
		{"an index of 2^62", "n[4611686018427387904].x=1", 0},
		{"an index below zero", "n[-1].x=1&n[-9223372036854775808]=1", 0},
		{"30,000 keys", strings.Repeat("a&", 30000), 0},
		{"10,000 values of one name", strings.Repeat("o=1&", 10000), 0},
		{"10,000 levels", "a" + strings.Repeat("[a]", 10000) + "=1", 0},
		{"10,000 dots", "a" + strings.Repeat(".a", 10000) + "=1", 0},
		{"20,000 percents", strings.Repeat("%", 20000) + "=" + strings.Repeat("%z", 10000), 0},
		{"a name of 60 KB", strings.Repeat("a", 60<<10) + "=1", 0},
		{"a value of 60 KB", "lang=" + strings.Repeat("a", 60<<10), 0},
		{"100,000 keys", strings.Repeat("a&", 100000), 413},
		{"64 KB and one", "lang=" + strings.Repeat("a", 64<<10), 413},
		{"a megabyte", "lang=" + strings.Repeat("a", 1<<20), 413}, // sent to its end, so that the answer is seen
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range forms {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+path, strings.NewReader("csrf="+url.QueryEscape(csrf)+"&"+c.body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				var page *portal.Page
				spent := allocatedBy(func() { page = b.Do(r) })
				if page.Status >= 500 || c.status != 0 && page.Status != c.status {
					t.Errorf("%s answered %d, want %d", path, page.Status, c.status)
				}
				if spent > 16<<20 {
					t.Errorf("%s took %d MB of memory", path, spent>>20)
				}
			}
		})
	}
}

// memoryLimit is what a small server has.
const memoryLimit = 256 << 20

// TestFileBombs opens every bomb in a process of its own, whose largest size
// the kernel notes. No other test runs meanwhile: without its share of the
// processors, the garbage collector comes too late.
func TestFileBombs(t *testing.T) {
	if os.Getenv("KOKOROE_BOMBS") != "" {
		openBombs(t)
		return
	}
	if raceDetector {
		t.Log("the memory of a process is measured in the run without the race detector")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestFileBombs$", "-test.v")
	child.Env = append(os.Environ(), "KOKOROE_BOMBS=1", "GOMEMLIMIT="+strconv.Itoa(memoryLimit*3/4))
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// largest is the largest size that this process has had in memory so far.
func largest(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); fields[0] == "VmHWM:" {
			kilobytes, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("the kernel does not say")
	return 0
}

func openBombs(t *testing.T) {
	// A bomb that goes off takes this process with it and no other.
	limit := syscall.Rlimit{Cur: 4 * memoryLimit, Max: 4 * memoryLimit}
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &limit); err != nil {
		t.Fatal(err)
	}
	for _, bomb := range fileBombs {
		src := bomb.make(t)
		fmt.Println(bomb.name) // seen even if nothing comes after it
		began := time.Now()
		table, err := spreadsheet.Read(bomb.name, src)
		var people int
		if err == nil {
			rows, problems := directory.ParseRoster(table)
			if people = rows.Len(); len(problems) == 0 {
				t.Errorf("%s: it passes for a roster", bomb.name)
			}
			if len(problems) > 1000 {
				t.Errorf("%s: %d problems are more than anybody reads", bomb.name, len(problems))
			}
		} else if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v is not the sender's fault", bomb.name, err)
		}
		now := largest(t)
		t.Logf("%6d KB sent, %4d MB at most, %5d ms, %d rows, %d people, %v",
			len(src)>>10, now>>20, time.Since(began).Milliseconds(), len(table.Rows), people, err)
		if now > memoryLimit {
			t.Fatalf("%s took the process to %d MB", bomb.name, now>>20)
		}
		debug.FreeOSMemory()
	}
}

var fileBombs = []struct {
	name string
	make func(testing.TB) []byte
}{
	{"a sheet of 120 MB.xlsx", func(t testing.TB) []byte { return xlsx(t, worksheetOf(zeros{}, 120<<20)) }},
	{"a sheet of 39 MB of blanks.xlsx", func(t testing.TB) []byte { return xlsx(t, worksheetOf(repeating(" "), 39<<20)) }},
	{"a sheet of 10 MB of rows.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheetOf(repeating(`<row><c t="inlineStr"><is><t>x</t></is></c></row>`), 10<<20))
	}},
	{"a sheet that says it is small.xlsx", func(t testing.TB) []byte { return lying(xlsx(t, worksheetOf(repeating("<row/>"), 100<<20))) }},
	{"a row of 99999999.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheet(`<row r="99999999"><c r="A99999999"><v>1</v></c></row>`))
	}},
	{"a row of 2^63.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheet(`<row r="9223372036854775807"><c r="A9223372036854775807"><v>1</v></c></row>`))
	}},
	{"a row below zero.xlsx", func(t testing.TB) []byte { return xlsx(t, worksheet(`<row r="-1"><c r="A-1"><v>1</v></c></row>`)) }},
	{"the last row.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheet(`<row r="1"><c r="A1"><v>x</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>`))
	}},
	{"the last column 10,000 times.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheet(strings.Repeat(`<row><c r="XFD1"><v>1</v></c></row>`, 10000)))
	}},
	{"a column of ZZZZZZZ.xlsx", func(t testing.TB) []byte { return xlsx(t, worksheet(`<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>`)) }},
	{"a shared text of 20 MB, 100,000 times.xlsx", sharedBomb},
	{"a shared text of 4 KB, in every cell of 100 rows.xlsx", sharedRows},
	{"100,000 shared texts.xlsx", sharedTexts},
	{"a format of 10 KB, in 100,000 cells.xlsx", formatBomb},
	{"entities within entities.xlsx", func(t testing.TB) []byte {
		return xlsx(t, zipPart{"xl/worksheets/sheet1.xml", strings.NewReader(laughs)})
	}},
	{"100,000 levels.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheet(strings.Repeat("<a>", 1e5)+strings.Repeat("</a>", 1e5)))
	}},
	{"an attribute of 5 MB.xlsx", func(t testing.TB) []byte { return xlsx(t, worksheet(`<row r="`+strings.Repeat("1", 5<<20)+`"/>`)) }},
	{"5,000 parts.xlsx", func(t testing.TB) []byte { return xlsx(t, emptyParts(5000)...) }},
	{"a ZIP of nothing.xlsx", func(testing.TB) []byte { return []byte("PK\x05\x06" + strings.Repeat("\x00", 18)) }},
	{"a ZIP cut short.xlsx", func(t testing.TB) []byte { b := xlsx(t, worksheet("")); return b[:len(b)/2] }},
	{"commas.csv", func(testing.TB) []byte { return bytes.Repeat([]byte(","), 8<<20) }},
	{"quotes.csv", func(testing.TB) []byte { return bytes.Repeat([]byte(`"`), 8<<20) }},
	{"line ends.csv", func(testing.TB) []byte { return bytes.Repeat([]byte("\n"), 8<<20) }},
	{"one cell of 8 MB.csv", func(testing.TB) []byte { return bytes.Repeat([]byte("x"), 8<<20) }},
	{"80,000 rows of 200 cells.csv", func(testing.TB) []byte { return bytes.Repeat([]byte(strings.Repeat("1,", 199)+"1\n"), 80000) }},
	{"a sheet of 350,000 cells.xlsx", func(t testing.TB) []byte {
		return xlsx(t, worksheetOf(repeating("<row>"+strings.Repeat("<c><v>1</v></c>", 200)+"</row>"), 5<<20))
	}},
	{"a million rows.csv", func(testing.TB) []byte { return bytes.Repeat([]byte("1,2\n"), 1e6) }},
	{"100,000 rows with nothing right.csv", func(testing.TB) []byte {
		return append([]byte("職員番号,氏名,カナ,メール,区分,所属,役職,採用日\n"), bytes.Repeat([]byte("!,@,@,@,?,//,\x01,?\n"), 100000)...)
	}},
	{"NUL.csv", func(testing.TB) []byte { return make([]byte, 8<<20) }},
	{"more than is read.csv", func(testing.TB) []byte { return bytes.Repeat([]byte("1,2\n"), spreadsheet.MaxBytes/4+1) }},
}

// zipPart is a file within an XLSX file.
type zipPart struct {
	name string
	body io.Reader
}

// repeating says the same for ever.
func repeating(s string) io.Reader { return &repeat{[]byte(strings.Repeat(s, 1+64<<10/len(s))), 0} }

type repeat struct {
	block []byte
	at    int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.block[r.at:])
	r.at = (r.at + n) % len(r.block)
	return n, nil
}

const (
	sheetHead = `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	sheetFoot = `</sheetData></worksheet>`
)

func worksheet(rows string) zipPart {
	return zipPart{"xl/worksheets/sheet1.xml", strings.NewReader(sheetHead + rows + sheetFoot)}
}

func worksheetOf(rows io.Reader, size int64) zipPart {
	return zipPart{"xl/worksheets/sheet1.xml", io.MultiReader(strings.NewReader(sheetHead), io.LimitReader(rows, size), strings.NewReader(sheetFoot))}
}

func emptyParts(n int) []zipPart {
	out := []zipPart{worksheet("")}
	for i := range n {
		out = append(out, zipPart{fmt.Sprintf("xl/media/%d", i), strings.NewReader("")})
	}
	return out
}

const laughs = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">` +
	`<!ENTITY d SYSTEM "file:///etc/passwd">]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` +
	`<row r="1"><c r="A1" t="inlineStr"><is><t>&c;&d;</t></is></c></row></sheetData></worksheet>`

func sharedBomb(t testing.TB) []byte {
	shared := io.MultiReader(strings.NewReader(`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>`),
		io.LimitReader(repeating("x"), 20<<20), strings.NewReader("</t></si></sst>"))
	return xlsx(t, zipPart{"xl/sharedStrings.xml", shared}, worksheet(strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 100000)))
}

func sharedRows(t testing.TB) []byte {
	shared := `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>` + strings.Repeat("x", 4000) + "</t></si></sst>"
	return xlsx(t, zipPart{"xl/sharedStrings.xml", strings.NewReader(shared)},
		worksheet(strings.Repeat("<row>"+strings.Repeat(`<c t="s"><v>0</v></c>`, 16384)+"</row>", 100)))
}

func sharedTexts(t testing.TB) []byte {
	shared := `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + strings.Repeat("<si><t>x</t></si>", 100000) + "</sst>"
	return xlsx(t, zipPart{"xl/sharedStrings.xml", strings.NewReader(shared)}, worksheet(`<row><c t="s"><v>0</v></c></row>`))
}

func formatBomb(t testing.TB) []byte {
	styles := `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="&quot;` +
		strings.Repeat("x", 10<<10) + `&quot;"/></numFmts><cellXfs count="1"><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>`
	return xlsx(t, zipPart{"xl/styles.xml", strings.NewReader(styles)}, worksheet(strings.Repeat(`<row>`+strings.Repeat(`<c s="0"><v>1</v></c>`, 200)+`</row>`, 500)))
}

// xlsx packs a workbook with one sheet out of parts.
func xlsx(t testing.TB, list ...zipPart) []byte {
	t.Helper()
	list = append([]zipPart{
		{"[Content_Types].xml", strings.NewReader(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`)},
		{"_rels/.rels", strings.NewReader(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`)},
		{"xl/workbook.xml", strings.NewReader(`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`)},
		{"xl/_rels/workbook.xml.rels", strings.NewReader(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>`)},
	}, list...)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, p := range list {
		header := &zip.FileHeader{Name: p.name, Method: zip.Deflate}
		if strings.HasPrefix(p.name, "xl/media/") {
			header.Method = zip.Store
		}
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = io.Copy(w, p.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// lying changes the directory of a ZIP file so that every part is said to
// unpack to a thousand bytes.
func lying(b []byte) []byte {
	for at := 0; ; at += 4 {
		next := bytes.Index(b[at:], []byte("PK\x01\x02"))
		if next < 0 {
			return b
		}
		at += next
		binary.LittleEndian.PutUint32(b[at+24:], 1000)
	}
}
