// Package policy owns policies, their versions and clauses, publication, the
// declarations, and the acknowledgement of a version by a person.
package policy
