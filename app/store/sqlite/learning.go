package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

const placeColumns = `scope, person, course, done, practised, failed, started_at, updated_at, revision`

// Place implements learning.Store.
func (s *Store) Place(ctx context.Context, person directory.PersonID, course learning.CourseID, scope string) (learning.Place, error) {
	return one(ctx, s, "place", scanPlace, `SELECT `+placeColumns+` FROM place WHERE scope = ? AND person = ? AND course = ?`,
		scope, string(person), string(course))
}

// Places implements learning.Store.
func (s *Store) Places(ctx context.Context, scope string, people []directory.PersonID) ([]learning.Place, error) {
	if len(people) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(people)
	if err != nil {
		return nil, invalid(err)
	}
	return all(ctx, s, scanPlace, `SELECT `+placeColumns+` FROM place
		WHERE scope = ? AND person IN (SELECT value FROM json_each(?)) ORDER BY person, course`, scope, string(list))
}

func scanPlace(row scanner) (learning.Place, error) {
	var p learning.Place
	var done, practised []byte
	var started, updated int64
	err := row.Scan(&p.Scope, &p.Person, &p.Course, &done, &practised, &p.Failed, &started, &updated, &p.Revision)
	if err != nil {
		return p, err
	}
	p.StartedAt, p.UpdatedAt = instant(started), instant(updated)
	if p.Done, err = unlisted[learning.LessonID](done); err != nil {
		return p, err
	}
	p.Practised, err = unlisted[learning.QuestionID](practised)
	return p, err
}

// UpdatePlace implements learning.Store. update runs in the caller's own
// goroutine, never in the writer's; a lost race makes it run again.
func (s *Store) UpdatePlace(ctx context.Context, person directory.PersonID, course learning.CourseID, scope string,
	update func(learning.Place) (learning.Place, error)) (learning.Place, error) {
	if err := plain(string(person), string(course), scope); err != nil {
		return learning.Place{}, err
	}
	for {
		old, err := s.Place(ctx, person, course, scope)
		if fault.Is(err, fault.NotFound) {
			old, err = learning.Place{Person: person, Course: course, Scope: scope}, nil
		}
		if err != nil {
			return learning.Place{}, err
		}
		revision := old.Revision
		p, err := update(old)
		if err != nil {
			return learning.Place{}, err
		}
		p.Person, p.Course, p.Scope, p.Revision = person, course, scope, revision+1
		p.StartedAt, p.UpdatedAt = kept(p.StartedAt), kept(p.UpdatedAt)
		won, err := s.putPlace(ctx, p)
		if err != nil {
			return learning.Place{}, err
		}
		if won {
			return normalPlace(p), nil
		}
	}
}

// putPlace stores the place if the one stored has the revision before; false
// when somebody was faster.
func (s *Store) putPlace(ctx context.Context, p learning.Place) (bool, error) {
	args, err := placeArgs(p)
	if err != nil {
		return false, err
	}
	var changed int64
	err = s.writer.single(ctx, func(c *connection) error {
		var n int64
		var err error
		if p.Revision == 1 {
			n, err = c.exec(insertPlace+` ON CONFLICT DO NOTHING`, args...)
		} else {
			n, err = c.exec(`UPDATE place SET done = ?, practised = ?, failed = ?, started_at = ?, updated_at = ?, revision = ?
				WHERE scope = ? AND person = ? AND course = ? AND revision = ?`,
				args[3], args[4], args[5], args[6], args[7], args[8], args[0], args[1], args[2], p.Revision-1)
		}
		changed = n
		return translate(err, "place")
	})
	return changed == 1 && err == nil, err
}

const insertPlace = `INSERT INTO place (` + placeColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

func placeArgs(p learning.Place) ([]any, error) {
	if err := errors.Join(plain(string(p.Person), string(p.Course), p.Scope), plainAll(p.Done), plainAll(p.Practised)); err != nil {
		return nil, invalid(errNotText)
	}
	done, err := listed(p.Done)
	if err != nil {
		return nil, invalid(err)
	}
	practised, err := listed(p.Practised)
	if err != nil {
		return nil, invalid(err)
	}
	return []any{p.Scope, string(p.Person), string(p.Course), done, practised, p.Failed, millis(p.StartedAt), millis(p.UpdatedAt),
		p.Revision}, nil
}

// normalPlace is the place as it would be read.
func normalPlace(p learning.Place) learning.Place {
	if len(p.Done) == 0 {
		p.Done = nil
	}
	if len(p.Practised) == 0 {
		p.Practised = nil
	}
	return p
}

const attemptColumns = `id, person, course, scope, purpose, drawn, started_at, submitted_at, right_count, passed, revision`

// drawnRow is a drawn question as JSON. A question answered with nothing chosen
// is not one that was not answered: [] is not null.
type drawnRow struct {
	Question learning.QuestionID `json:"question"`
	Options  []learning.OptionID `json:"options,omitempty"`
	Answer   []learning.OptionID `json:"answer"`
	Again    bool                `json:"again,omitempty"`
}

var errNotOpen = errors.New("an attempt begins open")

