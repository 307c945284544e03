package directory

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
)

// Options are what the one who imports has confirmed.
type Options struct {
	NewDepartments bool // departments that the roster does not know may be made
	ConfirmLeavers bool // it is true that so many are gone
	ConfirmNames   bool // it is true that so many have another name
}

// Plan is a rehearsed import: everything that it would change, and why it may
// not. Applying it does exactly this, or nothing.
type Plan struct {
	Base int64         // revision that it was made for; 0 is the first import
	Day  calendar.Date // the day that the file speaks of

	Added          []Difference
	Returned       []Difference // had left and are back
	Moved          []Difference // are or will be in another department
	Changed        []Difference
	Left           []Difference // gone from the file, or with a last day that has passed
	Unchanged      int
	Untouched      int // not in the file and not expected there
	NewDepartments []NewDepartment
	ScopeChanges   []Department // departments that go in or out of scope

	Problems []fault.Field // to be mended in the file
	Confirm  []fault.Field // to be confirmed with Options, or mended

	change Change
	roster *Roster // that it was made for
}

// Difference is what an import does to one person.
type Difference struct {
	Before Person // zero for somebody new
	After  Person
	Line   int // in the file; 0 for somebody who is not in it
}

// NewDepartment is a department that an import makes.
type NewDepartment struct {
	Department
	Path string
	Line int // that names it first
}

// Ready reports whether the plan may be applied.
func (p *Plan) Ready() bool { return len(p.Problems) == 0 && len(p.Confirm) == 0 }

// Empty reports whether applying the plan changes nothing.
func (p *Plan) Empty() bool { return len(p.change.People) == 0 && len(p.change.Departments) == 0 }

// Plan rehearses the import of a file that says who is here on day.
//
// People whose kind the file does not hold at all stay untouched: a personnel
// system knows no contractor's workers, and their absence from its file says
// nothing.
//
// Invalid for rows with problems of their own; what is wrong in comparison
// with the roster is in the plan. Unavailable when the store does not answer.
func (s *Rosters) Plan(ctx context.Context, rows Rows, day calendar.Date, o Options) (*Plan, error) {
	if rows.broken || len(rows.people) == 0 {
		return nil, fault.New(fault.Invalid, "roster.broken", nil)
	}
	roster, err := s.Current(ctx)
	if err != nil {
		return nil, err
	}
	m := newPlanner(roster, rows, day, s.random)
	m.readDepartments()
	m.readPeople()
	m.findLeavers()
	m.checkMails()
	if m.randomErr != nil {
		return nil, fmt.Errorf("make IDs for the roster: %w", m.randomErr)
	}
	m.plan.Problems = m.problems.all()
	m.askForConfirmation(o)
	return m.plan, nil
}

// Apply stores the plan, all of it or nothing, and returns the revision then
// in force. A plan that changes nothing makes no revision. Invalid for a plan
// that is not ready; Conflict when the roster is another than the plan's.
func (s *Rosters) Apply(ctx context.Context, p *Plan) (int64, error) {
	if !p.Ready() {
		return 0, fault.InvalidFields(slices.Concat(p.Problems, p.Confirm)...)
	}
	if p.Empty() {
		return p.Base, nil
	}
	revision, err := s.store.ApplyRoster(ctx, p.Base, p.change)
	s.applied.Add(1) // whatever came of it, the next question asks the store
	if fault.Is(err, fault.Conflict) {
		return 0, fault.Wrap(err, fault.Conflict, "roster.conflict")
	}
	return revision, err
}

// planner makes one plan.
type planner struct {
	roster    *Roster
	rows      Rows
	day       calendar.Date
	ids       *idSource
	randomErr error

	departments map[string]DepartmentID // by path, the new ones too
	nextOrder   map[DepartmentID]int
	inFile      map[string]bool // numbers
	kinds       map[Kind]bool   // that the file holds
	here, gone  int             // before, and of those no longer after
	renamed     int

	problems problems
	plan     *Plan
}

