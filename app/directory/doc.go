// Package directory owns who there is: people, the tree of departments, who
// belongs where on which day, and the roster import that keeps it true.
//
// Nobody is ever deleted: who leaves gets a last day, and what they promised
// stays readable. Opaque IDs go out to other packages; names stay here.
package directory
