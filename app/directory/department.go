package directory

// DepartmentID names a department for ever.
type DepartmentID string

// Department is a node of the tree 部 → 課 → 係.
type Department struct {
	ID         DepartmentID
	Name       string // own name, without the path
	Parent     DepartmentID
	Order      int  // among its siblings, as the roster lists them
	OutOfScope bool // outside the policy (clause 5(1)): the schools' and the hospital's own networks
}
