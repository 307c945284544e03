package retention

import (
	"errors"
	"io/fs"

	"kokoroe/app/document"
)

// Since is what the years of a rule are counted from.
type Since string

// What years are counted from: the end of the fiscal year in which …
const (
	SinceRecord  Since = "record"  // … the record was made
	SinceLeaving Since = "leaving" // … the person it is about left, and never before that
)

// Rule says for how long records of a kind are kept. A kind without a rule is
// kept for ever.
type Rule struct {
	Kind  string // such as "policy.acknowledged/v1"
	Years int
	Since Since
}

const mostYears = 100

// Load reads retention.yaml; a file that is not there is no rule. All problems
// are reported together.
func Load(fsys fs.FS, name string) ([]Rule, error) {
	src, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, document.Problems{{File: name, Message: "cannot be read"}}
	}
	var rows []struct {
		Lines document.Lines `yaml:"-"`
		Kind  string         `yaml:"kind"`
		Years int            `yaml:"years"`
		Since string         `yaml:"since"`
	}
	problems := document.Decode(name, src, &rows)
	var rules []Rule
	seen := map[string]bool{}
	for _, row := range rows {
		r := Rule{Kind: row.Kind, Years: row.Years, Since: Since(row.Since)}
		if r.Kind == "" || seen[r.Kind] {
			problems.Add(name, row.Lines.Of("kind"), "kind %q is missing or stands twice", r.Kind)
		}
		seen[r.Kind] = true
		if r.Years < 1 || r.Years > mostYears {
			problems.Add(name, row.Lines.Of("years"), "years must be 1 to %d", mostYears)
		}
		if r.Since != SinceRecord && r.Since != SinceLeaving {
			problems.Add(name, row.Lines.Of("since"), "since must be %s or %s", SinceRecord, SinceLeaving)
		}
		rules = append(rules, r)
	}
	return rules, problems.Err()
}
