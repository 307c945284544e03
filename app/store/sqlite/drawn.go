package sqlite

import (
	"encoding/json"
	"strings"

	"kokoroe/app/learning"
)

// drawnOf reads the questions of an attempt. Every page of a check needs them,
// and reading JSON in general costs more than fetching the row: this knows what
// attemptArgs writes, and leaves what looks otherwise to encoding/json.
func drawnOf(column string) ([]learning.Drawn, error) {
	if column == "" {
		return nil, nil
	}
	r := drawnReader{rest: column}
	if list, ok := r.list(); ok {
		return list, nil
	}
	var rows []drawnRow
	if err := json.Unmarshal([]byte(column), &rows); err != nil {
		return nil, err
	}
	list := make([]learning.Drawn, len(rows))
	for i, row := range rows {
		list[i] = learning.Drawn(row)
	}
	return list, nil
}

// drawnReader takes what it reads off the beginning of rest.
type drawnReader struct{ rest string }

func (r *drawnReader) take(literal string) (ok bool) {
	r.rest, ok = strings.CutPrefix(r.rest, literal)
	return ok
}

func (r *drawnReader) list() (list []learning.Drawn, ok bool) {
	if !r.take("[") {
		return nil, false
	}
	list = make([]learning.Drawn, 0, strings.Count(r.rest, "{"))
	for {
		d, ok := r.drawn()
		if !ok {
			return nil, false
		}
		list = append(list, d)
		if !r.take(",") {
			return list, r.rest == "]"
		}
	}
}

func (r *drawnReader) drawn() (d learning.Drawn, ok bool) {
	if !r.take(`{"question":`) {
		return d, false
	}
	question, ok := r.text()
	d.Question = learning.QuestionID(question)
	if ok && r.take(`,"options":`) {
		d.Options, ok = r.options()
	}
	if !ok || !r.take(`,"answer":`) {
		return d, false
	}
	if !r.take("null") {
		if d.Answer, ok = r.options(); !ok {
			return d, false
		}
	}
	d.Again = r.take(`,"again":true`)
	return d, r.take("}")
}

// options reads a list of texts; an empty one is not nil.
func (r *drawnReader) options() (list []learning.OptionID, ok bool) {
	if !r.take("[") {
		return nil, false
	}
	list = []learning.OptionID{}
	for !r.take("]") {
		if len(list) > 0 && !r.take(",") {
			return nil, false
		}
		option, ok := r.text()
		if !ok {
			return nil, false
		}
		list = append(list, learning.OptionID(option))
	}
	return list, true
}

// text reads a string without escapes.
func (r *drawnReader) text() (string, bool) {
	if !r.take(`"`) {
		return "", false
	}
	end := strings.IndexByte(r.rest, '"')
	if end < 0 || strings.IndexByte(r.rest[:end], '\\') >= 0 {
		return "", false
	}
	text := r.rest[:end]
	r.rest = r.rest[end+1:]
	return text, true
}
