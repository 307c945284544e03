package sqlite

import (
	"context"
	"database/sql"
)

// one reads the single row of a query by key.
//
// Such a read takes microseconds, and a context that could end it would cost
// as much again and throw the connection away: it is asked before, not during.
func one[T any](ctx context.Context, s *Store, what string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var zero T
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return zero, s.readFault(err, what)
	}
	v, err := scan(stmt.QueryRowContext(context.WithoutCancel(ctx), args...))
	if err != nil {
		return zero, s.readFault(err, what)
	}
	return v, nil
}

// all reads every row of a query.
func all[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var list []T
	err := s.each(ctx, func(row scanner) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (s *Store) each(ctx context.Context, visit func(scanner) error, query string, args ...any) error {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return s.readFault(err, "rows")
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return s.readFault(err, "rows")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return s.readFault(err, "rows")
		}
	}
	return s.readFault(rows.Err(), "rows")
}

func (s *Store) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, unavailable(errClosed)
	}
	return s.readers.prepare(ctx, query)
}

// readFault is translate for reads, which may meet a pool that closes.
func (s *Store) readFault(err error, what string) error {
	if err != nil && s.closed.Load() {
		return unavailable(errClosed)
	}
	return translate(err, what)
}