// OpenAttempt implements learning.Store.
func (s *Store) OpenAttempt(ctx context.Context, a learning.Attempt) (learning.Attempt, error) {
	if !a.SubmittedAt.IsZero() {
		return learning.Attempt{}, invalid(errNotOpen)
	}
	a.Revision = 1
	args, err := attemptArgs(&a)
	if err != nil {
		return learning.Attempt{}, err
	}
	for {
		open, err := one(ctx, s, "attempt", scanAttempt, `SELECT `+attemptColumns+` FROM attempt
			WHERE person = ? AND course = ? AND scope = ? AND purpose = ? AND submitted_at IS NULL`,
			string(a.Person), string(a.Course), a.Scope, string(a.Purpose))
		if err == nil || !fault.Is(err, fault.NotFound) {
			return open, err
		}
		var added int64
		err = s.writer.single(ctx, func(c *connection) error {
			n, err := c.exec(insertAttempt+` ON CONFLICT (person, course, scope, purpose) WHERE submitted_at IS NULL DO NOTHING`, args...)
			added = n
			return translate(err, "attempt")
		})
		if err != nil {
			return learning.Attempt{}, err
		}
		if added == 1 {
			return a, nil
		}
	}
}

const insertAttempt = `INSERT INTO attempt (` + attemptColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// attemptArgs returns the columns and makes a what would be read back.
func attemptArgs(a *learning.Attempt) ([]any, error) {
	if err := plain(string(a.ID), string(a.Person), string(a.Course), a.Scope, string(a.Purpose)); err != nil {
		return nil, err
	}
	rows := make([]drawnRow, len(a.Drawn))
	drawnKept := make([]learning.Drawn, len(a.Drawn))
	for i, d := range a.Drawn {
		err := errors.Join(plain(string(d.Question)), plainAll(d.Options), plainAll(d.Answer))
		if err != nil {
			return nil, invalid(errNotText)
		}
		if len(d.Options) == 0 {
			d.Options = nil
		}
		rows[i] = drawnRow(d)
		drawnKept[i] = d
	}
	drawn, err := listed(rows)
	if err != nil {
		return nil, invalid(err)
	}
	a.Drawn = nil
	if len(drawnKept) > 0 {
		a.Drawn = drawnKept
	}
	a.StartedAt, a.SubmittedAt = kept(a.StartedAt), kept(a.SubmittedAt)
	submitted := sql.NullInt64{Int64: millis(a.SubmittedAt), Valid: !a.SubmittedAt.IsZero()}
	return []any{string(a.ID), string(a.Person), string(a.Course), a.Scope, string(a.Purpose), drawn,
		millis(a.StartedAt), submitted, a.Right, a.Passed, a.Revision}, nil
}

func scanAttempt(row scanner) (learning.Attempt, error) {
	var a learning.Attempt
	var drawn sql.NullString
	var started int64
	var submitted sql.NullInt64
	err := row.Scan(&a.ID, &a.Person, &a.Course, &a.Scope, &a.Purpose, &drawn, &started, &submitted,
		&a.Right, &a.Passed, &a.Revision)
	if err != nil {
		return a, err
	}
	a.StartedAt = instant(started)
	if submitted.Valid {
		a.SubmittedAt = instant(submitted.Int64)
	}
	a.Drawn, err = drawnOf(drawn.String)
	return a, err
}

// Attempt implements learning.Store.
func (s *Store) Attempt(ctx context.Context, id learning.AttemptID) (learning.Attempt, error) {
	return one(ctx, s, "attempt", scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE id = ?`, string(id))
}

// UpdateAttempt implements learning.Store. Whose attempt it is, and at what,
// stays as it was.
func (s *Store) UpdateAttempt(ctx context.Context, id learning.AttemptID,
	update func(learning.Attempt) (learning.Attempt, error)) (learning.Attempt, error) {
	for {
		old, err := s.Attempt(ctx, id)
		if err != nil {
			return learning.Attempt{}, err
		}
		a, err := update(old)
		if err != nil {
			return learning.Attempt{}, err
		}
		a.ID, a.Person, a.Course, a.Scope, a.Purpose = old.ID, old.Person, old.Course, old.Scope, old.Purpose
		a.Revision = old.Revision + 1
		args, err := attemptArgs(&a)
		if err != nil {
			return learning.Attempt{}, err
		}
		var changed int64
		err = s.writer.single(ctx, func(c *connection) error {
			n, err := c.exec(`UPDATE attempt SET drawn = ?, started_at = ?, submitted_at = ?, right_count = ?, passed = ?, revision = ?
				WHERE id = ? AND revision = ?`,
				args[5], args[6], args[7], args[8], args[9], a.Revision, string(id), old.Revision)
			changed = n
			return translate(err, "attempt")
		})
		if err != nil {
			return learning.Attempt{}, err
		}
		if changed == 1 {
			return a, nil
		}
	}
}

// Attempts implements learning.Store.
func (s *Store) Attempts(ctx context.Context, person directory.PersonID, course learning.CourseID) ([]learning.Attempt, error) {
	return all(ctx, s, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE person = ? AND course = ?
		ORDER BY started_at DESC, id DESC LIMIT 100`, string(person), string(course))
}
