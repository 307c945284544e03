package pdf

import (
	"strings"
	"unicode"
)

// Where a line of Japanese may end is settled by JIS X 4051 and JLReq (W3C
// Requirements for Japanese Text Layout), 3.1.7 to 3.1.10.
const (
	// noStart must not begin a line (行頭禁則): closing brackets, punctuation,
	// small kana, iteration and length marks.
	noStart = "’”）〕］｝〉》」』】｠〙〗»)]}" +
		"‐–〜゠～！？!?‼⁇⁈⁉・：；:;/／。．、，.,｡､･｣" +
		"ヽヾゝゞ々〻ーｰぁぃぅぇぉァィゥェォっゃゅょゎゕゖッャュョヮヵヶ" +
		"ㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿｧｨｩｪｫｬｭｮｯﾞﾟ゛゜" +
		"%％‰℃°′″¢￠"
	// noEnd must not end a line (行末禁則): opening brackets, and signs that
	// stand before a number.
	noEnd = "‘“（〔［｛〈《「『【｟〘〖«([{｢" + "¥￥$＄£￡€#＃№@＠"
	// inseparable are never parted from themselves (分離禁止).
	inseparable = "—―…‥〳〴〵"
	// inNumber keep a number, a date or a time together.
	inNumber = ".,:/-−+"
)

func mayStart(r rune) bool { return !strings.ContainsRune(noStart, r) }
func mayEnd(r rune) bool   { return !strings.ContainsRune(noEnd, r) }

// joins reports whether r belongs to the character before it.
func joins(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) || unicode.Is(unicode.Variation_Selector, r) ||
		r == '\u200d' || 0x1f3fb <= r && r <= 0x1f3ff
}

// isWord reports whether r is part of words that are set with spaces between
// them: letters and digits of any script but the East Asian ones.
func isWord(r rune) bool {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo) || r >= 0xff00 && r <= 0xffef {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '_' || r == '&'
}

func isSpace(r rune) bool { return r == ' ' || r == '　' || r == '\t' }

// quality says how well a line ends between two characters.
type quality int

const (
	never  quality = iota // within what is one character for its reader
	forced                // against 禁則: only where nothing else fits
	split                 // within a word or number: only where no other end fits
	free
)

// endBetween says how well a line may end between text[i-1] and text[i].
func endBetween(text []rune, i int) quality {
	a, b := text[i-1], text[i]
	switch {
	case joins(b) || a == '\u200d':
		return never
	case isSpace(b): // it stays with what is before it, and hangs
		return never
	case !mayStart(b) || !mayEnd(a):
		return forced
	case isSpace(a):
		return free
	case a == b && strings.ContainsRune(inseparable, a):
		return split
	case isWord(a) && isWord(b), inNumeral(text, i):
		return split
	case a == '\u00a0' || b == '\u00a0' || a == '\u2060' || b == '\u2060':
		return split
	case isWord(b) && b < 0x80 && !isWord(a) && a < 0x80 && a != '-': // "(a", "v1.2", "a_b"
		return split
	case isWord(a) && a < 0x80 && b < 0x80: // a word and what is written right behind it
		return split
	}
	return free
}

// inNumeral reports whether text[i-1] and text[i] are parts of one number, date
// or time: 1,234 and 2026-11-30 and 14:05.
func inNumeral(text []rune, i int) bool {
	a, b := text[i-1], text[i]
	if unicode.IsDigit(a) && strings.ContainsRune(inNumber, b) {
		return i+1 < len(text) && unicode.IsDigit(text[i+1])
	}
	return strings.ContainsRune(inNumber, a) && unicode.IsDigit(b)
}

// Break parts one paragraph into lines of at most limit, measured by
// width. The lines, one after the other, are the paragraph: spaces stay at the
// end of the line before, where they may hang over the limit. A character wider
// than the limit has a line of its own.
func Break(paragraph string, width func(rune) float64, limit float64) []string {
	text := []rune(paragraph)
	var lines []string
	for len(text) > 0 {
		n := fitting(text, width, limit)
		lines = append(lines, string(text[:n]))
		text = text[n:]
	}
	if lines == nil {
		lines = []string{""}
	}
	return lines
}

// fitting returns how many characters the next line of text has: up to the
// last end of the best quality that fits.
func fitting(text []rune, width func(rune) float64, limit float64) int {
	var last [free + 1]int // the last end of each quality
	used := 0.0
	for i, r := range text {
		if i > 0 {
			last[endBetween(text, i)] = i
		}
		if used += width(r); used > limit && i > 0 && !isSpace(r) {
			return best(last, i, text)
		}
	}
	return len(text)
}

func best(last [free + 1]int, i int, text []rune) int {
	for q := free; q > never; q-- {
		if last[q] > 0 {
			return last[q]
		}
	}
	for i < len(text) && endBetween(text, i) == never { // one character for its reader, wider than the line
		i++
	}
	return i
}
