package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// yamlSettings reads the settings file: a flat mapping from the names of the
// flags to their values. A name that is no flag of the command that runs, nor
// of any other, is an error: a misspelt setting must not be silently ignored.
func yamlSettings(r io.Reader) (kong.Resolver, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	settings := map[string]any{}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	if err := decoder.Decode(&settings); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return settingsFile(settings), nil
}

type settingsFile map[string]any

// Validate reports settings that no command knows.
func (s settingsFile) Validate(app *kong.Application) error {
	var known []string
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known = append(known, flag.Name)
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	for name := range s {
		if !slices.Contains(known, name) {
			return fmt.Errorf("settings: there is no setting %q", name)
		}
	}
	return nil
}

// Resolve returns the value of a flag; nil leaves it to the environment, which
// wins over the file, or to its default.
func (s settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := s[flag.Name]
	inEnvironment := func(name string) bool { _, set := os.LookupEnv(name); return set }
	if !ok || slices.ContainsFunc(flag.Envs, inEnvironment) {
		return nil, nil
	}
	if list, ok := value.([]any); ok {
		words := make([]string, len(list))
		for i, v := range list {
			words[i] = fmt.Sprint(v)
		}
		return strings.Join(words, ","), nil
	}
	return fmt.Sprint(value), nil
}
