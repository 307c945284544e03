package app

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
	"kokoroe/app/duty"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/app/reminder"
	"kokoroe/app/retention"
)

// kinds are the kinds of records that the program writes and that may be
// erased.
var kinds = []string{policy.KindAcknowledged, policy.KindDeclined, learning.KindPassed, duty.KindExempted, duty.KindReminded}

// The names of content's files beside its folders.
const (
	glossaryFile     = "glossary.yaml"
	requirementsFile = "requirements.yaml"
	retentionFile    = "retention.yaml"
	remindersFile    = "reminders.yaml"
)

// Catalogue is all content, loaded and checked.
type Catalogue struct {
	Policies     *policy.Catalogue
	Courses      *learning.Catalogue
	Requirements []duty.Requirement
	Glossary     []policy.Term
	Retention    []retention.Rule
	Reminders    *reminder.Ladder // nil: nobody is reminded
}

// LoadCatalogue reads all content. Every problem of every file is reported
// together, also what no single domain can see: a clause that nothing teaches,
// a requirement for a course that is not there.
func LoadCatalogue(fsys fs.FS, languages ...string) (*Catalogue, error) {
	var c Catalogue
	var problems document.Problems
	note := func(err error) {
		if ps, ok := errors.AsType[document.Problems](err); ok {
			problems = append(problems, ps...)
		} else if err != nil {
			problems.Add("content", 0, "%v", err)
		}
	}
	var err error
	c.Policies, err = policy.LoadCatalogue(fsys, languages...)
	note(err)
	c.Courses, err = learning.LoadCatalogue(fsys)
	note(err)
	c.Requirements, err = duty.LoadRequirements(fsys, requirementsFile)
	note(err)
	c.Retention, err = retention.Load(fsys, retentionFile)
	note(err)
	c.Reminders, err = reminder.Load(fsys, remindersFile)
	note(err)
	if c.Policies != nil {
		c.Glossary, err = policy.LoadGlossary(fsys, glossaryFile, c.Policies)
		note(err)
	}
	if len(problems) == 0 {
		note(c.crossCheck())
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return &c, nil
}

// crossCheck finds what is wrong between the parts.
func (c *Catalogue) crossCheck() error {
	var problems document.Problems
	for _, r := range c.Requirements {
		for _, it := range r.Items {
			known := true
			switch it.Item.Sort() {
			case "course":
				_, known = c.Courses.Course(learning.CourseID(it.Item.ID()))
			case "policy":
				_, known = c.Policies.Policy(policy.ID(it.Item.ID()))
			}
			if !known {
				problems.Add(requirementsFile, 0, "requirement %s asks for %s, which is not there", r.ID, it.Item)
			}
		}
	}
	for _, r := range c.Retention {
		if !slices.Contains(kinds, r.Kind) {
			problems.Add(retentionFile, 0, "no record is of kind %s", r.Kind)
		}
	}
	clauses := c.Policies.CoveredClauses()
	coverage := c.Courses.Coverage()
	untaught, unexamined := coverage.Missing(clauses)
	for _, clause := range untaught {
		problems.Add("courses", 0, "no lesson teaches clause %s", clause)
	}
	for _, clause := range unexamined {
		problems.Add("courses", 0, "no question examines clause %s", clause)
	}
	named := slices.Concat(slices.Collect(maps.Keys(coverage.Taught)), slices.Collect(maps.Keys(coverage.Examined)))
	slices.Sort(named)
	for _, clause := range slices.Compact(named) {
		if !slices.Contains(clauses, clause) {
			problems.Add("courses", 0, "clause %s is named, but no policy has it", clause)
		}
	}
	return problems.Err()
}

// inForceOn is the first day of a version of a policy; zero when there is none.
func (c *Catalogue) inForceOn(item duty.Item, version int) calendar.Date {
	if p, ok := c.Policies.Policy(policy.ID(item.ID())); ok {
		for _, v := range p.Versions {
			if v.Number == version {
				return v.EffectiveOn
			}
		}
	}
	return calendar.Date{}
}

// title is what an item of a record is called in a language; the item itself
// when it is not in the catalogue.
func (c *Catalogue) title(item, language string) string {
	switch id := duty.Item(item); id.Sort() {
	case "course":
		if course, ok := c.Courses.Course(learning.CourseID(id.ID())); ok {
			return course.Title.In(language)
		}
	case "policy":
		if p, ok := c.Policies.Policy(policy.ID(id.ID())); ok {
			return p.Title.In(language)
		}
	}
	return item
}
