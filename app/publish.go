package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/app/policy"
	"kokoroe/app/retention"
)

// KindPublished is the kind of the record that somebody put an edition into
// force. What an instance publishes at its start, nobody has decided. Frozen.
const KindPublished = "content.published/v1"

// ContentPublished is the body of a KindPublished record.
type ContentPublished struct {
	Edition   int64  `json:"edition"`
	Content   string `json:"content"`   // digest of the files, see edition.Files.Digest
	Registers string `json:"registers"` // likewise
}

// operator is who uses the commands.
const operator = "operator"

// Published is what publishing the folders changes, or would.
type Published struct {
	Number   int64 // of the edition that is in force afterwards; 0 when nothing is
	Changes  []edition.Change
	Versions []policy.Publication // texts of policies that were never in force, without their bytes
}

// Publish puts what the folders of cfg hold into force while the portal runs:
// every instance takes it over within 2 s. A part without a folder stays as it
// is in force. What was in force before and was replaced is brought back too.
// When all is in force already, the record of that is made if it is missing.
// The error is document.Problems when something is wrong with what the folders
// hold. With rehearse nothing is published, and the log need not be open.
func (in *Installation) Publish(ctx context.Context, rehearse bool) (Published, error) {
	messages, err := locale.Load(in.cfg.Locales)
	if err != nil {
		return Published{}, err
	}
	d, err := readDrafts(in.cfg, languagesOf(messages))
	if err != nil {
		return Published{}, err
	}
	if !rehearse && in.Log.Trouble() != nil {
		return Published{}, in.Log.Trouble() // it could not be recorded
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
		if out.Versions, err = in.texts().Unpublished(ctx, catalogue.Policies); err != nil || rehearse {
			return out, err
		}
		if s.same() {
			return out, in.recordPublished(ctx, s.Edition)
		}
		f, err := in.put(ctx, s, d, operator)
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.Number = f.edition.Number
		return out, in.recordPublished(ctx, f.edition)
	}
}

// recordPublished records who put the edition into force, unless that is recorded
// already. The edition comes into the store first, and whoever publishes it may
// not live until the record: so all who take the edition over see to it, and its
// key makes it one.
func (in *Installation) recordPublished(ctx context.Context, e edition.Edition) error {
	if e.By == "" {
		return nil
	}
	key := fmt.Sprintf("content.published/%d", e.Number)
	if _, err := in.Store.EntryByKey(ctx, key); !fault.Is(err, fault.NotFound) {
		return err
	}
	if was, err := in.publicationErased(ctx, e); was || err != nil {
		return err
	}
	_, err := in.Log.Append(ctx, evidence.Statement{
		Kind: KindPublished, Key: key, Actor: evidence.Actor{ID: e.By},
		Object: "edition", At: e.PublishedAt, Body: ContentPublished{Edition: e.Number, Content: e.Content, Registers: e.Registers},
	})
	return err
}

// publicationErased reports whether the record was there once. An erased one has
// lost its key, and is not to be made again.
func (in *Installation) publicationErased(ctx context.Context, e edition.Edition) (bool, error) {
	at := e.PublishedAt
	entries, err := in.Store.FindEntries(ctx, evidence.Query{Kind: KindPublished, From: at, Until: at.Add(time.Millisecond)})
	return slices.ContainsFunc(entries, func(e evidence.Entry) bool { return e.Record == nil }), err
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
