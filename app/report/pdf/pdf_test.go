package pdf_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"github.com/signintech/gopdf"
	"pgregory.net/rapid"

	"kokoroe/app/report/pdf"
	"kokoroe/app/report/pdf/pdftest"
	"kokoroe/static"
)

func fonts(t testing.TB) fs.FS {
	t.Helper()
	folder, err := fs.Sub(static.FS, "fonts")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

var writer = sync.OnceValues(func() (*pdf.Writer, error) {
	folder, err := fs.Sub(static.FS, "fonts")
	if err != nil {
		return nil, err
	}
	return pdf.New(folder)
})

// sheet is one with something everywhere.
func sheet() pdf.Sheet {
	return pdf.Sheet{
		Language: "ja", Title: "受領証: 情報セキュリティ基本方針への誓約", Over: "見本市", Lead: "この書面は、証跡台帳に記録された内容の受領証です。",
		Link: "https://kokoroe.city.example/verify/335?leaf=" + strings.Repeat("A", 43), LinkLabel: "検証用QRコード",
		At: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC), Foot: "見本市　受領証　受付番号 335",
		Page:         func(page, of int) string { return fmt.Sprintf("%d / %d ページ", page, of) },
		LackingTitle: "印刷できない文字", Lacking: func(list string) string { return "書体にない文字: " + list },
		Sections: []pdf.Section{
			{Heading: "記録された内容", Rows: []pdf.Row{
				{Term: "本人", Lines: []string{"竹島　光男（000174）", "記録上の識別子: pail4hf65zrx5qpvrcv2oi464lj"}},
				{Term: "文面のダイジェスト", Lines: []string{"sha256:" + strings.Repeat("0123456789abcdef", 4)}},
			}},
			{Heading: "誓約の言葉", Framed: true, Later: "後のページに載せています。", Lines: []string{"私は、この基本方針を守ります。"}},
		},
		Appendices: []pdf.Section{{Heading: "表示した文面", Lines: []string{"## 1 目的 {#1}", "", "本市は、情報資産を守る。"}}},
	}
}

func write(t testing.TB, s pdf.Sheet) []byte {
	t.Helper()
	w, err := writer()
	if err != nil {
		t.Fatal(err)
	}
	file, err := w.Write(s)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Where the columns of a sheet begin and its foot is, as measured on paper.
const (
	columnLeft, columnText, columnFrame = 51.0, 163.0, 61.0
	rightEdge                           = 544.28
	footHeight                          = 60.0
)

// column is what stands in a column of the pages from first on, in order,
// without the feet.
func column(all []pdftest.Words, first int, xs ...float64) string {
	var b strings.Builder
	for _, w := range all {
		if w.Page >= first && w.Y > footHeight && slices.ContainsFunc(xs, func(x float64) bool { return w.X > x-0.1 && w.X < x+0.1 }) {
			b.WriteString(w.Text)
		}
	}
	return b.String()
}

func TestASheetSaysEverything(t *testing.T) {
	s := sheet()
	all, pages := pdftest.Open(t, write(t, s)).Words()
	if pages != 2 {
		t.Errorf("%d pages, want the first and the appendix", pages)
	}
	first := "見本市" + s.Title + s.Lead + "記録された内容本人文面のダイジェスト誓約の言葉"
	if got := column(all[:len(all)-len(lastPage(all))], 1, columnLeft); got != first {
		t.Errorf("the left column says %q, want %q", got, first)
	}
	if got := column(all, 1, columnText); got != strings.Join(append(s.Sections[0].Rows[0].Lines, s.Sections[0].Rows[1].Lines...), "") {
		t.Errorf("the rows say %q", got)
	}
	if got := column(all, 1, columnFrame); got != s.Sections[1].Lines[0] {
		t.Errorf("the declaration is %q", got)
	}
	if got := column(all, 2, columnLeft); got != "表示した文面"+strings.Join(s.Appendices[0].Lines, "") {
		t.Errorf("the appendix says %q", got)
	}
	for page := 1; page <= pages; page++ {
		foot := ""
		for _, w := range all {
			if w.Page == page && w.Y < footHeight {
				foot += w.Text + "|"
			}
		}
		if want := fmt.Sprintf("%d / %d ページ|%s|", page, pages, s.Foot); foot != want {
			t.Errorf("page %d: the foot says %q, want %q", page, foot, want)
		}
	}
}

func lastPage(all []pdftest.Words) []pdftest.Words {
	i := slices.IndexFunc(all, func(w pdftest.Words) bool { return w.Page == all[len(all)-1].Page })
	return all[i:]
}

func TestTheFileTellsItsTitleAndLanguage(t *testing.T) {
	s := sheet()
	file := write(t, s)
	r := pdftest.Open(t, file)
	catalog, _ := r.Object(pdftest.Number(t, `/Root (\d+) 0 R`, r.Trailer))
	info, _ := r.Object(pdftest.Number(t, `/Info (\d+) 0 R`, r.Trailer))
	for what, in := range map[string]string{
		"/Lang <FEFF006A0061>": catalog, "/DisplayDocTitle true": catalog, "/CreationDate (D:20261122010000Z)": info, "/ModDate (D:20261122010000Z)": info,
		"/Title <FEFF53D798188A3C003A0020": info, "/ID [<": r.Trailer,
	} {
		if !strings.Contains(in, what) {
			t.Errorf("no %s in %s", what, in)
		}
	}
	if !bytes.Contains(file, []byte("/URI ("+s.Link+")")) {
		t.Error("the code is no link")
	}
}

func TestTheSameSheetIsTheSameFile(t *testing.T) {
	w, err := pdf.New(fonts(t))
	if err != nil {
		t.Fatal(err)
	}
	want := write(t, sheet())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if file, err := w.Write(sheet()); err != nil || !bytes.Equal(file, want) {
				t.Errorf("another file, or %v", err)
			}
		})
	}
	group.Wait()
	other := sheet()
	other.Foot += "!"
	if bytes.Equal(write(t, other), want) {
		t.Error("another sheet is the same file")
	}
}

