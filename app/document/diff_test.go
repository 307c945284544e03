package document_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/document"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, after string
		want                []document.Change
	}{
		{"nothing", "", "", nil},
		{"the same", "市", "市", []document.Change{{document.Same, "市"}}},
		{"a word more", "職員は報告する。", "職員は直ちに報告する。", []document.Change{{document.Same, "職員は"}, {document.Added, "直ちに"}, {document.Same, "報告する。"}}},
		{"all new", "", "市", []document.Change{{document.Added, "市"}}},
		{"all gone", "市", "", []document.Change{{document.Removed, "市"}}},
		{"outside the basic plane", "𠮷野家", "𠮟野家", []document.Change{{document.Removed, "𠮷"}, {document.Added, "𠮟"}, {document.Same, "野家"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, document.Diff(tt.before, tt.after)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func assertDiffRebuilds(t *testing.T, before, after string) {
	t.Helper()
	var b, a strings.Builder
	for _, c := range document.Diff(before, after) {
		if c.Kind != document.Added {
			b.WriteString(c.Text)
		}
		if c.Kind != document.Removed {
			a.WriteString(c.Text)
		}
		if !utf8.ValidString(c.Text) || c.Text == "" {
			t.Errorf("change %q", c.Text)
		}
	}
	if b.String() != before || a.String() != after {
		t.Errorf("%q and %q became %q and %q", before, after, b.String(), a.String())
	}
}

func TestDiffOfNothingInCommon(t *testing.T) {
	t.Parallel()
	before := strings.Repeat("いろはにほへとちりぬるを", 4000)
	after := strings.Repeat("をるぬりちとへほにはろい", 4000)
	assertDiffRebuilds(t, before, after) // gives up the search for a small one, and stays true
}

func FuzzDiff(f *testing.F) {
	f.Add("職員は報告する。", "職員等は、直ちに報告しなければならない。")
	f.Add("𠮷a", "a𠮷")
	f.Fuzz(func(t *testing.T, before, after string) {
		if !utf8.ValidString(before) || !utf8.ValidString(after) {
			document.Diff(before, after)
			return
		}
		assertDiffRebuilds(t, before, after)
	})
}
