package sqlite_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"kokoroe/app/learning"
	"kokoroe/app/store/sqlite"
)

// row is what the column holds, as encoding/json reads it.
type row struct {
	Question learning.QuestionID `json:"question"`
	Options  []learning.OptionID `json:"options,omitempty"`
	Answer   []learning.OptionID `json:"answer"`
	Again    bool                `json:"again,omitempty"`
}

func TestDrawn(t *testing.T) {
	for name, c := range map[string]struct {
		rows  []row
		quick bool
	}{
		"one":              {[]row{{Question: "q", Options: []learning.OptionID{"a", "b"}}}, true},
		"answered":         {[]row{{Question: "q", Options: []learning.OptionID{"a", "b"}, Answer: []learning.OptionID{"b"}}}, true},
		"nothing chosen":   {[]row{{Question: "q", Answer: []learning.OptionID{}}}, true},
		"no options":       {[]row{{Question: "q"}}, true},
		"again":            {[]row{{Question: "q", Again: true}, {Question: "r", Answer: []learning.OptionID{"a"}, Again: true}}, true},
		"Japanese":         {[]row{{Question: "問一", Options: []learning.OptionID{"ア", "イ"}}}, true},
		"needs escapes":    {[]row{{Question: `q"\`, Options: []learning.OptionID{"<a>", "b\n"}}}, false},
		"looks like JSON":  {[]row{{Question: `]}`, Options: []learning.OptionID{`,`, `{`}}}, true},
		"an empty text":    {[]row{{Question: "", Options: []learning.OptionID{""}}}, true},
		"several of these": {[]row{{Question: "a"}, {Question: "b", Again: true}, {Question: "c", Answer: []learning.OptionID{"x", "y"}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			column, err := json.Marshal(c.rows)
			if err != nil {
				t.Fatal(err)
			}
			got, quick, err := sqlite.Drawn(string(column))
			if err != nil || quick != c.quick {
				t.Errorf("quick %v, %v", quick, err)
			}
			same(t, got, c.rows)
		})
	}
	if _, _, err := sqlite.Drawn(`[{"question":1}]`); err == nil {
		t.Error("a damaged column is read")
	}
}

func same(t *testing.T, got []learning.Drawn, want []row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d questions, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], learning.Drawn(want[i])) {
			t.Errorf("question %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// FuzzDrawn: what is read quickly is what encoding/json reads.
func FuzzDrawn(f *testing.F) {
	f.Add(`[{"question":"q","options":["a","b"],"answer":["a"],"again":true},{"question":"r","answer":null}]`)
	f.Add(`[{"question":"q","answer":[]}]`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, column string) {
		got, quick, _ := sqlite.Drawn(column)
		if !quick {
			return
		}
		var want []row
		if err := json.Unmarshal([]byte(column), &want); err != nil {
			return // control characters or broken UTF-8, which are never stored
		}
		if b, err := json.Marshal(want); err == nil && string(b) == column {
			same(t, got, want)
		}
	})
}