func TestWhatTheFontLacksIsSaid(t *testing.T) {
	s := sheet()
	s.Sections[0].Rows[0].Lines = []string{"𠮷田😀（葛\U000e0100飾）\u0007"}
	all, _ := pdftest.Open(t, write(t, s)).Words()
	if got := column(all, 1, columnText); !strings.HasPrefix(got, "〓田〓（葛飾）〓sha256:") {
		t.Errorf("the row says %q", got)
	}
	left := column(all, 1, columnLeft)
	for _, want := range []string{"印刷できない文字書体にない文字: ", "U+20BB7 ×1", "U+1F600 ×1", "U+E0100 ×1", "U+0007 ×1"} {
		if !strings.Contains(left, want) {
			t.Errorf("the page does not say %q: %s", want, left)
		}
	}
	all, _ = pdftest.Open(t, write(t, sheet())).Words()
	if left := column(all, 1, columnLeft); strings.Contains(left, "文字:") {
		t.Errorf("nothing is lacking, and the page says %s", left)
	}
}

func TestTheFirstPageStandsAlone(t *testing.T) {
	s := sheet()
	for i := range 12 {
		s.Sections[0].Rows = append(s.Sections[0].Rows, pdf.Row{Term: fmt.Sprint("事項", i), Lines: []string{"一", "二"}})
	}
	// So much that small type holds it.
	all, pages := pdftest.Open(t, write(t, s)).Words()
	if pages != 2 || !slices.ContainsFunc(all, func(w pdftest.Words) bool { return w.Page == 1 && w.Text == s.Sections[1].Lines[0] }) {
		t.Errorf("%d pages, or the declaration left the first", pages)
	}
	// So long that it cannot be there.
	for i := range 100 {
		s.Sections[1].Lines = append(s.Sections[1].Lines, fmt.Sprintf("第%d条　私は、これを守ります。", i))
	}
	all, pages = pdftest.Open(t, write(t, s)).Words()
	moved := strings.Join(s.Sections[1].Lines, "")
	if !strings.HasSuffix(column(all, 1, columnLeft)[:strings.Index(column(all, 1, columnLeft), "表示した文面")], "誓約の言葉") {
		t.Errorf("the declaration has no page of its own")
	}
	if pages < 4 || !strings.Contains(column(all, 1, columnLeft), s.Sections[1].Later) || column(all, 2, columnFrame) != moved {
		t.Errorf("%d pages, and the declaration on them: %q", pages, column(all, 2, columnFrame))
	}
	for _, w := range all {
		if w.Page == 1 && w.X > columnFrame-1 && w.X < columnFrame+1 {
			t.Errorf("the first page still has %q", w.Text)
		}
	}
}

