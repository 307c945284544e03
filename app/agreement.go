package app

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// agreed are the settings that all instances must be started with alike, by
// their flags: a person who comes to the next one would find another portal.
func (c Config) agreed() map[string]string {
	var providers []string
	for _, p := range c.Providers {
		providers = append(providers, p.ID+" "+p.Issuer)
	}
	return map[string]string{
		"base-url": c.BaseURL, "city": c.City, "providers": strings.Join(providers, ", "),
		"idle": c.Idle.String(), "absolute": c.Absolute.String(),
	}
}

// compareSettings tells the operator which settings of this instance are others
// than those of the one that started before it. It goes on with its own: on the
// first instance of a change they are the right ones.
func (a *App) compareSettings(ctx context.Context) error {
	here := a.cfg.agreed()
	text, err := json.Marshal(here)
	if err != nil {
		return err
	}
	before, err := a.Store.KeepSettings(ctx, string(text))
	if err != nil || before == "" {
		return err
	}
	var there map[string]string
	if json.Unmarshal([]byte(before), &there) != nil {
		return nil //nolint:nilerr // another version keeps them in another shape: there is nothing to compare, and nothing wrong
	}
	for _, name := range slices.Sorted(maps.Keys(here)) {
		if was, ok := there[name]; ok && was != here[name] {
			a.cfg.Logger.Warn("the instance that started before has another setting: all must have the same",
				"setting", name, "here", here[name], "there", was)
		}
	}
	return nil
}
