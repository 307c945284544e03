package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// LoadGrants reads roles.yaml:
//
//	roles:
//	  hr: ["001204", "001377"]
//	  security-office: ["000915"]
//	  auditor: ["000731"]
//
// It is strict, and the error holds every problem as name:line: message.
func LoadGrants(name string, data []byte) (Grants, error) {
	l := grantLoader{name: name, grants: Grants{}}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var document yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return l.grants, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l.document(document.Content[0])
	if !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		l.problem(document.Content[0], "there is a second document, or something unreadable, behind the first")
	}
	if len(l.problems) > 0 {
		return nil, errors.Join(l.problems...)
	}
	return l.grants, nil
}

type grantLoader struct {
	name     string
	grants   Grants
	problems []error
}

func (l *grantLoader) problem(n *yaml.Node, format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf("%s:%d: %s", l.name, n.Line, fmt.Sprintf(format, args...)))
}

func (l *grantLoader) document(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		l.problem(n, "a mapping with the key roles is wanted")
		return
	}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Value != "roles" || i > 0:
			l.problem(key, "unknown or repeated key %q", key.Value)
		case value.Kind != yaml.MappingNode:
			l.problem(value, "roles is to be a mapping from role to numbers")
		default:
			l.roles(value)
		}
	}
}

func (l *grantLoader) roles(n *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		role := Role(key.Value)
		switch {
		case !slices.Contains(granted, role):
			l.problem(key, "%q is no role that can be granted (%s, %s, %s)", key.Value, HR, SecurityOffice, Auditor)
		case l.grants[role] != nil:
			l.problem(key, "the role %q is there twice", key.Value)
		case value.Kind != yaml.SequenceNode:
			l.problem(value, "the role %q is to have a list of numbers", key.Value)
		default:
			l.grants[role] = l.numbers(value)
		}
	}
}

var personNumber = regexp.MustCompile(`^[0-9A-Za-z-]{1,32}$`)

// numbers takes each number as it is written, so that an unquoted 001204 keeps
// its zeros.
func (l *grantLoader) numbers(n *yaml.Node) []string {
	list := []string{}
	for _, item := range n.Content {
		switch {
		case item.Kind != yaml.ScalarNode || !personNumber.MatchString(item.Value):
			l.problem(item, "%q is no person number", item.Value)
		case slices.Contains(list, item.Value):
			l.problem(item, "the number %q is there twice", item.Value)
		default:
			list = append(list, item.Value)
		}
	}
	return list
}
