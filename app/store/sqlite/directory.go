package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

var (
	errOtherRoster = errors.New("the roster has changed meanwhile")
	errTwice       = errors.New("the change holds one ID twice")
	errSameNumber  = errors.New("two people would have the same number")
)

// stayRow is a leave or a membership as JSON.
type stayRow struct {
	Department directory.DepartmentID `json:"department,omitempty"`
	From       int64                  `json:"from,omitempty"`
	Until      int64                  `json:"until,omitempty"`
}

// RosterRevision implements directory.Store.
func (s *Store) RosterRevision(ctx context.Context) (int64, error) {
	return one(ctx, s, "roster", scanNumber, `SELECT revision FROM roster WHERE only = 1`)
}

// Roster implements directory.Store. The three parts are read in one
// transaction, so that they are of one revision.
func (s *Store) Roster(ctx context.Context) (directory.Snapshot, error) {
	snapshot, err := s.readRoster(ctx)
	if err != nil {
		return directory.Snapshot{}, s.readFault(err, "roster")
	}
	snapshot.Arrange()
	return snapshot, nil
}

func (s *Store) readRoster(ctx context.Context) (directory.Snapshot, error) {
	var snapshot directory.Snapshot
	if s.closed.Load() {
		return snapshot, unavailable(errClosed)
	}
	// ReadOnly, because a transaction would begin as the writer's do otherwise.
	tx, err := s.readers.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return snapshot, err
	}
	defer func() { _ = tx.Rollback() }()
	if snapshot.Revision, err = scanNumber(tx.QueryRowContext(ctx, `SELECT revision FROM roster WHERE only = 1`)); err != nil {
		return snapshot, err
	}
	snapshot.Departments, err = rowsOf(ctx, tx, scanDepartment, `SELECT id, name, parent, position, out_of_scope FROM department`)
	if err != nil {
		return snapshot, err
	}
	snapshot.People, err = rowsOf(ctx, tx, scanPerson, `SELECT id, number, name, kana, mail, employment, post, joined_on, left_on,
		leaves, memberships FROM person`)
	return snapshot, err
}

func rowsOf[T any](ctx context.Context, tx *sql.Tx, scan func(scanner) (T, error), query string) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func scanDepartment(row scanner) (directory.Department, error) {
	var d directory.Department
	err := row.Scan(&d.ID, &d.Name, &d.Parent, &d.Order, &d.OutOfScope)
	return d, err
}

func scanPerson(row scanner) (directory.Person, error) {
	var p directory.Person
	var joined, left int64
	var leaves, memberships []byte
	err := row.Scan(&p.ID, &p.Number, &p.Name, &p.Kana, &p.Mail, &p.Employment, &p.Post, &joined, &left, &leaves, &memberships)
	if err != nil {
		return p, err
	}
	p.JoinedOn, p.LeftOn = date(joined), date(left)
	away, err := unlisted[stayRow](leaves)
	if err != nil {
		return p, err
	}
	for _, l := range away {
		p.Leaves = append(p.Leaves, l.period())
	}
	stays, err := unlisted[stayRow](memberships)
	for _, m := range stays {
		p.Memberships = append(p.Memberships, directory.Membership{Department: m.Department, Period: m.period()})
	}
	return p, err
}

func (r stayRow) period() calendar.Period {
	return calendar.Period{From: date(r.From), Until: date(r.Until)}
}

// ApplyRoster implements directory.Store. The rows are made before the writer
// takes them, so that a large import holds the others up as little as possible.
func (s *Store) ApplyRoster(ctx context.Context, base int64, change directory.Change) (int64, error) {
	return s.applyRoster(ctx, base, base+1, change)
}

// applyRoster makes of revision base the revision next.
func (s *Store) applyRoster(ctx context.Context, base, next int64, change directory.Change) (int64, error) {
	people, err := personRows(change.People)
	if err != nil {
		return 0, err
	}
	departments, err := departmentRows(change.Departments)
	if err != nil {
		return 0, err
	}
	err = s.writer.several(ctx, func(c *connection) error {
		n, err := c.exec(`UPDATE roster SET revision = ? WHERE only = 1 AND revision = ?`, next, base)
		if err != nil {
			return translate(err, "roster")
		}
		if n == 0 {
			return conflict(errOtherRoster)
		}
		return translate(putRoster(c, people, departments), "roster")
	})
	if err != nil {
		return 0, err
	}
	return next, nil
}

func putRoster(c *connection, people, departments [][]any) error {
	for _, row := range departments {
		if _, err := c.exec(`INSERT INTO department (id, name, parent, position, out_of_scope) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent = excluded.parent, position = excluded.position,
			out_of_scope = excluded.out_of_scope`, row...); err != nil {
			return err
		}
	}
	for _, row := range people {
		if _, err := c.exec(`INSERT INTO person (id, number, name, kana, mail, employment, post, joined_on, left_on, leaves, memberships)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET number = excluded.number, name = excluded.name, kana = excluded.kana,
			mail = excluded.mail, employment = excluded.employment, post = excluded.post, joined_on = excluded.joined_on,
			left_on = excluded.left_on, leaves = excluded.leaves, memberships = excluded.memberships`, row...); err != nil {
			return err
		}
	}
	var same string
	err := c.row(`SELECT number FROM person GROUP BY number HAVING count(*) > 1 LIMIT 1`).Scan(&same)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		return invalid(errSameNumber)
	}
	return err
}

func personRows(people []directory.Person) ([][]any, error) {
	rows := make([][]any, len(people))
	seen := make(map[directory.PersonID]bool, len(people))
	for i, p := range people {
		err := plain(string(p.ID), p.Number, p.Name, p.Kana, p.Mail, string(p.Employment), p.Post)
		if err != nil {
			return nil, err
		}
		if seen[p.ID] {
			return nil, invalid(errTwice)
		}
		seen[p.ID] = true
		leaves := make([]stayRow, len(p.Leaves))
		for i, l := range p.Leaves {
			leaves[i] = stayRow{From: day(l.From), Until: day(l.Until)}
		}
		memberships := make([]stayRow, len(p.Memberships))
		for i, m := range p.Memberships {
			if err := plain(string(m.Department)); err != nil {
				return nil, err
			}
			memberships[i] = stayRow{Department: m.Department, From: day(m.From), Until: day(m.Until)}
		}
		leavesJSON, err := json.Marshal(leaves)
		if err != nil {
			return nil, invalid(err)
		}
		membershipsJSON, err := json.Marshal(memberships)
		if err != nil {
			return nil, invalid(err)
		}
		rows[i] = []any{string(p.ID), p.Number, p.Name, p.Kana, p.Mail, string(p.Employment), p.Post,
			day(p.JoinedOn), day(p.LeftOn), string(leavesJSON), string(membershipsJSON)}
	}
	return rows, nil
}

func departmentRows(departments []directory.Department) ([][]any, error) {
	rows := make([][]any, len(departments))
	seen := make(map[directory.DepartmentID]bool, len(departments))
	for i, d := range departments {
		if err := plain(string(d.ID), d.Name, string(d.Parent)); err != nil {
			return nil, err
		}
		if seen[d.ID] {
			return nil, invalid(errTwice)
		}
		seen[d.ID] = true
		rows[i] = []any{string(d.ID), d.Name, string(d.Parent), d.Order, d.OutOfScope}
	}
	return rows, nil
}
