package pdf_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"kokoroe/app/report/pdf"
)

// em is the width of a character in a font where Latin takes half: what an
// example can be counted by.
func em(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me) || r == '\u200d' || unicode.Is(unicode.Variation_Selector, r):
		return 0
	case r < 0x80 || 0xff61 <= r && r <= 0xff9f:
		return 0.5
	}
	return 1
}

func TestLinesEndWhereJapaneseMayEnd(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limit      float64
		want       string // with bars
	}{
		{"full", "あいうえおかきくけこ", 5, "あいうえお|かきくけこ"},
		{"a full stop goes with its sentence", "あいうえお。かきく", 5, "あいうえ|お。かきく"},
		{"a comma too", "あいうえお、かきく", 5, "あいうえ|お、かきく"},
		{"a bracket and a full stop", "あいうえ」。おかき", 4, "あいう|え」。お|かき"},
		{"no opening bracket at the end", "あいうえ「おかき」", 5, "あいうえ|「おかき」"},
		{"two opening brackets", "あいう（「おかき」）", 5, "あいう|（「おか|き」）"},
		{"small kana", "あいうえきょうと", 5, "あいうえ|きょうと"},
		{"double consonant", "あいうえやっと", 5, "あいうえ|やっと"},
		{"length mark", "コンピュータサーバー", 5, "コンピュー|タサーバー"},
		{"length mark at the end", "あいうえサーバー", 5, "あいうえ|サーバー"},
		{"iteration mark", "あいうえ人々の", 5, "あいうえ|人々の"},
		{"exclamation", "あいうえお！か", 5, "あいうえ|お！か"},
		{"ellipsis stays whole", "あいうえ……か", 5, "あいうえ|……か"},
		{"dash stays whole", "あいうえ――か", 5, "あいうえ|――か"},
		{"a number stays whole", "全部で1,234,567円", 5, "全部で|1,234,567|円"},
		{"a number that fits", "約1,234円である", 5, "約1,234円|である"},
		{"a date stays whole", "締切は2026-11-30です", 7, "締切は|2026-11-30です"},
		{"a time stays whole", "あいうえ14:05に", 5, "あいうえ|14:05に"},
		{"percent", "あいうえ80%を", 5, "あいうえ|80%を"},
		{"a yen sign", "あいうえ￥500", 5, "あいうえ|￥500"},
		{"a word stays whole", "あいう security え", 5, "あいう |security |え"},
		{"words", "the quick brown fox", 5, "the quick |brown fox"},
		{"spaces hang", "the quick     brown", 5, "the quick     |brown"},
		{"a comma is no beginning, even where the word must part", "yes, indeed, yes", 3, "yes, |indee|d, yes"},
		{"a hyphen", "well-known things", 3, "well-|known |things"},
		{"a word longer than the line", "abcdefghijklmnop", 3, "abcdef|ghijkl|mnop"},
		{"a digest", "sha256:0123456789", 4, "sha256:0|12345678|9"},
		{"an indent of one", "　あいうえおか", 5, "　あいうえ|おか"},
		{"nothing but closing", "。。。。。", 2, "。。|。。|。"},
		{"nothing but opening", "「「「「「", 2, "「「|「「|「"},
		{"a combining mark", "あいうえか\u3099お", 5, "あいうえか\u3099|お"},
		{"a variant", "あいうえ葛\U000e0100飾", 5, "あいうえ葛\U000e0100|飾"},
		{"a family", "あいう👨\u200d👩\u200d👧か", 5, "あいう|👨\u200d👩\u200d👧か"},
		{"empty", "", 5, ""},
		{"one", "あ", 5, "あ"},
		{"wider than the line", "あい", 0.4, "あ|い"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(pdf.Break(c.text, em, c.limit), "|"); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// What the rules forbid, written down once more and apart from the program.
const (
	notFirst = "、。，．,.）」』】〕〉》)]}！？!?ー々ゝヽ・：；ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ％%…"
	notLast  = "（「『【〔〈《([{￥＄"
)

var alphabet = slices.Concat([]rune("、。，．）」』】（「『【〔￥ー々！？・ぁっょァッャー…―"),
	[]rune("あいうえお漢字仮名交文一二三ABCabc0123456789,.:-/%()' 　\t𠮷😀é\u3099\u200d\ufe0f\U000e0100\u00a0"))

// checkLines holds lines to what they promise.
func checkLines(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string, width func(rune) float64, limit float64, lines []string) {
	t.Helper()
	if got := strings.Join(lines, ""); got != text {
		t.Fatalf("%q became %q", text, lines)
	}
	for i, line := range lines {
		visible := strings.TrimRight(line, " 　\t")
		if visible == "" && text != "" && i > 0 && strings.TrimSpace(text) != "" && !strings.ContainsRune(lines[i-1], ' ') && line == "" {
			t.Fatalf("an empty line in %q", lines)
		}
		used := 0.0
		for _, r := range visible {
			used += width(r)
		}
		if used > limit+1e-9 && separable(visible, width) {
			t.Fatalf("%q is %v wide, of %v", line, used, limit)
		}
		if i == 0 || i > 0 && lines[i-1] == "" {
			continue
		}
		first, _ := utf8.DecodeRuneInString(line)
		last, _ := utf8.DecodeLastRuneInString(lines[i-1])
		if (strings.ContainsRune(notFirst, first) && first != '…' || strings.ContainsRune(notLast, last)) && avoidable(lines[i-1]) {
			t.Fatalf("%q ends between %c and %c, which it need not", lines, last, first)
		}
	}
}

// separable reports whether more than one character of a line takes room.
func separable(line string, width func(rune) float64) bool {
	n := 0
	for _, r := range line {
		if width(r) > 0 {
			n++
		}
	}
	return n > 1 && !strings.ContainsRune(line, '\u200d') // what is joined is one character
}

// avoidable reports whether a line could have ended earlier without breaking a
// rule.
func avoidable(line string) bool {
	runes := []rune(line)
	for i := 1; i < len(runes); i++ {
		a, b := runes[i-1], runes[i]
		joined := unicode.In(b, unicode.Mn, unicode.Me) || unicode.Is(unicode.Variation_Selector, b) || b == '\u200d' || a == '\u200d' || strings.ContainsRune(" 　\t", b)
		if !joined && !strings.ContainsRune(notFirst, b) && !strings.ContainsRune(notLast, a) && !strings.ContainsRune(moreRules, a) && !strings.ContainsRune(moreRules, b) {
			return true
		}
	}
	return false
}

// moreRules are characters with rules of their own that are not written down
// here: an end beside them proves nothing.
const moreRules = ":/-'@#"

func TestNoLineBreaksTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 120).Draw(t, "text"))
		limit := rapid.Float64Range(1, 20).Draw(t, "limit")
		checkLines(t, text, em, limit, pdf.Break(text, em, limit))
	})
}

func FuzzBreak(f *testing.F) {
	for _, text := range []string{"", "あ。", "「「「", "a\u0301b", "\u200d\u200d", "1,2,3", "…………", "\x00\xff", "(((a", "　　　"} {
		f.Add(text, 3.0)
	}
	f.Fuzz(func(t *testing.T, text string, limit float64) {
		if math.IsNaN(limit) || limit < 1 || limit > 1000 || len(text) > 1<<14 {
			return
		}
		text = strings.ToValidUTF8(text, "〓")
		if strings.Join(pdf.Break(text, em, limit), "") != text {
			t.Fatalf("%q is not what its lines are", text)
		}
	})
}
