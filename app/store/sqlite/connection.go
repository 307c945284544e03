package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
)

// connection is the writer's connection with its prepared statements. It runs
// without the callers' contexts: nobody interrupts a shared transaction.
type connection struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func (c *connection) prepare(query string) (*sql.Stmt, error) {
	if stmt, ok := c.statements[query]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.statements[query] = stmt
	return stmt, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *connection) exec(query string, args ...any) (int64, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row runs a statement that answers at most one row.
func (c *connection) row(query string, args ...any) scanner {
	stmt, err := c.prepare(query)
	if err != nil {
		return failed{err}
	}
	return stmt.QueryRowContext(context.Background(), args...)
}

func (c *connection) close() {
	for _, stmt := range c.statements {
		_ = stmt.Close()
	}
	_ = c.conn.Close()
}

// discard closes the connection for good instead of giving it back to the pool.
func (c *connection) discard() {
	for _, stmt := range c.statements {
		_ = stmt.Close()
	}
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.conn.Close()
}

// scanner is a row to read.
type scanner interface{ Scan(dest ...any) error }

// failed is a row that could not be asked for.
type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// readers are the read-only connections with their prepared statements.
type readers struct {
	db         *sql.DB
	statements sync.Map // query → *sql.Stmt
}

func (r *readers) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := r.statements.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if other, lost := r.statements.LoadOrStore(query, stmt); lost {
		_ = stmt.Close()
		return other.(*sql.Stmt), nil
	}
	return stmt, nil
}

func (r *readers) close() error {
	r.statements.Range(func(_, stmt any) bool {
		_ = stmt.(*sql.Stmt).Close()
		return true
	})
	return r.db.Close()
}
