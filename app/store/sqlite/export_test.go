package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"net/url"
	"slices"
	"strings"

	"modernc.org/sqlite"

	"kokoroe/app/learning"
)

// Statements returns every statement that was prepared so far.
func (s *Store) Statements() []string {
	var list []string
	s.readers.statements.Range(func(query, _ any) bool {
		list = append(list, query.(string))
		return true
	})
	_ = s.writer.several(context.Background(), func(c *connection) error {
		list = slices.AppendSeq(list, maps.Keys(c.statements))
		return nil
	})
	return list
}

// Plan returns how SQLite would run a query.
func (s *Store) Plan(query string) ([]string, error) {
	inputs := strings.Count(query, "?")
	if strings.Contains(query, "?1,") {
		inputs = 12 // numbered, and one of them used twice
	}
	args := make([]any, inputs)
	for i := range args {
		args[i] = "x"
	}
	return s.strings("EXPLAIN QUERY PLAN "+query, 3, args...)
}

// Answer returns the first column of what a reading connection answers.
func (s *Store) Answer(query string) ([]string, error) { return s.strings(query, 0) }

func (s *Store) strings(query string, column int, args ...any) ([]string, error) {
	rows, err := s.readers.db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var list []string
	for rows.Next() {
		values := make([]any, len(columns))
		var text string
		for i := range values {
			values[i] = new(any)
		}
		values[column] = &text
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// Write runs a statement as one operation of the writer.
func (s *Store) Write(query string, args ...any) error {
	return s.writer.several(context.Background(), func(c *connection) error {
		_, err := c.exec(query, args...)
		return err
	})
}

// Written returns what the writer's connection answers.
func (s *Store) Written(query string) (string, error) {
	var text string
	err := s.writer.several(context.Background(), func(c *connection) error { return c.row(query).Scan(&text) })
	return text, err
}

// WriteWith gives the writer new connections, each with a pragma in force.
func (s *Store) WriteWith(pragma string) (undo func(), err error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: s.path, RawQuery: url.Values{"_pragma": {pragma}}.Encode()}).String())
	if err != nil {
		return nil, err
	}
	through := func(db *sql.DB) {
		s.writer.mu.Lock() // no batch is under way in a test
		s.writer.db = db
		s.writer.mu.Unlock()
		_ = s.writer.several(context.Background(), func(c *connection) error {
			_, _ = c.exec("ROLLBACK")
			_, err := c.exec("ROLLBACK") // after this error the writer gives the connection up
			return err
		})
	}
	through(db)
	return func() {
		through(s.writeDB)
		_ = db.Close()
	}, nil
}

// Hold stops the writer until release is closed, so that a batch gathers.
func (s *Store) Hold(release <-chan struct{}) (ended <-chan error) {
	done := make(chan error, 1)
	held := make(chan struct{})
	go func() {
		done <- s.writer.several(context.Background(), func(*connection) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	return done
}

// Waiting returns how many operations wait.
func (s *Store) Waiting() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queue)
}

// FailNextCommit lets one COMMIT fail.
func (s *Store) FailNextCommit() error {
	return s.writer.several(context.Background(), func(c *connection) error {
		return c.conn.Raw(func(under any) error {
			commits := 0
			under.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
				commits++ // the first is the one of this operation
				if commits == 2 {
					return 1
				}
				return 0
			})
			return nil
		})
	})
}

// Drawn reads the questions of an attempt, and says whether it needed no
// general reader of JSON.
func Drawn(column string) (list []learning.Drawn, quick bool, err error) {
	_, quick = (&drawnReader{rest: column}).list()
	list, err = drawnOf(column)
	return list, quick, err
}
