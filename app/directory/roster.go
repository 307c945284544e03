package directory

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"

	"kokoroe/app/calendar"
)

// Roster is everybody and every department at one revision, in memory and in
// order for reading. It never changes: any number of readers may share one,
// and none may write into the slices of what it returns.
type Roster struct {
	revision int64
	people   []Person // by Number
	byID     map[PersonID]int32
	byNumber map[string]int32
	stayed   map[DepartmentID][]int32 // who was ever in a department, by Number
	mails    func() map[string][]int32
	letters  func() map[rune][]int32 // whose name or reading has a letter

	departments []Department // as a reader walks the tree: parents, then children in order
	places      map[DepartmentID]span
	children    map[DepartmentID][]Department
	byPath      map[string]DepartmentID
}

// span is a department's place among the departments, and the end of its
// subtree.
type span struct{ at, end int }

// PathSeparator stands between the names of a department's path.
const PathSeparator = "/"

// NewRoster returns the view of a snapshot, which it keeps.
func NewRoster(s Snapshot) *Roster {
	r := &Roster{
		revision: s.Revision,
		people:   s.People,
		byID:     make(map[PersonID]int32, len(s.People)),
		byNumber: make(map[string]int32, len(s.People)),
		stayed:   make(map[DepartmentID][]int32, len(s.Departments)),
		places:   make(map[DepartmentID]span, len(s.Departments)),
		children: make(map[DepartmentID][]Department, len(s.Departments)),
		byPath:   make(map[string]DepartmentID, len(s.Departments)),
	}
	slices.SortStableFunc(r.people, func(a, b Person) int { return strings.Compare(a.Number, b.Number) })
	for i, p := range r.people {
		n := int32(i)
		r.byID[p.ID], r.byNumber[p.Number] = n, n
		for _, stay := range p.Memberships {
			if in := r.stayed[stay.Department]; len(in) == 0 || in[len(in)-1] != n {
				r.stayed[stay.Department] = append(in, n)
			}
		}
	}
	r.mails = sync.OnceValue(r.indexMails)
	r.letters = sync.OnceValue(r.indexLetters)
	r.growTree(s.Departments)
	return r
}

func (r *Roster) growTree(departments []Department) {
	known := make(map[DepartmentID]bool, len(departments))
	for _, d := range departments {
		known[d.ID] = true
	}
	for _, d := range departments {
		parent := d.Parent
		if !known[parent] {
			parent = "" // an orphan is shown at the top rather than nowhere
		}
		r.children[parent] = append(r.children[parent], d)
	}
	for _, siblings := range r.children {
		slices.SortStableFunc(siblings, func(a, b Department) int {
			return cmp.Or(cmp.Compare(a.Order, b.Order), strings.Compare(a.Name, b.Name))
		})
	}
	r.departments = make([]Department, 0, len(departments))
	r.visit("", "")
}

func (r *Roster) visit(parent DepartmentID, path string) {
	for _, d := range r.children[parent] {
		own := path + d.Name
		at := len(r.departments)
		r.departments = append(r.departments, d)
		if _, taken := r.byPath[own]; !taken {
			r.byPath[own] = d.ID
		}
		r.visit(d.ID, own+PathSeparator)
		r.places[d.ID] = span{at, len(r.departments)}
	}
}

func (r *Roster) indexMails() map[string][]int32 {
	index := make(map[string][]int32, len(r.people))
	for i, p := range r.people {
		if p.Mail != "" {
			key := strings.ToLower(p.Mail)
			index[key] = append(index[key], int32(i))
		}
	}
	return index
}

// Revision is the number of the roster that this is a view of; 0 before the
// first import.
func (r *Roster) Revision() int64 { return r.revision }

// Len returns how many people were ever in the roster.
func (r *Roster) Len() int { return len(r.people) }

// People yields everybody who was ever in the roster, by Number.
func (r *Roster) People() iter.Seq[Person] { return slices.Values(r.people) }

// Person returns the person with the ID.
func (r *Roster) Person(id PersonID) (Person, bool) {
	i, ok := r.byID[id]
	return r.at(i, ok)
}

// PersonByNumber returns the person with the 職員番号.
func (r *Roster) PersonByNumber(number string) (Person, bool) {
	i, ok := r.byNumber[number]
	return r.at(i, ok)
}

// Place returns where the person stands in the order of People, counted from 0.
func (r *Roster) Place(id PersonID) (int, bool) {
	i, ok := r.byID[id]
	return int(i), ok
}

