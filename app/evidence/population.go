package evidence

import "strings"

// Population is how many entries there are of each kind, about each object, and
// of each scope. Each erasure is about an entry of its own; here all are about
// one object.
type Population struct {
	Kinds   map[string]Tally `json:"kinds"`
	Objects map[string]Tally `json:"objects"`
	Scopes  map[string]Tally `json:"scopes"`
}

// Tally counts entries: those that keep their record, and the erased.
type Tally struct {
	Kept   int64 `json:"kept"`
	Erased int64 `json:"erased"`
}

// All is the number of both.
func (t Tally) All() int64 { return t.Kept + t.Erased }

// Plus returns the sum of two tallies.
func (t Tally) Plus(o Tally) Tally { return Tally{t.Kept + o.Kept, t.Erased + o.Erased} }

// sort is what entries are counted by.
type sort struct{ kind, object, scope string }

func sortOf(kind, object, scope string) sort {
	if strings.HasPrefix(object, erasedObject) {
		object = erasedObject
	}
	return sort{kind, object, scope}
}

// census counts entries of every sort.
type census map[sort]*counted

type counted struct {
	sort sort
	Tally
}

// add counts n more entries of a sort, which keep their records.
func (c census) add(s sort, n int64) *counted {
	of := c[s]
	if of == nil {
		of = &counted{sort: s}
		c[s] = of
	}
	of.Kept += n
	return of
}

// erase counts one that kept its record as erased.
func (c *counted) erase() { c.Kept, c.Erased = c.Kept-1, c.Erased+1 }

func (c census) population() *Population {
	p := &Population{}
	p.take(c)
	return p
}

// take adds a census.
func (p *Population) take(c census) {
	grow := func(in *map[string]Tally, name string, t Tally) {
		if *in == nil {
			*in = map[string]Tally{}
		}
		(*in)[name] = (*in)[name].Plus(t)
	}
	for s, of := range c {
		grow(&p.Kinds, s.kind, of.Tally)
		grow(&p.Objects, s.object, of.Tally)
		grow(&p.Scopes, s.scope, of.Tally)
	}
}
