package directory

import (
	"cmp"
	"slices"
)

// Arrange puts people in order of Number and then ID, and departments parents
// first, by depth in the tree, then by Order, then by ID. A store that reads
// them in another order calls it.
func (s *Snapshot) Arrange() {
	slices.SortFunc(s.People, func(a, b Person) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
	})
	depth := depths(s.Departments)
	slices.SortFunc(s.Departments, func(a, b Department) int {
		return cmp.Or(cmp.Compare(depth[a.ID], depth[b.ID]), cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID))
	})
}

// depths says how deep each department is. What has no parent here, or hangs in
// a ring, counts as a root.
func depths(list []Department) map[DepartmentID]int {
	parent := make(map[DepartmentID]DepartmentID, len(list))
	for _, d := range list {
		parent[d.ID] = d.Parent
	}
	depth := make(map[DepartmentID]int, len(list))
	for _, d := range list {
		n := 0
		for up, ok := parent[d.Parent]; ok && n <= len(list); up, ok = parent[up] {
			n++
			if up == "" {
				break
			}
		}
		if n > len(list) {
			n = 0
		}
		depth[d.ID] = n
	}
	return depth
}
