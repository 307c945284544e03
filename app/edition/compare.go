package edition

import (
	"bytes"
	"slices"
	"strings"
)

// Change is how a file differs between two editions.
type Change struct {
	Part Part
	Path string
	Sort ChangeSort
}

// ChangeSort says what became of a file.
type ChangeSort string

// The sorts of changes.
const (
	Added   ChangeSort = "added"
	Changed ChangeSort = "changed"
	Removed ChangeSort = "removed"
)

// Changes returns how the files of after differ from those of before: content
// first, then registers, each by path.
func Changes(before, after Bundle) []Change {
	var list []Change
	for _, p := range Parts {
		was, is := before.Files(p), after.Files(p)
		first := len(list)
		for name, data := range is {
			old, there := was[name]
			switch {
			case !there:
				list = append(list, Change{p, name, Added})
			case !bytes.Equal(old, data):
				list = append(list, Change{p, name, Changed})
			}
		}
		for name := range was {
			if _, there := is[name]; !there {
				list = append(list, Change{p, name, Removed})
			}
		}
		slices.SortFunc(list[first:], func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	}
	return list
}
