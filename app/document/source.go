package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"
)

// MaxBytes is the largest file or text that is accepted as content.
const MaxBytes = 1 << 20

// Digest names bytes: "sha256:" and 64 hex digits.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Page is a Markdown file taken apart.
type Page struct {
	File     string
	Body     []byte // after the front matter, exactly as in the file: these bytes are digested
	BodyLine int    // the line of the file that Body begins at
}

// ReadPage takes a file with front matter apart and decodes the front matter
// into front, a pointer to a struct.
func ReadPage(file string, src []byte, front any) (Page, Problems) {
	if ps := Check(file, src); len(ps) > 0 {
		return Page{File: file}, ps
	}
	matter, body, line, ok := SplitFront(src)
	if !ok {
		return Page{File: file}, Problems{{file, 1, "want front matter between two lines of ---"}}
	}
	// The opening line becomes an empty one, so that lines are those of the file.
	ps := Decode(file, append([]byte("\n"), matter...), front)
	return Page{File: file, Body: body, BodyLine: line}, ps
}

var fence = []byte("---\n")

// SplitFront divides a file at its two lines of ---. The two parts are the
// file's own bytes; line is where the body begins.
func SplitFront(src []byte) (front, body []byte, line int, ok bool) {
	if !bytes.HasPrefix(src, fence) {
		return nil, nil, 0, false
	}
	rest := src[len(fence):]
	line = 2
	for at := 0; at < len(rest); line++ {
		end := len(rest)
		if i := bytes.IndexByte(rest[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if l := rest[at:end]; bytes.Equal(l, fence) || bytes.Equal(l, fence[:3]) {
			return rest[:at:at], rest[end:], line + 1, true
		}
		at = end
	}
	return nil, nil, 0, false
}

// Check reports bytes that have no place in content: what a reader cannot see
// must not change what a digest covers.
func Check(file string, src []byte) Problems {
	var ps Problems
	if len(src) > MaxBytes {
		ps.Add(file, 0, "is larger than %d bytes", MaxBytes)
		return ps
	}
	line := 1
	for rest := src; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if message := unwanted(r, size); message != "" {
			ps.Add(file, line, "%s", message)
		}
		if r == '\n' {
			line++
		}
		rest = rest[size:]
	}
	return ps.Sorted()
}

func unwanted(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "is not UTF-8 here"
	case r == '\r':
		return "has a carriage return: lines must end with LF alone"
	case r == '\uFEFF':
		return "has a byte order mark"
	case r < ' ' && r != '\n' && r != '\t', r >= 0x7F && r < 0xA0:
		return "has a control character"
	case r == '\u3099' || r == '\u309A':
		return "has a decomposed kana (が as か and a mark): normalise the text to NFC"
	case r == '\u200E' || r == '\u200F', r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return "has an invisible mark of text direction"
	}
	return ""
}
