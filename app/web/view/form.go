package view

import (
	"errors"
	"net/url"
	"strconv"

	"kokoroe/app/fault"
)

// CSRFField is the name of the field that carries Page.CSRF.
const CSRFField = "csrf"

// Form is a form with what was typed and what was wrong with it.
//
//	form := view.NewForm(page, values)   // values typed, or the present ones
//	form.Reject(err)                     // a fault.Invalid: its fields and words
//
//	{{template "error_summary" .Form}}   first thing in main
//	<form method="post" action="…" novalidate>{{template "csrf" .}}
//	{{template "field"  (.Form.Field "reason" (.T "x.reason") | hint (.T "x.hint"))}}
//	{{template "area"   (.Form.Field "note" (.T "x.note") | optional | rows 4 | limit 500)}}
//	{{template "select" (.Form.Field "kind" (.T "x.kind") | options .Kinds)}}
//	{{template "radios" (.Form.Field "answer" (.T "x.q") | options .Answers)}}
//	{{template "checks" (.Form.Field "answers" (.T "x.q") | options .Answers)}}
//	{{template "file"   (.Form.Field "roster" (.T "x.file"))}}
//
// More pipes: kind "email", width "short" (or "medium"), complete "name"
// (autocomplete), mode "numeric", heading (the label is the page's h1), most 100
// (no more can be typed: for forms of method get, which an address must hold).
type Form struct {
	*Page
	Values url.Values
	Errors []FieldError
}

// FieldError is what is wrong with one field; Name "" is the form as a whole.
type FieldError struct{ Name, Message string }

// ID is the id of the field that the error is about.
func (e FieldError) ID() string {
	if e.Name == "" {
		return "main"
	}
	return fieldID(e.Name)
}

func fieldID(name string) string { return "field-" + name }

// NewForm returns a form on page that shows values; nil is an empty form.
func NewForm(page *Page, values url.Values) *Form { return &Form{Page: page, Values: values} }

// Fail adds an error in words that the reader knows.
func (f *Form) Fail(name, message string) {
	f.Errors = append(f.Errors, FieldError{name, message})
	f.Failed = true
}

// Reject adds what a fault says, field by field, and reports whether err was
// one that a reader can mend; any other is for the error page.
func (f *Form) Reject(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid {
		return false
	}
	for _, field := range e.Fields {
		f.Fail(field.Name, f.T(field.MessageID, field.Args))
	}
	if len(e.Fields) == 0 {
		f.Fail("", f.T(e.MessageID, e.Args))
	}
	return true
}

// ErrorOf returns the message for the field, or "".
func (f *Form) ErrorOf(name string) string {
	for _, e := range f.Errors {
		if e.Name == name {
			return e.Message
		}
	}
	return ""
}

// Option is a choice of a select, a group of radios or of checkboxes.
type Option struct{ Value, Label, Hint string }

// Input is one field, ready for its partial.
type Input struct {
	*Page
	Name, ID, Label   string
	Hint, Error       string
	Value             string
	Values            []string
	Options           []Option
	Kind, Mode        string
	Complete, Width   string
	Rows, Limit       int
	Most              int // characters that can be typed at all; 0: any number
	Optional, Heading bool
}

// Field returns the field name with its label, value and error.
func (f *Form) Field(name, label string) Input {
	return Input{
		Page: f.Page, Name: name, ID: fieldID(name), Label: label, Kind: "text",
		Value: f.Values.Get(name), Values: f.Values[name], Error: f.ErrorOf(name), Rows: 3,
	}
}

// Chosen reports whether the option is the one, or among those, chosen.
func (in Input) Chosen(value string) bool {
	for _, v := range in.Values {
		if v == value {
			return true
		}
	}
	return false
}

// OptionID is the id of the i-th option; the first has the field's own, so that
// the error summary leads to it.
func (in Input) OptionID(i int) string {
	if i == 0 {
		return in.ID
	}
	return in.ID + "-" + strconv.Itoa(i+1)
}

// Described lists the ids of hint and error for aria-describedby.
func (in Input) Described() string {
	s := ""
	if in.Hint != "" {
		s = in.ID + "-hint"
	}
	if in.Error != "" {
		if s != "" {
			s += " "
		}
		s += in.ID + "-error"
	}
	return s
}
