package duty

import (
	"fmt"
	"io/fs"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/document"
)

// RequirementID names a requirement for ever.
type RequirementID string

// Requirement is a rule: this audience must complete these items in this
// cycle, by this date.
type Requirement struct {
	ID       RequirementID
	Title    document.Text
	Audience Audience
	Yearly   bool // once each fiscal year; otherwise once for each fact
	Due      Due
	Items    []Required
}

// Required is one item of a requirement. Clauses narrows which material
// changes of a policy ask again; empty means every one.
type Required struct {
	Item    Item // empty: the obligations that the contract names
	Clauses []string
}

// Audience is who a requirement is for: people of these kinds, or people about
// whom a register states Rule. Departments narrows it to subtrees.
type Audience struct {
	Kinds       []directory.Kind
	Employments []directory.Employment
	Departments []directory.DepartmentID
	Rule        Rule
}

// Due is by when.
type Due struct {
	On           *calendar.MonthDay // for people who were there when the year began
	JoinerDays   int                // after arrival, return from leave, or a material version
	TransferDays int                // after a move inside the audience; 0: a move changes nothing
	LeadDays     int                // so long before a contract's work begins, its workers may sign already
}

// LoadRequirements reads requirements.yaml. All problems are reported
// together.
func LoadRequirements(fsys fs.FS, name string) ([]Requirement, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, document.Problems{{File: name, Message: "cannot be read"}}
	}
	var rows []requirementYAML
	if problems := document.Decode(name, src, &rows); len(problems) > 0 {
		return nil, problems
	}
	var out []Requirement
	var problems document.Problems
	seen := map[RequirementID]bool{}
	for i, row := range rows {
		r, err := row.requirement()
		if err == nil && seen[r.ID] {
			err = fmt.Errorf("there is another requirement of this id")
		}
		if err != nil {
			problems = append(problems, document.Problem{File: name, Message: fmt.Sprintf("requirement %d (%s): %v", i+1, row.ID, err)})
			continue
		}
		seen[r.ID] = true
		out = append(out, r)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

// requirementYAML is the file's shape.
type requirementYAML struct {
	ID       string        `yaml:"id"`
	Title    document.Text `yaml:"title"`
	Audience struct {
		Kinds       []string `yaml:"kinds"`
		Employments []string `yaml:"employments"`
		Departments []string `yaml:"departments"`
		Role        string   `yaml:"role"`
	} `yaml:"audience"`
	Cycle string `yaml:"cycle"`
	Due   struct {
		On           string `yaml:"on"`
		JoinerDays   int    `yaml:"joiner_days"`
		TransferDays int    `yaml:"transfer_days"`
		LeadDays     int    `yaml:"lead_days"`
	} `yaml:"due"`
	Items []struct {
		Course   string   `yaml:"course"`
		Policy   string   `yaml:"policy"`
		Contract string   `yaml:"contract"`
		Clauses  []string `yaml:"clauses"`
	} `yaml:"items"`
}

func (row requirementYAML) requirement() (Requirement, error) {
	r := Requirement{
		ID: RequirementID(row.ID), Title: row.Title, Yearly: row.Cycle == "fiscal-year",
		Audience: Audience{Rule: Rule(row.Audience.Role)},
		Due:      Due{JoinerDays: row.Due.JoinerDays, TransferDays: row.Due.TransferDays, LeadDays: row.Due.LeadDays},
	}
	if row.ID == "" || len(row.Items) == 0 {
		return r, fmt.Errorf("id and items are needed")
	}
	if row.Cycle != "fiscal-year" && row.Cycle != "once" {
		return r, fmt.Errorf("cycle is %q: fiscal-year or once", row.Cycle)
	}
	if row.Due.On != "" {
		on, err := calendar.ParseMonthDay(row.Due.On)
		if err != nil {
			return r, err
		}
		r.Due.On = &on
	}
	if row.Due.JoinerDays < 0 || row.Due.TransferDays < 0 || row.Due.LeadDays < 0 {
		return r, fmt.Errorf("days are counted from 0")
	}
	if r.Due.LeadDays > 0 && r.Yearly {
		return r, fmt.Errorf("lead_days are for a requirement that comes once, before the work begins")
	}
	if err := row.audience(&r.Audience); err != nil {
		return r, err
	}
	for _, it := range row.Items {
		required := Required{Clauses: it.Clauses}
		switch {
		case it.Course != "" && it.Policy == "" && it.Contract == "":
			required.Item = CourseItem(it.Course)
		case it.Policy != "" && it.Course == "" && it.Contract == "":
			required.Item = PolicyItem(it.Policy)
		case it.Contract == "obligations" && it.Course == "" && it.Policy == "" && r.Audience.Rule == ByWorker:
		default:
			return r, fmt.Errorf("an item is one of course, policy, or (for contract workers) contract: obligations")
		}
		r.Items = append(r.Items, required)
	}
	return r, nil
}

func (row requirementYAML) audience(a *Audience) error {
	switch a.Rule {
	case "":
		a.Rule = ByKind
	case ByOwner, ByWorker:
	default:
		return fmt.Errorf("role %q is not one that a register states", row.Audience.Role)
	}
	for _, k := range row.Audience.Kinds {
		kind := directory.Kind(k)
		if kind != directory.Employee && kind != directory.ContractorWorker {
			return fmt.Errorf("kind %q is not one of employee, contractor-worker", k)
		}
		a.Kinds = append(a.Kinds, kind)
	}
	if a.Rule == ByKind && len(a.Kinds) == 0 {
		return fmt.Errorf("the audience names neither kinds nor a role")
	}
	for _, e := range row.Audience.Employments {
		employment := directory.Employment(e)
		switch employment {
		case directory.Regular, directory.FiscalYear, directory.Dispatched, directory.Contracted:
			a.Employments = append(a.Employments, employment)
		default:
			return fmt.Errorf("employment %q is not known", e)
		}
	}
	for _, d := range row.Audience.Departments {
		a.Departments = append(a.Departments, directory.DepartmentID(d))
	}
	return nil
}
