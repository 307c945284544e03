package sqlite

import (
	"context"
	"database/sql"

	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// Pieces implements store.Store.
func (s *Store) Pieces(ctx context.Context, visit func(store.Piece) error) error {
	if err := store.VisitRoster(ctx, s, visit); err != nil {
		return err
	}
	for _, walk := range []func() error{
		func() error {
			return walk(ctx, s, visit, scanLink, func(l *identity.Link) store.Piece { return store.Piece{Link: l} },
				`SELECT issuer, subject, person, linked_at FROM link ORDER BY issuer, subject`)
		},
		func() error {
			return walk(ctx, s, visit, scanPlace, func(p *learning.Place) store.Piece { return store.Piece{Place: p} },
				`SELECT `+placeColumns+` FROM place ORDER BY scope, person, course`)
		},
		func() error {
			return walk(ctx, s, visit, scanAttempt, func(a *learning.Attempt) store.Piece { return store.Piece{Attempt: a} },
				`SELECT `+attemptColumns+` FROM attempt ORDER BY id`)
		},
		func() error {
			return walk(ctx, s, visit, scanPublishedText, func(p *policy.Publication) store.Piece { return store.Piece{Publication: p} },
				`SELECT policy, version, language, digest, published_at, body FROM publication ORDER BY policy, version, language`)
		},
		func() error {
			return walk(ctx, s, visit, scanText, func(t *store.Text) store.Piece { return store.Piece{Text: t} },
				`SELECT digest, body FROM kept_text ORDER BY digest`)
		},
		func() error {
			return walk(ctx, s, visit, scanRun, func(r *job.Run) store.Piece { return store.Piece{Run: r} }, selectRun+`ORDER BY job, due_at`)
		},
		func() error {
			return walk(ctx, s, visit, scanMessage, func(m *notify.Message) store.Piece { return store.Piece{Message: m} },
				`SELECT `+messageColumns+` FROM message ORDER BY key`)
		},
		func() error {
			return walk(ctx, s, visit, scanPosition, func(p *store.Position) store.Piece { return store.Piece{Position: p} },
				`SELECT name, seq FROM reader ORDER BY name`)
		},
		func() error {
			return walk(ctx, s, visit, scanEdition, func(e *edition.Edition) store.Piece { return store.Piece{Edition: e} },
				selectEdition+`ORDER BY number`)
		},
	} {
		if err := walk(); err != nil {
			return err
		}
	}
	return nil
}

// walk visits each row of a query while it is read.
func walk[T any](ctx context.Context, s *Store, visit func(store.Piece) error, scan func(scanner) (T, error), piece func(*T) store.Piece, query string) error {
	var visited error
	err := s.each(ctx, func(row scanner) error {
		if err := ctx.Err(); err != nil { // the driver may have this row already
			return err
		}
		v, err := scan(row)
		if err != nil {
			return err
		}
		visited = visit(piece(&v))
		return visited
	}, query)
	if visited != nil {
		return visited
	}
	return err
}

func scanText(row scanner) (store.Text, error) {
	var t store.Text
	err := row.Scan(&t.Digest, &t.Text)
	return t, err
}

func scanPosition(row scanner) (store.Position, error) {
	var p store.Position
	err := row.Scan(&p.Reader, &p.Seq)
	return p, err
}

// PutPiece implements store.Store.
func (s *Store) PutPiece(ctx context.Context, p store.Piece) error {
	switch p.Sort() {
	case "roster":
		if p.Roster.Revision <= 0 {
			return invalid(store.ErrNoPiece)
		}
		_, err := s.applyRoster(ctx, 0, p.Roster.Revision, directory.Change{People: p.Roster.People, Departments: p.Roster.Departments})
		return err
	case "link":
		return s.SaveLink(ctx, *p.Link)
	case "place":
		args, err := placeArgs(*p.Place)
		return s.add(ctx, "place", err, insertPlace, args...)
	case "attempt":
		a := *p.Attempt
		args, err := attemptArgs(&a)
		return s.add(ctx, "attempt", err, insertAttempt, args...)
	case "publication":
		v := *p.Publication
		return s.add(ctx, "publication", plain(string(v.Policy), v.Language, v.Digest), insertPublication, publicationArgs(v)...)
	case "text":
		return s.add(ctx, "text", plain(p.Text.Digest), `INSERT INTO kept_text (digest, body) VALUES (?, ?)`, p.Text.Digest, blob(p.Text.Text))
	case "run":
		r := *p.Run
		ended := sql.NullInt64{Int64: millis(r.EndedAt), Valid: !r.EndedAt.IsZero()}
		return s.add(ctx, "run", plain(r.Job, r.Owner, string(r.Outcome), r.Report),
			`INSERT INTO job_run (job, due_at, owner, lease_at, started_at, ended_at, outcome, report) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Job, millis(r.DueAt), r.Owner, millis(r.LeaseAt), millis(r.StartedAt), ended, string(r.Outcome), r.Report)
	case "message":
		return s.add(ctx, "message", plainMessage(*p.Message), insertMessage, messageArgs(*p.Message)...)
	case "position":
		return s.add(ctx, "reader", plain(p.Position.Reader), `INSERT INTO reader (name, seq) VALUES (?, ?)`, p.Position.Reader, p.Position.Seq)
	case "edition":
		e := *p.Edition
		return s.add(ctx, "edition", plainEdition(e), insertEdition, editionArgs(e)...)
	}
	return invalid(store.ErrNoPiece)
}

// add inserts one row, unless its values were refused.
func (s *Store) add(ctx context.Context, what string, refused error, insert string, args ...any) error {
	if refused != nil {
		return refused
	}
	return s.writer.single(ctx, func(c *connection) error {
		_, err := c.exec(insert, args...)
		return translate(err, what)
	})
}