// canon is the text that comes back: of characters that look the same, the file
// knows one.
func canon(font *gopdf.SubsetFontObj, text string, drawn map[rune]bool) string {
	byGlyph := map[uint]rune{}
	glyph := func(r rune) uint {
		g, err := font.CharCodeToGlyphIndex(r)
		if err != nil {
			return 0
		}
		return g
	}
	for r := range drawn {
		if g := glyph(r); g != 0 && (byGlyph[g] == 0 || r < byGlyph[g]) {
			byGlyph[g] = r
		}
	}
	var b strings.Builder
	for _, r := range text {
		switch g := glyph(r); {
		case r == '\t':
			b.WriteString("    ")
		case g != 0 && !unicode.IsControl(r):
			b.WriteRune(byGlyph[g])
		case !unicode.Is(unicode.Variation_Selector, r) && !unicode.Is(unicode.Cf, r):
			b.WriteRune('〓')
		}
	}
	return b.String()
}

// Whatever goes in comes out, over pages and lines, and nothing leaves the page.
func TestNoCharacterIsLost(t *testing.T) {
	var font gopdf.SubsetFontObj
	data, err := fs.ReadFile(fonts(t), "BIZUDPGothic-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	if err := font.SetTTFData(data); err != nil {
		t.Fatal(err)
	}
	sign := rapid.OneOf(rapid.SampledFrom(alphabet), rapid.RuneFrom(nil, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Latin, unicode.P, unicode.S),
		rapid.Rune())
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringOfN(sign, 1, 200, -1), 1, 60).Draw(rt, "lines")
		drawn := map[rune]bool{' ': true, '〓': true}
		for i := range lines {
			lines[i] = strings.ReplaceAll(lines[i], "\n", "")
			for _, r := range lines[i] {
				drawn[r] = true
			}
		}
		s := pdf.Sheet{Language: "ja", Page: func(int, int) string { return "" }, Lacking: func(string) string { return "" },
			Appendices: []pdf.Section{{Framed: true, Lines: lines}}}
		all, _ := pdftest.Open(t, write(t, s)).Words()
		if got, want := column(all, 2, columnFrame), canon(&font, strings.Join(lines, ""), drawn); got != want {
			rt.Fatalf("%q came back as %q", want, got)
		}
		for _, w := range all {
			if w.Y < footHeight || w.Y > 842-40 {
				rt.Fatalf("%q stands at %v", w.Text, w.Y)
			}
			if end := w.X + widthOf(&font, strings.TrimRight(w.Text, " 　"), w.Size); end > rightEdge+0.01 {
				rt.Fatalf("%q ends at %v", w.Text, end)
			}
		}
	})
}

func widthOf(font *gopdf.SubsetFontObj, text string, size float64) float64 {
	sum := 0.0
	for _, r := range text {
		if g, err := font.CharCodeToGlyphIndex(r); err == nil {
			sum += float64(font.GlyphIndexToPdfWidth(g)) * size / 1000
		}
	}
	return sum
}

func TestFontsThatAreNotThere(t *testing.T) {
	if _, err := pdf.New(fstest.MapFS{"BIZUDPGothic-Regular.ttf": {}}); err == nil {
		t.Error("half of the fonts are enough")
	}
	w, err := pdf.New(fstest.MapFS{"BIZUDPGothic-Regular.ttf": {Data: []byte("x")}, "BIZUDPGothic-Bold.ttf": {Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(sheet()); err == nil {
		t.Error("something that is no font is one")
	}
}

func TestALinkThatNoCodeHolds(t *testing.T) {
	s := sheet()
	s.Link = "https://kokoroe.city.example/" + strings.Repeat("a", 4000)
	w, err := writer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(s); err == nil {
		t.Error("a code of 4,000 bytes")
	}
}