func newPlanner(roster *Roster, rows Rows, day calendar.Date, random io.Reader) *planner {
	m := &planner{
		roster: roster, rows: rows, day: day, ids: newIDSource(random),
		departments: make(map[string]DepartmentID, len(roster.byPath)),
		nextOrder:   map[DepartmentID]int{},
		inFile:      make(map[string]bool, len(rows.people)),
		kinds:       map[Kind]bool{},
		plan:        &Plan{Base: roster.Revision(), Day: day, roster: roster},
	}
	for path, id := range roster.byPath {
		m.departments[path] = id
	}
	for parent, siblings := range roster.children {
		m.nextOrder[parent] = siblings[len(siblings)-1].Order + 1
	}
	for _, row := range rows.people {
		m.inFile[row.Number] = true
		m.kinds[row.Employment.Kind()] = true
	}
	return m
}

func (m *planner) bad(row Row, c column, messageID string, args fault.Args) {
	m.problems.add(m.rows.layout.field(row.Line, c, messageID, args))
}

func (m *planner) id(prefix string) string {
	id, err := m.ids.next(prefix)
	if err != nil {
		m.randomErr = err
	}
	return id
}

// readDepartments makes the departments that are new and marks those that go
// in or out of scope.
func (m *planner) readDepartments() {
	said := map[string]Row{} // the first row of each path
	for _, row := range m.rows.people {
		m.department(row)
		first, seen := said[row.Department]
		if !seen {
			said[row.Department] = row
			m.scope(row)
		} else if m.rows.layout.has(outOfScopeColumn) && first.OutOfScope != row.OutOfScope {
			m.bad(row, outOfScopeColumn, "roster.scope.conflict", fault.Args{"Value": row.Department, "Line": first.Line})
		}
	}
	for _, n := range m.plan.NewDepartments {
		m.plan.change.Departments = append(m.plan.change.Departments, n.Department)
	}
	m.plan.change.Departments = append(m.plan.change.Departments, m.plan.ScopeChanges...)
}

// department makes the department of the row and what is above it, top first.
func (m *planner) department(row Row) {
	if _, known := m.departments[row.Department]; known {
		return
	}
	var parent DepartmentID
	path := ""
	for _, name := range strings.Split(row.Department, PathSeparator) {
		path += name
		id, known := m.departments[path]
		if !known {
			id = DepartmentID(m.id("d"))
			m.departments[path] = id
			m.plan.NewDepartments = append(m.plan.NewDepartments, NewDepartment{
				Department: Department{ID: id, Name: name, Parent: parent, Order: m.nextOrder[parent]},
				Path:       path, Line: row.Line,
			})
			m.nextOrder[parent]++
		}
		parent = id
		path += PathSeparator
	}
}

// scope sets the mark of the row's department.
func (m *planner) scope(row Row) {
	if !m.rows.layout.has(outOfScopeColumn) {
		return
	}
	id := m.departments[row.Department]
	if d, known := m.roster.Department(id); known {
		if d.OutOfScope != row.OutOfScope {
			d.OutOfScope = row.OutOfScope
			m.plan.ScopeChanges = append(m.plan.ScopeChanges, d)
		}
		return
	}
	for i := range m.plan.NewDepartments {
		if n := &m.plan.NewDepartments[i]; n.ID == id {
			n.OutOfScope = row.OutOfScope
		}
	}
}

func (m *planner) readPeople() {
	short := m.numbersWithoutZeros()
	for _, row := range m.rows.people {
		before, known := m.roster.PersonByNumber(row.Number)
		if !known {
			if number, lost := short[row.Number]; lost {
				m.bad(row, numberColumn, "roster.number.zeros_lost", fault.Args{"Value": row.Number, "Known": number})
			}
		}
		after := before.updated(row, m.departments[row.Department], m.rows.layout, m.day)
		switch {
		case !known:
			after.ID = PersonID(m.id("p"))
			m.put(&m.plan.Added, Difference{After: after, Line: row.Line})
		case before.rehired(row, m.day) && before.gone(m.day) && !sameGivenName(before, row):
			m.bad(row, numberColumn, "roster.number.reused", fault.Args{
				"Value": row.Number, "Name": before.Name, "LeftOn": before.LeftOn.String(),
			})
		default:
			m.compare(Difference{Before: before, After: after, Line: row.Line})
		}
	}
}

// numbersWithoutZeros finds who a number means that has lost its zeros.
func (m *planner) numbersWithoutZeros() map[string]string {
	short := map[string]string{}
	for p := range m.roster.People() {
		if cut := strings.TrimLeft(p.Number, "0"); cut != p.Number && cut != "" && !m.inFile[p.Number] {
			short[cut] = p.Number
		}
	}
	return short
}

