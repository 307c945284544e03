package document

import (
	"strings"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// ChangeKind says what became of a stretch of text.
type ChangeKind string

// The kinds of change.
const (
	Same    ChangeKind = "same"
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
)

// Change is a stretch of text that stayed, came or went.
type Change struct {
	Kind ChangeKind
	Text string
}

// diffTime bounds the search for a small difference. A longer search gives up
// and shows the rest as removed and added, which is true as well.
const diffTime = 500 * time.Millisecond

// Diff returns how before became after. Joining all but Added gives before,
// joining all but Removed gives after. No character is ever cut in two. Bytes
// that are not UTF-8 are taken as U+FFFD.
func Diff(before, after string) []Change {
	before, after = strings.ToValidUTF8(before, "\uFFFD"), strings.ToValidUTF8(after, "\uFFFD")
	d := diffmatchpatch.New()
	d.DiffTimeout = diffTime
	found := d.DiffMainRunes([]rune(before), []rune(after), false)
	changes := changesOf(d.DiffCleanupSemantic(found))
	if !rebuilds(changes, before, after) {
		// The library moves the edges of a change by bytes; should that ever
		// break a text, the plain truth is shown.
		return changesOf([]diffmatchpatch.Diff{
			{Type: diffmatchpatch.DiffDelete, Text: before}, {Type: diffmatchpatch.DiffInsert, Text: after},
		})
	}
	return changes
}

func changesOf(diffs []diffmatchpatch.Diff) []Change {
	kinds := map[diffmatchpatch.Operation]ChangeKind{
		diffmatchpatch.DiffEqual: Same, diffmatchpatch.DiffInsert: Added, diffmatchpatch.DiffDelete: Removed,
	}
	var changes []Change
	for _, d := range diffs {
		switch last := len(changes) - 1; {
		case d.Text == "":
		case last >= 0 && changes[last].Kind == kinds[d.Type]:
			changes[last].Text += d.Text
		default:
			changes = append(changes, Change{kinds[d.Type], d.Text})
		}
	}
	return changes
}

func rebuilds(changes []Change, before, after string) bool {
	var b, a strings.Builder
	for _, c := range changes {
		if strings.ToValidUTF8(c.Text, "") != c.Text {
			return false
		}
		if c.Kind != Added {
			b.WriteString(c.Text)
		}
		if c.Kind != Removed {
			a.WriteString(c.Text)
		}
	}
	return b.String() == before && a.String() == after
}
