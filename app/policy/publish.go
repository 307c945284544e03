package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"kokoroe/app/fault"
)

// Publications returns every text of every version, by policy, version and
// language, as it would be published.
func (c *Catalogue) Publications() []Publication {
	var list []Publication
	for _, p := range c.policies {
		for _, v := range p.Versions {
			for _, language := range slices.Sorted(maps.Keys(v.Editions)) {
				e := v.Editions[language]
				list = append(list, Publication{Policy: p.ID, Version: v.Number, Language: language, Digest: e.Digest, Text: e.Source})
			}
		}
	}
	return list
}

// Publish puts every version that a catalogue holds into the store; it comes
// before the catalogue takes force. A published version whose file has changed
// since is a Conflict that names it: the change must become a version of its own.
func (s *Service) Publish(ctx context.Context, c *Catalogue) error {
	for _, p := range c.Publications() {
		p.PublishedAt = s.Now().UTC().Truncate(time.Millisecond)
		if err := s.Store.Publish(ctx, p); fault.Is(err, fault.Conflict) {
			return differs(p)
		} else if err != nil {
			return err
		}
	}
	for _, p := range c.policies {
		if p.Declaration == nil {
			continue
		}
		for _, language := range c.languages {
			w := p.Declaration.In(language)
			if err := s.Store.KeepText(ctx, w.Digest(), w.Bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}

// differs names the text that was published once, and is another now.
func differs(p Publication) error {
	return &fault.Error{Kind: fault.Conflict, MessageID: "policy.published_differs",
		Args: fault.Args{"Policy": string(p.Policy), "Version": p.Version, "Language": p.Language},
		Err:  fmt.Errorf("%s, version %d, %s: this text was published and must not change; add a version", p.Policy, p.Version, p.Language)}
}

// Unpublished returns what Publish would add to the store, without the texts.
// Conflict as Publish says.
func (s *Service) Unpublished(ctx context.Context, c *Catalogue) ([]Publication, error) {
	published, err := s.Store.Publications(ctx)
	if err != nil {
		return nil, err
	}
	var list []Publication
	for _, p := range c.Publications() {
		i := slices.IndexFunc(published, func(q Publication) bool {
			return q.Policy == p.Policy && q.Version == p.Version && q.Language == p.Language
		})
		p.Text = nil
		switch {
		case i < 0:
			list = append(list, p)
		case published[i].Digest != p.Digest:
			return nil, differs(p)
		}
	}
	return list, nil
}