// compare files a known person's difference under what it is most.
func (m *planner) compare(d Difference) {
	wasHere, isHere := d.Before.ActiveOn(m.day), d.After.ActiveOn(m.day)
	if wasHere {
		m.here++
		if !isHere {
			m.gone++
		}
		if d.Before.Name != d.After.Name && d.Before.Kana != d.After.Kana {
			m.renamed++
		}
	}
	switch {
	case d.Before.same(d.After):
		m.plan.Unchanged++
	case d.Before.gone(m.day) && !d.After.gone(m.day):
		m.put(&m.plan.Returned, d)
	case !d.Before.gone(m.day) && d.After.gone(m.day):
		m.put(&m.plan.Left, d)
	case d.Before.lastDepartment() != d.After.lastDepartment():
		m.put(&m.plan.Moved, d)
	default:
		m.put(&m.plan.Changed, d)
	}
}

func (p Person) lastDepartment() DepartmentID {
	if len(p.Memberships) == 0 {
		return ""
	}
	return p.Memberships[len(p.Memberships)-1].Department
}

func (m *planner) put(list *[]Difference, d Difference) {
	*list = append(*list, d)
	m.plan.change.People = append(m.plan.change.People, d.After)
}

// findLeavers gives a last day to everybody whom the file should hold and does
// not.
func (m *planner) findLeavers() {
	for p := range m.roster.People() {
		switch {
		case m.inFile[p.Number]:
		case p.gone(m.day) || !m.kinds[p.Kind()]:
			m.plan.Untouched++
		default:
			m.compare(Difference{Before: p, After: p.departed(m.day)})
		}
	}
}

// checkMails finds addresses that two people share: one of them would read the
// other's reminders. A shared mailbox is not a person.
func (m *planner) checkMails() {
	lines := make(map[string]int, len(m.rows.people))
	for _, row := range m.rows.people {
		if row.Mail == "" || !row.LeftOn.IsZero() && row.LeftOn.Before(m.day) {
			continue
		}
		key := strings.ToLower(row.Mail)
		if first, taken := lines[key]; taken {
			m.bad(row, mailColumn, "roster.mail.duplicate", fault.Args{"Value": row.Mail, "Line": first})
			continue
		}
		lines[key] = row.Line
		for _, p := range m.roster.PeopleByMail(row.Mail) {
			if !m.inFile[p.Number] && !m.kinds[p.Kind()] && !p.gone(m.day) {
				m.bad(row, mailColumn, "roster.mail.taken", fault.Args{"Value": row.Mail, "Number": p.Number})
			}
		}
	}
}

// suspicious is the share that looks like a mistake: one of five.
const suspicious = 5

// askForConfirmation names what looks like a mistake and is not confirmed. The
// first import has nothing to compare with.
func (m *planner) askForConfirmation(o Options) {
	if m.roster.Len() == 0 {
		return
	}
	var ask problems
	if m.gone > 0 && m.gone*suspicious >= m.here && !o.ConfirmLeavers {
		ask.add(fault.Field{Name: "leavers", MessageID: "roster.leavers.many", Args: fault.Args{"Count": m.gone, "Of": m.here}})
	}
	if m.renamed > 0 && m.renamed*suspicious >= m.here && !o.ConfirmNames {
		ask.add(fault.Field{Name: "names", MessageID: "roster.names.many", Args: fault.Args{"Count": m.renamed, "Of": m.here}})
	}
	for _, d := range m.plan.NewDepartments {
		if !o.NewDepartments {
			ask.add(m.rows.layout.field(d.Line, departmentColumn, "roster.department.unknown", fault.Args{"Value": d.Path}))
		}
	}
	m.plan.Confirm = ask.all()
}

// sameGivenName reports whether a number that comes back may mean the same
// person: the family name may have changed, not the given name too.
func sameGivenName(p Person, row Row) bool {
	return lastWord(p.Name) == lastWord(row.Name) || p.Kana != "" && lastWord(p.Kana) == lastWord(row.Kana)
}

func lastWord(s string) string {
	words := strings.Fields(s)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}