func (r *Roster) at(i int32, ok bool) (Person, bool) {
	if !ok {
		return Person{}, false
	}
	return r.people[i], true
}

// PeopleByMail returns everybody with the mail address, to find duplicates. It
// is never the way to know who signs in: addresses are given to others.
func (r *Roster) PeopleByMail(mail string) []Person {
	var found []Person
	for _, i := range r.mails()[strings.ToLower(mail)] {
		found = append(found, r.people[i])
	}
	return found
}

// Departments returns every department as a reader walks the tree.
func (r *Roster) Departments() []Department { return slices.Clone(r.departments) }

// Department returns the department with the ID.
func (r *Roster) Department(id DepartmentID) (Department, bool) {
	place, ok := r.places[id]
	if !ok {
		return Department{}, false
	}
	return r.departments[place.at], true
}

// DepartmentByPath returns the department at a path such as
// "総務部/情報政策課".
func (r *Roster) DepartmentByPath(path string) (Department, bool) {
	return r.Department(r.byPath[path])
}

// Path returns the departments from the top down to id, and nil for an unknown
// one.
func (r *Roster) Path(id DepartmentID) []Department {
	var path []Department
	for d, ok := r.Department(id); ok; d, ok = r.Department(d.Parent) {
		path = append(path, d)
	}
	slices.Reverse(path)
	return path
}

// PathName returns the names of Path, as the roster file writes them.
func (r *Roster) PathName(id DepartmentID) string {
	var names []string
	for _, d := range r.Path(id) {
		names = append(names, d.Name)
	}
	return strings.Join(names, PathSeparator)
}

// Children returns the departments directly below id, in order; below "" are
// the 部.
func (r *Roster) Children(id DepartmentID) []Department { return slices.Clone(r.children[id]) }

// Within reports whether department is ancestor or lies below it.
func (r *Roster) Within(department, ancestor DepartmentID) bool {
	d, known := r.places[department]
	a, ok := r.places[ancestor]
	return known && ok && a.at <= d.at && d.at < a.end
}

// Subtree returns id and all that lies below it, as a reader walks the tree.
func (r *Roster) Subtree(id DepartmentID) []DepartmentID {
	place, ok := r.places[id]
	if !ok {
		return nil
	}
	ids := make([]DepartmentID, 0, place.end-place.at)
	for _, d := range r.departments[place.at:place.end] {
		ids = append(ids, d.ID)
	}
	return ids
}

// InScope reports whether the policy holds in the department (clause 5(1)):
// neither it nor anything above it is marked as outside.
func (r *Roster) InScope(id DepartmentID) bool {
	path := r.Path(id)
	return len(path) > 0 && !slices.ContainsFunc(path, func(d Department) bool { return d.OutOfScope })
}

// PeopleIn returns who works in the department or below it on day, those on
// leave included: department by department, then by Number.
func (r *Roster) PeopleIn(id DepartmentID, day calendar.Date) []Person {
	var in []Person
	for _, d := range r.Subtree(id) {
		for _, p := range r.Staff(d, day, "") {
			in = append(in, p)
		}
	}
	return in
}

// Staff yields who works in the department itself on day, those on leave
// included, by Number from the first one behind after, each with its place.
func (r *Roster) Staff(id DepartmentID, day calendar.Date, after string) iter.Seq2[int, Person] {
	return func(yield func(int, Person) bool) {
		stayed := r.stayed[id]
		if after != "" {
			from, found := slices.BinarySearchFunc(stayed, after, func(i int32, number string) int {
				return strings.Compare(r.people[i].Number, number)
			})
			if found {
				from++
			}
			stayed = stayed[from:]
		}
		for _, i := range stayed {
			p := &r.people[i]
			if p.ActiveOn(day) && p.MembershipOn(day).Department == id && !yield(int(i), *p) {
				return
			}
		}
	}
}

// HeadOf returns who leads the department on day: somebody at work there, not
// below it, whose post is a head's. Of two it is the one with the lower
// number.
func (r *Roster) HeadOf(id DepartmentID, day calendar.Date) (Person, bool) {
	for _, i := range r.stayed[id] {
		p := &r.people[i]
		if p.IsHead() && p.ActiveOn(day) && !p.OnLeave(day) && p.MembershipOn(day).Department == id {
			return *p, true
		}
	}
	return Person{}, false
}
