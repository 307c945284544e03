package app

import (
	"context"
	"errors"

	"kokoroe/app/edition"
	"kokoroe/app/locale"
	"kokoroe/app/policy"
	"kokoroe/app/retention"
)

// Published is what publishing the folders changes, or would.
type Published struct {
	Number   int64 // of the edition that is in force afterwards; 0 when nothing is
	Changes  []edition.Change
	Versions []policy.Publication // texts of policies that were never in force, without their bytes
}

// Publish puts what the folders of cfg hold into force while the portal runs:
// every instance takes it over within 2 s. A part without a folder stays as it
// is in force. What was in force before and was replaced is brought back too.
// The error is document.Problems when something is wrong with what the folders
// hold. With rehearse nothing is published.
func (in *Installation) Publish(ctx context.Context, rehearse bool) (Published, error) {
	messages, err := locale.Load(in.cfg.Locales)
	if err != nil {
		return Published{}, err
	}
	d, err := readDrafts(in.cfg, languagesOf(messages))
	if err != nil {
		return Published{}, err
	}
	for {
		s, err := in.standing(ctx, d, true)
		if err != nil {
			return Published{}, err
		}
		out := Published{Number: s.Number, Changes: edition.Changes(s.was, s.next)}
		catalogue, _, err := d.load(s.next)
		if err != nil {
			return out, err
		}
		if out.Versions, err = in.texts().Unpublished(ctx, catalogue.Policies); err != nil || rehearse || s.same() {
			return out, err
		}
		f, err := in.put(ctx, s, d)
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err == nil {
			out.Number = f.edition.Number
		}
		return out, err
	}
}

// RetentionRules returns the rules in force for how long records are kept.
// NotFound before the first edition.
func (in *Installation) RetentionRules(ctx context.Context) ([]retention.Rule, error) {
	e, err := in.Store.EditionInForce(ctx)
	if err != nil {
		return nil, err
	}
	b, err := e.Open()
	if err != nil {
		return nil, notTaken(e, err)
	}
	content, err := b.Content.FS()
	if err != nil {
		return nil, err
	}
	return retention.Load(content, retentionFile)
}
