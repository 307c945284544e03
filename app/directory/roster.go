package directory

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
)

// Roster is the directory at one revision, in memory. It never changes and may
// be shared.
type Roster struct {
	Revision    int64
	people      []Person // by Number
	byID        map[PersonID]int
	byNumber    map[string]int
	departments []Department // parents first, then by Order
	byDept      map[DepartmentID]int
	children    map[DepartmentID][]Department
	paths       map[DepartmentID][]Department
	members     map[DepartmentID][]int // everybody who ever belonged there, by Number
}

// NewRoster returns the view of a snapshot.
func NewRoster(s Snapshot) *Roster {
	r := &Roster{
		Revision: s.Revision, people: s.People, departments: s.Departments,
		byID: make(map[PersonID]int, len(s.People)), byNumber: make(map[string]int, len(s.People)),
		byDept: map[DepartmentID]int{}, children: map[DepartmentID][]Department{},
		paths: map[DepartmentID][]Department{}, members: map[DepartmentID][]int{},
	}
	for i, d := range r.departments {
		r.byDept[d.ID] = i
		r.children[d.Parent] = append(r.children[d.Parent], d)
	}
	for parent := range r.children {
		slices.SortStableFunc(r.children[parent], func(a, b Department) int { return cmp.Compare(a.Order, b.Order) })
	}
	for _, d := range r.departments {
		r.paths[d.ID] = r.pathOf(d)
	}
	for i, p := range r.people {
		r.byID[p.ID] = i
		r.byNumber[p.Number] = i
		for _, m := range p.Memberships {
			if list := r.members[m.Department]; len(list) == 0 || list[len(list)-1] != i {
				r.members[m.Department] = append(list, i)
			}
		}
	}
	return r
}

func (r *Roster) pathOf(d Department) []Department {
	path := []Department{d}
	for len(path) <= len(r.departments) {
		i, ok := r.byDept[d.Parent]
		if !ok {
			break
		}
		d = r.departments[i]
		path = append(path, d)
	}
	slices.Reverse(path)
	return path
}

// People returns everybody who was ever in the roster, in order of Number.
// Callers must not change the slice.
func (r *Roster) People() []Person { return r.people }

// Departments returns the tree, parents first. Callers must not change it.
func (r *Roster) Departments() []Department { return r.departments }

// Person returns the person.
func (r *Roster) Person(id PersonID) (Person, bool) { return at(r.people, r.byID, id) }

// PersonByNumber returns who has or had the number.
func (r *Roster) PersonByNumber(number string) (Person, bool) {
	return at(r.people, r.byNumber, number)
}

// Department returns the department.
func (r *Roster) Department(id DepartmentID) (Department, bool) {
	return at(r.departments, r.byDept, id)
}

func at[K comparable, V any](list []V, index map[K]int, key K) (V, bool) {
	if i, ok := index[key]; ok {
		return list[i], true
	}
	var none V
	return none, false
}

// Path returns the departments from the top down to this one; nil for one
// that is not there. Callers must not change the slice.
func (r *Roster) Path(id DepartmentID) []Department { return r.paths[id] }

// Children returns the departments directly below, in order; those at the top
// for "". Callers must not change the slice.
func (r *Roster) Children(id DepartmentID) []Department { return r.children[id] }

// Within reports whether the department is ancestor itself or below it.
func (r *Roster) Within(id, ancestor DepartmentID) bool {
	return slices.ContainsFunc(r.paths[id], func(d Department) bool { return d.ID == ancestor })
}

// Subtree returns the department and all below it, parents first; every
// department for "".
func (r *Roster) Subtree(id DepartmentID) []DepartmentID {
	var out []DepartmentID
	if _, ok := r.byDept[id]; ok {
		out = append(out, id)
	}
	for _, child := range r.children[id] {
		out = append(out, r.Subtree(child.ID)...)
	}
	return out
}

// PeopleIn returns who works in the department or below it on day, in order of
// Number; everybody at work that day for "".
func (r *Roster) PeopleIn(id DepartmentID, day calendar.Date) []Person {
	if id == "" {
		return slices.DeleteFunc(slices.Clone(r.people), func(p Person) bool { return !p.ActiveOn(day) })
	}
	var found []int
	for _, d := range r.Subtree(id) {
		for _, i := range r.members[d] {
			if p := r.people[i]; p.ActiveOn(day) && p.MembershipOn(day).Department == d {
				found = append(found, i)
			}
		}
	}
	slices.Sort(found)
	out := make([]Person, 0, len(found))
	for _, i := range slices.Compact(found) {
		out = append(out, r.people[i])
	}
	return out
}

// Rosters gives the roster in force. It keeps the last one and reads another
// only when the store's revision has changed.
type Rosters struct {
	store   Store
	mu      sync.Mutex // held while reading: one read serves all who wait
	current *Roster
}

// NewRosters returns the rosters of a store.
func NewRosters(store Store) *Rosters { return &Rosters{store: store} }

// Current returns the roster in force. Unavailable when the store does not
// answer.
func (rs *Rosters) Current(ctx context.Context) (*Roster, error) {
	revision, err := rs.store.RosterRevision(ctx)
	if err != nil {
		return nil, err
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.current != nil && rs.current.Revision >= revision {
		return rs.current, nil
	}
	s, err := rs.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	rs.current = NewRoster(s)
	return rs.current, nil
}

// Person returns the person of the roster in force, also one who has left.
// NotFound.
func (rs *Rosters) Person(ctx context.Context, id PersonID) (Person, error) {
	r, err := rs.Current(ctx)
	if err != nil {
		return Person{}, err
	}
	if p, ok := r.Person(id); ok {
		return p, nil
	}
	return Person{}, fault.NotFoundf("person %s", id)
}

// PersonByNumber returns who has or had the number. NotFound.
func (rs *Rosters) PersonByNumber(ctx context.Context, number string) (Person, error) {
	r, err := rs.Current(ctx)
	if err != nil {
		return Person{}, err
	}
	if p, ok := r.PersonByNumber(number); ok {
		return p, nil
	}
	return Person{}, fault.NotFoundf("number %s", number)
}
