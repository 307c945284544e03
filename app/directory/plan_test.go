package directory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

// who returns a row: number, department, and the cells from 採用日 on.
func who(number, department, dates string) string {
	return fmt.Sprintf("%s,見本　%s,,s%s@city.example,正職員,%s,主事,%s", number, "花子"+number, number, department, dates)
}

func date(s string) calendar.Date { return calendar.MustDate(s) }

func TestFirstImport(t *testing.T) {
	o := newOffice(t)
	csv := file(who("1", "総務部", "2000-04-01"), who("2", "総務部/人事課", "2020-04-01,,,,2026-04-01"),
		who("3", "病院/医事課", "2020-04-01,2026-09-30,,,,○"), who("4", "総務部/総務課", "2020-04-01,,2026-10-01,2027-03-31"))
	plan := o.plan(day, csv, directory.Options{})
	if !plan.Ready() || len(plan.Added) != 4 || plan.Unchanged != 0 {
		t.Fatalf("confirm %v, problems %v, %d added", plan.Confirm, plan.Problems, len(plan.Added))
	}
	var paths []string
	for _, d := range plan.NewDepartments {
		paths = append(paths, fmt.Sprintf("%s:%d:%v", d.Path, d.Line, d.OutOfScope))
	}
	if d := cmp.Diff([]string{"総務部:2:false", "総務部/人事課:3:false", "病院:4:false", "病院/医事課:4:true", "総務部/総務課:5:false"}, paths); d != "" {
		t.Error(d)
	}
	if o.store.applied != 0 {
		t.Error("a rehearsal has written")
	}
	o.imports(day, csv)
	for number, want := range map[string]string{
		"1": "2000-04-01~ 総務部:2000-04-01~",
		"2": "2020-04-01~ 総務部/人事課:2026-04-01~",
		"3": "2020-04-01~2026-09-30 病院/医事課:2020-04-01~2026-09-30",
		"4": "2020-04-01~ 総務部/総務課:2020-04-01~ leave:2026-10-01~2027-03-31",
	} {
		if got := o.life(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
	id := string(o.person("1").ID)
	if len(id) != 27 || id[0] != 'p' || strings.ToLower(id) != id {
		t.Errorf("ID %q", id)
	}
}

// A career is told by files on days; the last life is compared.
func TestCareers(t *testing.T) {
	type step struct{ on, department, dates string } // no department: not in the file
	tests := map[string]struct {
		steps []step
		want  string
	}{
		"moved, on the day of the import": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "B", "2020-04-01"}},
			"2020-04-01~ A:2020-04-01~2026-04-02 B:2026-04-03~"},
		"moved, with a date": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "B", "2020-04-01,,,,2026-04-01"}},
			"2020-04-01~ A:2020-04-01~2026-03-31 B:2026-04-01~"},
		"rehearsal of April": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-03-25", "B", "2020-04-01,,,,2026-04-01"}},
			"2020-04-01~ A:2020-04-01~2026-03-31 B:2026-04-01~"},
		"rehearsal withdrawn": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-03-25", "B", "2020-04-01,,,,2026-04-01"}, {"2026-03-26", "A", "2020-04-01"}},
			"2020-04-01~ A:2020-04-01~"},
		"rehearsal changed": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-03-25", "B", "2020-04-01,,,,2026-04-01"}, {"2026-03-26", "C", "2020-04-01,,,,2026-04-01"}},
			"2020-04-01~ A:2020-04-01~2026-03-31 C:2026-04-01~"},
		"rehearsal put off": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-03-25", "B", "2020-04-01,,,,2026-04-01"}, {"2026-03-26", "B", "2020-04-01,,,,2026-05-01"}},
			"2020-04-01~ A:2020-04-01~2026-04-30 B:2026-05-01~"},
		"date learned late": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-10", "B", "2020-04-01"}, {"2026-04-20", "B", "2020-04-01,,,,2026-04-01"}},
			"2020-04-01~ A:2020-04-01~2026-03-31 B:2026-04-01~"},
		"department renamed, old date": {[]step{{"2026-03-01", "A", "2020-04-01,,,,2024-04-01"}, {"2026-04-01", "B", "2020-04-01,,,,2024-04-01"}},
			"2020-04-01~ A:2024-04-01~2026-03-31 B:2026-04-01~"},
		"promoted in the department": {[]step{{"2026-03-01", "A", "2020-04-01,,,,2024-04-01"}, {"2026-04-01", "A", "2020-04-01,,,,2026-04-01"}},
			"2020-04-01~ A:2024-04-01~"},
		"left, by the file": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-01", "A", "2020-04-01,2026-03-31"}},
			"2020-04-01~2026-03-31 A:2020-04-01~2026-03-31"},
		"left, by absence": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "", ""}},
			"2020-04-01~2026-04-02 A:2020-04-01~2026-04-02"},
		"left for ever": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "", ""}, {"2026-05-01", "", ""}},
			"2020-04-01~2026-04-02 A:2020-04-01~2026-04-02"},
		"missing by mistake for no day": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "", ""}, {"2026-04-03", "A", "2020-04-01"}},
			"2020-04-01~ A:2020-04-01~"},
		"missing by mistake for a week": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "", ""}, {"2026-04-10", "A", "2020-04-01"}},
			"2020-04-01~ A:2020-04-01~2026-04-02 A:2026-04-10~"},
		"hired again": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-04-03", "", ""}, {"2026-10-02", "B", "2026-10-01"}},
			"2026-10-01~ A:2020-04-01~2026-04-02 B:2026-10-01~"},
		"contract renewed": {[]step{{"2026-04-01", "A", "2026-04-01,2027-03-31"}, {"2027-03-20", "A", "2027-04-01,2028-03-31"}},
			"2026-04-01~2028-03-31 A:2026-04-01~2027-03-31 A:2027-04-01~2028-03-31"},
		"contract renewed, in April": {[]step{{"2026-04-01", "A", "2026-04-01,2027-03-31"}, {"2027-04-05", "A", "2027-04-01,2028-03-31"}},
			"2027-04-01~2028-03-31 A:2026-04-01~2027-03-31 A:2027-04-01~2028-03-31"},
		"never came": {[]step{{"2026-03-01", "A", "2026-04-01"}, {"2026-03-20", "", ""}},
			"2026-04-01~2026-03-19 A:2026-04-01~2026-03-19"},
		"came after all": {[]step{{"2026-03-01", "A", "2026-04-01"}, {"2026-03-20", "", ""}, {"2026-03-21", "A", "2026-04-01"}},
			"2026-04-01~ A:2026-04-01~"},
		"leave begins and ends": {[]step{{"2026-03-01", "A", "2020-04-01"}, {"2026-05-07", "A", "2020-04-01,,2026-05-01"}, {"2026-07-01", "A", "2020-04-01"}},
			"2020-04-01~ A:2020-04-01~ leave:2026-05-01~2026-06-30"},
		"leave made longer": {[]step{{"2026-03-01", "A", "2020-04-01,,2026-01-01,2026-03-31"}, {"2026-04-01", "A", "2020-04-01,,2026-01-01,2026-09-30"}},
			"2020-04-01~ A:2020-04-01~ leave:2026-01-01~2026-09-30"},
		"second leave": {[]step{{"2026-03-01", "A", "2020-04-01,,2025-01-01,2025-03-31"}, {"2026-04-01", "A", "2020-04-01,,2026-04-01,2026-09-30"}},
			"2020-04-01~ A:2020-04-01~ leave:2025-01-01~2025-03-31 leave:2026-04-01~2026-09-30"},
		"planned leave given up": {[]step{{"2026-03-01", "A", "2020-04-01,,2026-05-01,2026-06-30"}, {"2026-04-01", "A", "2020-04-01"}},
			"2020-04-01~ A:2020-04-01~"},
	}
	const other = "9"
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			for _, s := range tt.steps {
				rows := []string{who(other, "Z", "2000-04-01")}
				if s.department != "" {
					rows = append(rows, who("1", s.department, s.dates))
				}
				o.imports(date(s.on), file(rows...))
				if again := o.plan(date(s.on), file(rows...), directory.Options{}); !again.Empty() {
					t.Errorf("the file of %s again: %v", s.on, changes(again))
				}
			}
			if got := o.life("1"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPreview(t *testing.T) {
	o := newOffice(t)
	base := []string{}
	for i := range 10 {
		base = append(base, who(fmt.Sprint(10+i), "総務部/人事課", "2020-04-01"))
	}
	o.imports(date("2026-04-01"), file(append(base, who("50", "総務部", "2010-04-01"), "W1,標本,,,委託,総務部,,2026-04-01")...))
	o.imports(date("2026-05-01"), file(base...)) // 50 leaves
	next := slices.Clone(base[:9])               // 19 leaves
	next[0] = strings.Replace(next[0], "主事", "主査", 1)
	next[1] = strings.Replace(next[1], "人事課", "総務課", 1)
	next = append(next, who("50", "総務部", "2010-04-01"), who("70", "総務部", "2026-05-10"))
	plan := o.plan(date("2026-05-10"), file(next...), directory.Options{})

	got := changes(plan)
	slices.Sort(got)
	want := []string{
		"added 70 number:→70 name:→見本　花子70 mail:→s70@city.example employment:→roster.employment.regular department:→総務部 since:→2026-05-10 post:→主事 joined:→2026-05-10",
		"changed 10 post:主事→主査",
		"left 19 left:→2026-05-09",
		"moved 11 department:総務部/人事課→総務部/総務課 since:2020-04-01→2026-05-10",
		"returned 50 since:2010-04-01→2026-05-10 left:2026-04-30→",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if plan.Unchanged != 7 || plan.Untouched != 1 {
		t.Errorf("%d unchanged, %d untouched", plan.Unchanged, plan.Untouched)
	}
	if d := cmp.Diff([]string{"3:6 roster.department.unknown"}, messages(plan.Confirm)); d != "" {
		t.Error(d)
	}
	if _, err := o.rosters.Apply(t.Context(), plan); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unconfirmed plan was applied: %v", err)
	}
	if plan := o.plan(date("2026-05-10"), file(next...), directory.Options{NewDepartments: true}); !plan.Ready() {
		t.Errorf("confirm %v, problems %v", plan.Confirm, plan.Problems)
	}
}

func TestMistakesInComparison(t *testing.T) {
	var base []string
	for i := range 10 {
		base = append(base, who(fmt.Sprintf("%06d", 10+i), "総務部", "2020-04-01"))
	}
	base = append(base, "W1,標本,,w@x.example,委託,総務部,,2026-04-01")
	edit := func(n int, old, replacement string) []string {
		rows := slices.Clone(base)
		if !strings.Contains(rows[n], old) {
			t.Fatalf("%q is not in %q", old, rows[n])
		}
		rows[n] = strings.Replace(rows[n], old, replacement, 1)
		return rows
	}
	var sorted []string // the names were sorted without the numbers
	for i, row := range base {
		sorted = append(sorted, strings.Replace(row, "見本　花子", fmt.Sprintf("例示　次郎%d", i), 1))
	}
	for i := range sorted {
		sorted[i] = strings.Replace(sorted[i], ",,s", ",ジロウ,s", 1)
	}
	tests := map[string]struct {
		rows     []string
		problems []string
		confirm  []string
		options  directory.Options
	}{
		"nothing":                  {base, nil, nil, directory.Options{}},
		"one gone":                 {base[1:], nil, nil, directory.Options{}},
		"a fifth gone":             {base[3:], nil, []string{"leavers roster.leavers.many"}, directory.Options{ConfirmLeavers: true}},
		"half of the file":         {base[:5], nil, []string{"leavers roster.leavers.many"}, directory.Options{ConfirmLeavers: true}},
		"names sorted alone":       {sorted, nil, []string{"names roster.names.many"}, directory.Options{ConfirmNames: true}},
		"new department":           {edit(0, "総務部", "総務部/人事課"), nil, []string{"2:6 roster.department.unknown"}, directory.Options{NewDepartments: true}},
		"unknown top":              {edit(0, "総務部", "総無部/人事課"), nil, []string{"2:6 roster.department.unknown", "2:6 roster.department.unknown"}, directory.Options{NewDepartments: true}},
		"zeros lost":               {edit(0, "000010,", "10,"), []string{"2:1 roster.number.zeros_lost"}, nil, directory.Options{}},
		"one mail for two":         {edit(1, "s000011@", "S000010@"), []string{"3:4 roster.mail.duplicate"}, nil, directory.Options{}},
		"mail of one not in file":  {edit(1, "s000011@city", "w@x")[:10], []string{"3:4 roster.mail.taken"}, nil, directory.Options{}},
		"scope said in two ways":   {edit(10, "2026-04-01", "2026-04-01,,,,,○"), []string{"12:13 roster.scope.conflict"}, nil, directory.Options{}},
		"a mail may go to another": {append(edit(0, "2020-04-01", "2020-04-01,2026-04-30"), "99,例示,,s000010@city.example,正職員,総務部,,2026-05-01"), nil, nil, directory.Options{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.imports(date("2026-04-01"), file(base...))
			before := o.roster().Revision()
			plan := o.plan(date("2026-05-01"), file(tt.rows...), directory.Options{})
			if d := cmp.Diff(tt.problems, messages(plan.Problems)); d != "" {
				t.Error("problems", d)
			}
			if d := cmp.Diff(tt.confirm, messages(plan.Confirm)); d != "" {
				t.Error("confirm", d)
			}
			_, err := o.rosters.Apply(t.Context(), plan)
			if refused := err != nil; refused != (len(tt.problems)+len(tt.confirm) > 0) {
				t.Errorf("Apply: %v", err)
			}
			if err != nil && o.roster().Revision() != before {
				t.Error("something was written")
			}
			if confirmed := o.plan(date("2026-05-01"), file(tt.rows...), tt.options); confirmed.Ready() == (len(tt.problems) > 0) {
				t.Errorf("confirmed, but %v %v", confirmed.Problems, confirmed.Confirm)
			}
		})
	}
}

func TestNumberGivenToSomebodyElse(t *testing.T) {
	o := newOffice(t)
	stays := who("9", "A", "2000-04-01")
	o.imports(date("2026-04-01"), file(stays, "1,見本　花子,ミホン　ハナコ,,正職員,A,,2000-04-01"))
	o.imports(date("2026-05-01"), file(stays))
	plan := o.plan(date("2026-06-01"), file(stays, "1,例示　太郎,レイジ　タロウ,,正職員,A,,2026-06-01"), directory.Options{})
	if d := cmp.Diff([]string{"3:1 roster.number.reused"}, messages(plan.Problems)); d != "" {
		t.Error(d)
	}
	plan = o.plan(date("2026-06-01"), file(stays, "1,例示　花子,レイジ　ハナコ,,正職員,A,,2026-06-01"), directory.Options{})
	if !plan.Ready() || len(plan.Returned) != 1 {
		t.Errorf("married and back: %v %v", plan.Problems, plan.Returned)
	}
}

func TestScopeChanges(t *testing.T) {
	o := newOffice(t)
	o.imports(day, file(who("1", "A", "2000-04-01"), who("2", "A/B", "2000-04-01")))
	plan := o.imports(day, file(who("1", "A", "2000-04-01,,,,,対象外"), who("2", "A/B", "2000-04-01")))
	if len(plan.ScopeChanges) != 1 || plan.Unchanged != 2 {
		t.Errorf("%+v", plan)
	}
	b, _ := o.roster().DepartmentByPath("A/B")
	if o.roster().InScope(b.ID) {
		t.Error("what lies below a department out of scope is in scope")
	}
	// A file without the column says nothing about scope.
	short := strings.Replace(file(who("1", "A", "2000-04-01"), who("2", "A/B", "2000-04-01")), ",対象外", "", 1)
	if plan := o.plan(day, short, directory.Options{}); !plan.Empty() {
		t.Error("the scope was reset by a file without the column")
	}
}

func TestFileWithoutOptionalColumnsKeepsThem(t *testing.T) {
	o := newOffice(t)
	o.imports(date("2026-05-01"), file(who("1", "A", "2000-04-01,,2026-04-01,2026-12-31")))
	short := "職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日\n" + who("1", "A", "2000-04-01") + "\n"
	if plan := o.plan(date("2026-06-01"), short, directory.Options{}); !plan.Empty() {
		t.Errorf("changes: %v", changes(plan))
	}
}

func TestApplyLosesTheRace(t *testing.T) {
	o := newOffice(t)
	o.imports(day, file(who("1", "A", "2000-04-01")))
	slow := o.plan(day, file(who("1", "A", "2001-04-01")), directory.Options{})
	o.imports(day, file(who("1", "A", "2002-04-01")))
	_, err := o.rosters.Apply(t.Context(), slow)
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Conflict || e.MessageID != "roster.conflict" {
		t.Fatalf("error = %v", err)
	}
	if got := o.life("1"); !strings.HasPrefix(got, "2002-04-01") {
		t.Error(got)
	}
}

func TestEmptyPlanMakesNoRevision(t *testing.T) {
	o := newOffice(t)
	o.imports(day, file(who("1", "A", "2000-04-01")))
	applied := o.store.applied
	o.imports(day, file(who("1", "A", "2000-04-01")))
	if o.store.applied != applied || o.roster().Revision() != 1 {
		t.Errorf("revision %d after the same file", o.roster().Revision())
	}
}

type exhausted struct{}

func (exhausted) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestNoIDsWithoutChance(t *testing.T) {
	o := newOffice(t)
	rows, _ := o.parse(file(good))
	if _, err := directory.NewRosters(o.store, exhausted{}).Plan(t.Context(), rows, day, directory.Options{}); err == nil {
		t.Error("planned without random IDs")
	}
}
