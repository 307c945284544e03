package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Lines are where a mapping and its keys stand in the file. A struct with a
// field of this type (tagged `yaml:"-"`) has it filled by Decode, so that what
// is checked later can point to a line as well.
type Lines struct {
	Start int
	keys  map[string]int
}

// Of returns the line of the key, or of the mapping when the key is not there.
func (l Lines) Of(key string) int {
	if n, ok := l.keys[key]; ok {
		return n
	}
	return l.Start
}

// Decode reads one YAML document into the struct or slice that into points to.
// It is strict: unknown and duplicate keys, keys without a value, anchors,
// aliases, tags and further documents are problems, and all are reported.
func Decode(file string, src []byte, into any) Problems {
	if ps := Check(file, src); len(ps) > 0 {
		return ps
	}
	root, ps := parse(file, src)
	if len(ps) > 0 {
		return ps
	}
	target := reflect.ValueOf(into).Elem()
	w := walker{file: file}
	w.node(root, target.Type(), "")
	if len(w.problems) > 0 {
		return w.problems.Sorted()
	}
	if err := root.Decode(into); err != nil {
		return yamlProblems(file, err)
	}
	fillLines(root, target)
	return nil
}

// parse returns the single document of src.
func parse(file string, src []byte) (*yaml.Node, Problems) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) || (err == nil && len(doc.Content) == 0) {
		return nil, Problems{{file, 0, "is empty"}}
	} else if err != nil {
		return nil, yamlProblems(file, err)
	}
	if err := dec.Decode(&more); err == nil {
		return nil, Problems{{file, more.Line, "has a second document"}}
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlProblems(file, err)
	}
	return doc.Content[0], nil
}

var lineOf = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// yamlProblems takes the line numbers out of the library's messages.
func yamlProblems(file string, err error) Problems {
	messages := []string{err.Error()}
	if te, ok := errors.AsType[*yaml.TypeError](err); ok {
		messages = te.Errors
	}
	var ps Problems
	for _, m := range messages {
		if found := lineOf.FindStringSubmatch(m); found != nil {
			line, _ := strconv.Atoi(found[1]) // digits, by the expression
			ps.Add(file, line, "%s", found[2])
			continue
		}
		ps.Add(file, 0, "%s", strings.TrimPrefix(m, "yaml: "))
	}
	return ps.Sorted()
}

// typeError is an error that an UnmarshalYAML method returns for one line.
func typeError(line int, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", line) + fmt.Sprintf(format, args...)}}
}

// walker compares a document with the type that it is to become, which also
// bounds how deep it goes.
type walker struct {
	file     string
	problems Problems
}

var unmarshaler = reflect.TypeFor[yaml.Unmarshaler]()

// node checks n against t; name is the key that it belongs to.
func (w *walker) node(n *yaml.Node, t reflect.Type, name string) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		w.problems.Add(w.file, n.Line, "anchors and aliases are not accepted")
		return
	case n.Style&yaml.TaggedStyle != 0:
		w.problems.Add(w.file, n.Line, "tags such as %s are not accepted", n.Tag)
		return
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		w.problems.Add(w.file, n.Line, "%s has no value", named(name))
		return
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		w.own(n)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.node(n, t.Elem(), name)
	case reflect.Struct:
		if w.kind(n, yaml.MappingNode, name, "keys and values") {
			w.fields(n, t)
		}
	case reflect.Map:
		if w.kind(n, yaml.MappingNode, name, "keys and values") {
			w.mapping(n, func(_, value *yaml.Node, key string) { w.node(value, t.Elem(), key) })
		}
	case reflect.Slice:
		if w.kind(n, yaml.SequenceNode, name, "a list") {
			for _, item := range n.Content {
				w.node(item, t.Elem(), "an item of "+named(name))
			}
		}
	default:
		if w.kind(n, yaml.ScalarNode, name, "a single value") {
			w.scalar(n, t, name)
		}
	}
}

// own checks what a type that reads its node itself cannot be trusted with.
func (w *walker) own(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		w.mapping(n, func(_, value *yaml.Node, key string) { w.node(value, reflect.TypeFor[string](), key) })
	case yaml.SequenceNode:
		for _, item := range n.Content {
			w.node(item, reflect.TypeFor[string](), "an item")
		}
	}
}

func (w *walker) kind(n *yaml.Node, want yaml.Kind, name, words string) bool {
	if n.Kind == want {
		return true
	}
	w.problems.Add(w.file, n.Line, "%s wants %s", named(name), words)
	return false
}

func (w *walker) scalar(n *yaml.Node, t reflect.Type, name string) {
	tag := n.ShortTag()
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		if _, err := strconv.ParseInt(n.Value, 10, 32); tag != "!!int" || err != nil {
			w.problems.Add(w.file, n.Line, "%s wants a whole number, not %q", name, n.Value)
		}
	case reflect.Bool:
		if tag != "!!bool" {
			w.problems.Add(w.file, n.Line, "%s wants true or false, not %q", name, n.Value)
		}
	}
}

// mapping visits the pairs and reports keys that are not plain or come twice.
func (w *walker) mapping(n *yaml.Node, visit func(key, value *yaml.Node, name string)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 || key.ShortTag() == "!!merge" {
			w.problems.Add(w.file, key.Line, "a key must be a plain word")
			continue
		}
		if first, twice := seen[key.Value]; twice {
			w.problems.Add(w.file, key.Line, "key %q is already on line %d", key.Value, first)
			continue
		}
		seen[key.Value] = key.Line
		visit(key, value, key.Value)
	}
}

func (w *walker) fields(n *yaml.Node, t reflect.Type) {
	known := fieldsOf(t)
	w.mapping(n, func(key, value *yaml.Node, name string) {
		index, ok := known[name]
		if !ok {
			w.problems.Add(w.file, key.Line, "unknown key %q", name)
			return
		}
		w.node(value, t.Field(index).Type, name)
	})
}

// fieldsOf returns the fields of a struct by their keys in YAML.
func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if f.IsExported() && name != "-" {
			fields[name] = i
		}
	}
	return fields
}

// fillLines gives every struct of v that asks for them the lines of its node.
// It runs after a decoding without problems, so items and nodes correspond.
func fillLines(n *yaml.Node, v reflect.Value) {
	if reflect.PointerTo(v.Type()).Implements(unmarshaler) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fillLines(n, v.Elem())
	case reflect.Slice:
		for i, item := range n.Content {
			fillLines(item, v.Index(i))
		}
	case reflect.Struct:
		fillStruct(n, v)
	}
}

func fillStruct(n *yaml.Node, v reflect.Value) {
	known := fieldsOf(v.Type())
	lines := Lines{Start: n.Line, keys: map[string]int{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		lines.keys[n.Content[i].Value] = n.Content[i].Line
		fillLines(n.Content[i+1], v.Field(known[n.Content[i].Value]))
	}
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[Lines]() {
			v.Field(i).Set(reflect.ValueOf(lines))
		}
	}
}

func named(name string) string {
	if name == "" {
		return "the document"
	}
	return name
}
