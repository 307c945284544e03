package directory_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
)

// memory is a directory.Store that forgets when the test ends.
type memory struct {
	mu       sync.Mutex
	snapshot directory.Snapshot
	asked    int // RosterRevision
	loaded   int // Roster
	applied  int // ApplyRoster
	down     bool
	slow     chan struct{} // Roster waits for it when set
}

func (m *memory) RosterRevision(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if m.down {
		return 0, fault.New(fault.Unavailable, "error.unavailable", nil)
	}
	return m.snapshot.Revision, nil
}

func (m *memory) Roster(ctx context.Context) (directory.Snapshot, error) {
	m.mu.Lock()
	m.loaded++
	slow := m.slow
	m.mu.Unlock()
	if slow != nil {
		<-slow
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := directory.Snapshot{Revision: m.snapshot.Revision, Departments: slices.Clone(m.snapshot.Departments)}
	for _, p := range m.snapshot.People {
		p.Leaves, p.Memberships = slices.Clone(p.Leaves), slices.Clone(p.Memberships)
		s.People = append(s.People, p)
	}
	return s, ctx.Err()
}

func (m *memory) ApplyRoster(_ context.Context, base int64, change directory.Change) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.applied++
	if base != m.snapshot.Revision {
		return 0, fault.New(fault.Conflict, "error.conflict", nil)
	}
	people := map[directory.PersonID]int{}
	for i, p := range m.snapshot.People {
		people[p.ID] = i
	}
	for _, p := range change.People {
		p.Leaves, p.Memberships = slices.Clone(p.Leaves), slices.Clone(p.Memberships)
		if i, ok := people[p.ID]; ok {
			m.snapshot.People[i] = p
			continue
		}
		m.snapshot.People = append(m.snapshot.People, p)
	}
	slices.SortFunc(m.snapshot.People, func(a, b directory.Person) int { return strings.Compare(a.Number, b.Number) })
	for _, d := range change.Departments {
		if i := slices.IndexFunc(m.snapshot.Departments, func(k directory.Department) bool { return k.ID == d.ID }); i >= 0 {
			m.snapshot.Departments[i] = d
			continue
		}
		m.snapshot.Departments = append(m.snapshot.Departments, d)
	}
	m.snapshot.Revision++
	return m.snapshot.Revision, nil
}

// chance is a source of bytes that is the same in every run.
func chance() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{1}) }

// header is the file's first row.
const header = "職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日,休職開始,休職終了,異動日,対象外\n"

// day is the day of the project.
var day = calendar.MustDate("2026-11-22")

// office imports rosters for a test.
type office struct {
	*testing.T
	store   *memory
	rosters *directory.Rosters
}

func newOffice(t *testing.T) *office {
	store := &memory{}
	return &office{t, store, directory.NewRosters(store, chance())}
}

// file returns a roster file of these rows; commas at the end may be missing.
func file(rows ...string) string {
	return header + strings.Join(rows, "\n") + "\n"
}

func (o *office) parse(csv string) (directory.Rows, []fault.Field) {
	o.Helper()
	table, err := spreadsheet.Read("roster.csv", []byte(csv))
	if err != nil {
		o.Fatal(err)
	}
	return directory.ParseRoster(table)
}

func (o *office) plan(on calendar.Date, csv string, options directory.Options) *directory.Plan {
	o.Helper()
	rows, problems := o.parse(csv)
	if len(problems) > 0 {
		o.Fatalf("problems: %v", problems)
	}
	plan, err := o.rosters.Plan(o.Context(), rows, on, options)
	if err != nil {
		o.Fatal(err)
	}
	return plan
}

// imports applies a file with everything confirmed.
func (o *office) imports(on calendar.Date, csv string) *directory.Plan {
	o.Helper()
	plan := o.plan(on, csv, directory.Options{NewDepartments: true, ConfirmLeavers: true, ConfirmNames: true})
	if _, err := o.rosters.Apply(o.Context(), plan); err != nil {
		o.Fatal(err)
	}
	return plan
}

func (o *office) roster() *directory.Roster {
	o.Helper()
	r, err := o.rosters.Current(o.Context())
	if err != nil {
		o.Fatal(err)
	}
	return r
}

func (o *office) person(number string) directory.Person {
	o.Helper()
	p, ok := o.roster().PersonByNumber(number)
	if !ok {
		o.Fatalf("nobody has number %s", number)
	}
	return p
}

// life is what a person did here, in one line.
func (o *office) life(number string) string {
	o.Helper()
	p := o.person(number)
	r := o.roster()
	out := p.JoinedOn.String() + "~" + p.LeftOn.String()
	for _, m := range p.Memberships {
		out += " " + r.PathName(m.Department) + ":" + m.From.String() + "~" + m.Until.String()
	}
	for _, l := range p.Leaves {
		out += " leave:" + l.From.String() + "~" + l.Until.String()
	}
	return out
}

// messages are the places and message IDs of fields.
func messages(fields []fault.Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, strings.TrimSpace(f.Name+" "+f.MessageID))
	}
	slices.SortStableFunc(out, cmp.Compare[string])
	return out
}
