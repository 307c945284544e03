package directory

import "context"

// Store is what the directory needs kept.
type Store interface {
	// RosterRevision returns the number of the roster in force; 0 before the
	// first import. It is cheap: readers ask it to see whether theirs is old.
	RosterRevision(ctx context.Context) (int64, error)

	// Roster returns everybody who was ever in the roster, and the departments.
	Roster(ctx context.Context) (Snapshot, error)

	// ApplyRoster stores the change whole or not at all and returns the new
	// revision, base+1. Conflict when base is no longer the one in force.
	ApplyRoster(ctx context.Context, base int64, change Change) (int64, error)
}

// Snapshot is the roster as stored at one revision. People are in order of
// Number, departments parents first, then by Order.
type Snapshot struct {
	Revision    int64
	People      []Person
	Departments []Department
}

// Change is what an import puts: whole people and departments, new or changed.
// Nothing is removed by a change.
type Change struct {
	People      []Person
	Departments []Department
}
